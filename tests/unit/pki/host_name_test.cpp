#include "host/pki/host_name.h"

#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(HostName, ReadsIpv4) {
    const HostName host = HostName::parse("192.168.1.22");
    EXPECT_EQ(host.kind(), HostName::Kind::ipv4);
    EXPECT_EQ(host.text(), "192.168.1.22");
    EXPECT_THAT(host.address(), ElementsAre(192, 168, 1, 22));
}

TEST(HostName, ReadsIpv6InItsCanonicalForm) {
    const HostName host = HostName::parse("2001:DB8:0:0:0:0:0:1");
    EXPECT_EQ(host.kind(), HostName::Kind::ipv6);
    EXPECT_EQ(host.text(), "2001:db8::1");
    EXPECT_THAT(host.address(), SizeIs(16));
    EXPECT_EQ(HostName::parse("::1").text(), "::1");
}

TEST(HostName, ReadsDnsNames) {
    EXPECT_EQ(HostName::parse("Broker.LOCAL").text(), "broker.local");
    EXPECT_EQ(HostName::parse("localhost").kind(), HostName::Kind::dns);
    EXPECT_EQ(HostName::parse("xn--bcher-kva.example").text(), "xn--bcher-kva.example");
    EXPECT_EQ(HostName::parse("mqtt_broker").text(), "mqtt_broker");  // a container's
    EXPECT_EQ(HostName::parse("3com.com").text(), "3com.com");
    EXPECT_EQ(HostName::parse(std::string(63, 'a') + ".b").kind(), HostName::Kind::dns);
    EXPECT_THAT(HostName::parse("broker.local").address(), SizeIs(0));
}

struct Refusal {
    std::string text;
    std::string why;
};

class RefusedHost : public testing::TestWithParam<Refusal> {};
INSTANTIATE_TEST_SUITE_P(HostName, RefusedHost,
                         testing::Values(Refusal{"", "empty"}, Refusal{"*.example.com", "wildcard"},
                                         Refusal{"mqtts://broker", "URL"}, Refusal{"broker:8883", "port"},
                                         Refusal{"192.168.1.22:8883", "port"}, Refusal{"[::1]", "brackets"},
                                         Refusal{"[::1]:8883", "brackets"}, Refusal{"fe80::1%eth0", "zone"},
                                         Refusal{"0.0.0.0", "dial"}, Refusal{"255.255.255.255", "dial"},
                                         Refusal{"224.0.0.1", "dial"}, Refusal{"::", "dial"},
                                         Refusal{"ff02::1", "dial"}, Refusal{"::ffff:10.0.0.1", "IPv4"},
                                         Refusal{"192.168.1", "IPv4"}, Refusal{"192.168.1.300", "IPv4"},
                                         Refusal{"192.168.01.22", "IPv4"}, Refusal{"1:2:3", "IPv6"},
                                         Refusal{"broker.", "empty part"}, Refusal{".broker", "empty part"},
                                         Refusal{"a..b", "empty part"}, Refusal{"-broker", "hyphen"},
                                         Refusal{"broker-", "hyphen"}, Refusal{"my+broker", "character"},
                                         Refusal{"bro ker", "space"},
                                         Refusal{"b\xc3\xbc"
                                                 "cher",
                                                 "ASCII"},
                                         Refusal{std::string("broker\0.evil", 12), "space"},
                                         Refusal{std::string(64, 'a'), "63"},
                                         Refusal{[] {
                                                     std::string name = "a";
                                                     while (name.size() < 254) name += ".a";
                                                     return name;
                                                 }(),
                                                 "253"}));

TEST_P(RefusedHost, IsRefusedWithItsReason) {
    const auto parse = [] { (void)HostName::parse(GetParam().text); };
    EXPECT_EQ(code_of(parse), Code::HostInvalid);
    EXPECT_THAT(detail_of(parse), HasSubstr(GetParam().why));
}

}  // namespace
}  // namespace countersign::pki
