// What the signer and those who ask it say to each other: one question and one answer for each connection,
// each with its length (4 bytes, big endian) before it.
//
//   question   1 byte 'S', then the DER TBSCertificate to sign; or 1 byte 'R', the length (2 bytes, big
//   endian) of
//              a device's Request (docs/protocol.md), the Request, then the TBSCertificate it asks for
//   answer     1 byte '+', then the signature; or 1 byte '-', the catalogue's code, a line feed, the detail
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "host/base/error.h"
#include "host/pki/key.h"

namespace countersign::lifecycle::signer_wire {

// A certificate of 32 hosts is under 10 KiB.
inline constexpr std::size_t kMaxFrame = std::size_t{16} * 1024;

struct Question {
    pki::ByteView tbs;
    pki::ByteView request{};  // empty: 'S'
};

// Throws Error{Internal} when the Request is longer than a message may be.
[[nodiscard]] pki::Bytes question(const Question& question);
// Nothing when it is no question.
[[nodiscard]] std::optional<Question> read_question(pki::ByteView frame);

[[nodiscard]] pki::Bytes granted(pki::ByteView signature);
[[nodiscard]] pki::Bytes refused(const Error& error);
// The signature. Throws the Error it carries, Error{SignerUnreachable} when it is no answer.
[[nodiscard]] pki::Bytes read_answer(pki::ByteView frame);

// Over a socket whose timeouts are set. False, nothing: the other side is gone, silent, or sends too much.
[[nodiscard]] bool write_frame(int fd, pki::ByteView frame);
[[nodiscard]] std::optional<pki::Bytes> read_frame(int fd);

// A path as a Unix address knows 107 bytes; a home may lie deeper. Opens the folder and names it by number.
class SocketAddress {
  public:
    // Throws Error{FileRead} when the folder is not there.
    explicit SocketAddress(const std::string& path);
    SocketAddress(const SocketAddress&) = delete;
    SocketAddress& operator=(const SocketAddress&) = delete;
    ~SocketAddress();
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    int folder_;
    std::string text_;
};

// Neither side waits longer than this for the other.
void set_timeouts(int fd, std::chrono::seconds timeout);

}  // namespace countersign::lifecycle::signer_wire
