// What the plugin answers an operator, and what it leaves a birth identity to touch.
#include "host/broker/plugin/answer.h"

#include <gtest/gtest.h>

namespace countersign::broker::plugin {
namespace {

const std::string kZeros(62, '0');

class Answer : public testing::Test {
  protected:
    Answer() {
        sessions.begin(&one, {{0xA1}, 100, "kitchen"});
        sessions.begin(&two, {{0xB2}, 100, "birth~kitchen"});
        sessions.begin(&three, {{0xC3}, 100, "kitchen2"});
        endings.add({{{0xD4}, 100, "kitchen"}, Reason::revoked, 1'700'000'000'123});
        endings.add({{{0xE5}, 100, "operator~anna/a\nlive b"}, Reason::expired, 5});
    }
    int one = 0, two = 0, three = 0;
    Sessions sessions;
    Endings endings;
};

TEST_F(Answer, names_the_live_and_the_ended_sessions_of_one_name) {
    const auto text = answer("sessions kitchen", {7, 304}, sessions, endings);
    ASSERT_TRUE(text);
    EXPECT_EQ(text->substr(0, text->find("live")), "sessions kitchen\nread 7 304\n");
    EXPECT_NE(text->find("\nlive a1" + kZeros + " kitchen\n"), std::string::npos) << *text;
    EXPECT_NE(text->find("\nlive b2" + kZeros + " birth~kitchen\n"), std::string::npos);
    EXPECT_NE(text->find("\nended d4" + kZeros + " 1700000000123 revoked kitchen\n"), std::string::npos);
    EXPECT_EQ(text->find("kitchen2"), std::string::npos);
    EXPECT_EQ(text->find("anna"), std::string::npos);
}

TEST_F(Answer, a_client_id_begins_no_line) {
    EXPECT_EQ(answer("sessions anna", {}, sessions, endings),
              "sessions anna\nread 0 0\nended e5" + kZeros + " 5 expired operator~anna/a\\x0alive b\n");
}

TEST_F(Answer, other_questions_have_none) {
    for (const char* question : {"", "sessions", "sessions ", "sessions a/b", "sessions a b", "stop"}) {
        EXPECT_EQ(answer(question, {}, sessions, endings), std::nullopt) << question;
    }
}

TEST(Endings, the_last_thousand_are_kept) {
    Endings endings;
    for (std::int64_t i = 0; i < 1500; ++i) endings.add({{}, Reason::revoked, i});
    EXPECT_EQ(endings.recent().size(), 1000u);
    EXPECT_EQ(endings.recent().front().at_ms, 500);
    EXPECT_EQ(endings.recent().back().at_ms, 1499);
}

}  // namespace
}  // namespace countersign::broker::plugin
