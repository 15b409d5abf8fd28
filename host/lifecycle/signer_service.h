// The process that holds the issuing key: a Unix socket (0600) inside the home, no network.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "host/base/files.h"
#include "host/lifecycle/signing_desk.h"

namespace countersign::lifecycle {

// One frame in, one frame out; whatever comes in. `line` is told of each signature and each refusal.
[[nodiscard]] pki::Bytes answer_frame(SigningDesk& desk, pki::ByteView frame,
                                      const std::function<void(std::string_view)>& line);

class SignerService {
  public:
    // Listens at `socket`; one left behind by a killed signer is replaced. Throws Error{FileWrite}, and
    // Error{HomeBusy} when another signer listens there.
    SignerService(const std::filesystem::path& socket, SigningDesk& desk,
                  std::function<void(std::string_view)> line);
    SignerService(const SignerService&) = delete;
    SignerService& operator=(const SignerService&) = delete;
    ~SignerService();

    // Answers at most one caller; waits up to `wait` for one.
    void turn(std::chrono::milliseconds wait);

  private:
    FileLock lock_;
    std::filesystem::path socket_;
    SigningDesk& desk_;
    std::function<void(std::string_view)> line_;
    int listening_ = -1;
};

}  // namespace countersign::lifecycle
