// Several addresses, of which some are dead: each gets its turn, and the fault that tells most is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/ip/tcp.hpp>

#include "tests/support/black_hole.h"
#include "tests/unit/transport/mosquitto.h"
#include "tests/unit/transport/running.h"

namespace countersign::test {
namespace {

using testing::HasSubstr;
using transport::Address;
using transport::Phase;

// Longer than any test waits: whoever waits for it has failed.
constexpr std::chrono::seconds kNever{120};
constexpr auto kName = "broker.test";

class Round : public testing::Test {
  protected:
    [[nodiscard]] transport::Options options(std::vector<Address> brokers) {
        auto wanted = broker.options("ours", user);
        wanted.brokers = std::move(brokers);
        wanted.connect_timeout = kNever;
        wanted.first_backoff = wanted.last_backoff = std::chrono::hours(1);  // one round
        return wanted;
    }
    [[nodiscard]] Address here() const { return {"127.0.0.1", broker.port()}; }
    [[nodiscard]] Address closed() const { return {"127.0.0.1", closed_port}; }

    void expect_connected(transport::Options wanted, const std::string& with) {
        Watched ours(context, std::move(wanted));
        EXPECT_TRUE(ours.connects());
        EXPECT_EQ(ours.client.state().host, with);
        EXPECT_EQ(ours.states.size(), 2U) << "connecting, connected: without a wait in between";
    }
    // What a round in which nobody lets us in is told as.
    void expect_fault(transport::Options wanted, Code code, bool permanent, const std::string& words) {
        wanted.give_up_on_permanent = false;
        Watched ours(context, std::move(wanted));
        ours.client.start();
        ASSERT_TRUE(ours.until(Phase::waiting));
        const auto& state = ours.client.state();
        EXPECT_EQ(state.error->code(), catalogue_entry(code).code) << state.error->what();
        EXPECT_EQ(state.permanent, permanent);
        EXPECT_THAT(state.error->what(), HasSubstr(words));
    }

    Certificates certificates;
    Pair user = certificates.client("user1");
    Mosquitto broker{certificates, certificates.server("IP:127.0.0.1,DNS:broker.test")};
    const std::uint16_t closed_port = free_port();
    asio::io_context context;
};

TEST_F(Round, TheSecondAddressOfANameGetsItsTurn) {
    const BlackHole dead("127.0.0.2", broker.port());
    auto wanted = options({{kName, broker.port()}});
    wanted.lookup = [](const std::string& host) {
        EXPECT_EQ(host, kName);
        return std::vector<std::string>{"127.0.0.2", "127.0.0.1"};
    };
    expect_connected(std::move(wanted), kName);
}

// RFC 8305, 4: of 4, 4, 6 the second is dialled last.
TEST_F(Round, TheFamiliesOfANameTakeTurns) {
    using Tcp = asio::ip::tcp;
    Tcp::acceptor six(context);
    std::error_code no_ipv6;
    six.open(Tcp::v6(), no_ipv6);
    if (!no_ipv6) six.bind({asio::ip::make_address("::1"), broker.port()}, no_ipv6);
    if (no_ipv6) GTEST_SKIP() << "::1: " << no_ipv6.message();
    six.listen();
    bool dialled = false;
    six.async_accept([&](const std::error_code& error, const Tcp::socket&) { dialled = !error; });
    const BlackHole dead("127.0.0.2", broker.port());
    auto wanted = options({{kName, broker.port()}});
    wanted.lookup = [](const std::string&) {
        return std::vector<std::string>{"127.0.0.2", "127.0.0.1", "::1"};
    };
    expect_connected(std::move(wanted), kName);
    EXPECT_TRUE(dialled);
}

TEST_F(Round, TheSecondBrokerGetsItsTurn) {
    const BlackHole dead("127.0.0.1");
    expect_connected(options({{"127.0.0.1", dead.port()}, here()}), "127.0.0.1");
}

TEST_F(Round, ABrokerThatRefusesTheConnectionCostsNoWait) {
    expect_connected(options({closed(), here()}), "127.0.0.1");
}

TEST_F(Round, ANameThatNobodyKnowsCostsNoWait) {
    auto wanted = options({{kName, broker.port()}, here()});
    wanted.lookup = [](const std::string&) { return std::vector<std::string>{}; };
    expect_connected(std::move(wanted), "127.0.0.1");
}

// The kernel takes the connection, and nobody says a word: a broker that hangs, a forwarded port.
TEST_F(Round, OneThatAnswersAndFallsSilentIsNotWaitedFor) {
    asio::ip::tcp::acceptor silent(context, {asio::ip::make_address("127.0.0.1"), 0});
    auto wanted = options({{"127.0.0.1", silent.local_endpoint().port()}, here()});
    wanted.connect_timeout = std::chrono::seconds(9);  // a third of it, then
    const auto begin = std::chrono::steady_clock::now();
    expect_connected(std::move(wanted), "127.0.0.1");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(9));
}

TEST_F(Round, EachAddressIsGivenUpInItsTime) {
    const BlackHole dead("127.0.0.1");
    auto wanted = options({{"127.0.0.1", dead.port()}});
    wanted.connect_timeout = std::chrono::milliseconds(700);
    expect_fault(std::move(wanted), Code::BrokerUnreachable, false, "did not answer within 700 ms, dialling");
}

TEST_F(Round, AnAnswerTellsMoreThanSilence) {
    const Mosquitto foreign(certificates, user);  // a client's certificate serves no broker
    const Address wrong{"127.0.0.1", foreign.port()};
    // The other one may come back, and be ours.
    expect_fault(options({closed(), wrong}), Code::BrokerUntrusted, false, std::to_string(foreign.port()));
    expect_fault(options({wrong, closed()}), Code::BrokerUntrusted, false, std::to_string(foreign.port()));
    expect_fault(options({wrong}), Code::BrokerUntrusted, true, std::to_string(foreign.port()));
}

TEST_F(Round, ThatOurBrokerRefusesUsTellsMost) {
    const auto list = certificates.revoke(user);
    const Mosquitto strict(certificates, certificates.server("IP:127.0.0.1"),
                           "crlfile " + list.string() + "\n");
    const Mosquitto foreign(certificates, user);
    expect_fault(options({{"127.0.0.1", foreign.port()}, {"127.0.0.1", strict.port()}, closed()}),
                 Code::BrokerRefused, true, "revoked");
}

TEST_F(Round, OfEqualsTheFirstIsTold) {
    expect_fault(options({closed(), {"127.0.0.2", closed_port}}), Code::BrokerUnreachable, false,
                 "127.0.0.1:" + std::to_string(closed_port));
}

// --- an address that no certificate names

TEST_F(Round, AnAddressMayGoByTheNamesOfAnother) {
    const Mosquitto elsewhere(certificates, certificates.server("IP:10.0.2.2,DNS:broker.test"));
    const auto with_names = [&](std::vector<std::string> names) {
        return options({{"127.0.0.1", elsewhere.port(), std::move(names)}});
    };
    expect_connected(with_names({"10.0.2.2"}), "127.0.0.1");
    expect_connected(with_names({"192.168.1.22", "broker.test"}), "127.0.0.1");
    expect_fault(with_names({}), Code::BrokerName, true, "does not name 127.0.0.1");
    expect_fault(with_names({"10.0.2.3", "roker.test"}), Code::BrokerName, true, "127.0.0.1");
}

TEST_F(Round, NamesDoNotReplaceTheAuthority) {
    auto wanted = options({{"127.0.0.1", broker.port(), {"broker.test"}}});
    wanted.anchors = certificates.stranger();
    expect_fault(std::move(wanted), Code::BrokerUntrusted, true, "not from this authority");
}

// A resumed TLS session shows no certificate: it must not stand for names it was not checked for.
TEST_F(Round, ASessionOfOneAddressIsNotOfferedToAnother) {
    auto wanted = options({here()});
    wanted.give_up_on_permanent = false;
    Watched ours(context, std::move(wanted));
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", transport::Qos::at_least_once));  // by now the broker's ticket has come
    ASSERT_TRUE(ours.stops());
    ours.client.set_brokers({{"127.0.0.1", broker.port(), {"other.test"}}});
    ours.client.start();
    ASSERT_TRUE(ours.until(Phase::waiting));
    EXPECT_EQ(ours.client.state().error->id(), Code::BrokerName);
}

TEST_F(Round, OneTriedOnTheOffChanceIsNotWorthAWord) {
    const Mosquitto foreign(certificates, user);
    const Address aside{"127.0.0.1", foreign.port(), {"broker.test"}, true};
    const Address real{"127.0.0.2", closed_port};
    expect_fault(options({aside, real}), Code::BrokerUnreachable, false, "127.0.0.2");
    expect_connected(options({aside, {"127.0.0.2", closed_port}, here()}), "127.0.0.1");
}

TEST_F(Round, ButThatOurBrokerRefusesUsThereIs) {
    const auto list = certificates.revoke(user);
    const Mosquitto strict(certificates, certificates.server("DNS:broker.test"),
                           "crlfile " + list.string() + "\n");
    const Address aside{"127.0.0.1", strict.port(), {"broker.test"}, true};
    expect_fault(options({aside, {"127.0.0.2", closed_port}}), Code::BrokerRefused, true, "revoked");
}

// --- another list

TEST_F(Round, AnotherListIsDialledAtOnceWhileThereIsNoConnection) {
    Watched ours(context, options({closed()}));
    ours.client.start();
    ASSERT_TRUE(ours.until(Phase::waiting));  // for up to an hour
    ours.client.set_brokers({here()});
    EXPECT_TRUE(ours.until(Phase::connected));

    const BlackHole dead("127.0.0.1");
    Watched dialling(context, options({{"127.0.0.1", dead.port()}}));
    dialling.client.start();
    dialling.client.set_brokers({here()});
    EXPECT_TRUE(dialling.until(Phase::connected));
}

TEST_F(Round, AnotherListLeavesAConnectionAlone) {
    auto wanted = options({here()});
    wanted.first_backoff = wanted.last_backoff = std::chrono::milliseconds(5);
    Watched ours(context, std::move(wanted));
    ASSERT_TRUE(ours.connects());
    ours.client.set_brokers({{"127.0.0.2", closed_port}, here()});
    ASSERT_TRUE(ours.subscribes("t", transport::Qos::at_least_once));
    EXPECT_EQ(ours.states.size(), 2U);
    broker.stop();
    ASSERT_TRUE(ours.until(Phase::waiting));
    ASSERT_TRUE(ours.until(Phase::connecting));
    EXPECT_EQ(ours.client.state().host, "127.0.0.2") << "the new list's first";
    broker.start();
    EXPECT_TRUE(ours.until(Phase::connected));
}

TEST_F(Round, ALostConnectionIsLookedForFirstWhereItWas) {
    auto wanted = options({closed(), here()});
    wanted.first_backoff = wanted.last_backoff = std::chrono::milliseconds(5);
    Watched ours(context, std::move(wanted));
    ASSERT_TRUE(ours.connects());
    broker.stop();
    ASSERT_TRUE(ours.until(Phase::connecting));
    EXPECT_EQ(ours.client.state().port, broker.port());
}

}  // namespace
}  // namespace countersign::test
