// How a passphrase gets in: out of the environment, from a file, or typed.
#pragma once

#include <filesystem>
#include <string_view>

#include "host/base/secret.h"

namespace countersign::cli {

// Taken out for good: programs that are started do not inherit it. Empty when it is not set.
[[nodiscard]] Secret take_variable(const char* name);

// The line in a plain file, or in what a descriptor leads to (/dev/stdin, /dev/fd/N: a shell's `<(command)`).
// Throws Error{FileRead}, Error{PassphraseNeeded} when it is empty, and Error{PassphraseOpen} when others
// can read the file; what systemd puts into $CREDENTIALS_DIRECTORY may be readable by a group.
[[nodiscard]] Secret passphrase_from_file(const std::filesystem::path& path);

// At the terminal, without echo. Throws Error{PassphraseNeeded} when there is none, or nothing is typed.
[[nodiscard]] Secret type_passphrase(std::string_view prompt);
[[nodiscard]] Secret type_passphrase_twice(std::string_view prompt);

}  // namespace countersign::cli
