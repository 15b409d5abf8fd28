#include "host/lifecycle/bulk_issue.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/pki/pem.h"

namespace countersign::lifecycle {
namespace {

// One sync of the file system and one commit pay for this many devices…
constexpr std::size_t kBatch = 500;
// …or for what is made in this time: RSA keys take their time, and a kill should cost little of it.
constexpr std::chrono::seconds kBatchTime{2};
// Between two batches everybody else has a turn: a revocation does not wait for the list.
constexpr std::chrono::seconds kLockWait{60};

// As the registry compares names.
std::string folded(std::string name) {
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return name;
}

class Bulk {
  public:
    Bulk(OpenHome& home, IssuingAuthority& authority, const BulkDefaults& defaults, BulkResult& result)
        : home_(home), authority_(authority), defaults_(defaults), result_(result) {}

    // The devices of the list that need a certificate: a batch that is full is worth its sync.
    void choose(std::span<const CsvDevice> devices) {
        for (; !devices.empty(); devices = devices.subspan(std::min(kBatch, devices.size()))) {
            // Nothing is written: one transaction reads many names for the price of one.
            const auto reading = home_.registry().begin();
            for (const auto& device : devices.first(std::min(kBatch, devices.size()))) {
                const auto known = home_.registry().find_device(device.name);
                try_line(device, [&] { choose_one(device, known); });
            }
        }
    }

    [[nodiscard]] std::size_t left() const noexcept { return chosen_.size(); }

    // What others have done in their turn: names they have taken, and the CA that signs.
    void look_again() {
        if (read_text(home_.home().issuing_certificate()) != pki::to_pem(authority_.authority().issuing())) {
            throw Error(Code::Unfinished, "Another command has replaced the issuing CA.",
                        "the same command again: it goes on where this one was");
        }
        const auto batch = static_cast<std::ptrdiff_t>(std::min(kBatch, chosen_.size()));
        std::deque<Chosen> next(chosen_.begin(), chosen_.begin() + batch);
        chosen_.erase(chosen_.begin(), chosen_.begin() + batch);
        std::erase_if(next, [this](const Chosen& one) { return is_gone(*one.device); });
        chosen_.insert(chosen_.begin(), next.begin(), next.end());
    }

    // Three things in turn for the whole batch, not for each device: each finds its code and data in the
    // cache.
    void run_batch() {
        std::vector<pki::BulkIssuer::Identity> identities = make_identities();
        stage(identities);
        commit(identities);
        hand_over(identities);
        result_.issued += identities.size();
    }

  private:
    struct Chosen {
        const CsvDevice* device;
        pki::BulkIssuer* issuer;
    };

    template <class Work>
    void try_line(const CsvDevice& device, const Work& work) {
        try {
            work();
        } catch (const Error& error) {
            result_.problems.push_back({device.line, device.name, error.detail()});
        }
    }

    void choose_one(const CsvDevice& device, const std::optional<registry::Device>& known) {
        if (!device.problem.empty()) throw Error(Code::CsvInvalid, device.problem + ".");
        if (!is_valid_name(device.name)) throw Error(Code::NameInvalid);
        if (is_reserved_name(device.name)) throw Error(Code::NameReserved);
        if (is_taken(device, known)) {
            ++result_.already;
            if (const auto out = out_of(device.name); out && home_.finished().contains(device.name))
                hand_out(home_.home().device(device.name), device.name,
                         *out);  // a killed run of this command
            return;
        }
        chosen_.push_back({&device, &issuer_for(device)});
        names_.emplace(folded(device.name), device.name);
    }

    bool is_gone(const CsvDevice& device) {
        const auto known = home_.registry().find_device(device.name);
        if (!known) return false;
        try_line(device, [&] { result_.already += is_taken(device, known) ? 1U : 0U; });
        return true;
    }

    bool is_taken(const CsvDevice& device, const std::optional<registry::Device>& known) const {
        if (known) {
            if (known->name == device.name && known->role == Role::device) return true;
            throw Error(Code::NameTaken, fmt::format("{} is registered as {} {}.", device.name,
                                                     to_string(known->role), known->name));
        }
        const auto twin = names_.find(folded(device.name));
        if (twin == names_.end()) return false;
        if (twin->second == device.name) return true;
        throw Error(Code::NameTaken,
                    fmt::format("{} differs from {} only in case.", device.name, twin->second));
    }

    pki::BulkIssuer& issuer_for(const CsvDevice& device) {
        auto key = defaults_.key;
        if (!device.key_type.empty()) {
            const auto parsed = pki::parse_key_type(device.key_type);
            if (!parsed)
                throw Error(Code::KeyTypeUnsupported,
                            fmt::format("\"{}\" is no kind of key.", device.key_type));
            key = *parsed;
        }
        const auto lifetime = device.days ? std::chrono::days(*device.days) : defaults_.lifetime;
        auto& issuer = issuers_[{key, lifetime.count()}];
        if (!issuer) {
            issuer = std::make_unique<pki::BulkIssuer>(authority_.issuer(),
                                                       pki::Profile({Role::device, lifetime}), key);
        }
        return *issuer;
    }

    std::vector<pki::BulkIssuer::Identity> make_identities() {
        std::vector<pki::BulkIssuer::Identity> identities;
        const auto deadline = std::chrono::steady_clock::now() + kBatchTime;
        while (!chosen_.empty() && identities.size() < kBatch &&
               std::chrono::steady_clock::now() < deadline) {
            const Chosen next = chosen_.front();
            chosen_.pop_front();
            try_line(*next.device, [&] { identities.push_back(next.issuer->issue(next.device->name)); });
        }
        return identities;
    }

    [[nodiscard]] std::optional<std::filesystem::path> out_of(const std::string& name) const {
        if (!defaults_.out) return std::nullopt;
        return *defaults_.out / name;
    }

    void stage(std::span<const pki::BulkIssuer::Identity> identities) const {
        const IdentityWriter writer(home_.home(), authority_.authority(), defaults_.format,
                                    Durability::together);
        for (const auto& identity : identities) {
            const std::string& name = identity.certificate.info.name;
            writer.stage(name, identity.certificate, identity.key_der);
        }
        sync_staging(home_.home());
    }

    void hand_over(std::span<const pki::BulkIssuer::Identity> identities) const {
        std::vector<std::string_view> names;
        for (const auto& identity : identities) names.emplace_back(identity.certificate.info.name);
        if (defaults_.out) return hand_out_all(home_.home(), names, *defaults_.out);
        for (const std::string_view name : names) put_in_place(home_.home(), name, std::nullopt);
    }

    void commit(std::span<const pki::BulkIssuer::Identity> identities) {
        auto transaction = home_.registry().begin();
        for (const auto& identity : identities) {
            const auto row = as_row(identity.certificate, Role::device, authority_.authority());
            home_.registry().enrol({row.name, row.role, {}, "", ""}, row);
        }
        transaction.commit();
    }

    OpenHome& home_;
    IssuingAuthority& authority_;
    const BulkDefaults& defaults_;
    BulkResult& result_;
    std::map<std::pair<pki::KeyType, std::int64_t>, std::unique_ptr<pki::BulkIssuer>> issuers_;
    std::deque<Chosen> chosen_;
    std::unordered_map<std::string, std::string_view> names_;  // of the list: without case → as written
};

}  // namespace

BulkResult bulk_issue(OpenHome& home, IssuingAuthority& authority, std::span<const CsvDevice> devices,
                      const BulkDefaults& defaults, const BulkProgress& progress) {
    BulkResult result;
    Bulk bulk(home, authority, defaults, result);
    bulk.choose(devices);
    while (bulk.left() != 0) {
        bulk.run_batch();
        progress(devices.size() - bulk.left(), devices.size());
        home.publish();
        if (bulk.left() == 0) break;
        home.let_others_in(kLockWait);
        bulk.look_again();
    }
    sync_filesystem(home.home().root());
    home.publish();
    return result;
}

}  // namespace countersign::lifecycle
