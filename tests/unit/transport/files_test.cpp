// Files that are replaced while the client runs: `issue --replace --out`, a renewal by other means.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/base/files.h"
#include "tests/unit/transport/mosquitto.h"
#include "tests/unit/transport/running.h"

namespace countersign::test {
namespace {

namespace fs = std::filesystem;
using transport::Phase;

class Files : public testing::Test {
  protected:
    Files() {
        replace(own, certificates.client("first"));
        replace(anchors, certificates.authority());
    }
    // As `issue` does: a file at a time, each as a whole.
    static void replace(const fs::path& file, const fs::path& with) {
        write_file(file, read_text(with), kPrivateFile);
    }
    static void replace(const Pair& pair, const Pair& with) {
        replace(pair.certificate, with.certificate);
        replace(pair.key, with.key);
    }
    [[nodiscard]] transport::Options options() const {
        auto wanted = broker.options("ours", own);
        wanted.anchors = anchors;
        wanted.give_up_on_permanent = false;
        return wanted;
    }
    // The next connection, by the name in the certificate that was shown.
    void expect_next(Watched& ours, const std::string& name) {
        broker.stop();
        ASSERT_TRUE(ours.until(Phase::waiting));
        broker.start();
        ASSERT_TRUE(ours.until(Phase::connected));
        EXPECT_FALSE(ours.client.state().tls_resumed);
        EXPECT_TRUE(broker.log().wait_for("as ours (p2, c1, k60, u'" + name + "')"));
    }

    Certificates certificates;
    Pair own{certificates.folder() / "own.crt", certificates.folder() / "own.key"};
    fs::path anchors = certificates.folder() / "anchors.crt";
    Mosquitto broker{certificates, certificates.server("IP:127.0.0.1")};
    asio::io_context context;
};

TEST_F(Files, AreReadAgainForTheNextConnection) {
    const Pair second = certificates.client("second");
    Watched ours(context, options());
    ASSERT_TRUE(ours.connects());
    replace(own, second);
    expect_next(ours, "second");
}

TEST_F(Files, ThatDoNotBelongTogetherYetAreLeftAlone) {
    const Pair second = certificates.client("second");
    Watched ours(context, options());
    ASSERT_TRUE(ours.connects());
    replace(own.certificate, second.certificate);
    expect_next(ours, "first");
    replace(own.key, second.key);
    expect_next(ours, "second");
    fs::remove(own.key);
    expect_next(ours, "second");
}

TEST_F(Files, CureARefusal) {
    const Pair second = certificates.client("second");
    replace(own, certificates.stranger_client());
    Watched ours(context, options());
    ours.client.start();
    ASSERT_TRUE(ours.until(Phase::waiting));
    ASSERT_EQ(ours.client.state().error->id(), Code::BrokerRefused) << ours.client.state().error->what();
    replace(own, second);
    EXPECT_TRUE(ours.until(Phase::connected));
}

TEST_F(Files, BringOtherAnchors) {
    replace(anchors, certificates.stranger());
    Watched ours(context, options());
    ours.client.start();
    ASSERT_TRUE(ours.until(Phase::waiting));
    ASSERT_EQ(ours.client.state().error->id(), Code::BrokerUntrusted);
    replace(anchors, certificates.authority());
    EXPECT_TRUE(ours.until(Phase::connected));
}

// Nothing was replaced: TLS is taken up again.
TEST_F(Files, ThatStayLeaveTheSessionAlone) {
    Watched ours(context, options());
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", transport::Qos::at_least_once));  // by now the broker's ticket has come
    ASSERT_TRUE(ours.stops());
    ASSERT_TRUE(ours.connects());
    EXPECT_TRUE(ours.client.state().tls_resumed);
}

}  // namespace
}  // namespace countersign::test
