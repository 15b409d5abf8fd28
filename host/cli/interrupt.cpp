#include "host/cli/interrupt.h"

#include <csignal>

namespace countersign::cli {
namespace {

volatile std::sig_atomic_t g_seen = 0;

void note_signal(int /*number*/) {
    g_seen = 1;
}

}  // namespace

Interrupt::Interrupt() {
    g_seen = 0;
    std::signal(SIGINT, note_signal);
    std::signal(SIGTERM, note_signal);
}

Interrupt::~Interrupt() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
}

bool Interrupt::seen() const noexcept {
    return g_seen != 0;
}

}  // namespace countersign::cli
