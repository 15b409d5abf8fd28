// The generated configuration, judged by Mosquitto itself.
#include "host/broker/config.h"

#include <gtest/gtest.h>

#include "host/base/subprocess.h"
#include "tests/unit/broker/live_broker.h"

namespace countersign::broker {
namespace {

using namespace std::string_literals;

Settings settings_in(const std::string& folder) {
    return {folder, 8883, "", "", false};
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Config, says_what_the_broker_must_be) {
    const std::string text = mosquitto_config(settings_in("/home/anna/broker"));
    for (const char* line :
         {"per_listener_settings false", "allow_anonymous false",
          "plugin /home/anna/broker/countersign_plugin.so",
          "plugin_opt_admission /home/anna/broker/admission", "plugin_opt_grants /home/anna/broker/acl",
          "acl_file /home/anna/broker/acl", "listener 8883", "set_tcp_nodelay true",
          "allow_zero_length_clientid false", "capath /home/anna/broker/cas",
          "certfile /home/anna/broker/broker.crt.pem", "keyfile /home/anna/broker/broker.key.pem",
          "require_certificate true", "use_identity_as_username false", "check_retain_source true",
          "tls_version tlsv1.2", "persistence true", "persistence_location /home/anna/broker/data"}) {
        EXPECT_TRUE(has_line(text, line)) << line;
    }
    EXPECT_EQ(text.find("\nuser "), std::string::npos);
    EXPECT_EQ(text.find("crlfile"), std::string::npos);
    EXPECT_EQ(text.find('{'), std::string::npos);
}

TEST(Config, names_the_user_and_the_address_when_there_are) {
    Settings settings = settings_in("/var/lib/countersign/broker");
    settings.user = "mosquitto";
    settings.address = "127.0.0.1";
    settings.verbose = true;
    const std::string text = mosquitto_config(settings);
    EXPECT_TRUE(has_line(text, "user mosquitto"));
    EXPECT_TRUE(has_line(text, "listener 8883 127.0.0.1"));
    EXPECT_TRUE(has_line(text, "log_type all"));
}

TEST(Config, refuses_a_folder_that_could_add_lines_or_lose_its_end) {
    for (const std::string& folder :
         {"/a\nallow_anonymous true"s, "/a\r"s, "/a\tb"s, "/a "s, "relative"s, "/a\x7F"s, "/a:b"s}) {
        EXPECT_EQ(code_of([&] { (void)mosquitto_config(settings_in(folder)); }), "E-HOME-UNREACHABLE")
            << folder;
    }
}

// Mosquitto reads a value to the end of its line.
TEST(Config, a_folder_with_blanks_and_signs_works) {
    LiveBroker broker({}, "my broker's #1 {folder} é");
    const Identity& kitchen = authority().client("kitchen");
    broker.publish({standing(kitchen.fingerprint)});
    broker.start();
    EXPECT_EQ(broker.dial(&kitchen).connect("kitchen"), 0);
}

TEST(Config, the_broker_listens_on_ipv4_and_ipv6) {
    LiveBroker broker;
    broker.settings.address = "";
    broker.write_config();
    broker.start();
    EXPECT_EQ(broker.count_log("Opening ipv4 listen socket on port " + std::to_string(broker.settings.port)),
              1u);
    EXPECT_EQ(broker.count_log("Opening ipv6 listen socket on port " + std::to_string(broker.settings.port)),
              1u);
}

TEST(Config, a_tls_older_than_1_2_is_turned_away) {
    LiveBroker broker;
    const Identity& kitchen = authority().client("kitchen");
    broker.publish({standing(kitchen.fingerprint)});
    broker.start();
    EXPECT_EQ(broker.dial(&kitchen, {.tls_version = TLS1_1_VERSION}).connect("kitchen"), std::nullopt);
    EXPECT_EQ(broker.dial(&kitchen, {.tls_version = TLS1_2_VERSION}).connect("kitchen"), 0);
}

TEST(Config, an_empty_client_id_is_refused) {
    LiveBroker broker;
    const Identity& kitchen = authority().client("kitchen");
    broker.publish({standing(kitchen.fingerprint)});
    broker.start();
    EXPECT_NE(broker.dial(&kitchen).connect(""), 0);
    EXPECT_EQ(broker.count_log("admitted"), 0u);
}

// Mosquitto's own clients, as people will use them.
TEST(Config, mosquitto_pub_and_sub_get_through) {
    LiveBroker broker({"anna"});
    const Identity& kitchen = authority().client("kitchen");
    const Identity& anna = authority().client("anna");
    broker.publish({standing(kitchen.fingerprint),
                    standing(anna.fingerprint, CertificateState::active, Role::operator_)});
    broker.start();
    auto with = [&](std::string program, const Identity& identity, std::vector<std::string> more) {
        std::vector<std::string> argv{std::move(program),
                                      "-h",
                                      "127.0.0.1",
                                      "-p",
                                      std::to_string(broker.settings.port),
                                      "--cafile",
                                      authority().certificate().string(),
                                      "--cert",
                                      identity.certificate.string(),
                                      "--key",
                                      identity.key.string()};
        argv.insert(argv.end(), more.begin(), more.end());
        return run_command(argv, std::chrono::seconds(20));
    };
    EXPECT_EQ(with("mosquitto_pub", kitchen,
                   {"-i", "kitchen", "-q", "1", "-r", "-t", "devices/kitchen/state", "-m", "ON"})
                  .exit_code,
              0);
    const auto received =
        with("mosquitto_sub", anna, {"-i", "operator~anna/sub", "-t", "devices/#", "-C", "1", "-v"});
    EXPECT_EQ(received.exit_code, 0);
    EXPECT_EQ(received.output, "devices/kitchen/state ON\n");
}

TEST(AccessList, gives_each_operator_a_block) {
    const std::vector<std::string> operators{"anna", "bert"};
    const std::string text = access_list(operators);
    EXPECT_TRUE(has_line(text, "pattern read devices/%u/#"));
    EXPECT_TRUE(has_line(text, "pattern write devices/%u/#"));
    EXPECT_EQ(text.find("cmd"), std::string::npos)
        << "what the plugin takes away must not stand here as a grant";
    EXPECT_TRUE(has_line(text, "user operator~anna"));
    EXPECT_TRUE(has_line(text, "user operator~bert"));
    EXPECT_EQ(access_list({}).find("user "), std::string::npos);
}

}  // namespace
}  // namespace countersign::broker
