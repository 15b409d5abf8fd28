#include "tests/sim/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/identity/message.h"
#include "host/base/error.h"
#include "host/pki/csr.h"
#include "host/pki/message_signature.h"

namespace countersign::sim {
namespace {

constexpr Milliseconds kBegin = Milliseconds{1'798'761'600} * kSecond;  // 2027-01-01
constexpr std::int64_t kYear2000 = 946'684'800;
constexpr std::int64_t kYear2040 = 2'208'988'800;

constexpr std::size_t kEnough = 20;  // of what is wrong

}  // namespace

World::World(const WorldConfig& config)
    : agenda(kBegin),
      dice(config.seed),
      chronicle(agenda, config.copy),
      authority(agenda, chronicle, config.policy),
      broker(agenda, dice, chronicle, events),
      config_(config),
      gate_(agenda, authority, chronicle) {
    host_up();
}

void World::run(Boards& process) {
    // One fault makes others: the first ones tell most.
    while (chronicle.wrongs().size() < kEnough) {
        const auto question = process.question();
        if (!question) break;
        FrameWriter answer;
        respond(*question, answer);
        process.answer(answer);
    }
    if (!over && chronicle.wrongs().empty()) chronicle.wrong("the boards' process has ended before its time");
}

void World::respond(BlobView question, FrameWriter& answer) {
    FrameReader fields(question.subspan(1));
    switch (static_cast<Ask>(question[0])) {
        case Ask::advance: return advance(fields, answer);
        case Ask::hello: return hello(fields, answer);
        case Ask::publish: {
            const auto connection = fields.number();
            const auto packet_id = fields.number();
            const auto topic = fields.text();
            auto payload = fields.blob();
            note_key(connection, topic, payload);
            return broker.publish(connection, packet_id, topic, std::move(payload), fields.number() != 0);
        }
        case Ask::subscribe: {
            const auto connection = fields.number();
            const auto packet_id = fields.number();
            return broker.subscribe(connection, packet_id, fields.text());
        }
        case Ask::disconnect:
        case Ask::closed: return broker.close(fields.number());
        case Ask::says: {
            const auto device = fields.number();
            const auto line = fmt::format("board {}: {}", device, fields.text());
            return line.find("!!!") == std::string::npos ? chronicle.say(line) : chronicle.wrong(line);
        }
        case Ask::cut_happened: {
            const auto device = fields.number();
            ++cuts_;
            chronicle.say(fmt::format("board {}: the power fails at a file operation", device));
            power_off(device);
            agenda.in(dice.around(kHour), [this, device] { power_on(device); });
            return;
        }
        case Ask::enrol: return enrol(fields, answer);
        case Ask::facts: return facts(fields);
        case Ask::flipped: return flipped(fields);
        case Ask::ntp: answer.number(ntp()); return;
    }
    throw std::runtime_error("a frame of an unknown kind");
}

void World::advance(FrameReader& fields, FrameWriter& answer) {
    const auto now = fields.number();
    const Milliseconds limit = std::max(agenda.now_ms(), now + fields.number());
    while (events.data().empty() && agenda.step(limit)) {
    }
    answer.number(agenda.now_ms()).raw(events.data());
    events.clear();
}

void World::hello(FrameReader& fields, FrameWriter& answer) {
    const Hello hello(fields);
    const auto& board = boards.at(static_cast<std::size_t>(hello.device));
    const auto known = authority.brokers().hosts;
    const bool reachable =
        broker.is_up() && board.in_reach && std::find(known.begin(), known.end(), hello.host) != known.end();
    Judgement judgement{Outcome::unreachable, {}, "cannot reach the broker"};
    if (reachable) judgement = gate_.judge(hello);
    Broker::Accepted accepted;
    if (judgement.outcome == Outcome::admitted) {
        ++admitted_;
        const auto certificate = pki::sha256_of(hello.certificate);
        accepted = broker.connect(hello.device, judgement.user, hello.clean);
        proven_.emplace(hello.device, certificate);
        confirmable_.insert(certificate);
        sessions_[accepted.connection] = certificate;
        who_[accepted.connection] = hello.device;
    } else if (judgement.outcome != Outcome::unreachable) {
        chronicle.say(fmt::format("board {} as {}: {}", hello.device, hello.client_id, judgement.words));
    }
    answer.number(static_cast<std::int64_t>(judgement.outcome));
    answer.number(accepted.connection).number(accepted.session_present ? 1 : 0);
}

void World::enrol(FrameReader& fields, FrameWriter& answer) {
    const auto name = fields.text();
    const auto working = fields.blob();
    const auto made = authority.enrol(name, working, fields.bytes());
    answer.bytes(made.working.der).bytes(made.birth.der);
    const auto brokers = authority.brokers();
    std::string list;
    for (const auto& host : brokers.hosts) {
        list += fmt::format(R"({}{{"host":"{}","port":{}}})", list.empty() ? "" : ",", host, brokers.port);
    }
    answer.text(fmt::format(R"({{"version":1,"brokers":[{}],"anchors_version":{},"brokers_version":{}}})",
                            list, authority.anchors_version(), brokers.version));
    for (const auto& anchor : authority.anchors()) answer.bytes(anchor);
}

void World::facts(FrameReader& fields) {
    auto& board = boards.at(static_cast<std::size_t>(fields.number()));
    board.on = fields.number() != 0;
    board.connected = fields.number() != 0;
    board.active = fields.blob();
    board.due = fields.number();
}

// docs/protocol.md, "Renewal", 6: first CONNACK and SUBACK, then the pointer.
void World::flipped(FrameReader& fields) {
    const auto device = fields.number();
    Fingerprint certificate{};
    const auto bytes = fields.bytes();
    std::copy(bytes.begin(), bytes.end(), certificate.begin());
    if (!proven_.contains({device, certificate})) {
        chronicle.wrong(fmt::format("board {} flips to a certificate it has never come in with", device));
    }
    auto& board = boards.at(static_cast<std::size_t>(device));
    const auto is_used_by_another = [&](const auto& proof) {
        const auto& [other, fingerprint] = proof;
        return fingerprint == certificate && other != device;
    };
    if (board.is_copy && std::none_of(proven_.begin(), proven_.end(), is_used_by_another))
        board.has_renewed = true;
}

void World::note_key(std::int64_t connection, const std::string& topic, BlobView payload) {
    const auto request = topic.ends_with("/request") ? message::decode_request(payload) : std::nullopt;
    const auto device = who_.find(connection);
    if (!request || device == who_.end()) return;
    if (boards.at(static_cast<std::size_t>(device->second)).is_copy) return;
    genuine_keys_.insert(pki::sha256_of(pki::parse_csr(request->csr).public_key.spki));
}

void World::nod() {
    publish(authority.nod([this](const Fingerprint& key) { return genuine_keys_.contains(key); }));
}

void World::host_up() {
    host_is_up = true;
    authority.look_at_clock();
    broker.attend([this](const std::string& topic, const Blob& payload, bool fresh) {
        responder_hears(topic, payload, fresh);
    });
    publish(authority.commands());
}

void World::host_down() {
    host_is_up = false;
    broker.leave();
}

void World::responder_hears(const std::string& topic, const Blob& payload, bool fresh) {
    const auto reaction = authority.received(topic, payload, fresh);
    if (!reaction.line.empty()) chronicle.say(reaction.line);
    end_condemned();
    check_confirmed(topic);
    // Killed between what it has committed and what it says.
    if (!calm && dice.chance(10)) return chronicle.say("the responder is killed before it answers");
    publish(reaction.answers);
}

// As the broker's plugin does it from its tick.
void World::end_condemned() {
    for (auto session = sessions_.begin(); session != sessions_.end();) {
        const auto& [connection, certificate] = *session;
        if (!broker.has(connection)) {
            session = sessions_.erase(session);
            continue;
        }
        if (!may_connect(authority.standing(certificate).standing.state)) broker.drop(connection);
        ++session;
    }
}

// docs/protocol.md, "Renewal", 6: what is confirmed has been used before.
void World::check_confirmed(const std::string& topic) {
    if (!topic.ends_with("/state")) return;
    const auto start = topic.find('/') + 1;
    const auto name = topic.substr(start, topic.rfind('/') - start);
    for (const auto& row : authority.registry().certificates_of(name)) {
        if (row.role != Role::device || row.state != CertificateState::active) continue;
        if (!confirmable_.contains(row.fingerprint)) {
            chronicle.wrong(fmt::format("{} has an active certificate that was never used", name));
        }
    }
}

void World::publish(const std::vector<lifecycle::Answer>& answers) {
    for (const auto& answer : answers) broker.publish_by_responder(answer.topic, answer.payload);
}

void World::power_on(std::int64_t device) {
    auto& board = boards.at(static_cast<std::size_t>(device));
    if (board.on || over) return;
    board.on = true;
    board.in_reach = true;
    const std::int64_t clock = board.keeps_time ? 0 : kYear2000;
    events.number(Tell::boot).number(device).number(clock);
    if (!calm && dice.chance(500)) {
        events.number(Tell::cut_at).number(device).number(dice.below(60)).number(dice.below(3));
    }
}

// Mostly the truth, sometimes nothing, seldom a lie.
std::int64_t World::ntp() {
    if (!calm && dice.chance(200)) return 0;
    if (!calm && dice.chance(10)) return kYear2040;
    if (!calm && dice.chance(10)) return kYear2000 + 1;
    return agenda.now_ms() / kSecond;
}

void World::power_off(std::int64_t device) {
    auto& board = boards.at(static_cast<std::size_t>(device));
    if (!board.on) return;
    board.on = false;
    events.number(Tell::cut).number(device);
    broker.drop_device(device);
}

}  // namespace countersign::sim
