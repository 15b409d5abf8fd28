// Topic aliases of one connection and one direction: numbers for topics that have been said in full before
// (5: 3.3.2.3.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace countersign::mqtt {

class TopicAliases {
  public:
    // `memory` is shared out in equal parts, one for each alias: the topic and two bytes for its length.
    TopicAliases(std::span<std::uint8_t> memory, std::uint16_t count) noexcept;

    [[nodiscard]] std::uint16_t count() const noexcept { return count_; }
    void clear() noexcept;  // a new connection knows none [5: MQTT-3.3.2-7]

    // 1 <= alias <= count(). False: the topic is too long to be kept; the alias means nothing then.
    bool set(std::uint16_t alias, std::string_view topic) noexcept;
    // Empty: it means nothing.
    [[nodiscard]] std::string_view topic(std::uint16_t alias) const noexcept;
    // The alias that means this topic; 0: none does.
    [[nodiscard]] std::uint16_t find(std::string_view topic) const noexcept;
    // The lowest alias without a meaning; 0: there is none.
    [[nodiscard]] std::uint16_t unused() const noexcept { return find({}); }

  private:
    [[nodiscard]] std::span<std::uint8_t> part(std::uint16_t alias) const noexcept;

    std::span<std::uint8_t> memory_;
    std::size_t part_size_ = 0;
    std::uint16_t count_ = 0;
};

}  // namespace countersign::mqtt
