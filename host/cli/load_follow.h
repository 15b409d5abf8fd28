// The end of `load`: the first boot, followed to the board's first connection, and what is said of it.
#pragma once

#include "host/cli/load_identity.h"
#include "host/loader/first_boot.h"

namespace countersign::cli {

// Boots the board, follows it as the command wants, and reports. Throws Incomplete when the board was
// followed and does not connect, unless it cannot: no broker runs yet, or its main.py is somebody else's.
void finish_load(const Context& context, const LoadCommand& command, const LoadPlan& plan,
                 loader::Board& board, const loader::LoadResult& result);

}  // namespace countersign::cli
