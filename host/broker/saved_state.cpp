#include "host/broker/saved_state.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "host/base/beneath.h"
#include "host/base/tree.h"

namespace countersign::broker {
namespace {

namespace fs = std::filesystem;

// Mosquitto's src/persist.h: a magic, a checksum that is always 0, the format's version; then sections, each
// with its kind and its length in front. All numbers are big endian.
constexpr std::string_view kMagic("\0\xB5\0mosquitto db", 15);
constexpr std::size_t kVersionAt = kMagic.size() + 4;
constexpr std::size_t kHeaderSize = kVersionAt + 4;
constexpr std::uint32_t kOldestVersion = 3;  // what 2.0 still reads
constexpr std::uint32_t kFramedSince = 5;    // earlier sections are framed otherwise
constexpr std::size_t kFrameSize = 8;
constexpr std::uint32_t kLastKind = 6;

std::uint32_t big_endian(const std::uint8_t* bytes) {
    return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) |
           (std::uint32_t{bytes[2]} << 8) | bytes[3];
}

// The folder is the broker's user's: what lies there under this name may be anything.
class SavedState {
  public:
    explicit SavedState(const fs::path& data) : entry_(data / kSavedState) {
        struct stat info {};
        if (!entry_.folder || ::fstatat(entry_.folder.get(), kSavedState, &info, AT_SYMLINK_NOFOLLOW) != 0)
            return;
        there_ = true;
        plain_ = S_ISREG(info.st_mode);
        size_ = static_cast<std::uint64_t>(info.st_size);
        if (plain_)
            file_ = Descriptor(
                ::openat(entry_.folder.get(), kSavedState, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    }

    [[nodiscard]] std::string header_fault() {
        // Mosquitto begins anew by itself with an empty one.
        if (!there_ || (plain_ && size_ == 0)) return {};
        if (!plain_) return "it is not a plain file";
        if (!file_) return {};  // Mosquitto's user may read what we may not
        std::array<std::uint8_t, kHeaderSize> header{};
        if (!read_at(0, header.data(), header.size())) return "it is cut short";
        if (std::all_of(header.begin(), header.end(), [](std::uint8_t byte) { return byte == 0; }))
            return "it begins with zeros";
        if (!std::equal(kMagic.begin(), kMagic.end(), header.begin(),
                        [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }))
            return "it does not begin as one of Mosquitto's does";
        version_ = big_endian(header.data() + kVersionAt);
        return version_ < kOldestVersion ? "its format's version is none of Mosquitto's" : "";
    }

    [[nodiscard]] std::string section_fault() {
        if (!file_ || size_ == 0 || version_ < kFramedSince) return {};
        std::array<std::uint8_t, kFrameSize> frame{};
        std::uint64_t at = kHeaderSize;
        while (at < size_) {
            if (!read_at(at, frame.data(), frame.size())) return "it is cut short";
            const std::uint32_t kind = big_endian(frame.data());
            if (kind == 0 || kind > kLastKind) return "a part of it is something else";
            at += kFrameSize + big_endian(frame.data() + 4);
        }
        return at > size_ ? "it is cut short" : "";
    }

  private:
    bool read_at(std::uint64_t at, std::uint8_t* to, std::size_t size) {
        return ::pread(file_.get(), to, size, static_cast<off_t>(at)) == static_cast<ssize_t>(size);
    }

    Entry entry_;
    Descriptor file_;
    bool there_ = false, plain_ = false;
    std::uint64_t size_ = 0;
    std::uint32_t version_ = 0;
};

}  // namespace

std::string saved_state_fault(const fs::path& data) {
    return SavedState(data).header_fault();
}

std::string saved_state_damage(const fs::path& data) {
    SavedState state(data);
    const std::string fault = state.header_fault();
    return fault.empty() ? state.section_fault() : fault;
}

fs::path move_saved_state_aside(const fs::path& data, Seconds now) {
    std::string time = format_time(now);
    std::erase(time, ':');
    const fs::path aside = data / (std::string(kSavedState) + ".broken-" + time);
    return rename_entry(data / kSavedState, aside) ? aside : fs::path();
}

}  // namespace countersign::broker
