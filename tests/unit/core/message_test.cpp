// The lifecycle messages against docs/protocol.md: its examples, and bytes written by hand from its tables.
#include "core/identity/message.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/protocol_examples.h"

namespace countersign::message {
namespace {

using Octets = std::vector<std::uint8_t>;
using test::protocol_example;

// Tag, length, value.
Octets field(std::uint8_t tag, const Octets& value) {
    Octets out{tag, static_cast<std::uint8_t>(value.size() >> 8U), static_cast<std::uint8_t>(value.size())};
    out.insert(out.end(), value.begin(), value.end());
    return out;
}

Octets message(std::uint8_t type, const std::vector<Octets>& fields) {
    Octets out{1, type};  // version 1
    for (const auto& one : fields) out.insert(out.end(), one.begin(), one.end());
    return out;
}

Octets octets(std::size_t count, std::uint8_t value = 0xAB) {
    return Octets(count, value);
}

Octets operator+(Octets left, const Octets& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

std::string text(Bytes bytes) {
    return {bytes.begin(), bytes.end()};
}

template <class Message>
Octets encoded(const Message& message, std::size_t room = kMaxMessage) {
    Octets out(room);
    out.resize(encode(message, out));
    return out;
}

template <class Message>
Octets signed_again(const Message& message) {
    Octets out(kMaxMessage);
    const std::size_t size = encode(message, out);
    out.resize(append_signature(out, size, message.signature));
    return out;
}

const Octets kAnchorSetOf1 =
    message(6, {field(0x20, {0, 0, 0, 2}), field(0x21, octets(5)), field(0xF0, octets(64))});

// --- the page's examples

TEST(MessageExample, Request) {
    const Octets bytes = protocol_example("Request");
    const auto request = decode_request(bytes);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->signer[0], 0x92);
    EXPECT_EQ(request->signer[31], 0x11);
    EXPECT_EQ(request->number, 3U);
    EXPECT_EQ(request->csr.size(), 205U);
    EXPECT_EQ(request->csr[0], 0x30);
    EXPECT_EQ(request->signature[0], 0x6E);
    EXPECT_EQ(request->signature[63], 0x56);
    // All but the signature's tag, length and 64 bytes.
    EXPECT_EQ(request->signed_part.data(), bytes.data());
    EXPECT_EQ(request->signed_part.size(), bytes.size() - 67);
    EXPECT_EQ(signed_again(*request), bytes);
}

TEST(MessageExample, Refusal) {
    const Octets bytes = protocol_example("Refusal");
    const auto refusal = decode_refusal(bytes);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->key[0], 0x5A);
    EXPECT_EQ(refusal->error, "E-RENEWAL-WAITS");
    EXPECT_EQ(refusal->retry_after, 3600U);
    EXPECT_EQ(encoded(*refusal), bytes);
}

TEST(MessageExample, State) {
    const Octets bytes = protocol_example("State");
    const auto state = decode_state(bytes);
    ASSERT_TRUE(state);
    EXPECT_EQ(state->signer[0], 0x92);
    EXPECT_EQ(state->anchors_version, 2U);
    EXPECT_EQ(state->brokers_version, 5U);
    EXPECT_EQ(signed_again(*state), bytes);
}

TEST(MessageExample, Command) {
    const Octets bytes = protocol_example("Command");
    const auto command = decode_command(bytes);
    ASSERT_TRUE(command);
    ASSERT_TRUE(command->brokers);
    EXPECT_EQ(command->brokers->version, 6U);
    ASSERT_EQ(command->brokers->brokers.count, 2U);
    EXPECT_EQ(command->brokers->brokers.all()[0].host, "192.168.1.22");
    EXPECT_EQ(command->brokers->brokers.all()[0].port, 8883);
    EXPECT_EQ(command->brokers->brokers.all()[1].host, "broker.local");
    ASSERT_TRUE(command->acknowledged);
    EXPECT_EQ((*command->acknowledged)[0], 0x13);
    ASSERT_TRUE(command->renew);
    EXPECT_EQ((*command->renew)[0], 0x92);
    EXPECT_TRUE(command->anchor_set.empty());
    EXPECT_EQ(encoded(*command), bytes);
}

TEST(MessageExample, BrokerList) {
    const Octets bytes = protocol_example("Broker list");
    const auto list = decode_signed_brokers(bytes);
    ASSERT_TRUE(list);
    EXPECT_EQ(list->issuing.size(), 2U);
    EXPECT_EQ(list->list.version, 6U);
    ASSERT_EQ(list->list.brokers.count, 2U);
    EXPECT_EQ(list->list.brokers.all()[1].host, "broker.local");
    EXPECT_EQ(list->signed_part.size(), bytes.size() - 67);
    EXPECT_EQ(signed_again(*list), bytes);

    Command command;
    command.signed_brokers = bytes;
    const Octets whole = encoded(command);
    ASSERT_TRUE(decode_command(whole));
    EXPECT_EQ(decode_command(whole)->signed_brokers.size(), bytes.size());
    EXPECT_FALSE(decode_command(message(5, {field(0xA0, bytes), field(0xA0, bytes)}))) << "twice";
    EXPECT_FALSE(decode_command(message(5, {field(0xA0, protocol_example("State"))})));
    EXPECT_FALSE(decode_command(message(5, {field(0xA0, Octets(bytes.begin(), bytes.end() - 1))})));
    EXPECT_TRUE(
        decode_state(message(4, {field(1, octets(32)), field(0x20, {0, 0, 0, 1}), field(0x23, {0, 0, 0, 1}),
                                 field(0xA0, {7}), field(0xA0, {7}), field(0xF0, octets(64))})))
        << "to a State it is unknown, and skipped";
}

// --- bytes by hand

TEST(Message, CertificateWithEverything) {
    const Octets bytes = message(2, {field(0x10, octets(32, 1)),         // key
                                     field(0x11, {'l', 'e', 'a', 'f'}),  // leaf
                                     field(0x12, {'c', 'a'}),            // issuing CA
                                     field(0x22, kAnchorSetOf1),         // anchor set
                                     field(0x23, {0, 0, 1, 2}),          // brokers version 258
                                     field(0x24, {0x22, 0xB3, 'h'})});   // port 8883, host "h"
    const auto certificate = decode_certificate(bytes);
    ASSERT_TRUE(certificate);
    EXPECT_EQ(certificate->key[31], 1);
    EXPECT_EQ(text(certificate->leaf), "leaf");
    EXPECT_EQ(text(certificate->issuing), "ca");
    EXPECT_EQ(certificate->anchor_set.size(), kAnchorSetOf1.size());
    ASSERT_TRUE(certificate->brokers);
    EXPECT_EQ(certificate->brokers->version, 258U);
    EXPECT_EQ(certificate->brokers->brokers.all()[0].host, "h");
    EXPECT_EQ(encoded(*certificate), bytes);
}

TEST(Message, AnchorSetOfSix) {
    std::vector<Octets> fields{field(0x20, {0, 0, 0, 9})};
    for (std::uint8_t i = 0; i < 6; ++i) fields.push_back(field(0x21, octets(i + 1U, i)));
    fields.push_back(field(0xF0, octets(64)));
    const Octets bytes = message(6, fields);
    const auto set = decode_anchor_set(bytes);
    ASSERT_TRUE(set);
    EXPECT_EQ(set->version, 9U);
    ASSERT_EQ(set->anchors.count, 6U);
    EXPECT_EQ(set->anchors.all()[5].size(), 6U);
    EXPECT_EQ(signed_again(*set), bytes);

    fields.insert(fields.begin() + 1, field(0x21, octets(1)));  // a seventh
    EXPECT_FALSE(decode_anchor_set(message(6, fields)));
}

TEST(Message, EmptyCommandWantsNothing) {
    const auto command = decode_command(Octets{1, 5});
    ASSERT_TRUE(command);
    EXPECT_FALSE(command->renew || command->acknowledged || command->brokers);
    EXPECT_EQ(encoded(*command), (Octets{1, 5}));
}

// --- what a strict reader refuses

struct Case {
    const char* name;
    Octets bytes;
};

class RefusedCommand : public testing::TestWithParam<Case> {};

TEST_P(RefusedCommand, Whole) {
    EXPECT_FALSE(decode_command(GetParam().bytes));
}

const Octets kRenewField = field(0x31, octets(32));
const Octets kAcknowledgedField = field(0x30, octets(32));
const Octets kVersionField = field(0x23, {0, 0, 0, 1});
const Octets kBrokerField = field(0x24, {0, 1, 'h'});

INSTANTIATE_TEST_SUITE_P(
    Message, RefusedCommand,
    testing::Values(Case{"nothing", {}}, Case{"no_type", {1}}, Case{"version_0", {0, 5}},
                    Case{"version_2", {2, 5}}, Case{"type_0", {1, 0}}, Case{"type_8", {1, 8}},
                    Case{"another_type", {1, 4}}, Case{"byte_left_over", {1, 5, 0x31}},
                    Case{"length_cut", {1, 5, 0x31, 0}},
                    Case{"value_cut", message(5, {{0x31, 0, 33}, octets(32)})},
                    Case{"digest_short", message(5, {field(0x31, octets(31))})},
                    Case{"digest_long", message(5, {field(0x31, octets(33))})},
                    Case{"twice", message(5, {kRenewField, kRenewField})},
                    Case{"descending", message(5, {kRenewField, kAcknowledgedField})},
                    Case{"unknown_low", message(5, {field(0x32, octets(1))})},
                    Case{"unknown_7f", message(5, {field(0x7F, octets(1))})},
                    Case{"unknown_f1", message(5, {field(0xF1, octets(1))})},
                    Case{"of_another_message", message(5, {field(0x01, octets(32))})},
                    Case{"signature_in_an_unsigned_one", message(5, {field(0xF0, octets(64))})},
                    Case{"brokers_without_version", message(5, {kBrokerField})},
                    Case{"version_without_brokers", message(5, {kVersionField})},
                    Case{"version_short", message(5, {field(0x23, {0, 0, 1}), kBrokerField})},
                    Case{"broker_without_host", message(5, {kVersionField, field(0x24, {0, 1})})},
                    Case{"host_of_254",
                         message(5, {kVersionField, field(0x24, octets(2) + octets(254, 'h'))})},
                    Case{"nine_brokers",
                         message(5, {kVersionField, kBrokerField, kBrokerField, kBrokerField, kBrokerField,
                                     kBrokerField, kBrokerField, kBrokerField, kBrokerField, kBrokerField})},
                    Case{"anchor_set_of_another_type", message(5, {field(0x22, {1, 5})})},
                    Case{"anchor_set_cut",
                         message(5, {field(0x22, Octets(kAnchorSetOf1.begin(), kAnchorSetOf1.end() - 1))})},
                    Case{"skipped_out_of_order", message(5, {field(0x81, {}), field(0x80, {})})},
                    Case{"too_long", message(5, {field(0x80, octets(4092))})}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Message, SkipsWhatALaterVersionAdds) {
    const Octets bytes = message(5, {kRenewField, field(0x80, {}), field(0x80, {7}), field(0xEF, octets(9))});
    const auto command = decode_command(bytes);
    ASSERT_TRUE(command);
    EXPECT_TRUE(command->renew);
    EXPECT_TRUE(decode_command(message(5, {field(0x80, octets(4091))}))) << "4096 bytes are allowed";
}

TEST(Message, EightBrokersAndAHostOf253) {
    const Octets longest = field(0x24, octets(2) + octets(253, 'h'));
    const Octets bytes =
        message(5, {kVersionField, longest, longest, longest, longest, longest, longest, longest, longest});
    const auto command = decode_command(bytes);
    ASSERT_TRUE(command);
    EXPECT_EQ(command->brokers->brokers.count, 8U);
    EXPECT_EQ(encoded(*command), bytes);
}

// Each field is needed, whichever is left out; and each bound is the page's.
TEST(Message, EveryFieldIsNeeded) {
    const Octets digest = octets(32);
    const Octets number{0, 0, 0, 1};
    const auto count_of_refused = [](std::uint8_t type, const std::vector<Octets>& fields,
                                     const std::function<bool(Bytes)>& decodes) {
        EXPECT_TRUE(decodes(message(type, fields)));
        std::size_t refused = 0;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            std::vector<Octets> fewer = fields;
            fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
            if (!decodes(message(type, fewer))) ++refused;
        }
        return refused;
    };
    EXPECT_EQ(count_of_refused(
                  1, {field(1, digest), field(2, number), field(3, octets(1024)), field(0xF0, octets(64))},
                  [](Bytes b) { return decode_request(b).has_value(); }),
              4U);
    EXPECT_EQ(count_of_refused(2, {field(0x10, digest), field(0x11, octets(1500)), field(0x12, octets(2048))},
                               [](Bytes b) { return decode_certificate(b).has_value(); }),
              3U);
    EXPECT_EQ(count_of_refused(3, {field(0x10, digest), field(0x13, {'E', '-', 'X'}), field(0x14, number)},
                               [](Bytes b) { return decode_refusal(b).has_value(); }),
              3U);
    EXPECT_EQ(count_of_refused(
                  4, {field(1, digest), field(0x20, number), field(0x23, number), field(0xF0, octets(64))},
                  [](Bytes b) { return decode_state(b).has_value(); }),
              4U);
    EXPECT_EQ(count_of_refused(6, {field(0x20, number), field(0x21, octets(2048)), field(0xF0, octets(64))},
                               [](Bytes b) { return decode_anchor_set(b).has_value(); }),
              3U);
    EXPECT_EQ(count_of_refused(7,
                               {field(0x12, octets(2048)), field(0x23, number), field(0x24, {0, 1, 'h'}),
                                field(0xF0, octets(64))},
                               [](Bytes b) { return decode_signed_brokers(b).has_value(); }),
              4U);
}

TEST(Message, BoundsOfValues) {
    const Octets digest = octets(32);
    const Octets number{0, 0, 0, 1};
    const auto request = [&](std::size_t csr, std::size_t signature) {
        return decode_request(message(1, {field(1, digest), field(2, number), field(3, octets(csr)),
                                          field(0xF0, octets(signature))}))
            .has_value();
    };
    EXPECT_TRUE(request(1024, 64));
    EXPECT_FALSE(request(1025, 64));
    EXPECT_FALSE(request(0, 64));
    EXPECT_FALSE(request(10, 63));
    EXPECT_FALSE(request(10, 65));
    const auto leaf = [&](std::size_t size) {
        return decode_certificate(
                   message(2, {field(0x10, digest), field(0x11, octets(size)), field(0x12, octets(1))}))
            .has_value();
    };
    EXPECT_TRUE(leaf(2048));
    EXPECT_FALSE(leaf(2049));
    EXPECT_FALSE(leaf(0));
    const auto error = [&](const std::string& code) {
        return decode_refusal(message(3, {field(0x10, digest), field(0x13, Octets(code.begin(), code.end())),
                                          field(0x14, number)}))
            .has_value();
    };
    EXPECT_TRUE(error("E-" + std::string(38, 'A')));
    EXPECT_FALSE(error("E-" + std::string(39, 'A')));
    EXPECT_FALSE(error("X-RENEWAL"));
    EXPECT_FALSE(error("E-\x1b[31m"));
    EXPECT_FALSE(error(""));
}

// A message cut anywhere is refused; nothing is read behind its end (the sanitizers watch).
TEST(Message, NoCutMessageIsRead) {
    for (const char* title : {"Request", "Refusal", "State", "Broker list"}) {
        const Octets whole = protocol_example(title);
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            EXPECT_FALSE(decode_request(cut) || decode_refusal(cut) || decode_state(cut) ||
                         decode_signed_brokers(cut))
                << title << size;
        }
    }
}

TEST(Message, WritingIsBoundedByTheRoom) {
    Command command;
    command.renew = Digest{};
    EXPECT_EQ(encoded(command, 37).size(), 37U);  // 2 + 3 + 32
    EXPECT_EQ(encoded(command, 36).size(), 0U);
    EXPECT_EQ(encoded(command, 0).size(), 0U);

    const Octets big = octets(2048);
    Certificate certificate{{}, big, big};
    EXPECT_EQ(encoded(certificate, 8192).size(), 0U) << "more than 4096 bytes in all";
    const Octets larger = octets(2049);
    certificate = {{}, larger, {}};
    EXPECT_EQ(encoded(certificate).size(), 0U);

    Command unnamed;
    unnamed.brokers = BrokerList{1, {}};
    EXPECT_EQ(encoded(unnamed).size(), 0U) << "a list without a broker";
    unnamed.brokers->brokers.add({"", 1});
    EXPECT_EQ(encoded(unnamed).size(), 0U) << "a broker without a host";

    Octets room(80);
    EXPECT_EQ(append_signature(room, 13, Signature{}), 80U);
    EXPECT_EQ(append_signature(room, 14, Signature{}), 0U);
    EXPECT_EQ(append_signature(room, 0, Signature{}), 0U) << "there is no message before it";
}

}  // namespace
}  // namespace countersign::message
