#include "host/lifecycle/renewal.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace countersign::lifecycle {
namespace {

constexpr Seconds kIssued{std::chrono::seconds(1'700'000'000)};

// SHA-256("user1") begins 0a041b94 (sha256sum): 0x0a04 = 2564 of 65,536.
TEST(RenewalDue, TwoThirdsAndTheNamesOwnShare) {
    const auto due = renewal_due("user1", kIssued, kIssued + std::chrono::seconds(786'432));  // 12 * 65,536
    EXPECT_EQ((due - kIssued).count(), 524'288 + 2'564);
}

TEST(RenewalDue, IsSpreadOverATwelfth) {
    const Seconds end = kIssued + std::chrono::days(360);
    Seconds first = Seconds::max();
    Seconds last = Seconds::min();
    for (int i = 0; i < 1000; ++i) {
        const auto due = renewal_due("device" + std::to_string(i), kIssued, end);
        first = std::min(first, due);
        last = std::max(last, due);
    }
    EXPECT_GE(first, kIssued + std::chrono::days(240));
    EXPECT_LT(last, kIssued + std::chrono::days(270));
    EXPECT_GT(last - first, std::chrono::days(29));
}

TEST(Overdue, NotSeenSinceItsRenewalWasDue) {
    registry::Summary row;
    row.device.name = "user1";
    row.certificate.emplace();
    row.certificate->issued_at = kIssued;
    row.certificate->not_after = kIssued + std::chrono::days(90);
    row.certificate->state = CertificateState::active;
    const Seconds due = renewal_due("user1", kIssued, row.certificate->not_after);

    EXPECT_FALSE(overdue(row, due));
    EXPECT_TRUE(overdue(row, due + std::chrono::seconds(1))) << "never seen at all";
    row.seen = due - std::chrono::seconds(1);
    EXPECT_TRUE(overdue(row, due + std::chrono::days(1)));
    row.seen = due;
    EXPECT_FALSE(overdue(row, due + std::chrono::days(1))) << "it asks; something else is in its way";
    row.seen.reset();
    row.certificate->state = CertificateState::revoked;
    EXPECT_FALSE(overdue(row, due + std::chrono::days(1)));
    row.certificate->state = CertificateState::active;
    row.device.role = Role::operator_;
    EXPECT_FALSE(overdue(row, due + std::chrono::days(1)));
    row.device.role = Role::device;
    row.certificate.reset();
    EXPECT_FALSE(overdue(row, due + std::chrono::days(1)));
}

}  // namespace
}  // namespace countersign::lifecycle
