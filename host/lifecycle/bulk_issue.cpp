#include "host/lifecycle/bulk_issue.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "core/identity/name.h"
#include "host/base/error.h"

namespace countersign::lifecycle {
namespace {

// One sync of the file system and one commit pay for this many devices.
constexpr std::size_t kBatch = 500;

// As the registry compares names.
std::string folded(std::string name) {
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return name;
}

class Bulk {
  public:
    Bulk(OpenHome& home, IssuingAuthority& authority, const BulkDefaults& defaults, BulkResult& result)
        : home_(home),
          authority_(authority),
          defaults_(defaults),
          writer_(home.home(), authority.authority(), defaults.format),
          result_(result) {}

    void run(std::span<const CsvDevice> batch) {
        staged_.clear();
        batch_names_.clear();
        for (const auto& device : batch) {
            try {
                stage(device);
            } catch (const Error& error) {
                // Room and rights do not get better with the next line.
                if (error.id() == Code::FileWrite) throw;
                result_.problems.push_back({device.line, device.name, error.detail()});
            }
        }
        if (staged_.empty()) return;
        sync_staging(home_.home());
        commit();
        for (const auto& row : staged_) put_in_place(home_.home(), row.name);
        result_.issued += staged_.size();
    }

  private:
    void stage(const CsvDevice& device) {
        if (!device.problem.empty()) throw Error(Code::CsvInvalid, device.problem + ".");
        if (!is_valid_name(device.name)) throw Error(Code::NameInvalid);
        if (is_reserved_name(device.name)) throw Error(Code::NameReserved);
        if (is_taken(device)) {
            ++result_.already;
            return;
        }
        auto identity = issuer_for(device).issue(device.name);
        const auto out = defaults_.out ? std::optional(*defaults_.out / device.name) : std::nullopt;
        writer_.stage(device.name, identity.certificate, identity.key_der, out, Durability::later);
        batch_names_.emplace(folded(device.name), device.name);
        staged_.push_back(as_row(identity.certificate, Role::device, authority_.authority()));
    }

    bool is_taken(const CsvDevice& device) const {
        if (const auto known = home_.registry().find_device(device.name)) {
            if (known->name == device.name && known->role == Role::device) return true;
            throw Error(Code::NameTaken, fmt::format("{} is registered as {} {}.", device.name,
                                                     to_string(known->role), known->name));
        }
        const auto twin = batch_names_.find(folded(device.name));
        if (twin == batch_names_.end()) return false;
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

    void commit() {
        auto transaction = home_.registry().begin();
        for (const auto& row : staged_) {
            home_.registry().enrol({row.name, row.role, {}, "", ""}, row);
        }
        transaction.commit();
    }

    OpenHome& home_;
    IssuingAuthority& authority_;
    const BulkDefaults& defaults_;
    IdentityWriter writer_;
    BulkResult& result_;
    std::map<std::pair<pki::KeyType, std::int64_t>, std::unique_ptr<pki::BulkIssuer>> issuers_;
    std::vector<registry::Certificate> staged_;
    std::unordered_map<std::string, std::string> batch_names_;  // without case → as written
};

}  // namespace

BulkResult bulk_issue(OpenHome& home, IssuingAuthority& authority, std::span<const CsvDevice> devices,
                      const BulkDefaults& defaults, const BulkProgress& progress) {
    BulkResult result;
    result.already = 0;
    Bulk bulk(home, authority, defaults, result);
    for (std::size_t done = 0; done < devices.size();) {
        const auto batch = devices.subspan(done, std::min(kBatch, devices.size() - done));
        bulk.run(batch);
        done += batch.size();
        progress(done, devices.size());
    }
    sync_filesystem(home.home().root());
    home.publish();
    return result;
}

}  // namespace countersign::lifecycle
