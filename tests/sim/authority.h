// The authority's side of a simulated world: the real registry, CAs, signer's judgement and responder; only
// the disk and the network are missing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/broker/admission/table.h"
#include "host/lifecycle/responder.h"
#include "host/lifecycle/signing_desk.h"
#include "host/pki/issuer.h"
#include "host/registry/registry.h"
#include "tests/sim/agenda.h"
#include "tests/sim/chronicle.h"
#include "tests/sim/frames.h"
#include "tests/support/temporary_folder.h"

namespace countersign::sim {

struct Policy {
    std::chrono::days lifetime{365};
    bool birth_needs_nod = false;
    bool confirms_anything = false;  // a planted fault: see planted.h
};

class SimulatedAuthority final : public lifecycle::Wanted {
  public:
    SimulatedAuthority(const Agenda& agenda, Chronicle& chronicle, const Policy& policy);
    ~SimulatedAuthority() override;

    struct Enrolled {
        pki::Certificate working, birth;
    };
    // As `load` does it: two requests of a board on the table.
    [[nodiscard]] Enrolled enrol(const std::string& name, BlobView working, BlobView birth);

    [[nodiscard]] lifecycle::Reaction received(const std::string& topic, BlobView payload, bool fresh);

    // --- what an operator does
    void new_issuing_ca();
    void new_root();
    void renew_broker();
    void finish_root_rollover();  // the old root is given up
    void add_host(const std::string& host);
    void remove_host(const std::string& host);
    // Of the registry, after each change by hand and now and then. Nothing else needs one: CAs, hosts and
    // anchors change by hand only.
    void back_up();
    // What the registry has written since the last back_up() is lost; what was revoked is revoked again.
    void restore();
    [[nodiscard]] bool was_restored() const noexcept { return restored_ > 0; }
    void revoke(const std::string& name);
    void ask_renewal(const std::string& name);
    // The signer notes the time; after months without it the operator says that it is right.
    void look_at_clock();
    // The operator has both boards before him when two use an identity, and knows the genuine one's key.
    [[nodiscard]] std::vector<lifecycle::Answer> nod(
        const std::function<bool(const Fingerprint&)>& is_genuine);
    [[nodiscard]] std::vector<lifecycle::Answer> commands();  // for whom something is wanted

    // --- what the broker and the boards see
    [[nodiscard]] broker::admission::Lookup standing(const Fingerprint& fingerprint) const;
    [[nodiscard]] const pki::Certificate& broker_leaf() const { return broker_; }
    [[nodiscard]] std::span<const pki::Certificate> broker_chain() const { return chain_; }
    [[nodiscard]] std::span<const pki::Certificate> issuing_cas() const { return issuing_; }
    [[nodiscard]] std::span<const pki::Certificate> roots() const { return roots_; }
    [[nodiscard]] std::vector<Blob> anchors() const;  // what a board loaded today gets
    [[nodiscard]] std::uint32_t anchors_version() const;
    // Every device that may connect, and of which nobody says that it is two, has told that it has these.
    [[nodiscard]] bool all_have_brokers() const;
    [[nodiscard]] bool all_have_anchors() const;
    [[nodiscard]] const std::set<std::string>& revoked() const { return revoked_; }
    [[nodiscard]] const registry::Registry& registry() const { return registry_; }

    [[nodiscard]] std::vector<std::uint8_t> anchor_set_after(std::uint32_t version) const override;
    [[nodiscard]] Brokers brokers() const override { return {brokers_version_, kPort, hosts_}; }

    [[nodiscard]] std::vector<std::uint8_t> signed_brokers() const override;

    static constexpr std::uint16_t kPort = 8883;

  private:
    struct Tier;  // the CA at work
    [[nodiscard]] lifecycle::SignerPolicy signer_policy() const;
    void put_to_work(pki::Certificate root, pki::NewCa issuing);
    void publish();  // what the plugin reads
    void confirm_newest(const std::string& topic);
    [[nodiscard]] bool all(const std::function<bool(const registry::Report&)>& have) const;

    const Agenda& agenda_;
    Chronicle& chronicle_;
    Policy policy_;
    lifecycle::Settings settings_;
    pki::SystemRandom random_;
    test::TemporaryFolder folder_;  // of the registry and its backup
    std::filesystem::path file_;
    registry::Registry registry_;
    int restored_ = 0;  // times
    std::unique_ptr<pki::PrivateKey> root_key_;
    std::unique_ptr<pki::PrivateKey> broker_key_;
    std::vector<std::unique_ptr<Tier>> tiers_;
    std::vector<pki::Certificate> roots_, issuing_, chain_, crossed_;
    pki::Certificate broker_;
    std::map<std::uint32_t, std::vector<std::uint8_t>> anchor_sets_;
    std::uint32_t brokers_version_ = 1;
    std::vector<std::string> hosts_{"broker.sim"};
    std::unordered_map<Fingerprint, Standing, broker::admission::FirstBytes> admission_;
    std::int64_t published_ = 0;
    std::set<std::string> revoked_;
};

}  // namespace countersign::sim
