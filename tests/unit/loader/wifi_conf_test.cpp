#include "host/loader/wifi_conf.h"

#include <gtest/gtest.h>

#include "host/base/error.h"

namespace countersign::loader {
namespace {

std::string ssid_line(std::string ssid) {
    LoadOptions options;
    options.wifi_ssid = std::move(ssid);
    return std::string(wifi_conf_lines({"10.0.0.1", 8883}, options).at("wifi_ssid").text());
}

bool is_refused(std::string_view password) {
    LoadOptions options;
    options.wifi_password = Secret(password);
    try {
        static_cast<void>(wifi_conf_lines({"10.0.0.1", 8883}, options));
        return false;
    } catch (const Error& error) {
        return error.id() == Code::WifiConfInvalid;
    }
}

TEST(WifiConf, only_what_is_given_is_set) {
    const auto lines = wifi_conf_lines({"broker.local", 1234}, {});
    EXPECT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines.at("server_ip").text(), "server_ip=\"broker.local\"");
    EXPECT_EQ(lines.at("server_port").text(), "server_port=\"1234\"");
}

TEST(WifiConf, quotes_are_chosen_so_that_the_value_can_be_read_back) {
    EXPECT_EQ(ssid_line("home"), "wifi_ssid=\"home\"");
    EXPECT_EQ(ssid_line("it's"), "wifi_ssid=\"it's\"");
    EXPECT_EQ(ssid_line("a\"b"), "wifi_ssid=\"a\"b\"");  // the first quote is followed by more than a comment
    EXPECT_EQ(ssid_line("a\" # b"), "wifi_ssid='a\" # b'");  // here it would not be
    EXPECT_EQ(ssid_line("a\""), "wifi_ssid='a\"'");
    EXPECT_THROW(ssid_line("a\" #' #"), Error);
}

TEST(WifiConf, what_no_access_point_takes_is_refused) {
    EXPECT_THROW(ssid_line(""), Error);
    EXPECT_THROW(ssid_line(std::string(33, 'x')), Error);
    EXPECT_THROW(ssid_line("line\nend"), Error);
    EXPECT_FALSE(is_refused(""));
    EXPECT_TRUE(is_refused("1234567"));
    EXPECT_FALSE(is_refused("12345678"));
    EXPECT_FALSE(is_refused(std::string(64, 'a')));
    EXPECT_TRUE(is_refused(std::string(65, 'a')));
    EXPECT_TRUE(is_refused(std::string(64, 'x'))) << "no hex digits";
    EXPECT_TRUE(is_refused("password\r"));
}

}  // namespace
}  // namespace countersign::loader
