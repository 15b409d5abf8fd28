#include "host/lifecycle/open_home.h"

#include <thread>
#include <utility>

#include "host/base/temporary.h"
#include "host/base/tree.h"
#include "host/broker/admission/publisher.h"
#include "host/broker/config.h"
#include "host/broker/control.h"
#include "host/lifecycle/change_set.h"
#include "host/lifecycle/crl_publication.h"
#include "host/lifecycle/identity_files.h"

namespace countersign::lifecycle {
namespace {

constexpr std::chrono::milliseconds kTurnOfOthers{50};  // FileLock looks every 10 ms

// A lock file is only made inside a home that exists.
const Home& checked(const Home& home) {
    home.require_initialised();
    return home;
}

// Temporary files of killed commands, and the mark of an init that was killed after its last file.
void clean_up(const Home& home) {
    for (const auto& folder : {home.root(), home.authority(), home.anchor_set(1).parent_path(), home.broker(),
                               broker::Files(home.broker()).cas, home.operator_folder(),
                               home.responder_folder(), crl_files(home).der.parent_path()}) {
        remove_leftovers(folder);
    }
    remove_file(home.unfinished_init());
}

}  // namespace

OpenHome::OpenHome(const Home& home, const Clock& clock, std::chrono::milliseconds wait)
    : home_(checked(home)),
      lock_(std::in_place, home_.lock(), wait),
      finished_change_(finish_change_set(home_)),
      settings_(load_settings(home_)),
      registry_(registry::Registry::open(home_.registry(), clock)),
      clock_(clock),
      finished_(finish_staged(home_, registry_)) {
    settle();
}

void OpenHome::settle() {
    clean_up(home_);
    if (finished_change_) broker::RunningBroker(home_.broker()).reload();
    publish();
}

void OpenHome::let_others_in(std::chrono::milliseconds wait) {
    while_unlocked([] { std::this_thread::sleep_for(kTurnOfOthers); }, wait);
}

void OpenHome::while_unlocked(const std::function<void()>& body, std::chrono::milliseconds wait) {
    lock_.reset();
    body();
    lock_.emplace(home_.lock(), wait);
    finished_change_ = finish_change_set(home_);
    settings_ = load_settings(home_);
    finished_.merge(finish_staged(home_, registry_));
    settle();
}

void OpenHome::change_settings(const Settings& settings) {
    save_settings(home_, settings);
    settings_ = settings;
}

void OpenHome::publish() {
    publish_admission(home_, registry_);
}

void OpenHome::publish_anew() {
    publish_admission(home_, registry_, Publish::all);
}

void publish_admission(const Home& home, registry::Registry& registry, Publish what) {
    using broker::admission::Publisher;
    using broker::admission::Stamp;
    const auto before = registry.publication();
    const auto last_event = registry.last_event();
    const std::optional<Stamp> known = before && what == Publish::changes
                                           ? std::optional(Stamp{before->generation, before->size})
                                           : std::nullopt;
    Publisher publisher(home.admission());
    if (known && before->event_seq == last_event && publisher.stamp() == known) return;
    const bool knows_fresh = std::filesystem::exists(broker::Files(home.broker()).knows_fresh);
    const auto to = [knows_fresh](const auto& row) {
        return [&row, knows_fresh](Standing standing) {
            standing.fresh = standing.fresh && knows_fresh;
            row(standing);
        };
    };
    const Stamp stamp = publisher.publish(
        known, [&](const auto& row) { registry.standings_since(before->event_seq, to(row)); },
        [&](const auto& row) { registry.standings(to(row)); });
    registry.set_publication({last_event, stamp.generation, stamp.size});
}

}  // namespace countersign::lifecycle
