// What `load` puts onto a board, from the home folder: an identity made here, or certificates for the keys
// the board makes itself.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/cli/context.h"
#include "host/lifecycle/enrolment.h"
#include "host/lifecycle/home.h"
#include "host/loader/load.h"

namespace countersign::cli {

struct LoadCommand {
    std::string name, port = "auto", ssid, password_file, server, firmware;
    std::int64_t wait = 60;  // seconds for the first connection; 0: it is not waited for
    bool replace_main = false, host_key = false, replace = false, source = false, rename = false;
    bool no_wait = false, watch = false, ignore_memory = false;
};

// All that can be refused without a board: name, home, addresses, Wi-Fi; and the passphrase where it is known
// already that it will be needed, or costs nobody a keystroke. Throws what they throw.
class LoadPlan {
  public:
    LoadPlan(const Context& context, const LoadCommand& command);

    // Loads the board, and records it; it is not restarted. Throws what loader::load() and the authority
    // throw.
    [[nodiscard]] loader::LoadResult load(loader::Board& board);
    // The brokers a device tries, in order.
    [[nodiscard]] std::vector<loader::BrokerAddress> brokers() const;

  private:
    class HomeRegistrar;

    void prepare_options();
    void check_passphrase();
    void say(std::string_view step) const;
    [[nodiscard]] lifecycle::IssuingAuthority& authority();
    [[nodiscard]] loader::Trust trust() const;
    [[nodiscard]] loader::BoardIdentity identity();
    void check_known(const loader::BoardFacts& facts) const;
    void check_address(const loader::BoardFacts& facts) const;
    [[nodiscard]] loader::LoadResult load_with_host_key(loader::Board& board);
    [[nodiscard]] loader::LoadResult load_with_own_key(loader::Board& board);

    const Context& context_;
    const LoadCommand& command_;
    const lifecycle::Home home_;
    loader::LoadOptions options_;
    bool host_key_ = false;
    std::unique_ptr<lifecycle::IssuingAuthority> authority_;
};

}  // namespace countersign::cli
