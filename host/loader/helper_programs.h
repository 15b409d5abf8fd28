// Programs that come with Countersign or are installed beside it.
#pragma once

#include <string>
#include <string_view>

namespace countersign::loader {

// The path of "mpremote" or another program, or of a board: "micropython", "micropython-rv32" (firmware for
// QEMU), each with "-native" behind it for the kind that has _countersign built in. $COUNTERSIGN_MPREMOTE and
// so on, else PATH (not for boards: a micropython of the system has no raw REPL), else ../libexec beside the
// running program. Throws Error{ToolMissing}.
[[nodiscard]] std::string find_helper(std::string_view name);

}  // namespace countersign::loader
