#include "host/lifecycle/doctor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <functional>

#include "core/identity/name.h"
#include "host/base/files.h"
#include "host/base/subprocess.h"
#include "host/broker/admission/reader.h"
#include "host/broker/config.h"
#include "host/broker/control.h"
#include "host/broker/own_lines.h"
#include "host/broker/saved_state.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/broker_identity.h"
#include "host/lifecycle/crl_publication.h"
#include "host/lifecycle/host_identities.h"
#include "host/lifecycle/plausible_clock.h"
#include "host/lifecycle/renewal.h"
#include "host/lifecycle/root_list.h"
#include "host/lifecycle/signer_policy.h"
#include "host/registry/registry.h"

namespace countersign::lifecycle {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNamesShown = 10;
constexpr std::chrono::days kAlarmsCount{7};
constexpr std::chrono::seconds kLockWait{5};
constexpr std::uint64_t kMegabyte = std::uint64_t{1} << 20;
constexpr std::uint64_t kBytesLeft = 100 * kMegabyte;  // a registry, and the file that replaces it
constexpr std::uint64_t kFilesLeft = 1000;

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

std::optional<registry::Certificate> birth_of(const registry::Registry& registry, std::string_view name) {
    const auto certificates = registry.certificates_of(name);
    const auto birth = std::find_if(certificates.rbegin(), certificates.rend(), [](const auto& row) {
        return row.role == Role::birth && may_connect(row.state);
    });
    return birth == certificates.rend() ? std::nullopt : std::optional(*birth);
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
        if (newest->not_before > now) {
            patient.complain(Code::CertNotYet,
                             fmt::format("The {}'s certificate begins on {}, later than now.", name,
                                         format_date(newest->not_before)),
                             "check this computer's clock; if it is right: " + cure);
        }
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

// What a clock that was wrong has left behind.
std::string clock_and_dates(Patient& patient, const registry::Registry& registry, Seconds now) {
    check_clock(registry, now, kFarAheadByHand);
    const auto later = registry.events_after(now + kClockSlack);
    if (later != 0) {
        patient.complain(
            Code::ClockDoubtful, fmt::format("{} events are later than now.", later),
            "if this computer's clock is right now: countersign clock --accept; the events stay");
    }
    std::vector<std::string> devices;
    registry.list({Role::device, {}, {}, ""}, [&](const registry::Summary& row) {
        const auto& certificate = row.certificate;
        if (!certificate || !may_connect(certificate->state) || certificate->not_before <= now) return;
        devices.push_back(row.device.name);
    });
    if (!devices.empty()) {
        patient.complain(Code::CertNotYet, fmt::format("Not valid yet: {}.", named(devices)),
                         fmt::format("countersign load {} --replace", devices.front()));
    }
    return fmt::format("{} fits, and nothing begins later", format_time(now));
}

// Which of the identities that may connect are in which trouble.
struct Troubles {
    std::vector<std::string> expired, expired_by_hand, ending_by_hand, late, forked, waiting;
};

// Nobody renews it but a person: an operator's, another key than P-256, or files for software that has never
// said a word to the responder.
bool is_kept_by_hand(const registry::Registry& registry, const registry::Summary& row) {
    if (row.device.role != Role::device) return true;
    if (row.seen || !row.device.chip_id.empty()) return false;
    const auto report = registry.report_of(row.device.name);
    return !report.state && !birth_of(registry, row.device.name);
}

void sort_in(Troubles& troubles, const registry::Registry& registry, const registry::Summary& row,
             Seconds now) {
    const auto& name = row.device.name;
    if (row.device.forked) troubles.forked.push_back(name);
    if (!row.certificate || !may_connect(row.certificate->state)) return;
    const auto& certificate = *row.certificate;
    const bool ended = certificate.not_after <= now;
    const bool late = overdue(row, now);
    const Seconds due = renewal_due(name, certificate.issued_at, certificate.not_after);
    if (!ended && !late && (row.device.role == Role::device || due > now)) return;  // most of them
    if (is_kept_by_hand(registry, row)) {
        (ended ? troubles.expired_by_hand : troubles.ending_by_hand).push_back(name);
    } else if (ended) {
        (birth_of(registry, name) ? troubles.expired : troubles.expired_by_hand).push_back(name);
    } else {
        troubles.late.push_back(name);
    }
}

std::string devices(Patient& patient, const registry::Registry& registry, Seconds now) {
    std::size_t count = 0;
    Troubles troubles;
    registry.list({}, [&](const registry::Summary& row) {
        if (row.device.role != Role::device &&
            (row.device.role != Role::operator_ || is_reserved_name(row.device.name)))
            return;
        ++count;
        sort_in(troubles, registry, row, now);
    });
    for (const auto& one : registry.waiting()) {
        const bool again = !troubles.waiting.empty() && troubles.waiting.back() == one.name;
        if (!one.approved && !again) troubles.waiting.push_back(one.name);
    }
    const auto say = [&](Code code, const std::vector<std::string>& names, std::string_view what,
                         std::string_view cure) {
        if (!names.empty())
            patient.complain(code, fmt::format("{} {}: {}.", names.size(), what, named(names)), cure);
    };
    const auto by_hand = [&](const std::vector<std::string>& names) {
        if (names.empty()) return std::string();
        const auto device = registry.find_device(names.front());
        const bool is_operator = device && device->role == Role::operator_;
        return fmt::format("countersign issue {}{} --replace, and take its files there", names.front(),
                           is_operator ? " --role operator" : "");
    };
    say(Code::IdentityForked, troubles.forked, "used by two devices, and renewals held until you decide",
        "countersign renewals");
    const auto alarmed = [&](std::string_view kind) {
        return registry.alarmed_since(kind, now - kAlarmsCount);
    };
    say(Code::IdentityTwice, alarmed(registry::kRetiredCame), "came with a certificate that was replaced",
        {});
    say(Code::IdentityTwice, alarmed(registry::kTakenOver), "taken over again and again", {});
    say(Code::OverLimit, alarmed(registry::kOverLimit), "over the limits of a device", {});
    say(Code::CertExpired, troubles.expired, "past the end of their certificate",
        "switch them on: they come back by themselves; else countersign load NAME");
    say(Code::CertExpired, troubles.expired_by_hand,
        "past the end of their certificate, and come back only by hand", by_hand(troubles.expired_by_hand));
    say(Code::RenewalLate, troubles.ending_by_hand, "whose certificate ends soon and nobody renews by itself",
        by_hand(troubles.ending_by_hand));
    say(Code::RenewalLate, troubles.late, "not seen since their renewal was due", {});
    say(Code::RenewalWaits, troubles.waiting, "waiting for a nod", "countersign renewals");
    return fmt::format("{} known, operators among them, none is late", count);
}

std::string room(Patient& patient, const Home& home) {
    struct statvfs disk {};
    if (::statvfs(home.root().c_str(), &disk) != 0) return "its size cannot be read";
    const auto free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
    const bool files = disk.f_files == 0 || disk.f_favail >= kFilesLeft;
    const auto words = fmt::format("{} MB are free", free / kMegabyte);
    if (free < kBytesLeft || !files) {
        patient.complain(Code::FileWrite,
                         fmt::format("{} is nearly full: {}{}.", home.root().string(), words,
                                     files ? "" : ", and hardly any files can be made"),
                         "make room on that disk: what the registry cannot write down does not happen");
    }
    return words;
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
    if (const auto damage = broker::saved_state_damage(files.data); !damage.empty()) {
        patient.complain(Code::SavedState, fmt::format("{} is damaged ({}).",
                                                       (files.data / broker::kSavedState).string(), damage));
    }
    for (const auto& edited : broker::edited_files(home.broker())) {
        patient.complain(
            Code::OwnLines,
            fmt::format("{} holds lines of your own that Mosquitto does not see.", edited.string()),
            "move them to broker.d/NAME.conf or acl.local beside it, then delete it");
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
        patient.complain(Code::AdmissionBroken, reader.fault(),
                         "countersign crl: it is written anew as a whole");
        return {};
    }
    std::size_t count = 0;
    std::size_t other = 0;
    registry.standings([&](const Standing& row) {
        ++count;
        const auto found = reader.find(row.fingerprint);
        auto published = found.standing;
        published.fresh = row.fresh;  // a file for an older plugin does not say so
        if (found.found != broker::admission::Found::yes || !(published == row)) ++other;
    });
    if (other != 0) {
        patient.complain(
            Code::AdmissionBroken,
            fmt::format("{} of {} certificates stand otherwise in the broker's file.", other, count),
            "countersign crl: it is written anew as a whole");
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

std::vector<Examination> look_over(const Home& home, const Clock& clock) {
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
    look("disk", [&](Patient& patient) { return room(patient, home); });
    look("broker", [&](Patient& patient) { return broker_files(patient, home, load_settings(home)); });
    if (!registry) return all;
    look("clock", [&](Patient& patient) { return clock_and_dates(patient, *registry, now); });
    look("certificates", [&](Patient& patient) { return own_certificates(patient, *registry, now); });
    look("devices", [&](Patient& patient) { return devices(patient, *registry, now); });
    look("admission", [&](Patient& patient) { return admission(patient, home, *registry); });
    look("revocations", [&](Patient& patient) { return revocation_list(patient, home, *registry, now); });
    return all;
}

}  // namespace

std::vector<Examination> examine(const Home& home, const Clock& clock) {
    home.require_initialised();
    auto all = look_over(home, clock);
    const auto ok = [](const Examination& part) { return part.complaints.empty(); };
    if (std::all_of(all.begin(), all.end(), ok)) return all;
    // A command under way changes one thing after the other: what is still so once it has let go is so.
    try {
        const FileLock lock(home.lock(), kLockWait);
        return look_over(home, clock);
    } catch (const Error& error) {
        if (error.id() != Code::HomeBusy) all.push_back({"lock", {}, {error}});
        return all;
    }
}

}  // namespace countersign::lifecycle
