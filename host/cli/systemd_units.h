// The units of `countersign up --print-systemd`.
#pragma once

#include <filesystem>
#include <string>

namespace countersign::cli {

// Broker, signer and responder as units of their own, none of them root, the signer without a network. Each
// begins with a comment that names its file. `program` and `home` are absolute.
[[nodiscard]] std::string systemd_units(const std::filesystem::path& program,
                                        const std::filesystem::path& home);

}  // namespace countersign::cli
