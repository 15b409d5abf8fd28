// A process that opens keys and passphrases shows its memory to nobody but root.
#pragma once

namespace countersign {

// For this process, from here on: it leaves no core dump, and no other process of its user reads its memory,
// its environment or its open files (ptrace, /proc/PID/mem, /proc/PID/environ, /proc/PID/fd). Programs it
// starts leave no core dump either. First thing in main(), before any secret is in memory.
void make_undumpable() noexcept;

}  // namespace countersign
