// Enrolment over the cable, with the real mpremote and the program the board really gets.
#include <gmock/gmock.h>

#include "tests/unit/loader/enrol_support.h"

namespace countersign::loader {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(EnrolTest, a_fresh_board_makes_its_keys_itself) {
    power_on();
    const auto result = enrol_board("user1");
    EXPECT_TRUE(result.enrolled);
    EXPECT_EQ(result.slot, 'a');
    EXPECT_EQ(result.written.size(), device_files(Form::compiled).size());
    EXPECT_EQ(registrar_.done, 1);
    EXPECT_EQ(registrar_.issued(), 2U);
    EXPECT_EQ(registrar_.requests.at(0).chip_id.substr(0, 6), "240ac4");
    EXPECT_EQ(registrar_.requests.at(0).chip_id, registrar_.asked_about.chip_id);
    EXPECT_EQ(registrar_.asked_about.active_name, "");
    expect_enrolled("user1");
}

TEST_F(EnrolTest, the_next_load_is_told_who_the_board_is_and_leaves_a_good_identity_alone) {
    power_on();
    enrol_board("user1");
    const auto key = read_file(flash() / "slots/a/key.der");
    registrar_.enrols = false;
    const auto result = enrol_board("user1");
    EXPECT_FALSE(result.enrolled);
    EXPECT_EQ(result.slot, 'a');
    EXPECT_EQ(registrar_.asked_about.active_name, "user1");
    const auto certificate = pki::parse_certificate(read_file(flash() / "slots/a/cert.der"));
    EXPECT_EQ(registrar_.asked_about.active_certificate, pki::to_hex(certificate.info.fingerprint));
    EXPECT_EQ(read_file(flash() / "slots/a/key.der"), key);
    EXPECT_EQ(registrar_.requests.size(), 1U);
}

TEST_F(EnrolTest, enrolling_again_makes_other_keys_in_the_other_slot) {
    power_on();
    enrol_board("user1");
    EXPECT_EQ(enrol_board("user2").slot, 'b');
    expect_enrolled("user2");
    EXPECT_EQ(registrar_.issued(), 4U);
}

TEST_F(EnrolTest, a_registrar_that_refuses_leaves_the_board_untouched) {
    class Refusing final : public Registrar {
      public:
        bool must_enrol(const BoardFacts& /*facts*/) override { throw Error(Code::NameTaken); }
        EnrolmentAnswer certify(const EnrolmentRequest& /*request*/) override { return {}; }
        void enrolled() override {}
    };
    power_on();
    Refusing refusing;
    MpremoteBoard board(board_->port());
    EXPECT_EQ(code_of([&] { load(board, "user1", registrar_.trust(), refusing, {}, clock_, {}); }),
              "E-NAME-TAKEN");
    EXPECT_FALSE(std::filesystem::exists(flash() / "slots"));
    EXPECT_FALSE(std::filesystem::exists(flash() / "main.py"));
}

TEST_F(EnrolTest, a_certificate_for_another_key_is_refused_by_the_board) {
    class Swapping final : public Registrar {
      public:
        explicit Swapping(TestRegistrar& honest) : honest_(honest) {}
        bool must_enrol(const BoardFacts& /*facts*/) override { return true; }
        EnrolmentAnswer certify(const EnrolmentRequest& request) override {
            auto answer = honest_.certify(request);
            std::swap(answer.working, answer.birth);
            return answer;
        }
        void enrolled() override { FAIL() << "the board took it"; }

      private:
        TestRegistrar& honest_;
    };
    power_on();
    enrol_board("user1");
    Swapping swapping(registrar_);
    MpremoteBoard board(board_->port());
    EXPECT_EQ(code_of([&] { load(board, "user2", registrar_.trust(), swapping, {}, clock_, {}); }),
              "E-CERT-INVALID");
    EXPECT_THAT(active_identity(), HasSubstr("user1 a"));
}

TEST_F(EnrolTest, no_key_crosses_the_cable_and_the_seed_is_in_no_argument_list) {
    const auto log = folder_.path() / "calls";
    const auto spy = folder_.path() / "mpremote";
    // The scripts that are sent, and all that comes back.
    std::ofstream(spy) << "#!/bin/sh\nprintf '%s\\n' \"$@\" >>" << log.string()
                       << "\nfor a in \"$@\"; do case $a in /proc/*) cat \"$a\" >>" << log.string()
                       << ".scripts;; esac; done\n" COUNTERSIGN_LIBEXEC "/mpremote \"$@\" 2>&1 | tee -a "
                       << log.string() << ".said\n";
    std::filesystem::permissions(spy, std::filesystem::perms::owner_all);
    ::setenv("COUNTERSIGN_MPREMOTE", spy.c_str(), 1);
    power_on();
    enrol_board("user1");
    const std::string calls = read_text(log);
    const std::string scripts = read_text(log.string() + ".scripts", 1U << 24U);
    const auto seed = scripts.find("countersign.enrol.request('user1', '");
    ASSERT_NE(seed, std::string::npos);
    EXPECT_THAT(calls, Not(HasSubstr(scripts.substr(seed + 36, 64))));
    const auto all = read_text(log.string() + ".said") + scripts;
    for (const auto* slot : {"a", "birth"}) {
        const auto key = read_file(flash() / "slots" / slot / "key.der");
        // The 32 bytes of the secret, where RFC 5915 puts them in a PKCS#8 file of P-256.
        const auto secret = pki::to_hex(std::span(key).subspan(36, 32));
        EXPECT_THAT(all, Not(HasSubstr(secret)));
    }
}

TEST_F(EnrolTest, progress_says_what_happens_to_the_keys) {
    power_on();
    std::string steps;
    enrol_board("user1", [&](std::string_view step) { steps.append(step).append("\n"); });
    EXPECT_THAT(steps, HasSubstr("they never leave it"));
    EXPECT_THAT(steps, HasSubstr("/slots/enrol/birth.der"));
    EXPECT_LT(steps.find("/lib/countersign/enrol.mpy"), steps.find("they never leave it"));
}

TEST(ParseEnrolment, reads_what_the_board_prints) {
    const auto request = parse_enrolment(
        "some boot.py noise\nCS-CHIP 240ac4012345\nCS-REQUEST working 3000\nCS-REQUEST birth 300100\n");
    EXPECT_EQ(request.chip_id, "240ac4012345");
    EXPECT_EQ(request.working, (Bytes{0x30, 0x00}));
    EXPECT_EQ(request.birth, (Bytes{0x30, 0x01, 0x00}));
}

TEST(ParseEnrolment, refuses_anything_else) {
    const std::string good = "CS-CHIP 24\nCS-REQUEST working 3000\nCS-REQUEST birth 3001\n";
    EXPECT_NO_THROW((void)parse_enrolment(good));
    for (const auto& bad :
         {std::string(), std::string("CS-CHIP 24\n"), "CS-CHIP 2\n" + good, "CS-CHIP zz\n" + good,
          "CS-CHIP " + std::string(66, '0') + "\n" + good, "CS-REQUEST working 30zz\n" + good,
          "CS-REQUEST working " + std::string(2050, '0') + "\n" + good,
          "CS-CHIP 24\nCS-REQUEST working 3000\n" + std::string("CS-REQUEST birth 3\n")}) {
        EXPECT_THROW((void)parse_enrolment(bad), Error) << bad;
    }
}

}  // namespace
}  // namespace countersign::loader
