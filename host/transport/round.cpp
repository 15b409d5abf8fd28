#include "host/transport/round.h"

#include <algorithm>
#include <asio/ip/address.hpp>
#include <asio/post.hpp>
#include <utility>

namespace countersign::transport {
namespace {

using std::chrono::milliseconds;

// RFC 8305, 5: between two addresses of one name.
constexpr milliseconds kBetweenAddresses{250};
// Between two brokers, whose order somebody has chosen: by then a first SYN that was lost has been repeated
// (RFC 6298, 2.1).
constexpr milliseconds kBetweenBrokers{1000};
// The part of connect_timeout after which one that has answered, and then falls silent, has the next one
// begin beside it. Longer than above: a busy broker's handshakes are slow, and more of them no help.
constexpr int kPartOfTimeout = 3;

// RFC 8305, 4: the families take turns, beginning with that of the first.
std::vector<asio::ip::tcp::endpoint> interleaved(const std::vector<asio::ip::tcp::endpoint>& endpoints) {
    std::vector<asio::ip::tcp::endpoint> first, second, all;
    for (const auto& one : endpoints) {
        (one.address().is_v6() == endpoints.front().address().is_v6() ? first : second).push_back(one);
    }
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) all.push_back(first[i]);
        if (i < second.size()) all.push_back(second[i]);
    }
    return all;
}

}  // namespace

Round::Round(asio::io_context& context, std::shared_ptr<TlsContext> tls, const Options& options,
             std::vector<Address> brokers, RoundOwner& owner)
    : context_(context),
      tls_(std::move(tls)),
      options_(options),
      brokers_(std::move(brokers)),
      owner_(owner),
      resolver_(context),
      pace_(context) {}

void Round::begin() {
    for (std::size_t i = 0; i < brokers_.size(); ++i) targets_.push_back({i, {}});
    next();
}

void Round::go_on(const Failure& failure) {
    note(*std::exchange(open_, std::nullopt), failure);
    next();
}

// Begins with the next target, or ends the round when nothing is left to wait for.
void Round::next() {
    pace_.cancel();
    if (over_ || open_) return;
    if (targets_.empty()) {
        if (!trials_.empty()) return;
        over_ = true;
        return owner_.round_failed(verdict());
    }
    const Target target = targets_.front();
    targets_.pop_front();
    if (target.at) {
        dial(target);
    } else {
        look_up(target.broker);
    }
    pace(false);
}

// --- names

void Round::look_up(std::size_t broker) {
    const Address& peer = brokers_[broker];
    auto& trial = trials_.emplace_back(
        Trial{++count_, {broker, {}}, {}, std::make_unique<asio::steady_timer>(context_)});
    const auto number = trial.number;
    std::error_code no_address;
    const auto address = asio::ip::make_address(peer.host, no_address);
    std::vector<Tcp::endpoint> endpoints;
    if (!no_address) {
        endpoints.emplace_back(address, peer.port);
    } else if (options_.lookup) {
        for (const auto& text : options_.lookup(peer.host)) {
            endpoints.emplace_back(asio::ip::make_address(text), peer.port);
        }
    } else {
        trial.patience->expires_after(options_.connect_timeout);
        trial.patience->async_wait([self = shared_from_this(), number, broker](const std::error_code& over) {
            if (over) return;
            self->failed(number, attempt_timeout(Stage::resolving, self->options_.connect_timeout,
                                                 self->brokers_[broker]));
        });
        return resolver_.async_resolve(peer.host, std::to_string(peer.port), Resolver::numeric_service,
                                       [self = shared_from_this(), number](
                                           const std::error_code&, const Resolver::results_type& results) {
                                           self->found(number, {results.begin(), results.end()});
                                       });
    }
    asio::post(context_, [self = shared_from_this(), number, endpoints = std::move(endpoints)]() mutable {
        self->found(number, std::move(endpoints));
    });
}

void Round::found(std::uint64_t lookup, std::vector<Tcp::endpoint> endpoints) {
    const auto trial = find(lookup);
    if (trial == trials_.end()) return;
    const std::size_t broker = trial->target.broker;
    if (endpoints.empty()) {
        return failed(lookup, transport_failure(Stage::resolving, asio::error::host_not_found, {},
                                                OwnDates::valid, brokers_[broker]));
    }
    trials_.erase(trial);
    endpoints = interleaved(endpoints);
    for (auto one = endpoints.rbegin(); one != endpoints.rend(); ++one) targets_.push_front({broker, *one});
    next();
}

// --- addresses

void Round::dial(const Target& target) {
    auto link = std::make_shared<Link>(context_, tls_, brokers_[target.broker], options_.connect_timeout);
    const auto number = ++count_;
    trials_.push_back({number, target, link, {}});
    link->open(*target.at, [self = shared_from_this(), number](const std::optional<Failure>& failure) {
        if (failure) return self->failed(number, *failure);
        self->opened(number);
    });
}

// How long the newest trial has to itself.
milliseconds Round::head_start(const Trial& trial) const {
    const bool same_name = !targets_.empty() && targets_.front().broker == trial.target.broker;
    return same_name || brokers_[trial.target.broker].aside ? kBetweenAddresses : kBetweenBrokers;
}

void Round::pace(bool shaking_hands) {
    if (targets_.empty() || trials_.empty()) return;
    const Trial& newest = trials_.back();
    pace_.expires_after(shaking_hands ? options_.connect_timeout / kPartOfTimeout : head_start(newest));
    pace_.async_wait([self = shared_from_this(), shaking_hands](const std::error_code& cancelled) {
        if (cancelled || self->over_ || self->open_ || self->trials_.empty()) return;
        const auto& link = self->trials_.back().link;
        const bool answered = link && link->stage() != Stage::dialling;
        if (answered && !shaking_hands) return self->pace(true);
        self->next();
    });
}

void Round::opened(std::uint64_t number) {
    const auto trial = find(number);
    if (trial == trials_.end()) return;
    const auto link = std::move(trial->link);
    open_ = trial->target.broker;
    trials_.erase(trial);
    stop_trials();
    owner_.round_open(link);
}

// Those that were under way begin again if the open one does not let us in.
void Round::stop_trials() {
    pace_.cancel();
    resolver_.cancel();
    for (auto trial = trials_.rbegin(); trial != trials_.rend(); ++trial) {
        if (trial->link) trial->link->abandon();
        targets_.push_front(trial->target);
    }
    trials_.clear();
}

void Round::failed(std::uint64_t number, const Failure& failure) {
    const auto trial = find(number);
    if (trial == trials_.end()) return;
    note(trial->target.broker, failure);
    trials_.erase(trial);
    next();
}

std::list<Round::Trial>::iterator Round::find(std::uint64_t number) {
    return std::find_if(trials_.begin(), trials_.end(),
                        [number](const Trial& trial) { return trial.number == number; });
}

// --- what is told

void Round::note(std::size_t broker, const Failure& failure) {
    if (brokers_[broker].aside && nobody_of_ours(failure)) {
        aside_ = failure;
        return;
    }
    all_permanent_ = all_permanent_ && failure.permanent;
    // Among equals, the one of the broker that comes first.
    const bool tells_more = !told_ || weight(failure) > weight(*told_) ||
                            (weight(failure) == weight(*told_) && broker < told_by_);
    if (!tells_more) return;
    told_ = failure;
    told_by_ = broker;
}

// A broker that refuses us is ours; one that is not ours says nothing of one that did not answer.
Failure Round::verdict() const {
    if (!told_) return *aside_;
    Failure failure = *told_;
    failure.permanent = failure.permanent && (all_permanent_ || !nobody_of_ours(failure));
    return failure;
}

void Round::abandon() {
    if (std::exchange(over_, true)) return;
    stop_trials();
}

}  // namespace countersign::transport
