#include <fmt/format.h>

#include "host/base/error.h"
#include "tests/sim/fate.h"

namespace countersign::sim {
namespace {

// How late a board may notice that its renewal is due (planted.cpp), and a day for it.
constexpr std::chrono::days kLooks{11};

std::vector<registry::Certificate> active_of(const World& world, const Board& board) {
    std::vector<registry::Certificate> found;
    for (const auto& row : world.authority.registry().certificates_of(board.name)) {
        if (row.role == Role::device && row.state == CertificateState::active) found.push_back(row);
    }
    return found;
}

void judge_board(World& world, const Board& board) {
    const auto wrong = [&](std::string_view what) {
        world.chronicle.wrong(fmt::format("{} {}", board.name, what));
    };
    if (!board.on) return wrong("is off after the calm month");
    if (!board.connected) return wrong("is stranded: not connected after the calm month");
    // A registry from a backup does not know what a board got since: that comes with its birth certificate as
    // a copy would, and waits for a person.
    const auto& authority = world.authority;
    if (authority.registry().was_forked(board.name) && !authority.was_restored())
        wrong("was taken for two boards");
    const auto active = active_of(world, board);
    if (active.size() != 1) return wrong(fmt::format("has {} active certificates", active.size()));
    if (!std::equal(board.active.begin(), board.active.end(), active[0].fingerprint.begin(),
                    active[0].fingerprint.end())) {
        wrong("uses another certificate than the active one");
    }
    if (active[0].not_after <= world.agenda.now()) wrong("has an active certificate that has expired");
    if (std::chrono::seconds(board.due) + kLooks <= world.agenda.now().time_since_epoch()) {
        wrong("has a renewal that is due and does not come");
    }
}

// A copy that has been refused all the time, as one whose original had renewed first, is nothing to notice.
void judge_copy(World& world, const Board& copy) {
    if (copy.has_renewed && !world.authority.registry().was_forked(copy.name)) {
        world.chronicle.wrong(fmt::format("a copy of {} has renewed and nobody has noticed", copy.name));
    }
}

}  // namespace

void judge_decade(World& world) {
    if (!world.over) return;
    for (const auto& board : world.boards) {
        if (board.cloned) {
            judge_copy(world, board);
        } else if (board.stolen) {
            if (board.connected) world.chronicle.wrong(board.name + " is revoked and connected");
        } else {
            judge_board(world, board);
        }
    }
    try {
        (void)world.authority.registry().verify_chain();
    } catch (const Error& error) {
        world.chronicle.wrong(error.what());
    }
}

}  // namespace countersign::sim
