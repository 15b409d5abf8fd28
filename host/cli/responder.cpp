// `countersign responder`: answers devices that renew. A client of the broker like any other, without a
// listener of its own and without the issuing key.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <csignal>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include "host/base/error.h"
#include "host/cli/commands.h"
#include "host/cli/operator_connection.h"
#include "host/lifecycle/anchors.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/broker_list.h"
#include "host/lifecycle/host_identities.h"
#include "host/lifecycle/open_home.h"
#include "host/lifecycle/remote_signer.h"
#include "host/lifecycle/responder.h"
#include "host/transport/client.h"

namespace countersign::cli {
namespace {

constexpr std::chrono::milliseconds kTurn{300};
constexpr std::chrono::seconds kAfterTrouble{5};  // the signer or the home is not to be had
constexpr std::chrono::hours kBetweenOwnRenewals{6};
constexpr std::chrono::milliseconds kLockWait{200};  // whoever looks whether we run holds it for a moment
// Messages for one hold of the home's lock, one transaction and one turn: others want the lock too (they look
// every 10 ms), the first asker is not to wait for the last, and the connection wants to be looked after.
constexpr std::size_t kBatch = 50;
constexpr std::chrono::milliseconds kBetweenBatches{20};
constexpr std::size_t kMaxWaiting = 100'000;
// Later than this at the socket, and the broker's queue for us may have overflowed: what it dropped is still
// retained, and a SUBSCRIBE brings it once more.
constexpr std::chrono::seconds kBehind{1};
constexpr std::chrono::minutes kBetweenReadings{10};
constexpr const char* kRequests = "countersign/+/request";
constexpr const char* kStates = "countersign/+/state";

void say(const Context& context, std::string_view line) {
    if (line.empty()) return;
    const auto time = format_time(context.clock().now());
    if (context.json) {
        context.log(as_text(Json{{"time", time}, {"line", line}}));
    } else {
        context.log(fmt::format("{}  {}", time.substr(11, 8), line));
    }
}

// The issuing CA as the responder has it: the certificates here, the key with the signer.
struct Issuing {
    Issuing(const lifecycle::Home& home, const Clock& clock)
        : authority(lifecycle::load_authority(home, clock.now())),
          signer(home.signer_socket(), pki::public_key_of(authority.issuing())),
          issuer(authority, signer, clock, random) {}
    pki::Authority authority;
    lifecycle::RemoteSigner signer;
    pki::SystemRandom random;
    pki::Issuer issuer;
};

class ResponderService {
  public:
    explicit ResponderService(const Context& context)
        : context_(context),
          home_(initialised(context)),
          lock_(home_.responder_lock(), kLockWait),
          reading_(registry::Registry::open(home_.registry(), context.clock())),
          events_seen_(reading_.last_event()),
          timer_(io_),
          interrupts_(io_, SIGINT, SIGTERM) {}

    void run() {
        interrupts_.async_wait([this](const std::error_code& error, int) {
            if (!error) stop();
        });
        connect();
        next_turn(std::chrono::milliseconds(0));
        io_.run();
        if (failure_) throw Error(*failure_);
    }

  private:
    using Written = std::array<std::filesystem::file_time_type, 3>;
    struct Message {
        std::string payload;
        bool fresh;
    };

    static lifecycle::Home initialised(const Context& context) {
        lifecycle::Home home(context.home_path());
        home.require_initialised();
        if (!std::filesystem::exists(lifecycle::responder_files(home).certificate)) {
            throw Error(Code::SignerUnreachable, "The responder has no identity yet; the signer makes it.");
        }
        return home;
    }

    // When key, certificate and anchors were last replaced: by us, `renew responder`, a rollover.
    [[nodiscard]] Written own_files() const {
        const auto files = lifecycle::responder_files(home_);
        return {std::filesystem::last_write_time(files.key),
                std::filesystem::last_write_time(files.certificate),
                std::filesystem::last_write_time(files.anchors)};
    }

    void follow_own_files() {
        if (own_files() == connected_with_) return;
        { const lifecycle::OpenHome settled(home_, context_.clock()); }  // whoever replaces them has finished
        client_->stop();
        connect();
    }

    void connect() {
        connected_with_ = own_files();
        auto options = home_connection(home_, lifecycle::responder_files(home_));
        options.client_id = "responder~responder/1";
        options.clean_session = false;
        options.give_up_on_permanent = false;  // a person may cure it while we wait
        client_ = std::make_unique<transport::Client>(io_, std::move(options));
        client_->on_message([this](const transport::Received& message) {
            if (message.retained && is_known(message)) return;
            // Topics hold state: the newest message of a topic is all there is to know.
            if (waiting_.size() < kMaxWaiting || waiting_.contains(std::string(message.topic))) {
                waiting_[std::string(message.topic)] = {std::string(message.payload), !message.retained};
            } else {
                behind_ = true;
            }
        });
        client_->on_state([this](const transport::State& state) { connection_changed(state); });
        read_all();
        client_->start();
    }

    // Retained messages come once for each SUBSCRIBE.
    void read_all() {
        client_->subscribe(kRequests, transport::Qos::at_least_once);
        client_->subscribe(kStates, transport::Qos::at_least_once);
        read_at_ = std::chrono::steady_clock::now();
        behind_ = false;
    }

    // Requests that wait are few: they are read again now and then, whatever was lost and however.
    void read_again() {
        if (client_->state().phase != transport::Phase::connected) return;
        if (std::chrono::steady_clock::now() < read_at_ + kBetweenReadings && (!behind_ || reread_)) return;
        reread_ = behind_;
        if (!behind_) {
            client_->subscribe(kRequests, transport::Qos::at_least_once);
            read_at_ = std::chrono::steady_clock::now();
            return;
        }
        say(context_, "was kept from reading for a while: asks for what is retained once more");
        read_all();
    }

    // A State that this process has dealt with.
    [[nodiscard]] bool is_known(const transport::Received& message) const {
        const auto found = dealt_with_.find(std::string(message.topic));
        return found != dealt_with_.end() && found->second == std::hash<std::string_view>()(message.payload);
    }

    void connection_changed(const transport::State& state) {
        if (state.phase == transport::Phase::connected) {
            say(context_,
                fmt::format("connected to the broker; answering devices (by way of {})", state.host));
            everybody_ = true;  // the broker may have lost what was retained
            dealt_with_.clear();
        } else if (state.phase == transport::Phase::waiting && state.error) {
            say(context_, fmt::format("{} Trying again in {:.1f} s.", state.error->what(),
                                      static_cast<double>(state.retry_in.count()) / 1000.0));
        } else if (state.phase == transport::Phase::stopped && !stopping_ && state.error) {
            failure_ = state.error;
            stop();
        }
    }

    void stop() {
        stopping_ = true;
        timer_.cancel();
        interrupts_.cancel();
        client_->stop(std::chrono::seconds(2));
    }

    void next_turn(std::chrono::milliseconds wait) {
        timer_.expires_after(wait);
        timer_.async_wait([this, due = timer_.expiry()](const std::error_code& error) {
            if (error || stopping_) return;
            const auto pause = turn();
            // Held up by the home's lock, the signer, or the whole process was.
            behind_ = behind_ || std::chrono::steady_clock::now() - due > kBehind;
            next_turn(pause);
        });
    }

    // Returns when to look again.
    std::chrono::milliseconds turn() {
        signer_gone_ = false;
        try {
            note_changes();
            renew_own();
            follow_own_files();
            read_again();
            if (has_work()) work();
        } catch (const Error& error) {
            if (!is_passing(error)) throw;
            complain(error);
            return kAfterTrouble;
        }
        if (signer_gone_) return kAfterTrouble;
        trouble_.clear();
        return has_work() ? kBetweenBatches : kTurn;
    }

    [[nodiscard]] bool has_work() const { return !waiting_.empty() || !names_.empty(); }

    static bool is_passing(const Error& error) {
        return error.id() == Code::SignerUnreachable || error.id() == Code::HomeBusy ||
               error.id() == Code::RegistryBusy;
    }

    // Once, however often it is tried again.
    void complain(const Error& error) {
        if (trouble_ != error.what()) say(context_, error.what());
        trouble_ = error.what();
    }

    // True: done with it. One message that fails must not keep the others from being answered.
    template <class Body>
    bool attempt(Body body) {
        try {
            body();
            return true;
        } catch (const Error& error) {
            if (error.id() == Code::SignerUnreachable || error.id() == Code::ClockDoubtful) {
                signer_gone_ = true;
                complain(error);
                return false;
            }
            if (is_passing(error)) throw;
            say(context_, error.what());
            return true;
        }
    }

    // Whom something is wanted of because something was written: asked to renew, approved, another list of
    // brokers. Found without the home's lock: most of what is written concerns nobody.
    void note_changes() {
        const auto settings = lifecycle::load_settings(home_);
        client_->set_brokers(way_to_broker(settings));
        const lifecycle::WantedOfHome wanted(home_, settings);
        const auto note = [&](const std::string& name) {
            const auto waiting = reading_.waiting_of(name);
            const bool approved =
                std::any_of(waiting.begin(), waiting.end(), [](const auto& one) { return one.approved; });
            if (approved || lifecycle::compose_command(reading_, wanted, name).wants_something) {
                names_.insert(name);
            }
        };
        const auto last = reading_.last_event();
        if (last != events_seen_) {
            for (const auto& name : reading_.names_since(events_seen_)) note(name);
            events_seen_ = last;
        }
        const std::array versions{settings.brokers_version, lifecycle::anchors_version(home_),
                                  lifecycle::broker_list_version(home_)};
        if (versions == versions_ && !everybody_) return;
        registry::Filter devices;
        devices.role = Role::device;
        reading_.list(devices, [&](const registry::Summary& row) { note(row.device.name); });
        versions_ = versions;
        everybody_ = false;
    }

    void renew_own() {
        if (std::chrono::steady_clock::now() < next_own_renewal_) return;
        std::vector<std::string> lines;
        {
            lifecycle::OpenHome open(home_, context_.clock());
            Issuing issuing(home_, context_.clock());
            if (!attempt([&] { lines = lifecycle::renew_host_identities(open, issuing.issuer); })) return;
        }
        next_own_renewal_ = std::chrono::steady_clock::now() + kBetweenOwnRenewals;
        for (const auto& line : lines) say(context_, line);
    }

    struct Batch {
        std::vector<lifecycle::Answer> answers;
        std::vector<std::string> topics, names;  // done with
        std::vector<std::string> lines;
    };

    // One batch: committed, then published to the admission file, then answered. What was not committed is
    // done again.
    void work() {
        Batch batch;
        {
            lifecycle::OpenHome open(home_, context_.clock());
            Issuing issuing(home_, context_.clock());
            const lifecycle::WantedOfHome wanted(home_, open.settings());
            lifecycle::Responder responder(open.registry(), issuing.issuer, context_.clock(),
                                           lifecycle::renewal_policy(open.settings()), wanted);
            auto transaction = open.registry().begin();
            decide(responder, open.registry(), batch);
            transaction.commit();
            open.publish();
        }
        for (const auto& line : batch.lines) say(context_, line);
        for (const auto& topic : batch.topics) {
            const auto message = waiting_.extract(topic);
            if (!message.empty() && topic.ends_with("/state"))
                dealt_with_[topic] = std::hash<std::string>()(message.mapped().payload);
        }
        for (const auto& name : batch.names) names_.erase(name);
        send(batch.answers);
    }

    void decide(lifecycle::Responder& responder, registry::Registry& registry, Batch& batch) {
        // A message that fails undoes what it did, and not what the others did. True: done with it.
        const auto attempt_alone = [&](const auto& react) {
            std::vector<lifecycle::Reaction> committed;
            const bool over = attempt([&] {
                auto part = registry.begin();
                auto reactions = react();
                part.commit();
                committed = std::move(reactions);
            });
            for (auto& reaction : committed) {
                batch.lines.push_back(std::move(reaction.line));
                for (auto& answer : reaction.answers) batch.answers.push_back(std::move(answer));
            }
            return over;
        };
        std::size_t done = 0;
        for (auto next = waiting_.begin(); next != waiting_.end() && done < kBatch; ++next) {
            const auto& topic = next->first;  // not a structured binding: clang 14 cannot capture one
            const auto& message = next->second;
            if (signer_gone_ && topic.ends_with("/request")) continue;  // states need no signature
            const auto* bytes = reinterpret_cast<const std::uint8_t*>(message.payload.data());
            const bool over = attempt_alone([&] {
                return std::vector{responder.received(topic, {bytes, message.payload.size()}, message.fresh)};
            });
            if (over) batch.topics.push_back(topic);
            ++done;
        }
        for (auto next = names_.begin(); next != names_.end() && done < kBatch; ++next, ++done) {
            const bool over = attempt_alone([&] {
                return std::vector{responder.approved(*next), responder.command_for(*next)};
            });
            if (over) batch.names.push_back(*next);
        }
    }

    void send(const std::vector<lifecycle::Answer>& answers) {
        for (const auto& answer : answers) {
            client_->publish(answer.topic, std::string(answer.payload.begin(), answer.payload.end()),
                             transport::Qos::at_least_once, true);
        }
    }

    const Context& context_;
    lifecycle::Home home_;
    FileLock lock_;
    registry::Registry reading_;
    std::int64_t events_seen_;
    asio::io_context io_;
    asio::steady_timer timer_;
    asio::signal_set interrupts_;
    std::unique_ptr<transport::Client> client_;
    Written connected_with_{};
    std::map<std::string, Message> waiting_;  // by topic
    std::set<std::string> names_;
    std::unordered_map<std::string, std::size_t> dealt_with_;  // States by topic: a hash of the payload
    bool behind_ = false;                                      // something may have been dropped
    bool reread_ = false;                                      // and that was looked after a while ago
    std::chrono::steady_clock::time_point read_at_{};
    bool everybody_ = true;
    std::array<std::uint32_t, 3> versions_{};  // of brokers, anchors, and the brokers that are signed
    std::chrono::steady_clock::time_point next_own_renewal_{};
    std::string trouble_;  // the last complaint
    bool signer_gone_ = false;
    bool stopping_ = false;
    std::optional<Error> failure_;
};

}  // namespace

void add_responder(const Command& app, Context& context) {
    const Command command = app.subcommand("responder", "Answer devices that renew (needs: broker, signer)");
    command.examples(
        "  countersign responder\n"
        "  countersign up          runs it together with the broker and the signer");
    command.action([&context] {
        context.never_wait_for_readers();
        ResponderService service(context);
        service.run();
        context.report("Stopped.", {{"stopped", true}});
    });
}

}  // namespace countersign::cli
