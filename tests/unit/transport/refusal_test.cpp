// Every way not to be connected, and the code it is told by.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include "host/base/background.h"
#include "host/base/files.h"
#include "tests/unit/transport/mosquitto.h"
#include "tests/unit/transport/running.h"

namespace countersign::test {
namespace {

using ::testing::HasSubstr;
using transport::Phase;

class Refusal : public testing::Test {
  protected:
    // What a client with these options ends with, and that it ends at once or keeps trying.
    void expect(transport::Options options, Code code, bool permanent) {
        Watched ours(context, std::move(options));
        ours.client.start();
        ASSERT_TRUE(ours.until(permanent ? Phase::stopped : Phase::waiting));
        ASSERT_TRUE(ours.client.state().error.has_value());
        EXPECT_EQ(ours.client.state().error->code(), catalogue_entry(code).code)
            << ours.client.state().error->what();
        EXPECT_EQ(ours.client.state().permanent, permanent);
        words = ours.client.state().error->what();
    }

    Certificates certificates;
    Pair user = certificates.client("user1");
    asio::io_context context;
    std::string words;
};

TEST_F(Refusal, WrongAuthority) {
    const Mosquitto broker(certificates, certificates.server("IP:127.0.0.1"));
    auto options = broker.options("ours", user);
    options.anchors = certificates.stranger();
    expect(std::move(options), Code::BrokerUntrusted, true);
}

TEST_F(Refusal, AddressNotInTheCertificate) {
    const Mosquitto broker(certificates, certificates.server("IP:127.0.0.2,DNS:localhost"));
    expect(broker.options("ours", user), Code::BrokerName, true);
    EXPECT_THAT(words, HasSubstr("countersign hosts add 127.0.0.1"));
}

TEST_F(Refusal, NameNotInTheCertificate) {
    const Mosquitto broker(certificates, certificates.server("IP:127.0.0.1,DNS:127.0.0.1"));
    auto options = broker.options("ours", user);
    options.brokers.front().host = "localhost";  // the CN does not count, nor does the address it stands for
    expect(std::move(options), Code::BrokerName, true);
}

TEST_F(Refusal, TheBrokersCertificateHasExpired) {
    const Mosquitto broker(certificates, certificates.expired("broker", "subjectAltName=IP:127.0.0.1\n"));
    expect(broker.options("ours", user), Code::BrokerCertDates, true);
}

TEST_F(Refusal, TheCertificateOfACaAboveTheBrokersHasExpired) {
    const Mosquitto broker(certificates, certificates.server_of_an_expired_authority());
    expect(broker.options("ours", user), Code::BrokerCertDates, true);
    EXPECT_THAT(words, HasSubstr("A CA above the certificate of the broker"));
    EXPECT_THAT(words, HasSubstr("countersign rollover issuing"));
}

TEST_F(Refusal, AClientsCertificateCannotServeABroker) {
    const Mosquitto broker(certificates, user);
    expect(broker.options("ours", user), Code::BrokerUntrusted, true);
    EXPECT_THAT(words, HasSubstr("is not one of a broker"));
}

TEST_F(Refusal, ABrokerThatSpeaksNoVersionOfTlsThatWeDo) {
    const auto server = certificates.server("IP:127.0.0.1");
    const auto port = free_port();
    Background old({"openssl", "s_server", "-accept", std::to_string(port), "-cert", server.certificate,
                    "-key", server.key, "-www", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"});
    ASSERT_TRUE(old.wait_for("ACCEPT")) << old.output();
    transport::Options options;
    options.brokers = {{"127.0.0.1", port}};
    options.client_id = "ours";
    options.certificate = user.certificate;
    options.key = user.key;
    options.anchors = certificates.authority();
    expect(std::move(options), Code::BrokerProtocol, true);
    EXPECT_THAT(words, HasSubstr("no version or cipher that we do"));
}

// The verdict comes after the client's side of a TLS 1.3 handshake, racing with what we send: often enough to
// see.
TEST_F(Refusal, OurCertificateHasExpired) {
    const Mosquitto broker(certificates, certificates.server("IP:127.0.0.1"));
    const Pair expired = certificates.expired("user1", "extendedKeyUsage=clientAuth\n");
    for (int i = 0; i < 30; ++i) expect(broker.options("ours", expired), Code::CertExpired, true);
}

TEST_F(Refusal, OurCertificateIsFromAnotherAuthority) {
    const Mosquitto broker(certificates, certificates.server("IP:127.0.0.1"));
    const Pair stranger = certificates.stranger_client();
    for (int i = 0; i < 30; ++i) {
        expect(broker.options("ours", stranger), Code::BrokerRefused, true);
        EXPECT_THAT(words, HasSubstr("unknown ca"));
    }
}

TEST_F(Refusal, OurCertificateIsRevoked) {
    const auto list = certificates.revoke(user);
    const Mosquitto broker(certificates, certificates.server("IP:127.0.0.1"),
                           "crlfile " + list.string() + "\n");
    expect(broker.options("ours", user), Code::BrokerRefused, true);
    EXPECT_THAT(words, HasSubstr("revoked"));
}

TEST_F(Refusal, ConnackSaysNo) {
    // anonymous clients are not allowed and the certificate's name is not taken: CONNACK 5
    const Mosquitto broker(certificates, certificates.server("IP:127.0.0.1"),
                           "use_identity_as_username false\nallow_anonymous false\n");
    expect(broker.options("ours", user), Code::BrokerRefused, true);
    EXPECT_THAT(words, HasSubstr("does not let this certificate in"));
}

TEST_F(Refusal, NothingListens) {
    transport::Options options;
    options.brokers = {{"127.0.0.1", free_port()}};
    options.client_id = "ours";
    options.certificate = user.certificate;
    options.key = user.key;
    options.anchors = certificates.authority();
    expect(std::move(options), Code::BrokerUnreachable, false);
}

TEST_F(Refusal, NoSuchHost) {
    transport::Options options;
    options.brokers = {{"no-such-host.invalid"}};  // RFC 6761
    options.client_id = "ours";
    options.certificate = user.certificate;
    options.key = user.key;
    options.anchors = certificates.authority();
    expect(std::move(options), Code::BrokerUnreachable, false);
}

class Impostor : public Refusal {
  protected:
    using Tcp = asio::ip::tcp;

    transport::Options options_to_it() {
        transport::Options options;
        options.brokers = {{"127.0.0.1", acceptor.local_endpoint().port()}};
        options.client_id = "ours";
        options.certificate = user.certificate;
        options.key = user.key;
        options.anchors = certificates.authority();
        return options;
    }
    Tcp::acceptor acceptor{context, Tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)};
    std::vector<Tcp::socket> accepted;
};

TEST_F(Impostor, OneThatSaysNothing) {
    auto options = options_to_it();
    options.connect_timeout = std::chrono::seconds(2);
    expect(std::move(options), Code::BrokerUnreachable, false);  // the backlog takes the connection
    EXPECT_THAT(words, HasSubstr("within 2000 ms, in the TLS handshake"));
}

TEST_F(Impostor, OneThatDoesNotSpeakTls) {
    acceptor.async_accept([this](const std::error_code&, Tcp::socket socket) {
        asio::write(socket, asio::buffer(std::string("HTTP/1.1 400 Bad Request\r\n\r\n")));
        accepted.push_back(std::move(socket));
    });
    expect(options_to_it(), Code::BrokerProtocol, true);
}

TEST_F(Impostor, OneThatHangsUp) {
    acceptor.async_accept([](const std::error_code&, const Tcp::socket&) {});
    expect(options_to_it(), Code::BrokerClosed, false);
}

TEST_F(Refusal, WrongFilesAreRefusedBeforeAnythingIsDialled) {
    const auto code_of = [this](const auto& change) {
        transport::Options options;
        options.brokers = {{"127.0.0.1"}};
        options.client_id = "ours";
        options.certificate = user.certificate;
        options.key = user.key;
        options.anchors = certificates.authority();
        change(options);
        try {
            const transport::Client client(context, std::move(options));
            return std::string("none");
        } catch (const Error& error) {
            return std::string(error.code());
        }
    };
    using Options = transport::Options;
    EXPECT_EQ(code_of([](Options&) {}), "none");
    EXPECT_EQ(code_of([](Options& o) { o.certificate = std::filesystem::path("/nowhere.pem"); }),
              "E-FILE-READ");
    EXPECT_EQ(code_of([](Options& o) { o.certificate = std::string("no PEM"); }), "E-CERT-INVALID");
    EXPECT_EQ(code_of([&](Options& o) { o.certificate = user.key; }), "E-CERT-INVALID");
    EXPECT_EQ(code_of([](Options& o) { o.anchors = std::string(); }), "E-CERT-INVALID");
    EXPECT_EQ(code_of([&](Options& o) { o.key = user.certificate; }), "E-KEY-TYPE");
    EXPECT_EQ(code_of([&](Options& o) { o.key = certificates.client("other").key; }), "E-CERT-INVALID");
    EXPECT_EQ(code_of([](Options& o) { o.brokers.front().host.clear(); }), "E-USAGE");
    EXPECT_EQ(code_of([](Options& o) { o.keep_alive = std::chrono::seconds(65'536); }), "E-USAGE");
    EXPECT_EQ(code_of([](Options& o) { o.client_id = "\xFF"; }), "E-USAGE");
}

TEST_F(Refusal, AnEncryptedKeyIsRefusedWithoutAskingOnTheTerminal) {
    const auto encrypted = certificates.folder() / "encrypted.key";
    ASSERT_EQ(
        run_command({"openssl", "pkcs8", "-topk8", "-in", user.key, "-passout", "pass:x", "-out", encrypted},
                    std::chrono::seconds(20))
            .exit_code,
        0);
    transport::Options options;
    options.brokers = {{"127.0.0.1"}};
    options.client_id = "ours";
    options.certificate = user.certificate;
    options.key = encrypted;
    options.anchors = certificates.authority();
    EXPECT_THROW(transport::Client(context, std::move(options)), Error);
}

TEST_F(Refusal, PemTextWorksAsFilesDo) {
    const Mosquitto broker(certificates, certificates.server("IP:127.0.0.1"));
    auto options = broker.options("ours", user);
    options.certificate = read_text(user.certificate);
    options.key = Secret(read_text(user.key));
    options.anchors = read_text(certificates.authority());
    Watched ours(context, std::move(options));
    EXPECT_TRUE(ours.connects());
}

TEST_F(Refusal, TriedAgainWhenToldNotToGiveUp) {
    const Mosquitto broker(certificates, certificates.server("IP:127.0.0.1"));
    auto options = broker.options("ours", user);
    options.anchors = certificates.stranger();
    options.give_up_on_permanent = false;
    Watched ours(context, std::move(options));
    ours.client.start();
    ASSERT_TRUE(run_until(context, [&] { return ours.states.size() >= 6; }));
    EXPECT_EQ(ours.states[3].phase, Phase::waiting);
    EXPECT_TRUE(ours.states[3].permanent);
    EXPECT_EQ(ours.states[4].phase, Phase::connecting);
}

TEST_F(Refusal, WhatSomebodyMustCureIsTriedAgainWithinAMinute) {
    const Mosquitto broker(certificates, certificates.server("IP:127.0.0.1"));
    auto options = broker.options("ours", user);
    options.anchors = certificates.stranger();
    options.give_up_on_permanent = false;
    options.first_backoff = transport::Options{}.first_backoff;
    options.last_backoff = transport::Options{}.last_backoff;
    options.random = [] { return 60'000U; };
    Watched ours(context, std::move(options));
    ours.client.start();
    ASSERT_TRUE(ours.until(Phase::waiting));
    EXPECT_EQ(ours.client.state().retry_in, std::chrono::minutes(1));  // of [0, 1 min], the greatest
}

}  // namespace
}  // namespace countersign::test
