#include "core/mqtt/alias.h"

#include "core/mqtt/wire.h"

namespace countersign::mqtt {
namespace {

constexpr std::size_t kLengthBytes = 2;

}  // namespace

TopicAliases::TopicAliases(std::span<std::uint8_t> memory, std::uint16_t count) noexcept
    : memory_(memory), part_size_(count == 0 ? 0 : memory.size() / count) {
    if (part_size_ > kLengthBytes) count_ = count;
    clear();
}

std::span<std::uint8_t> TopicAliases::part(std::uint16_t alias) const noexcept {
    return memory_.subspan(part_size_ * (alias - std::size_t{1}), part_size_);
}

void TopicAliases::clear() noexcept {
    for (std::uint16_t alias = count_; alias != 0; --alias) Writer(part(alias)).u16(0);
}

bool TopicAliases::set(std::uint16_t alias, std::string_view topic) noexcept {
    const bool fits = topic.size() + kLengthBytes <= part_size_;
    Writer(part(alias)).string(fits ? topic : std::string_view{});
    return fits;
}

std::string_view TopicAliases::topic(std::uint16_t alias) const noexcept {
    return Reader(part(alias)).string();
}

std::uint16_t TopicAliases::find(std::string_view topic) const noexcept {
    for (std::uint16_t alias = 1; alias <= count_ && alias != 0; ++alias) {
        if (this->topic(alias) == topic) return alias;
    }
    return 0;
}

}  // namespace countersign::mqtt
