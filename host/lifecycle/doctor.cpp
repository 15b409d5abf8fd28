#include "host/lifecycle/doctor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>

#include "host/base/files.h"
#include "host/base/subprocess.h"
#include "host/broker/admission/reader.h"
#include "host/broker/config.h"
#include "host/broker/control.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/broker_identity.h"
#include "host/lifecycle/crl_publication.h"
#include "host/lifecycle/host_identities.h"
#include "host/lifecycle/renewal.h"
#include "host/lifecycle/root_list.h"
#include "host/lifecycle/signer_policy.h"
#include "host/registry/registry.h"

namespace countersign::lifecycle {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNamesShown = 10;
constexpr std::chrono::seconds kLockWait{5};

// Collects what one part complains of; an exception is a complaint too.
class Patient {
  public:
    Patient(std::string part, const std::function<std::string(Patient&)>& look) {
        result_.part = std::move(part);
        try {
            result_.good = look(*this);
        } catch (const Error& error) {
            result_.complaints.push_back(error);
        } catch (const std::exception& error) {
            complain(Code::Internal, error.what());
        }
    }
    void complain(Code code, std::string_view what, std::string_view cure = {}) {
        result_.complaints.emplace_back(code, what, cure);
    }
    [[nodiscard]] Examination result() && { return std::move(result_); }

  private:
    Examination result_;
};

std::string named(const std::vector<std::string>& names) {
    const auto shown = static_cast<std::ptrdiff_t>(std::min(names.size(), kNamesShown));
    return fmt::format("{}{}", fmt::join(names.begin(), names.begin() + shown, ", "),
                       names.size() > kNamesShown ? ", …" : "");
}

std::string permissions(Patient& patient, const Home& home) {
    std::size_t looked_at = 0;
    for (const auto& path :
         {home.root_key(), home.issuing_key(), broker::Files(home.broker()).key, home.registry(),
          operator_files(home).key, responder_files(home).key, home.operator_folder(),
          home.responder_folder(), home.authority(), home.devices()}) {
        struct stat status {};
        if (::stat(path.c_str(), &status) != 0)
            continue;  // the root's key may be offline; the rest is asked below
        ++looked_at;
        if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0) continue;
        patient.complain(Code::Permissions, fmt::format("{} is open to others.", path.string()),
                         fmt::format("chmod go= {}", path.string()));
    }
    return fmt::format("{} secret files and folders are closed to others", looked_at);
}

// Whoever edits one of the two files by hand may forget the other.
void signer_policy(Patient& patient, const Home& home) {
    if (!fs::exists(home.signer_policy())) return;  // the first signer writes it
    const auto allowed = load_signer_policy(home);
    const auto settings = load_settings(home);
    const auto wanted =
        std::max<std::chrono::seconds>(settings.renewed_lifetime(), std::chrono::days(settings.days));
    if (wanted <= allowed.longest && settings.renewals_per_day <= allowed.per_day) return;
    patient.complain(Code::SignerRefused,
                     fmt::format("settings.json wants longer lives or more renewals a day than {} allows.",
                                 home.signer_policy().string()),
                     "if you want it, too, write the same into authority/signer.json");
}

std::string authority(Patient& patient, const Home& home, Seconds now) {
    const auto present = load_authority(home, now);
    signer_policy(patient, home);
    if (!fs::exists(home.issuing_key())) {
        patient.complain(Code::AuthorityBroken, fmt::format("{} is missing.", home.issuing_key().string()));
    }
    if (fs::exists(home.compromise())) {
        patient.complain(Code::Unfinished, "rollover compromised was killed.", "the same command again");
    }
    const bool online = fs::exists(home.root_key());
    return fmt::format("{}; the root's key is {}", present.issuing().info.name,
                       online ? "here: countersign root export FILE, countersign root remove" : "offline");
}

std::string chain(const registry::Registry& registry) {
    const auto all = registry.verify_chain();
    return fmt::format("{} events, their chain is whole; its head is {}", all.length, pki::to_hex(all.head));
}

// The newest of a name's certificates that may connect.
std::optional<registry::Certificate> newest_of(const registry::Registry& registry, std::string_view name) {
    const auto certificates = registry.certificates_of(name);
    const auto newest = std::find_if(certificates.rbegin(), certificates.rend(),
                                     [](const auto& row) { return may_connect(row.state); });
    return newest == certificates.rend() ? std::nullopt : std::optional(*newest);
}

std::string own_certificates(Patient& patient, const registry::Registry& registry, Seconds now) {
    Seconds first = pki::kForever;
    for (const std::string name : {"broker", "operator", "responder"}) {
        const auto newest = newest_of(registry, name);
        const auto cure = fmt::format("countersign renew {}", name);
        if (!newest) {
            if (registry.find_device(name))
                patient.complain(Code::CertState, fmt::format("The {} has no certificate.", name), cure);
            continue;
        }
        const Seconds end = newest->not_after;
        first = std::min(first, end);
        // They renew by themselves while `up` runs: half of the time there was for it has passed.
        const Seconds due = renewal_due(name, newest->issued_at, end);
        if (now < due + (end - due) / 2) continue;
        patient.complain(
            Code::CertExpired,
            fmt::format("The {}'s certificate {} {}.", name, end <= now ? "ended" : "ends", format_date(end)),
            cure);
    }
    return fmt::format("those of broker, operator and responder are good until {}", format_date(first));
}

std::string devices(Patient& patient, const registry::Registry& registry, Seconds now) {
    std::size_t count = 0;
    std::vector<std::string> expired, late, forked, waiting;
    registry.list({Role::device, {}, {}, ""}, [&](const registry::Summary& row) {
        ++count;
        const bool works = row.certificate && may_connect(row.certificate->state);
        if (row.device.forked) forked.push_back(row.device.name);
        if (works && row.certificate->not_after <= now) {
            expired.push_back(row.device.name);
        } else if (overdue(row, now)) {
            late.push_back(row.device.name);
        }
    });
    for (const auto& one : registry.waiting()) {
        if (!one.approved) waiting.push_back(one.name);
    }
    const auto say = [&](Code code, const std::vector<std::string>& names, std::string_view what,
                         std::string_view cure) {
        if (!names.empty())
            patient.complain(code, fmt::format("{} {}: {}.", names.size(), what, named(names)), cure);
    };
    say(Code::IdentityForked, forked, "used by two devices", {});
    say(Code::CertExpired, expired, "past the end of their certificate",
        "switch them on: they come back by themselves; else countersign load NAME");
    say(Code::RenewalLate, late, "not seen since their renewal was due", {});
    say(Code::RenewalWaits, waiting, "waiting for a nod", "countersign renewals");
    return fmt::format("{} known, none is late", count);
}

std::string broker_files(Patient& patient, const Home& home, const Settings& settings) {
    const broker::Files files(home.broker());
    for (const auto& file : {files.config, files.acl, files.ca, files.certificate, files.key}) {
        if (!fs::exists(file)) patient.complain(Code::FileRead, fmt::format("{} is missing.", file.string()));
    }
    if (fs::exists(files.old_crl)) {
        patient.complain(Code::BrokerOld, fmt::format("{} un-revokes everybody wherever else it is believed.",
                                                      files.old_crl.string()));
    }
    if (find_program("mosquitto").empty() && !fs::exists("/usr/sbin/mosquitto")) {
        patient.complain(Code::ToolMissing, "mosquitto is not installed.", "apt install mosquitto");
    }
    const auto certificate = pki::parse_certificate_pem(read_text(files.certificate));
    if (!pki::belongs(pki::PrivateKey::from_pem(read_secret(files.key).text()), certificate)) {
        patient.complain(Code::AuthorityBroken, "The broker's key and certificate do not belong together.",
                         "countersign renew broker --new-key");
    }
    for (const auto& host : settings.hosts) {
        const auto& all = certificate.info.hosts;
        if (std::find(all.begin(), all.end(), host) != all.end()) continue;
        patient.complain(Code::BrokerName, fmt::format("The broker's certificate does not name {}.", host),
                         fmt::format("countersign hosts add {}", host));
    }
    return fmt::format("serves {} on port {}; {}", fmt::join(settings.hosts, ", "), settings.port,
                       broker::RunningBroker(home.broker()).running() ? "it runs" : "it does not run now");
}

// Who is let in, row by row: the file the broker goes by against the registry.
std::string admission(Patient& patient, const Home& home, const registry::Registry& registry) {
    broker::admission::Reader reader(home.admission());
    (void)reader.refresh();
    if (!reader.loaded()) {
        patient.complain(Code::AdmissionBroken, reader.fault());
        return {};
    }
    std::size_t count = 0;
    std::size_t other = 0;
    registry.standings([&](const Standing& row) {
        ++count;
        const auto found = reader.find(row.fingerprint);
        if (found.found != broker::admission::Found::yes || !(found.standing == row)) ++other;
    });
    if (other != 0) {
        patient.complain(
            Code::AdmissionBroken,
            fmt::format("{} of {} certificates stand otherwise in the broker's file.", other, count),
            "countersign crl, or any command that changes something: it is written anew");
    }
    return fmt::format("the broker's file says of {} certificates what the registry does", count);
}

std::string revocation_list(Patient& patient, const Home& home, const registry::Registry& registry,
                            Seconds now) {
    const auto status = read_crl(home);
    if (!status) return "none has been signed; the broker needs none";
    if (status->next_update <= now) {
        patient.complain(Code::CrlOld, fmt::format("It lapsed on {}.", format_date(status->next_update)));
    } else if (registry.condemned_since(static_cast<std::int64_t>(status->number))) {
        patient.complain(Code::CrlOld, "It does not know the last revocations.");
    }
    const auto root = pki::parse_certificate_pem(read_text(home.root_certificate()));
    const auto end = root_list_end(home, root);
    if (end && *end - now < kRootListMargin) {
        patient.complain(Code::CrlOld, fmt::format("The root's own list ends on {}.", format_date(*end)),
                         "countersign crl --root FILE, the one that countersign root export wrote");
    }
    return fmt::format("for other software: good until {}{}", format_date(status->next_update),
                       end ? "" : "; there is no list of the root's: countersign crl --root FILE");
}

}  // namespace

std::vector<Examination> examine(const Home& home, const Clock& clock) {
    home.require_initialised();
    const FileLock lock(home.lock(), kLockWait);
    const Seconds now = clock.now();
    std::vector<Examination> all;
    const auto look = [&](const char* part, const std::function<std::string(Patient&)>& how) {
        all.push_back(Patient(part, how).result());
    };
    look("permissions", [&](Patient& patient) { return permissions(patient, home); });
    look("authority", [&](Patient& patient) { return authority(patient, home, now); });
    std::optional<registry::Registry> registry;
    look("registry", [&](Patient&) {
        registry = registry::Registry::open(home.registry(), clock);
        return chain(*registry);
    });
    look("broker", [&](Patient& patient) { return broker_files(patient, home, load_settings(home)); });
    if (!registry) return all;
    look("certificates", [&](Patient& patient) { return own_certificates(patient, *registry, now); });
    look("devices", [&](Patient& patient) { return devices(patient, *registry, now); });
    look("admission", [&](Patient& patient) { return admission(patient, home, *registry); });
    look("revocations", [&](Patient& patient) { return revocation_list(patient, home, *registry, now); });
    return all;
}

}  // namespace countersign::lifecycle
