// The world of a simulated decade: time, broker, authority and what happens to the boards, behind the pipe's
// questions.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/agenda.h"
#include "tests/sim/authority.h"
#include "tests/sim/boards.h"
#include "tests/sim/broker.h"
#include "tests/sim/chronicle.h"
#include "tests/sim/dice.h"
#include "tests/sim/gate.h"

namespace countersign::sim {

struct WorldConfig {
    std::uint64_t seed = 1;
    std::int64_t devices = 50;
    std::int64_t years = 10;
    Policy policy;
    std::FILE* copy = nullptr;  // of the chronicle
};

struct Board {
    std::string name;
    bool on = false;        // has power
    bool in_reach = false;  // of the network
    bool keeps_time = false;
    bool stolen = false;
    bool cloned = false;  // original or copy: two of them use one identity
    bool is_copy = false;
    bool has_renewed = false;  // a copy: it has come to a certificate of its own
    // At the end.
    bool connected = false;
    Blob active;
    std::int64_t due = 0;
};

class World {
  public:
    explicit World(const WorldConfig& config);

    // Until the boards have gone or the end has come.
    void run(Boards& boards);

    // What the boards' questions and the plan of the decade use.
    Agenda agenda;
    Dice dice;
    Chronicle chronicle;
    FrameWriter events;
    SimulatedAuthority authority;
    Broker broker;
    std::vector<Board> boards;
    bool host_is_up = true;
    bool calm = false;  // the last month
    bool over = false;

    void host_up();
    void host_down();
    void publish(const std::vector<lifecycle::Answer>& answers);
    void nod();  // by the operator
    void power_on(std::int64_t device);
    void power_off(std::int64_t device);

    [[nodiscard]] const WorldConfig& config() const noexcept { return config_; }
    [[nodiscard]] std::size_t admitted() const noexcept { return admitted_; }
    [[nodiscard]] std::size_t cuts() const noexcept { return cuts_; }

  private:
    void respond(BlobView question, FrameWriter& fields);
    void advance(FrameReader& fields, FrameWriter& answer);
    void hello(FrameReader& fields, FrameWriter& answer);
    void enrol(FrameReader& fields, FrameWriter& answer);
    void facts(FrameReader& fields);
    void flipped(FrameReader& fields);
    [[nodiscard]] std::int64_t ntp();
    void note_key(std::int64_t connection, const std::string& topic, BlobView payload);
    void end_condemned();
    void check_confirmed(const std::string& topic);
    void responder_hears(const std::string& topic, const Blob& payload, bool fresh);

    WorldConfig config_;
    std::map<std::int64_t, Fingerprint> sessions_;  // connection, the certificate it came with
    Gate gate_;
    std::set<std::pair<std::int64_t, Fingerprint>> proven_;  // board, certificate it has come in with
    std::set<Fingerprint> confirmable_;                      // came in with it, whichever board
    std::map<std::int64_t, std::int64_t> who_;               // connection, board
    std::set<Fingerprint> genuine_keys_;                     // asked for by boards that are no copies
    std::size_t admitted_ = 0;
    std::size_t cuts_ = 0;
};

}  // namespace countersign::sim
