// What an operator may ask the plugin over MQTT, and what it answers: text, one fact a line.
//
// Asked by publishing to $CONTROL/countersign/v1, answered to the asker alone on
// $CONTROL/countersign/v1/response. Two questions so far:
//
//   sessions NAME
//
//   sessions NAME
//   read GENERATION BYTES          how far the admission file has been read *and acted upon*
//   live FINGERPRINT CLIENT-ID     one line for each session of NAME, whatever its role
//   ended FINGERPRINT UNIX-MS REASON CLIENT-ID      for each of the last that the plugin has ended
//
//   forget NAME                    nothing is retained below countersign/NAME any more; not while NAME is
//   here
//
//   forgotten NAME
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "host/broker/plugin/decision.h"
#include "host/broker/plugin/sessions.h"

namespace countersign::broker::plugin {

// A session the plugin has ended.
struct Ending {
    Session session;
    Reason reason = Reason::none;
    std::int64_t at_ms = 0;  // since 1970
};

// The last ones, so many as a question may come late for.
class Endings {
  public:
    static constexpr std::size_t kKept = 1000;
    void add(Ending ending);
    [[nodiscard]] const std::deque<Ending>& recent() const noexcept { return recent_; }

  private:
    std::deque<Ending> recent_;
};

// How far the admission file has been read.
struct Position {
    std::uint64_t generation = 0;
    std::uint64_t bytes = 0;
};

// Whether a client id is of this name: "NAME", "birth~NAME", "operator~NAME/…".
[[nodiscard]] bool is_of(std::string_view client_id, std::string_view name) noexcept;

// nullopt when the question is none of ours.
[[nodiscard]] std::optional<std::string> answer(std::string_view question, Position position,
                                                const Sessions& sessions, const Endings& endings);

// The name of a `forget NAME` that may be obeyed.
[[nodiscard]] std::optional<std::string> to_forget(std::string_view question, const Sessions& sessions);

// Foreign text in a line: bounded, and no way to begin a line of its own.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace countersign::broker::plugin
