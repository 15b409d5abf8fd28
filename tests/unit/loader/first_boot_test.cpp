// What the lines of a boot mean; then the boot of a real MicroPython, heard from its first line on.
#include "host/loader/first_boot.h"

#include <gmock/gmock.h>

#include "core/errors/catalogue.h"
#include "tests/unit/loader/load_support.h"

namespace countersign::loader {
namespace {

using testing::Contains;
using testing::HasSubstr;

const std::string kUnreachable =
    "E-BROKER-UNREACHABLE: Nothing answers at the broker's address. (10.0.0.1:8883) To cure it: countersign "
    "broker; check server_ip and server_port in wifi.conf.";

TEST(BootListener, hears_the_connection_of_this_device) {
    BootListener listener("user1");
    EXPECT_FALSE(listener.hear("rst:0xc (SW_CPU_RESET)"));
    EXPECT_FALSE(listener.hear("Wi-Fi OK (192.168.1.40)"));
    EXPECT_FALSE(listener.hear("Connected to 192.168.1.22:8883 as user12"));
    EXPECT_FALSE(listener.hear("I say: Connected to 192.168.1.22:8883 as user1"));
    EXPECT_TRUE(listener.hear("Connected to 192.168.1.22:8883 as user1"));
    EXPECT_EQ(listener.boot().end, BootEnd::connected);
    EXPECT_EQ(listener.boot().broker, "192.168.1.22:8883");
    EXPECT_EQ(listener.boot().fault, "");
}

TEST(BootListener, takes_a_fault_apart_and_stops_at_the_third) {
    BootListener listener("user1");
    EXPECT_FALSE(listener.hear(kUnreachable + " Next in the list: 10.0.0.2:8883."))
        << "one try of two addresses";
    EXPECT_FALSE(listener.hear(kUnreachable + " Next try in 1 s."));
    EXPECT_EQ(listener.boot().fault, "E-BROKER-UNREACHABLE");
    EXPECT_EQ(listener.boot().words, "Nothing answers at the broker's address. (10.0.0.1:8883)");
    EXPECT_EQ(listener.boot().cure, "countersign broker; check server_ip and server_port in wifi.conf");
    EXPECT_FALSE(listener.hear(kUnreachable + " Next try in 2 s."));
    EXPECT_TRUE(listener.hear(kUnreachable + " Next try in 4 s."));
    EXPECT_EQ(listener.boot().end, BootEnd::faults);
}

TEST(BootListener, a_fault_that_passes_does_not_count) {
    BootListener listener("user1");
    EXPECT_FALSE(listener.hear(kUnreachable + " Next try in 1 s."));
    EXPECT_TRUE(listener.hear("Connected to broker.local:8883 as user1"));
    EXPECT_EQ(listener.boot().end, BootEnd::connected);
}

TEST(BootListener, knows_when_the_program_has_ended) {
    BootListener listener("user1");
    EXPECT_FALSE(listener.hear("Traceback (most recent call last):"));
    EXPECT_FALSE(listener.hear("MemoryError: memory allocation failed, allocating 4096 bytes"));
    EXPECT_TRUE(listener.hear(
        "MicroPython v1.25.0 on 2025-04-15; board with chip\\nType \"help()\" for more information."));
    EXPECT_EQ(listener.boot().end, BootEnd::ended);
    EXPECT_THAT(listener.boot().last, HasSubstr("MemoryError"));
}

TEST(BootListener, knows_a_board_that_only_resets) {
    BootListener listener("user1");
    int times = 1;
    while (!listener.hear("rst:0xf (BROWN_OUT_RST),boot:0xc")) ++times;
    EXPECT_EQ(times, 5);
    EXPECT_EQ(listener.boot().end, BootEnd::resets);
}

TEST(BootListener, other_lines_are_no_faults) {
    BootListener listener("user1");
    for (const char* line : {"", "E-", "E-: x", "E-NO-SUCH-CODE: x", "e-wifi-password: x", ": ",
                             "\xff\x1b[2J", "E-WIFI-PASSWORD"})
        EXPECT_FALSE(listener.hear(line)) << line;
    EXPECT_EQ(listener.boot().fault, "");
}

// With a broker at which nothing listens.
class FirstBootTest : public LoadTest {
  protected:
    [[nodiscard]] FirstBoot load_and_follow(const std::function<void(std::string_view)>& on_line = {}) {
        make_identity("user1");
        power_on();
        auto who = identity("user1");
        who.trust.brokers = {{"127.0.0.1", 1}};
        MpremoteBoard board(board_->port());
        LoadOptions options;
        options.wifi_ssid = "home";
        options.restart = false;
        load(board, who, options, FixedClock(), {});
        FollowOptions follow;
        follow.name = "user1";
        follow.on_line = [&](std::string_view line) {
            lines_.emplace_back(line);
            if (on_line) on_line(line);
        };
        return follow_first_boot(board, follow);
    }
    std::vector<std::string> lines_;
};

TEST_F(FirstBootTest, hears_everything_from_the_reset_to_the_fault) {
    on_flash("boot.py", "print('boot begins')\n");
    const auto boot = load_and_follow();
    ASSERT_GE(lines_.size(), 2U);
    EXPECT_EQ(lines_.at(0), "rst:0xc (SW_CPU_RESET)");
    EXPECT_EQ(lines_.at(1), "boot begins");
    EXPECT_THAT(lines_, Contains(HasSubstr("Identity OK (user1, slot a)")));
    EXPECT_EQ(boot.end, BootEnd::faults);
    EXPECT_EQ(boot.fault, "E-BROKER-UNREACHABLE");
    EXPECT_THAT(boot.cure, HasSubstr("countersign broker"));
}

TEST_F(FirstBootTest, hears_that_the_program_has_ended) {
    make_identity("user1");
    power_on();
    {
        MpremoteBoard board(board_->port());
        LoadOptions options;
        options.restart = false;
        EXPECT_TRUE(load(board, identity("user1"), options, FixedClock(), {}).wifi_missing);
        FollowOptions follow;
        follow.name = "user1";
        const auto boot = follow_first_boot(board, follow);
        EXPECT_EQ(boot.end, BootEnd::ended);
        EXPECT_EQ(boot.fault, "E-WIFI-CONF");
    }
}

// As a chip whose serial port is its own does.
TEST_F(FirstBootTest, the_port_goes_away_with_the_reset_and_comes_back) {
    bool pulled = false;
    const auto boot = load_and_follow([&](std::string_view) {
        if (pulled) return;
        pulled = true;
        board_->pull_cable();
        board_->plug_cable();
    });
    EXPECT_TRUE(pulled);
    EXPECT_EQ(boot.fault, "E-BROKER-UNREACHABLE");
}

}  // namespace
}  // namespace countersign::loader
