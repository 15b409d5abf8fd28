// Lines as Mosquitto 2.0.11 and the plugin wrote them, and what people read.
#include <gtest/gtest.h>

#include "host/broker/supervisor.h"

namespace countersign::broker {
namespace {

const std::string kTime = "2026-11-22T16:41:05: ";

struct Line {
    const char* written;
    const char* read;
};

class Translate : public testing::TestWithParam<Line> {};

TEST_P(Translate, line) {
    const std::string expected = *GetParam().read == '\0' ? "" : std::string("16:41:05  ") + GetParam().read;
    EXPECT_EQ(translate(kTime + GetParam().written), expected);
}

INSTANTIATE_TEST_SUITE_P(
    Each, Translate,
    testing::Values(
        Line{"countersign: admitted kitchen (serial 5fb2, client id kitchen, from 127.0.0.1)",
             "admitted kitchen (serial 5fb2, client id kitchen, from 127.0.0.1)"},
        Line{"countersign: refused kitchen: its certificate is revoked (serial 5fb2, client id kitchen, from "
             "::1)",
             "refused kitchen: its certificate is revoked (serial 5fb2, client id kitchen, from ::1)"},
        Line{"mosquitto version 2.0.11 starting", ""}, Line{"mosquitto version 2.0.11 running", ""},
        Line{"New connection from 127.0.0.1:43348 on port 8883.", ""},
        Line{"New client connected from 127.0.0.1:43348 as kitchen (p2, c0, k60, u'kitchen').", ""},
        Line{"Client <unknown> disconnected, not authorised.", ""},
        Line{"countersign: ended the session of kitchen: its certificate is revoked",
             "ended the session of kitchen: its certificate is revoked"},
        Line{"Client kitchen been disconnected by administrative action.", ""},
        Line{"Client kitchen disconnected.", "kitchen left"},
        Line{"Client kitchen closed its connection.", "kitchen closed its connection"},
        Line{"Client kitchen has exceeded timeout, disconnecting.",
             "kitchen was silent for too long: its connection is closed"},
        Line{"Client kitchen already connected, closing old connection.",
             "kitchen connects again: its old connection is closed"},
        Line{"OpenSSL Error[0]: error:0A0000C7:SSL routines::peer did not return a certificate",
             "turned away a client without a certificate"},
        Line{"OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed",
             "turned away a client whose certificate is not of this authority, or not valid today"},
        Line{"OpenSSL Error[0]: error:0A000418:SSL routines::tlsv1 alert unknown ca",
             "a client does not know this broker's authority and left"},
        Line{"OpenSSL Error[0]: error:0A00010B:SSL routines::wrong version number",
             "turned away a client that does not speak TLS"},
        Line{"OpenSSL Error[0]: error:0A000126:SSL routines::unexpected eof while reading", ""},
        Line{"OpenSSL Error[0]: error:0A000999:SSL routines::something new",
             "OpenSSL Error[0]: error:0A000999:SSL routines::something new"},
        Line{"Error: Unable to open acl_file \"/x\".", "Error: Unable to open acl_file \"/x\"."}));

TEST(TranslateOdd, a_line_without_a_time_stays_as_it_is) {
    EXPECT_EQ(translate("1795365624: Note: something"), "1795365624: Note: something");
    EXPECT_EQ(translate(""), "");
}

TEST(ReadAdmission, tells_who_came_in_with_what) {
    const auto admission = read_admission("operator~anna 5fb2a1");
    ASSERT_TRUE(admission);
    EXPECT_EQ(admission->username, "operator~anna");
    EXPECT_EQ(admission->serial, "5fb2a1");
}

TEST(ReadAdmission, half_a_report_is_none) {
    for (const char* report : {"", " ", "kitchen", "kitchen ", " 5fb2a1"})
        EXPECT_FALSE(read_admission(report)) << report;
}

TEST(ReadSuspicion, tells_of_a_retired_certificate_and_of_takeovers) {
    const auto retired = read_suspicion(
        kTime +
        "countersign: refused kitchen: its certificate is retired: a newer one is in use (serial 5fb2a1, "
        "client id kitchen, from ::1) (and 3 more like it)");
    ASSERT_TRUE(retired);
    EXPECT_EQ(retired->name, "kitchen");
    EXPECT_EQ(retired->serial, "5fb2a1");
    EXPECT_TRUE(retired->retired);
    const auto over =
        read_suspicion(kTime + "countersign: kitchen is taken over again and again (serial 5fb2a1)");
    ASSERT_TRUE(over);
    EXPECT_EQ(over->name, "kitchen");
    EXPECT_FALSE(over->retired);
    for (const char* line :
         {"countersign: refused kitchen: its certificate is revoked (serial 1, client id x, from y)",
          "countersign: refused x y: its certificate is retired: a newer one is in use (serial 1",
          "countersign: admitted kitchen (serial 1, client id kitchen, from ::1)",
          "Client countersign: kitchen is taken over again and again (serial 1) disconnected."}) {
        EXPECT_FALSE(read_suspicion(kTime + line)) << line;
    }
}

TEST(ReadExcess, tells_who_asked_too_much) {
    EXPECT_EQ(
        read_excess(kTime + "countersign: refused kitchen to publish to devices/kitchen/x: it publishes too "
                            "fast (and 900 more like it)"),
        "kitchen");
    EXPECT_EQ(
        read_excess(kTime + "countersign: refused kitchen to subscribe to a: it has too many subscriptions"),
        "kitchen");
    EXPECT_EQ(read_excess(kTime + "countersign: refused kitchen to publish to devices/garage/x"),
              std::nullopt);
    EXPECT_EQ(
        read_excess(kTime + "Client countersign: refused kitchen to publish to x: it publishes too fast"),
        std::nullopt);
}

TEST(ReadTrespasser, tells_whose_session_must_go) {
    const std::string words = " must go: it takes messages it may not read";
    EXPECT_EQ(read_trespasser(kTime + "countersign: the session of kitchen" + words), "kitchen");
    EXPECT_EQ(read_trespasser(kTime + "countersign: the session of birth~kitchen" + words), "birth~kitchen");
    for (const char* odd : {"operator~anna/1", "a b", "", "birth~", "x/y"}) {
        EXPECT_EQ(read_trespasser(kTime + "countersign: the session of " + odd + words), std::nullopt) << odd;
    }
    EXPECT_EQ(read_trespasser(kTime + "Client countersign: the session of kitchen" + words), std::nullopt);
}

}  // namespace
}  // namespace countersign::broker
