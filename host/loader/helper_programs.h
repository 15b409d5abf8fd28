// Programs that come with Countersign or are installed beside it.
#pragma once

#include <string>
#include <string_view>

namespace countersign::loader {

// The path of "mpremote" or another program, or of a board: "micropython", "micropython-rv32" (firmware for
// QEMU), each with "-native" behind it for the kind that has _countersign built in. $COUNTERSIGN_MPREMOTE and
// so on, else what is installed (not for boards: a micropython of the system has no raw REPL), else
// ../libexec beside the running program. Throws Error{ToolMissing}.
[[nodiscard]] std::string find_helper(std::string_view name);

// A program on PATH, or where pipx puts it; "" when there is none.
[[nodiscard]] std::string find_installed(std::string_view name);

// How a program that does not come with Countersign is installed.
[[nodiscard]] std::string install_cure(std::string_view name);

}  // namespace countersign::loader
