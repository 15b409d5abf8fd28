#include "host/cli/condemn.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/broker/control.h"
#include "host/cli/broker_proof.h"
#include "host/cli/left_behind.h"
#include "host/cli/operator_connection.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/crl_publication.h"
#include "host/pki/pem.h"
#include "host/transport/probe.h"

namespace countersign::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::system_clock;

// Whoever else holds the home: a bulk issue lets others in between its batches.
constexpr std::chrono::seconds kLockWait{60};
constexpr milliseconds kProofWait{5000};
constexpr milliseconds kDialWait{1000};
constexpr std::string_view kOtherBroker =
    "stop what answers on the broker's port, then countersign up; a Mosquitto of your own needs the plugin: "
    "countersign broker --print-config";

std::int64_t now_ms() {
    return std::chrono::duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

// What was found out about the running broker.
struct Findings {
    std::optional<Error> unasked;                  // why it could not be asked
    bool something_answers = false;                // though it could not be asked
    std::size_t live = 0;                          // sessions of certificates that are out
    std::size_t ended = 0;                         // sessions this act ended
    std::int64_t took_ms = 0;                      // until the last of them had ended
    std::optional<bool> refused, resumed_refused;  // tried with a key that is on this host
    std::optional<transport::Address> broker;      // that answered
    std::optional<LeftBehind> cleared;
    std::optional<Error> not_cleared;
};

struct Done {
    lifecycle::Verdict verdict;
    registry::Publication publication;
    std::int64_t began_ms = 0;
    std::string crl;  // a sentence
};

bool is_out(const lifecycle::Verdict& verdict, const std::string& fingerprint) {
    return std::any_of(verdict.out.begin(), verdict.out.end(), [&](const registry::Certificate& one) {
        return pki::to_hex(one.fingerprint) == fingerprint;
    });
}

// The list for other software needs the authority's key: signed now when that takes no question, else said.
std::string refresh_list(const Context& context, lifecycle::OpenHome& open) {
    if (open.settings().encrypted && !context.passphrase_is_given())
        return "The revocation list for other software is still the old one: countersign crl";
    lifecycle::IssuingAuthority authority(
        open.home(), open.settings().encrypted ? context.passphrase(false) : Secret{}, context.clock());
    const auto status = lifecycle::refresh_crl(open, authority.authority(), authority.signer());
    if (!status) return {};
    return fmt::format("The revocation list for other software is {}, good until {}.",
                       lifecycle::crl_files(open.home()).pem.string(), format_date(status->next_update));
}

Done carry_out(const Context& context, const lifecycle::Home& home, const Act& act) {
    lifecycle::OpenHome open(home, context.clock(), kLockWait);
    const std::int64_t began = now_ms();
    auto verdict = act.carry_out(open);
    return {std::move(verdict), open.registry().publication().value_or(registry::Publication{}), began, {}};
}

// The identity `issue` left in the home folder, when its certificate is one of those that are out.
std::optional<transport::Options> stored_key(const lifecycle::Home& home, const lifecycle::Verdict& verdict,
                                             transport::Options options) {
    const fs::path folder = home.device(verdict.name);
    const auto file = [&](const char* ending) { return folder / (verdict.name + ending); };
    const bool pem = fs::exists(file(".key.pem")) && fs::exists(file(".crt.pem"));
    if (!pem && !(fs::exists(file(".key.der")) && fs::exists(file(".crt.der")))) return std::nullopt;
    const auto certificate = pem ? pki::parse_certificate_pem(read_text(file(".crt.pem")))
                                 : pki::parse_certificate(read_file(file(".crt.der")));
    if (!is_out(verdict, pki::to_hex(certificate.info.fingerprint))) return std::nullopt;
    options.certificate = pki::to_pem(certificate);
    options.client_id = verdict.name;
    if (pem) {
        options.key = file(".key.pem");
    } else {
        options.key = pki::PrivateKey::from_der(read_secret(file(".key.der")).bytes()).to_pem();
    }
    return options;
}

// With the key at hand: a handshake and a CONNECT, then the same with that TLS session resumed.
void try_the_key(transport::Options options, Findings& findings) {
    options.connect_timeout = kProofWait;
    transport::Probe probe(std::move(options));
    const auto first = probe.connect();
    if (first.answer != transport::Answer::no_answer)
        findings.refused = first.answer == transport::Answer::refused;
    const auto second = probe.connect();
    if (second.resumed) findings.resumed_refused = second.answer == transport::Answer::refused;
}

// At whatever answers on the way to our broker.
void try_the_key_on_the_way(const lifecycle::Home& home, const Act& act, const Done& done,
                            Findings& findings) {
    const auto way = operator_connection(home, act.host, "proof").brokers;
    for (const auto& address : way) {
        auto one = operator_connection(home, act.host, "proof");
        one.brokers = {address};
        if (!transport::listens(address.host, address.port, kDialWait)) continue;
        if (auto key = stored_key(home, done.verdict, std::move(one))) try_the_key(std::move(*key), findings);
        if (findings.refused && !*findings.refused) return;
    }
}

Findings look(const lifecycle::Home& home, const Act& act, const Done& done) {
    Findings findings;
    try {
        const auto answer = ask_broker(operator_connection(home, act.host, "proof"), done.verdict.name,
                                       done.publication, kProofWait);
        for (const auto& fingerprint : answer.live)
            findings.live += is_out(done.verdict, fingerprint) ? 1 : 0;
        for (const auto& ended : answer.ended) {
            if (ended.at_ms < done.began_ms || !is_out(done.verdict, ended.fingerprint)) continue;
            ++findings.ended;
            findings.took_ms = std::max(findings.took_ms, ended.at_ms - done.began_ms);
        }
        auto same_broker = operator_connection(home, act.host, "proof");
        same_broker.brokers = {answer.from};
        findings.broker = answer.from;
        if (auto key = stored_key(home, done.verdict, std::move(same_broker))) {
            try_the_key(std::move(*key), findings);
        }
    } catch (const Error& error) {
        findings.unasked = error;
    }
    if (findings.unasked) {
        findings.something_answers = findings.unasked->id() != Code::BrokerUnreachable ||
                                     broker::RunningBroker(home.broker()).running();
        if (findings.something_answers) try_the_key_on_the_way(home, act, done, findings);
    }
    return findings;
}

// Once its sessions have ended.
void clear(const lifecycle::Home& home, const Act& act, const Done& done, Findings& findings) {
    if (!act.for_good || !findings.broker) return;
    try {
        const auto as_operator = [&] {
            auto options = operator_connection(home, act.host, "clear");
            options.brokers = {*findings.broker};
            return options;
        };
        findings.cleared = clear_left_behind(as_operator, done.verdict.name, kProofWait);
    } catch (const Error& error) {
        findings.not_cleared = error;
    }
}

std::string cleared_in_words(const Findings& findings) {
    if (findings.not_cleared) {
        return fmt::format("\nWhat it has left in the broker could not be cleared ({}).",
                           findings.not_cleared->what());
    }
    if (!findings.cleared) return {};
    return fmt::format("\nCleared what it has left in the broker: its session, and {} retained message{}.",
                       findings.cleared->retained, findings.cleared->retained == 1 ? "" : "s");
}

// Nothing that answers is a broker that is off: it goes by the registry from its start on. What answers and
// is not our broker may let anybody in.
void insist(const lifecycle::Verdict& verdict, const Findings& findings) {
    if (findings.live != 0) {
        throw Error(Code::RevocationUnproven,
                    fmt::format("The broker still has {} of {}'s sessions.", findings.live, verdict.name));
    }
    if (!findings.refused.value_or(true) || !findings.resumed_refused.value_or(true)) {
        throw Error(Code::RevocationUnproven, fmt::format("The broker still lets {} in.", verdict.name),
                    findings.unasked ? kOtherBroker : "");
    }
    if (findings.something_answers && !verdict.out.empty()) {
        throw Error(
            Code::RevocationUnproven,
            fmt::format("The registry has it, but what answers at the broker's address could not be asked "
                        "for {} ({}).",
                        verdict.name, findings.unasked->detail()),
            kOtherBroker);
    }
}

std::string in_words(const Done& done, const Findings& findings) {
    if (findings.unasked) {
        if (!findings.something_answers)
            return "The broker is not running here; it goes by this when it next starts.";
        return fmt::format("The broker follows by itself, but could not be asked ({}).",
                           findings.unasked->what());
    }
    if (done.verdict.out.empty()) return "The broker goes by it already.";
    std::string text =
        findings.ended == 0
            ? fmt::format("The broker has read it, and has no session of {}.", done.verdict.name)
            : fmt::format("{} ended {} ms after; the broker has none any more.",
                          findings.ended == 1 ? "Its session" : "Its sessions", findings.took_ms);
    if (findings.refused) text += "\nTried with its key: a new connection is refused";
    if (findings.refused && findings.resumed_refused) text += ", a resumed TLS session too";
    return findings.refused ? text + "." : text;
}

Json as_json(const Done& done, const Findings& findings) {
    Json json{{"name", done.verdict.name}, {"changed", done.verdict.changed}};
    json["certificates"] = Json::array();
    for (const auto& one : done.verdict.out) {
        json["certificates"].push_back({{"serial", one.serial}, {"state", to_string(one.state)}});
    }
    json["broker_asked"] = !findings.unasked;
    if (findings.unasked) {
        json["broker_fault"] = findings.unasked->code();
    } else {
        json["sessions_ended"] = findings.ended;
        json["sessions_left"] = findings.live;
        if (findings.ended != 0) json["milliseconds"] = findings.took_ms;
    }
    if (findings.cleared) json["retained_cleared"] = findings.cleared->retained;
    if (findings.cleared || findings.not_cleared) json["left_behind_cleared"] = findings.cleared.has_value();
    if (findings.refused) json["connect_refused"] = *findings.refused;
    if (findings.resumed_refused) json["resumed_refused"] = *findings.resumed_refused;
    return json;
}

}  // namespace

void condemn(const Context& context, const Act& act) {
    const lifecycle::Home home(context.home_path());
    Done done = carry_out(context, home, act);
    Findings findings = look(home, act, done);
    {
        lifecycle::OpenHome open(home, context.clock(), kLockWait);
        done.crl = refresh_list(context, open);
    }
    insist(done.verdict, findings);
    clear(home, act, done, findings);
    const auto& verdict = done.verdict;
    std::string sentence = verdict.changed == 0
                               ? fmt::format("{} {}.", verdict.name, act.was_done)
                               : fmt::format("{} {} ({} certificate{}).", act.done, verdict.name,
                                             verdict.changed, verdict.changed == 1 ? "" : "s");
    sentence += "\n" + in_words(done, findings) + cleared_in_words(findings);
    if (!done.crl.empty()) sentence += "\n" + done.crl;
    context.report(sentence, as_json(done, findings));
}

}  // namespace countersign::cli
