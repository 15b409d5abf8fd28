#include "host/lifecycle/rollover.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/tree.h"
#include "host/broker/config.h"
#include "host/broker/control.h"
#include "host/lifecycle/anchors.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/broker_identity.h"
#include "host/lifecycle/change_set.h"
#include "host/lifecycle/crl_publication.h"
#include "host/lifecycle/issue.h"
#include "host/lifecycle/root_list.h"
#include "host/lifecycle/signer_policy.h"
#include "host/pki/crl.h"
#include "host/pki/pem.h"
#include "host/pki/succession.h"

namespace countersign::lifecycle {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kEncrypted = "BEGIN ENCRYPTED PRIVATE KEY";
constexpr std::size_t kNamesShown = 10;

Secret read_root_pem(const Home& home, const fs::path& file) {
    const fs::path path = file.empty() ? home.root_key() : file;
    if (file.empty() && !fs::exists(path)) throw Error(Code::RootOffline);
    return read_secret(path);
}

void put_key(ChangeSet& change, const fs::path& target, const pki::PrivateKey& key,
             const Secret& passphrase) {
    change.put(target, key_pem(key, passphrase).text(), kPrivateFile);
}

// The authority as it will be, with what is needed to sign in its name.
struct Successor {
    Successor(pki::Certificate root, const pki::NewCa& new_issuing, const Clock& clock)
        : authority(std::move(root), new_issuing.certificate, clock.now()),
          signer(new_issuing.key),
          issuer(authority, signer, clock, random) {}

    pki::Authority authority;
    pki::KeySigner signer;
    pki::SystemRandom random;
    pki::Issuer issuer;
};

void put_list(ChangeSet& change, const CrlFiles& files, pki::ByteView der) {
    change.put(files.pem, pki::crl_to_pem(der), kPublicFile);
    change.put(files.der, {reinterpret_cast<const char*>(der.data()), der.size()}, kPublicFile);
}

// For other software: the last list of the old issuing CA, which never lapses, and the first one of the new.
// False when the old key is lost, so that there is no last list: no reason to keep an old CA at work.
bool put_lists(ChangeSet& change, OpenHome& home, const pki::Authority& old, Successor& successor,
               const std::optional<pki::PrivateKey>& old_key) {
    put_list(change, crl_files(home.home()),
             make_next_crl(home, successor.authority, successor.signer, home.clock().now() + kCrlLifetime));
    if (!old_key || !pki::belongs(*old_key, old.issuing())) return false;
    pki::KeySigner signer(*old_key);
    put_list(change, last_crl_files(home.home(), old.issuing().info.fingerprint),
             make_next_crl(home, old, signer, pki::kForever));
    return true;
}

pki::NewCa new_issuing(OpenHome& home, const pki::Certificate& root, const pki::PrivateKey& root_key) {
    const auto old = load_authority(home.home(), home.clock().now());
    pki::KeySigner signer(root_key);
    pki::SystemRandom random;
    const pki::CaConfig config{old.issuing().info.key_type.value_or(pki::KeyType::p256), pki::kForever};
    return pki::create_issuing(config, root, signer, home.clock().now(), random);
}

// The broker's side: new CAs before the old ones, and a certificate by the new issuing CA for the key the
// broker has.
pki::Certificate put_broker(ChangeSet& change, OpenHome& home, Successor& successor, const std::string& cas,
                            const std::string& bridge) {
    const broker::Files files(home.home().broker());
    auto certificate = make_broker_certificate(home, successor.issuer, hosts_of(home.settings()));
    home.registry().add_certificate(as_row(certificate, Role::broker, successor.authority));
    change.put(files.ca, cas + read_text(files.ca), kPublicFile);
    change.put(files.certificate,
               pki::to_pem(certificate) + pki::to_pem(successor.authority.issuing()) + bridge, kPublicFile);
    return certificate;
}

// What our own clients trust the broker by: the new CAs, and the old ones while it still serves the old
// chain.
void put_client_anchors(ChangeSet& change, const Home& home, const std::string& cas) {
    for (const auto& folder : {home.operator_folder(), home.responder_folder()}) {
        const fs::path file = folder / "ca.crt.pem";
        if (fs::exists(file)) change.put(file, cas + read_text(file), kPublicFile);
    }
}

Rolled take_effect(ChangeSet& change, OpenHome& home, const Successor& successor,
                   const pki::Certificate& broker, std::string_view what, bool listed) {
    change.commit();
    const bool told = broker::RunningBroker(home.home().broker()).reload();
    home.registry().confirm(broker.info.fingerprint);
    home.registry().record("rollover", "", successor.authority.issuing().info.fingerprint, what);
    return {successor.authority.root().info, successor.authority.issuing().info, broker.info, told, listed};
}

// A broker that was started by an earlier version reads its CAs from one file, and only with a list of each.
void check_configuration(const Home& home) {
    const broker::Files files(home.broker());
    if (!fs::exists(files.old_crl)) return;
    throw Error(Code::BrokerOld, fmt::format("The broker was set up by an earlier version, which left {}.",
                                             files.old_crl.string()));
}

Fingerprint parse_fingerprint(const std::string& hex) {
    Fingerprint bytes{};
    if (hex.size() != bytes.size() * 2) throw Error(Code::AuthorityBroken, "rollover.json is damaged.");
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
    return bytes;
}

std::string as_json(const RootRollover& rollover) {
    return Json{{"anchors_version", rollover.anchors_version},
                {"started", rollover.started.time_since_epoch().count()},
                {"from", pki::to_hex(rollover.from)},
                {"to", pki::to_hex(rollover.to)}}
               .dump(2) +
           "\n";
}

void check_can_be_followed(const Home& home, const pki::PrivateKey& old_root) {
    if (root_rollover(home)) throw Error(Code::RolloverUnderway);
    if (old_root.type() == pki::KeyType::p256) return;
    throw Error(
        Code::KeyTypeUnsupported,
        fmt::format("The root's key is {}; boards verify new anchors by P-256 only.",
                    pki::to_string(old_root.type())),
        "countersign rollover issuing needs no new root; for another root: countersign --home DIR init "
        "HOST, then load each device");
}

}  // namespace

bool root_key_is_encrypted(const Home& home, const fs::path& file) {
    return read_root_pem(home, file).text().find(kEncrypted) != std::string_view::npos;
}

pki::PrivateKey load_root_key(const Home& home, const fs::path& file, const Secret& passphrase) {
    auto key = pki::PrivateKey::from_pem(read_root_pem(home, file).text(), passphrase);
    if (!pki::belongs(key, pki::parse_certificate_pem(read_text(home.root_certificate())))) {
        throw Error(Code::AuthorityBroken,
                    fmt::format("{} is not this authority's root key.",
                                (file.empty() ? home.root_key() : file).string()),
                    "--root FILE, the one that `countersign root export` wrote");
    }
    return key;
}

std::optional<pki::PrivateKey> present_issuing_key(const Home& home, const Secret& passphrase) {
    if (!fs::exists(home.issuing_key())) return std::nullopt;
    const Secret pem = read_secret(home.issuing_key());
    try {
        return pki::PrivateKey::from_pem(pem.text(), passphrase);
    } catch (const Error& error) {
        if (error.id() != Code::PassphraseWrong && error.id() != Code::PassphraseNeeded) return std::nullopt;
        throw Error(error.id(),
                    fmt::format("{} is not opened by the passphrase that its successor would have.",
                                home.issuing_key().string()),
                    fmt::format("give the home's own; where it is lost: mv '{0}' '{0}.lost', and the same "
                                "command with a new one",
                                home.issuing_key().string()));
    }
}

Rolled roll_issuing(OpenHome& home, const pki::PrivateKey& root, const Secret& passphrase, OldKey old_key) {
    check_configuration(home.home());
    const auto present = present_issuing_key(home.home(), passphrase);
    const auto now = home.clock().now();
    const auto old = load_authority(home.home(), now);
    const auto issuing = new_issuing(home, old.root(), root);
    Successor successor(old.root(), issuing, home.clock());
    ChangeSet change(home.home());
    const std::string pem = pki::to_pem(issuing.certificate);
    const auto bridge = bridge_pem(home.home());
    const auto broker = put_broker(change, home, successor, pem, bridge);
    put_client_anchors(change, home.home(), pem);
    change.put(home.home().issuing_certificate(), pem, kPublicFile);
    put_key(change, home.home().issuing_key(), issuing.key, passphrase);
    const bool listed = put_lists(change, home, old, successor, present);
    pki::KeySigner root_signer(root);
    const auto stolen = old_key == OldKey::stolen ? std::optional(old.issuing().info.serial) : std::nullopt;
    put_list(change, root_list_files(home.home()),
             make_root_list(home.home(), old.root(), root_signer, now, now + kRootListLifetime, stolen));
    return take_effect(change, home, successor, broker, "a new issuing CA", listed);
}

std::optional<RootRollover> root_rollover(const Home& home) {
    if (!fs::exists(home.rollover())) return std::nullopt;
    try {
        const Json json = Json::parse(read_text(home.rollover()));
        return RootRollover{json.at("anchors_version").get<std::uint32_t>(),
                            Seconds(std::chrono::seconds(json.at("started").get<std::int64_t>())),
                            parse_fingerprint(json.at("from").get<std::string>()),
                            parse_fingerprint(json.at("to").get<std::string>())};
    } catch (const std::exception& error) {
        throw Error(Code::AuthorityBroken, fmt::format("{}: {}.", home.rollover().string(), error.what()));
    }
}

Rolled start_root_rollover(OpenHome& home, const pki::PrivateKey& old_root, const Secret& passphrase) {
    const Home& place = home.home();
    check_configuration(place);
    check_can_be_followed(place, old_root);
    const auto present = present_issuing_key(place, passphrase);
    const auto now = home.clock().now();
    const auto old = load_authority(place, now);
    pki::SystemRandom random;
    pki::KeySigner old_signer(old_root);
    const auto root = pki::create_successor(old.root(), now, random);
    const auto bridge = pki::make_bridge(root.certificate, old.root(), old_signer, now, random);
    const auto issuing = new_issuing(home, root.certificate, root.key);
    Successor successor(root.certificate, issuing, home.clock());
    pki::KeySigner root_signer(root.key);
    const RootRollover rollover{anchors_version(place) + 1, now, old.root().info.fingerprint,
                                root.certificate.info.fingerprint};
    const auto anchors = make_anchor_set(rollover.anchors_version, successor.authority, old_root);

    ChangeSet change(place);
    const std::string cas = successor.authority.ca_pem();
    const auto broker = put_broker(change, home, successor, cas, pki::to_pem(bridge));
    put_client_anchors(change, place, cas);
    change.put(place.root_certificate(), pki::to_pem(root.certificate), kPublicFile);
    put_key(change, place.root_key(), root.key, passphrase);
    change.put(place.issuing_certificate(), pki::to_pem(issuing.certificate), kPublicFile);
    put_key(change, place.issuing_key(), issuing.key, passphrase);
    change.put(place.bridge(), pki::to_pem(bridge), kPublicFile);
    change.put(place.anchor_set(rollover.anchors_version),
               {reinterpret_cast<const char*>(anchors.data()), anchors.size()}, kPublicFile);
    change.put(place.rollover(), as_json(rollover), kPublicFile);
    const bool listed = put_lists(change, home, old, successor, present);
    put_list(change, last_root_list_files(place, rollover.from),
             make_root_list(place, old.root(), old_signer, now, pki::kForever));
    put_list(change, root_list_files(place),
             make_root_list(place, root.certificate, root_signer, now, now + kRootListLifetime));
    remove_file(place.root_exported());  // that was the old one
    trust_root(place, root.certificate.info.fingerprint);
    return take_effect(change, home, successor, broker, "a new root", listed);
}

namespace {

// What was issued by hand under the new root came with it, as files or by the cable; but one before it may be
// what is still in use.
bool all_under(const registry::Registry& registry, const registry::Device& device,
               const Fingerprint& issuing) {
    const auto certificates = registry.certificates_of(device.name);
    return std::all_of(certificates.begin(), certificates.end(), [&](const registry::Certificate& one) {
        return one.role != device.role || !may_connect(one.state) || one.issuer == issuing;
    });
}

}  // namespace

std::vector<Confirmation> confirmations(const Home& home, const registry::Registry& registry,
                                        const RootRollover& rollover) {
    const auto issuing = pki::parse_certificate_pem(read_text(home.issuing_certificate())).info.fingerprint;
    std::vector<Confirmation> all;
    registry.list({}, [&](const registry::Summary& row) {
        const auto& device = row.device;
        const bool concerns =
            device.role == Role::device || (device.role == Role::operator_ && !is_reserved_name(device.name));
        if (!concerns || !row.certificate || !may_connect(row.certificate->state)) return;
        const auto report = registry.report_of(device.name);
        const auto& certificate = *row.certificate;
        const bool made_since = certificate.origin == registry::Origin::by_hand &&
                                certificate.issuer == issuing && all_under(registry, device, issuing);
        const Keeper keeper = report.state              ? Keeper::itself
                              : !device.chip_id.empty() ? Keeper::cable
                                                        : Keeper::person;
        all.push_back({device.name, device.role, keeper,
                       made_since || report.anchors_version >= rollover.anchors_version, row.seen});
    });
    return all;
}

std::string how_to_bring(const Confirmation& one) {
    switch (one.keeper) {
        case Keeper::itself: return "switch it on";
        case Keeper::cable: return fmt::format("countersign load {}", one.name);
        case Keeper::person: break;
    }
    return one.role == Role::operator_
               ? fmt::format("countersign issue {} --role operator --replace, and take its files there",
                             one.name)
               : fmt::format("countersign issue {} --replace, and take its files there", one.name);
}

bool finish_root_rollover(OpenHome& home, const std::set<std::string>& without) {
    const auto rollover = root_rollover(home.home());
    if (!rollover) throw Error(Code::RolloverNone);
    std::vector<Confirmation> waiting;
    for (auto& one : confirmations(home.home(), home.registry(), *rollover)) {
        if (!one.confirmed && !without.contains(one.name)) waiting.push_back(std::move(one));
    }
    if (!waiting.empty()) {
        std::vector<std::string> names;
        for (const auto& one : waiting) {
            if (names.size() == kNamesShown) break;
            names.push_back(one.role == Role::operator_ ? one.name + " (operator)" : one.name);
        }
        throw Error(
            Code::RolloverWaits,
            fmt::format("{} have not got the new root: {}{}.", waiting.size(), fmt::join(names, ", "),
                        waiting.size() > names.size() ? ", …" : ""),
            fmt::format("countersign rollover root status says what each needs ({}: {}); or give them up by "
                        "name: countersign rollover root finish --without {}",
                        waiting.front().name, how_to_bring(waiting.front()), waiting.front().name));
    }
    // Each step can be repeated; the last one says that it is done.
    const broker::Files files(home.home().broker());
    const auto leaf = pki::parse_certificate_pem(read_text(files.certificate));
    remove_file(home.home().bridge());
    write_file(files.certificate,
               pki::to_pem(leaf) + pki::to_pem(load_authority(home.home(), home.clock().now()).issuing()),
               kPublicFile);
    const bool told = broker::RunningBroker(home.home().broker()).reload();
    home.registry().record("rollover", "", rollover->to, "the old root is given up");
    remove_file(home.home().rollover());
    sync_folder(home.home().authority());
    return told;
}

}  // namespace countersign::lifecycle
