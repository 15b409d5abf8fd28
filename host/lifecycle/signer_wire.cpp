#include "host/lifecycle/signer_wire.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/identity/message.h"

namespace countersign::lifecycle::signer_wire {
namespace {

constexpr std::uint8_t kSign = 'S';
constexpr std::uint8_t kSignForRequest = 'R';
constexpr std::uint8_t kGranted = '+';
constexpr std::uint8_t kRefused = '-';

pki::Bytes tagged(std::uint8_t tag, pki::ByteView content) {
    pki::Bytes frame(1 + content.size());
    frame[0] = tag;
    std::copy(content.begin(), content.end(), frame.begin() + 1);
    return frame;
}

bool receive(int fd, std::span<std::uint8_t> into) {
    while (!into.empty()) {
        const ssize_t got = ::recv(fd, into.data(), into.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        into = into.subspan(static_cast<std::size_t>(got));
    }
    return true;
}

bool send_all(int fd, pki::ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return true;
}

}  // namespace

pki::Bytes question(const Question& question) {
    if (question.request.empty()) return tagged(kSign, question.tbs);
    const std::size_t size = question.request.size();
    if (size > message::kMaxMessage) throw Error(Code::Internal, "A Request is too long for the signer.");
    pki::Bytes frame{kSignForRequest, static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
    frame.insert(frame.end(), question.request.begin(), question.request.end());
    frame.insert(frame.end(), question.tbs.begin(), question.tbs.end());
    return frame;
}

std::optional<Question> read_question(pki::ByteView frame) {
    constexpr std::size_t kHead = 3;
    if (frame.size() < 2 || frame.size() > kMaxFrame) return std::nullopt;
    if (frame[0] == kSign) return Question{frame.subspan(1)};
    if (frame[0] != kSignForRequest || frame.size() < kHead) return std::nullopt;
    const std::size_t size = std::size_t{frame[1]} << 8U | frame[2];
    if (size == 0 || size > message::kMaxMessage || frame.size() <= kHead + size) return std::nullopt;
    return Question{frame.subspan(kHead + size), frame.subspan(kHead, size)};
}

pki::Bytes granted(pki::ByteView signature) {
    return tagged(kGranted, signature);
}

pki::Bytes refused(const Error& error) {
    const std::string text = fmt::format("{}\n{}", error.code(), error.detail().substr(0, 1000));
    return tagged(kRefused, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

pki::Bytes read_answer(pki::ByteView frame) {
    if (frame.size() > 1 && frame[0] == kGranted) return {frame.begin() + 1, frame.end()};
    if (frame.size() > 1 && frame[0] == kRefused) {
        const std::string text(frame.begin() + 1, frame.end());
        const auto* entry = find_catalogue_entry(text.substr(0, text.find('\n')));
        const auto line = text.find('\n');
        const std::string detail = line == std::string::npos ? "" : text.substr(line + 1);
        throw Error(entry != nullptr ? entry->id : Code::SignerRefused, detail);
    }
    throw Error(Code::SignerUnreachable, "What answers is not the signer.");
}

bool write_frame(int fd, pki::ByteView frame) {
    const auto size = static_cast<std::uint32_t>(frame.size());
    const std::array<std::uint8_t, 4> length{
        static_cast<std::uint8_t>(size >> 24U), static_cast<std::uint8_t>(size >> 16U),
        static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
    return frame.size() <= kMaxFrame && send_all(fd, length) && send_all(fd, frame);
}

std::optional<pki::Bytes> read_frame(int fd) {
    std::array<std::uint8_t, 4> length{};
    if (!receive(fd, length)) return std::nullopt;
    const std::size_t size = std::size_t{length[0]} << 24U | std::size_t{length[1]} << 16U |
                             std::size_t{length[2]} << 8U | length[3];
    if (size > kMaxFrame) return std::nullopt;
    pki::Bytes frame(size);
    if (!receive(fd, frame)) return std::nullopt;
    return frame;
}

SocketAddress::SocketAddress(const std::string& path) {
    const std::filesystem::path whole(path);
    folder_ = ::open(whole.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder_ < 0) throw Error(Code::FileRead, fmt::format("{}: {}.", path, std::strerror(errno)));
    text_ = fmt::format("/proc/self/fd/{}/{}", folder_, whole.filename().string());
}

SocketAddress::~SocketAddress() {
    ::close(folder_);
}

void set_timeouts(int fd, std::chrono::seconds timeout) {
    const timeval limit{static_cast<time_t>(timeout.count()), 0};
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

}  // namespace countersign::lifecycle::signer_wire
