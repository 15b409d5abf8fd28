// Programs that come with Countersign or are installed beside it.
#pragma once

#include <string>
#include <string_view>

namespace countersign::loader {

// The path of "micropython", "micropython-native" (with _countersign built in) or "mpremote":
// $COUNTERSIGN_MICROPYTHON, $COUNTERSIGN_MICROPYTHON_NATIVE or $COUNTERSIGN_MPREMOTE, else PATH (mpremote
// only: a micropython of the system has no raw REPL), else ../libexec beside the running program. Throws
// Error{ToolMissing}.
[[nodiscard]] std::string find_helper(std::string_view name);

}  // namespace countersign::loader
