// However the byte stream is cut, the same things happen.
#include <gtest/gtest.h>
// after GoogleTest, which it builds on
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

std::uint8_t some_byte() {
    return *rc::gen::arbitrary<std::uint8_t>();
}

// Mostly sound packets of every kind a server sends, some too large, some broken.
Packet some_packet() {
    const auto id = *rc::gen::inRange<std::uint16_t>(1, 6);
    const auto low = static_cast<std::uint8_t>(id);
    switch (*rc::gen::inRange(0, 12)) {
        case 0: return answer(0x40, id);
        case 1: return answer(0x50, id);
        case 2: return answer(0x62, id);
        case 3: return answer(0x70, id);
        case 4: return {0xD0, 0x00};
        case 5: return {0x90, 0x03, 0x00, low, *rc::gen::element<std::uint8_t>(0, 1, 2, 0x80, 3)};
        case 6: return {0x30, 0x04, 0x00, 0x01, 'a', some_byte()};
        case 7: return {0x32, 0x06, 0x00, 0x01, 'a', 0x00, low, some_byte()};
        case 8: return {0x34, 0x06, 0x00, 0x01, 'a', 0x00, low, some_byte()};
        case 9: return join({{0x34, 0x45, 0x00, 0x01, 'a', 0x00, low}, Packet(64, some_byte())});  // oversize
        case 10:
            return join(
                {{0x32, 0x6B, 0x00, 0x64}, Packet(100, some_byte()), {0x00, low, 1, 2, 3}});  // its topic
        default: return *rc::gen::container<Packet>(4, rc::gen::arbitrary<std::uint8_t>());
    }
}

// The same for 5: reason codes and properties, sound and not.
Packet some_packet5() {
    const auto id = *rc::gen::inRange<std::uint16_t>(1, 6);
    const auto low = static_cast<std::uint8_t>(id);
    const auto code = *rc::gen::element<std::uint8_t>(0x00, 0x00, 0x10, 0x87, 0x92, 0x42);
    const Packet properties = *rc::gen::elementOf(std::vector<Packet>{
        {0x00},
        {0x03, 0x1F, 0x00, 0x00},
        {0x07, 0x26, 0x00, 0x01, 'k', 0x00, 0x01, 'v'},
        {0x02, 0x0B, 0x05},
        {0x03, 0x23, 0x00, low},
        {0x02, 0x7F, 0x00},
    });
    const auto length = [&](std::size_t rest) { return static_cast<std::uint8_t>(rest + properties.size()); };
    const auto first = *rc::gen::element<std::uint8_t>(0x40, 0x50, 0x62, 0x70);
    switch (*rc::gen::inRange(0, 9)) {
        case 0: return answer(first, id);
        case 1: return {first, 0x03, 0x00, low, code};
        case 2: return join({{first, length(3), 0x00, low, code}, properties});
        case 3: return join({{0x90, length(3), 0x00, low}, properties, {code}});
        case 4: return join({{0x30, length(4), 0x00, 0x01, 'a'}, properties, {some_byte()}});
        case 5: return join({{0x30, length(3), 0x00, 0x00}, properties, {some_byte()}});
        case 6: return join({{0x34, length(6), 0x00, 0x01, 'a', 0x00, low}, properties, {some_byte()}});
        case 7: return join({{0xE0, length(1), 0x8B}, properties});
        default: return *rc::gen::container<Packet>(4, rc::gen::arbitrary<std::uint8_t>());
    }
}

// One payload for each run of bytes, as the sends may be cut differently but not be different.
Lines play(Version version, const std::vector<Packet>& pieces) {
    Sizes sizes;
    sizes.aliases_in = 12;
    sizes.limits.topic_aliases_in = 3;
    Harness harness(sizes);
    if (version == Version::v5) {
        EXPECT_THAT(harness.connect5({}, true), ElementsAre("connected session"));
    } else {
        harness.connect(false, true);
    }
    for (const char* payload : {"1", "2", "3"}) {
        EXPECT_EQ(harness.publish("a", payload, Qos::exactly_once).status, Status::ok);
    }
    EXPECT_EQ(harness.publish("a", "4", Qos::at_least_once).packet_id, 4);
    EXPECT_EQ(harness.subscribe("a", Qos::at_least_once).packet_id, 5);
    harness.drain();
    Lines lines;
    for (const Packet& piece : pieces) {
        if (harness.session.bytes_received(0, piece) != Status::ok) break;
        for (std::string& line : harness.drain()) lines.push_back(std::move(line));
    }
    return lines;
}

// In pieces of one to eight bytes.
std::vector<Packet> cut(const Packet& stream) {
    std::vector<Packet> pieces;
    for (std::size_t at = 0; at < stream.size();) {
        const std::size_t count = std::min(*rc::gen::inRange<std::size_t>(1, 9), stream.size() - at);
        const auto begin = stream.begin() + static_cast<std::ptrdiff_t>(at);
        pieces.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(count));
        at += count;
    }
    return pieces;
}

void any_cut_is_the_same(Version version, Packet (*make)()) {
    std::vector<Packet> packets(*rc::gen::inRange<std::size_t>(1, 8));
    for (Packet& packet : packets) packet = make();
    const Packet stream = join(packets);
    const Lines whole = play(version, {stream});
    RC_ASSERT(play(version, cut(stream)) == whole);
    const bool fault =
        std::any_of(whole.begin(), whole.end(), [](const auto& line) { return line.starts_with("close"); });
    RC_TAG(whole.empty() ? "nothing" : fault ? "ends with a fault" : "sound");
}

RC_GTEST_PROP(Split, AnyCutGivesTheSameEffects, ()) {
    any_cut_is_the_same(Version::v3_1_1, some_packet);
}

RC_GTEST_PROP(Split, AnyCutGivesTheSameEffectsIn5, ()) {
    any_cut_is_the_same(Version::v5, some_packet5);
}

TEST(Split, EveryByteAlone) {
    const Packet stream = join({answer(0x50, 1),
                                {0xD0, 0x00},
                                {0x32, 0x06, 0x00, 0x01, 'a', 0x00, 0x09, 'x'},
                                answer(0x70, 1),
                                {0x34, 0x45, 0x00, 0x01, 'a', 0x00, 0x08},
                                Packet(64, 'x')});
    std::vector<Packet> bytes;
    for (const std::uint8_t byte : stream) bytes.push_back({byte});
    EXPECT_THAT(play(Version::v3_1_1, bytes),
                ElementsAre("send 62 02 00 01", "message a qos1: x", "send 40 02 00 09", "published 1",
                            "oversize a qos2: 64", "send 50 02 00 08"));
}

}  // namespace
}  // namespace countersign::mqtt::test
