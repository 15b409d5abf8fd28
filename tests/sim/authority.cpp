#include "tests/sim/authority.h"

#include <SQLiteCpp/Database.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "host/base/error.h"
#include "host/lifecycle/anchors.h"
#include "host/lifecycle/broker_list.h"
#include "host/lifecycle/issue.h"
#include "host/lifecycle/plausible_clock.h"
#include "host/pki/succession.h"

namespace countersign::sim {
namespace {

// The signer's process, without the process.
class Desk final : public pki::Signer {
  public:
    Desk(lifecycle::SigningDesk& desk, const pki::PublicKey& key) : desk_(desk), key_(key) {}
    [[nodiscard]] const pki::PublicKey& public_key() const noexcept override { return key_; }
    [[nodiscard]] pki::Bytes sign(pki::ByteView tbs) override { return desk_.sign(tbs); }
    [[nodiscard]] pki::Bytes sign_with(pki::ByteView tbs, pki::ByteView proof) override {
        return desk_.sign(tbs, proof);
    }

  private:
    lifecycle::SigningDesk& desk_;
    const pki::PublicKey& key_;
};

// Nothing here outlives the process: the disk's time to sync is saved.
std::filesystem::path in_memory() {
    const std::filesystem::path memory = "/dev/shm";
    return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
}

}  // namespace

struct SimulatedAuthority::Tier {
    Tier(pki::Certificate root, pki::NewCa issuing, SimulatedAuthority& owner)
        : key(std::move(issuing.key)),
          authority(std::move(root), std::move(issuing.certificate), owner.agenda_.now()),
          signer(key),
          by_hand(authority, signer, owner.agenda_, owner.random_),
          judgement(
              owner.registry_, authority, signer, owner.agenda_, [&owner] { return owner.settings_; },
              [&owner] { return owner.signer_policy(); }, {owner.roots_, owner.issuing_}),
          desk(judgement, key.public_key()),
          issuer(authority, desk, owner.agenda_, owner.random_),
          responder(owner.registry_, issuer, owner.agenda_, lifecycle::renewal_policy(owner.settings_),
                    owner) {}

    pki::PrivateKey key;
    pki::Authority authority;
    pki::KeySigner signer;
    pki::Issuer by_hand;
    lifecycle::SigningDesk judgement;
    Desk desk;
    pki::Issuer issuer;
    lifecycle::Responder responder;
};

SimulatedAuthority::SimulatedAuthority(const Agenda& agenda, Chronicle& chronicle, const Policy& policy)
    : agenda_(agenda),
      chronicle_(chronicle),
      policy_(policy),
      folder_(in_memory()),
      file_(folder_ / "registry"),
      registry_(registry::Registry::create(file_, agenda)) {
    settings_.hosts = hosts_;
    settings_.days = policy.lifetime.count();
    settings_.birth_renewal = policy.birth_needs_nod ? "approve" : "allow";
    pki::NewCa root = pki::create_root({}, agenda.now(), random_);
    root_key_ = std::make_unique<pki::PrivateKey>(std::move(root.key));
    pki::KeySigner signer(*root_key_);
    put_to_work(root.certificate, pki::create_issuing({}, root.certificate, signer, agenda.now(), random_));
    registry_.add_device({.name = "broker", .role = Role::broker, .created = {}, .chip_id = "", .note = ""});
    renew_broker();
}

SimulatedAuthority::~SimulatedAuthority() = default;

lifecycle::SignerPolicy SimulatedAuthority::signer_policy() const {
    return {policy_.lifetime, settings_.renewals_per_day, policy_.birth_needs_nod, {}};
}

void SimulatedAuthority::put_to_work(pki::Certificate root, pki::NewCa issuing) {
    if (roots_.empty() || roots_.back().der != root.der) roots_.push_back(root);
    issuing_.push_back(issuing.certificate);
    tiers_.push_back(std::make_unique<Tier>(std::move(root), std::move(issuing), *this));
}

SimulatedAuthority::Enrolled SimulatedAuthority::enrol(const std::string& name, BlobView working,
                                                       BlobView birth) {
    auto& issuer = tiers_.back()->by_hand;
    const auto issue = [&](BlobView der, Role role) {
        const auto csr = pki::parse_csr(der);
        return issuer.issue(pki::Profile({role, policy_.lifetime}), {name, csr.public_key, {}});
    };
    Enrolled made{issue(working, Role::device), issue(birth, Role::birth)};
    const auto& authority = tiers_.back()->authority;
    auto transaction = registry_.begin();
    registry_.add_device({.name = name, .role = Role::device, .created = {}, .chip_id = "", .note = ""});
    registry_.add_certificate(lifecycle::as_row(made.birth, Role::birth, authority));
    registry_.add_certificate(lifecycle::as_row(made.working, Role::device, authority));
    registry_.confirm(made.birth.info.fingerprint);
    transaction.commit();
    publish();
    back_up();
    return made;
}

lifecycle::Reaction SimulatedAuthority::received(const std::string& topic, BlobView payload, bool fresh) {
    if (policy_.confirms_anything && topic.ends_with("/state")) confirm_newest(topic);
    auto reaction = tiers_.back()->responder.received(topic, payload, fresh);
    publish();
    return reaction;
}

// The planted fault: a State is taken for a confirmation of the newest certificate, whatever it names.
void SimulatedAuthority::confirm_newest(const std::string& topic) {
    const auto start = topic.find('/') + 1;
    const auto certificates = registry_.certificates_of(topic.substr(start, topic.rfind('/') - start));
    if (!certificates.empty() && may_connect(certificates.back().state)) {
        registry_.confirm(certificates.back().fingerprint);
    }
}

void SimulatedAuthority::new_issuing_ca() {
    pki::KeySigner signer(*root_key_);
    put_to_work(roots_.back(), pki::create_issuing({}, roots_.back(), signer, agenda_.now(), random_));
    renew_broker();
}

// As lifecycle::start_root_rollover does it, without the files.
void SimulatedAuthority::new_root() {
    const pki::Certificate old = roots_.back();
    pki::KeySigner old_signer(*root_key_);
    pki::NewCa root = pki::create_successor(old, agenda_.now(), random_);
    crossed_ = {pki::make_bridge(root.certificate, old, old_signer, agenda_.now(), random_)};
    pki::KeySigner signer(root.key);
    put_to_work(root.certificate, pki::create_issuing({}, root.certificate, signer, agenda_.now(), random_));
    const std::uint32_t version = anchors_version() + 1;
    anchor_sets_[version] = lifecycle::make_anchor_set(version, tiers_.back()->authority, *root_key_);
    *root_key_ = std::move(root.key);
    renew_broker();
}

void SimulatedAuthority::finish_root_rollover() {
    crossed_.clear();
    renew_broker();
}

void SimulatedAuthority::renew_broker() {
    if (!broker_key_) {
        broker_key_ = std::make_unique<pki::PrivateKey>(pki::PrivateKey::generate(pki::KeyType::p256));
    }
    std::vector<pki::HostName> hosts;
    for (const auto& host : hosts_) hosts.push_back(pki::HostName::parse(host));
    const auto& tier = *tiers_.back();
    broker_ = tiers_.back()->by_hand.issue(pki::Profile({Role::broker, std::chrono::days(365)}),
                                           {"broker", broker_key_->public_key(), hosts});
    registry_.add_certificate(lifecycle::as_row(broker_, Role::broker, tier.authority));
    registry_.confirm(broker_.info.fingerprint);
    chain_ = {tier.authority.issuing()};
    chain_.insert(chain_.end(), crossed_.begin(), crossed_.end());
    publish();
    back_up();
}

void SimulatedAuthority::add_host(const std::string& host) {
    hosts_.push_back(host);
    settings_.hosts = hosts_;
    renew_broker();
    ++brokers_version_;
}

void SimulatedAuthority::remove_host(const std::string& host) {
    std::erase(hosts_, host);
    settings_.hosts = hosts_;
    renew_broker();
    ++brokers_version_;
}

void SimulatedAuthority::back_up() {
    std::filesystem::remove(folder_ / "backup");
    SQLite::Database(file_.string()).exec(fmt::format("VACUUM INTO '{}'", (folder_ / "backup").string()));
}

void SimulatedAuthority::restore() {
    file_ = folder_ / fmt::format("registry-{}", ++restored_);
    std::filesystem::copy_file(folder_ / "backup", file_);
    registry_ = registry::Registry::open(file_, agenda_);
    lifecycle::accept_clock(registry_);  // the backup may be months old
    for (const auto& name : revoked_) registry_.revoke(name, "keyCompromise");
    admission_.clear();
    published_ = 0;
    publish();
}

void SimulatedAuthority::revoke(const std::string& name) {
    registry_.revoke(name, "keyCompromise");
    revoked_.insert(name);
    publish();
}

void SimulatedAuthority::ask_renewal(const std::string& name) {
    try {
        registry_.ask_renewal(name);
    } catch (const Error& error) {
        chronicle_.say(fmt::format("{} cannot be asked to renew: {}", name, error.what()));
    }
}

void SimulatedAuthority::look_at_clock() {
    try {
        lifecycle::note_clock(registry_, agenda_.now());
    } catch (const Error& error) {
        chronicle_.say(error.what());
        lifecycle::accept_clock(registry_);
    }
}

std::vector<lifecycle::Answer> SimulatedAuthority::nod(
    const std::function<bool(const Fingerprint&)>& is_genuine) {
    std::vector<lifecycle::Answer> answers;
    look_at_clock();
    for (const auto& waiting : registry_.waiting()) {
        const auto still = registry_.waiting_of(waiting.name);
        const bool waits = std::any_of(still.begin(), still.end(), [&](const auto& one) {
            return one.key == waiting.key && !one.approved;
        });
        const bool held = registry_.find_device(waiting.name)->forked.has_value();
        if (!waits || (held && !is_genuine(waiting.key))) continue;
        registry_.approve(waiting.name, waiting.key);
        auto reaction = tiers_.back()->responder.approved(waiting.name);
        for (auto& answer : reaction.answers) answers.push_back(std::move(answer));
    }
    publish();
    return answers;
}

std::vector<lifecycle::Answer> SimulatedAuthority::commands() {
    std::vector<lifecycle::Answer> answers;
    registry_.list({Role::device, {}, {}, ""}, [&](const registry::Summary& row) {
        auto reaction = tiers_.back()->responder.command_for(row.device.name);
        for (auto& answer : reaction.answers) answers.push_back(std::move(answer));
    });
    return answers;
}

broker::admission::Lookup SimulatedAuthority::standing(const Fingerprint& fingerprint) const {
    const auto found = admission_.find(fingerprint);
    if (found == admission_.end()) return {};
    return {broker::admission::Found::yes, found->second};
}

std::vector<Blob> SimulatedAuthority::anchors() const {
    return {tiers_.back()->authority.root().der, tiers_.back()->authority.issuing().der};
}

std::uint32_t SimulatedAuthority::anchors_version() const {
    return anchor_sets_.empty() ? 1 : anchor_sets_.rbegin()->first;
}

bool SimulatedAuthority::all(const std::function<bool(const registry::Report&)>& have) const {
    std::vector<std::string> names;
    registry_.list({Role::device, {}, {}, ""}, [&](const registry::Summary& row) {
        const bool counts =
            row.certificate && may_connect(row.certificate->state) && !registry_.was_forked(row.device.name);
        if (counts) names.push_back(row.device.name);
    });
    return std::all_of(names.begin(), names.end(),
                       [&](const auto& name) { return have(registry_.report_of(name)); });
}

bool SimulatedAuthority::all_have_brokers() const {
    return all([this](const auto& report) { return report.brokers_version >= brokers_version_; });
}

bool SimulatedAuthority::all_have_anchors() const {
    return all([this](const auto& report) { return report.anchors_version >= anchors_version(); });
}

std::vector<std::uint8_t> SimulatedAuthority::anchor_set_after(std::uint32_t version) const {
    const auto found = anchor_sets_.find(version + 1);
    return found == anchor_sets_.end() ? std::vector<std::uint8_t>() : found->second;
}

std::vector<std::uint8_t> SimulatedAuthority::signed_brokers() const {
    auto& tier = *tiers_.back();
    return lifecycle::make_broker_list(brokers(), tier.authority.issuing(), tier.signer);
}

void SimulatedAuthority::publish() {
    registry_.standings_since(published_, [&](const Standing& row) { admission_[row.fingerprint] = row; });
    published_ = registry_.last_event();
}

}  // namespace countersign::sim
