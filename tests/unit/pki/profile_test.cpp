#include "host/pki/profile.h"

#include "host/pki/certificate.h"
#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

using std::chrono::days;

TEST(Profile, RefusesLifetimesThatAreNone) {
    EXPECT_EQ(code_of([] { Profile({Role::device, days{0}}); }), Code::ValidityInvalid);
    EXPECT_EQ(code_of([] { Profile({Role::device, days{-1}}); }), Code::ValidityInvalid);
    EXPECT_EQ(code_of([] { Profile({Role::device, days{2'000'000'000}}); }), Code::ValidityInvalid);
    EXPECT_EQ(code_of([] { Profile({Role::device, std::chrono::seconds{9}}); }), Code::ValidityInvalid);
    EXPECT_NO_THROW(Profile({Role::device, std::chrono::seconds{10}}));
    EXPECT_NO_THROW(Profile({Role::device, days{1}}));
}

TEST(Profile, BackdatesClientsByADay) {
    const Profile profile({Role::device});
    EXPECT_EQ(profile.not_before(kNow, kNow - days{30}), kNow - days{1});
    EXPECT_EQ(profile.not_before(kNow, kNow - std::chrono::hours{1}), kNow - std::chrono::hours{1})
        << "but not to before its CA";
}

TEST(Profile, StartsServersWithTheirCa) {
    EXPECT_EQ(Profile({Role::broker}).not_before(kNow, kNow - days{3000}), kNow - days{3000});
}

TEST(Profile, EndsAfterItsLifetimeAndNeverAfterItsCa) {
    const Profile profile({Role::device, days{90}});
    EXPECT_EQ(profile.not_after(kNow, kForever), kNow + days{90});
    EXPECT_EQ(profile.not_after(kNow, kNow + days{90}), kNow + days{90});
    EXPECT_EQ(code_of([&] { (void)profile.not_after(kNow, kNow + days{90} - std::chrono::seconds{1}); }),
              Code::ValidityInvalid);
}

TEST(Profile, EndsBirthCertificatesWithTheirCa) {
    EXPECT_EQ(Profile({Role::birth}).not_after(kNow, kForever), kForever);
    EXPECT_EQ(Profile({Role::birth}).not_after(kNow, kNow + days{9}), kNow + days{9});
}

TEST(Profile, KeepsEd25519AwayFromBoards) {
    for (const Role role : {Role::device, Role::birth, Role::broker}) {
        EXPECT_FALSE(Profile({role}).allows(KeyType::ed25519));
        EXPECT_EQ(code_of([&] { Profile({role}).require(KeyType::ed25519); }), Code::KeyTypeUnsupported);
        EXPECT_THAT(detail_of([&] { Profile({role}).require(KeyType::ed25519); }),
                    testing::HasSubstr("mbedTLS"));
        EXPECT_TRUE(Profile({role}).allows(KeyType::p256));
        EXPECT_TRUE(Profile({role}).allows(KeyType::rsa4096));
    }
    EXPECT_TRUE(Profile({Role::operator_}).allows(KeyType::ed25519));
}

}  // namespace
}  // namespace countersign::pki
