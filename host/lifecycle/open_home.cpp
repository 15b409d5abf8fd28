#include "host/lifecycle/open_home.h"

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
      lock_(home_.lock(), wait),
      finished_change_(finish_change_set(home_)),
      settings_(load_settings(home_)),
      registry_(registry::Registry::open(home_.registry(), clock)),
      clock_(clock),
      finished_(finish_staged(home_, registry_)) {
    clean_up(home_);
    if (finished_change_) broker::RunningBroker(home_.broker()).reload();
    publish();
}

void OpenHome::change_settings(const Settings& settings) {
    save_settings(home_, settings);
    settings_ = settings;
}

void OpenHome::publish() {
    publish_admission(home_, registry_);
}

void publish_admission(const Home& home, registry::Registry& registry) {
    using broker::admission::Publisher;
    using broker::admission::Stamp;
    const auto before = registry.publication();
    const auto last_event = registry.last_event();
    const std::optional<Stamp> known =
        before ? std::optional(Stamp{before->generation, before->size}) : std::nullopt;
    Publisher publisher(home.admission());
    if (before && before->event_seq == last_event && publisher.stamp() == known) return;
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
