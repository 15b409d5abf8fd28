#include "host/cli/broker_proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <sstream>
#include <utility>

#include "host/broker/control_topics.h"
#include "host/transport/client.h"

namespace countersign::cli {
namespace {

constexpr std::chrono::milliseconds kPause{5};  // before it is asked again

bool reached(const BrokerAnswer& answer, const registry::Publication& publication) {
    return answer.generation > publication.generation ||
           (answer.generation == publication.generation && answer.bytes >= publication.size);
}

// The conversation: connected -> ask -> answer -> (pause -> ask …) -> stop.
class Conversation {
  public:
    Conversation(transport::Options options, const std::string& name,
                 const registry::Publication& publication)
        : name_(name),
          publication_(publication),
          brokers_(options.brokers),
          client_(context_, std::move(options)),
          pause_(context_) {}

    std::optional<BrokerAnswer> hold(std::chrono::milliseconds deadline) {
        asio::steady_timer timer(context_, deadline);
        timer.async_wait([this](const std::error_code& cancelled) {
            if (!cancelled) client_.stop();
        });
        client_.on_state([&](const transport::State& state) {
            if (state.phase == transport::Phase::connected) {
                from_ = *std::ranges::find_if(brokers_, [&](const transport::Address& one) {
                    return one.host == state.host && one.port == state.port;
                });
                ask();
            }
            if (state.phase != transport::Phase::stopped) return;
            fault_ = state.error;
            timer.cancel();
            pause_.cancel();
        });
        client_.on_message([this](const transport::Received& message) { take(message); });
        client_.start();
        context_.run();
        if (!last_ && fault_) throw Error(*fault_);
        if (from_.host.empty()) {
            throw Error(Code::BrokerUnreachable,
                        fmt::format("No broker has answered within {} ms.", deadline.count()));
        }
        if (last_) last_->from = from_;
        return last_;
    }

  private:
    void ask() { client_.publish(broker::kControlTopic, "sessions " + name_, transport::Qos::at_most_once); }
    void take(const transport::Received& message) {
        if (message.topic != broker::kResponseTopic) return;
        if (auto answer = parse_answer(message.payload, name_)) last_ = std::move(answer);
        if (last_ && reached(*last_, publication_)) return client_.stop();
        pause_.expires_after(kPause);
        pause_.async_wait([this](const std::error_code& cancelled) {
            if (!cancelled) ask();
        });
    }

    const std::string& name_;
    const registry::Publication& publication_;
    const std::vector<transport::Address> brokers_;
    transport::Address from_;
    asio::io_context context_;
    transport::Client client_;
    asio::steady_timer pause_;
    std::optional<BrokerAnswer> last_;
    std::optional<Error> fault_;
};

}  // namespace

std::optional<BrokerAnswer> parse_answer(std::string_view text, std::string_view name) {
    std::istringstream lines{std::string(text)};
    std::string line;
    if (!std::getline(lines, line) || line != "sessions " + std::string(name)) return std::nullopt;
    BrokerAnswer answer;
    bool read = false;
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string kind, fingerprint, reason;
        words >> kind;
        if (kind == "read") {
            read = static_cast<bool>(words >> answer.generation >> answer.bytes);
        } else if (kind == "live" && words >> fingerprint) {
            answer.live.push_back(fingerprint);
        } else if (EndedSession ended;
                   kind == "ended" && words >> ended.fingerprint >> ended.at_ms >> reason >> std::ws) {
            std::getline(words, ended.client_id);
            answer.ended.push_back(std::move(ended));
        }
    }
    return read ? std::optional(std::move(answer)) : std::nullopt;
}

BrokerAnswer ask_broker(transport::Options options, const std::string& name,
                        const registry::Publication& publication, std::chrono::milliseconds deadline) {
    options.reconnect = false;
    options.connect_timeout = deadline * 3 / 4;  // the rest is for the next address, and the answer
    auto answer = Conversation(std::move(options), name, publication).hold(deadline);
    if (answer) return std::move(*answer);
    throw Error(Code::BrokerProtocol, "The broker does not answer for Countersign's plugin.",
                "countersign broker");
}

}  // namespace countersign::cli
