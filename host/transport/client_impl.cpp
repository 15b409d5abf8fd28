#include "host/transport/client_impl.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/post.hpp>
#include <exception>
#include <utility>

#include "core/mqtt/encode.h"
#include "core/mqtt/reason.h"
#include "host/transport/properties.h"

namespace countersign::transport {
namespace {

constexpr std::size_t kSpareSlots = 32;  // subscriptions under way
constexpr std::size_t kConnectRoom =
    4 * std::size_t{65'536};  // client id, will topic and payload, and their lengths
constexpr mqtt::Millis kPingPatience = 10'000;

std::string_view as_text(mqtt::Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

mqtt::Message will_message(const Will& will) {
    const mqtt::Bytes payload{reinterpret_cast<const std::uint8_t*>(will.payload.data()),
                              will.payload.size()};
    return {will.topic, payload, will.qos, will.retain};
}

// `properties` are the encoded ones of `options`.
mqtt::ConnectOptions connect_options(const Options& options, const mqtt::Message* will,
                                     const std::string& properties) {
    mqtt::ConnectOptions connect;
    connect.version = options.version;
    connect.session_expiry_seconds = static_cast<std::uint32_t>(options.session_expiry.count());
    connect.properties = as_properties(properties);
    connect.client_id = options.client_id;
    connect.clean_session = options.clean_session;
    connect.keep_alive_seconds = static_cast<std::uint16_t>(options.keep_alive.count());
    connect.will = will;
    return connect;
}

void check_brokers(const std::vector<Address>& brokers) {
    const bool whole =
        std::ranges::all_of(brokers, [](const Address& one) { return !one.host.empty() && one.port != 0; });
    if (brokers.empty() || !whole) throw Error(Code::Usage, "A broker has a host and a port.");
}

Options checked(Options options) {
    check_brokers(options.brokers);
    if (options.keep_alive.count() < 0 || options.keep_alive.count() > 65'535) {
        throw Error(Code::Usage, "The keepalive is 0 to 65535 seconds.");
    }
    if (options.session_expiry.count() < 0 || options.session_expiry.count() > mqtt::kNeverExpires) {
        throw Error(Code::Usage, "The session expiry interval is 0 to 4294967295 seconds.");
    }
    const mqtt::Message will = options.will ? will_message(*options.will) : mqtt::Message{};
    const std::string properties = encoded(options.user_properties);
    const auto status =
        mqtt::valid_connect(connect_options(options, options.will ? &will : nullptr, properties));
    if (status != mqtt::Status::ok)
        throw Error(Code::Usage, "MQTT does not allow this client id, this will or these properties.");
    return options;
}

}  // namespace

Client::Impl::Memory::Memory(const Options& options)
    : receive(options.max_packet),
      transmit(options.max_packet + kConnectRoom),
      store(4 * options.max_packet),
      outgoing(options.max_inflight + kSpareSlots),
      incoming(65'535) {}

Client::Impl::Impl(asio::io_context& context, Options wanted)
    : queue(wanted.max_queued, wanted.max_inflight),
      options(checked(std::move(wanted))),
      context_(context),
      files_seen_(file_stamp(options)),
      tls_(std::make_shared<TlsContext>(options.certificate, options.key, options.anchors)),
      memory_(options),
      limits_{.max_inflight = options.max_inflight,
              .response_timeout =
                  std::max(kPingPatience, static_cast<mqtt::Millis>(options.connect_timeout.count())),
              .version = options.version,
              .republish = true},
      backoff_(options.first_backoff, options.last_backoff, options.cure_backoff, options.stable_after,
               options.random),
      brokers_(options.brokers),
      session_timer_(context),
      retry_timer_(context),
      grace_timer_(context) {}

mqtt::Millis Client::Impl::now() const {
    using std::chrono::milliseconds;
    const auto since = std::chrono::duration_cast<milliseconds>(options.now().time_since_epoch());
    return static_cast<mqtt::Millis>(since.count());
}

void Client::Impl::start() {
    if (running_) return;
    running_ = true;
    stop_when_idle_ = disconnect_wanted_ = false;
    session_.emplace(memory_.spans(), limits_);
    attempt();
}

void Client::Impl::attempt() {
    refusal_.reset();
    read_files_again();
    round_ = std::make_shared<Round>(context_, tls_, options, brokers_in_turn(), *this);
    State news;
    news.phase = Phase::connecting;
    tell(std::move(news));
    if (round_) round_->begin();
}

// A lost connection is looked for first where it was: there our session is known.
std::vector<Address> Client::Impl::brokers_in_turn() const {
    auto brokers = brokers_;
    const auto last = last_ ? std::ranges::find(brokers, *last_) : brokers.begin();
    if (last != brokers.end()) std::rotate(brokers.begin(), last, brokers.end());
    return brokers;
}

void Client::Impl::round_open(std::shared_ptr<Link> link) {
    link_ = std::move(link);
    link_->belong_to(*this);
    const mqtt::Message will = options.will ? will_message(*options.will) : mqtt::Message{};
    const std::string properties = encoded(options.user_properties);
    (void)session_->connect(
        now(), connect_options(options, options.will ? &will : nullptr, properties));  // checked before
    pump();
}

void Client::Impl::round_failed(const Failure& failure) {
    lost(failure);
}

void Client::Impl::link_bytes(mqtt::Bytes bytes) {
    (void)session_->bytes_received(now(), bytes);  // after DISCONNECT nothing is wanted any more
    pump();
}

void Client::Impl::link_written() {
    queue.written();
    pump();
}

void Client::Impl::link_lost(Failure failure) {
    broken(std::move(failure));
}

void Client::Impl::link_finished() {
    link_.reset();
    stopped(std::nullopt, false);
}

void Client::Impl::pump() {
    if (pumping_) return;  // a callback from within: the loop below goes on
    pumping_ = true;
    drain();
    pumping_ = false;
    if (link_) link_->flush();
    if (queue.has_callbacks() && !callbacks_posted_) {
        callbacks_posted_ = true;
        asio::post(context_, [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self) return;
            self->callbacks_posted_ = false;
            self->pumping_ = true;  // what they publish goes out together
            self->queue.run_callbacks([&self](const auto& callback) { self->call(callback); });
            self->pumping_ = false;
            self->pump();
        });
    }
}

// The session is asked for effects only while the link has room for more bytes: that bounds what is queued
// here.
void Client::Impl::drain() {
    mqtt::Effect effect;
    while (link_ && link_->may_write() && link_->stage() >= Stage::connack) {
        if (session_->connected()) queue.feed(*session_);
        if (session_->next(effect)) {
            handle(effect);
        } else if (stop_when_idle_ && queue.idle()) {
            disconnect();
        } else if (disconnect_wanted_ && session_->disconnect() == mqtt::Status::ok) {
            continue;
        } else if (now() >= session_->deadline()) {
            session_->tick(now());
        } else {
            return rest();
        }
    }
}

// Nothing more to do until bytes or time bring something.
void Client::Impl::rest() {
    link_->read();
    if (session_->deadline() < timer_due_) wake_at(session_->deadline());
}

// Every packet moves the deadline further away; the timer stays, and looks again when it fires. Moving it
// along would cost a system call a message.
void Client::Impl::wake_at(mqtt::Millis due) {
    timer_due_ = due;
    const mqtt::Millis at = now();
    session_timer_.expires_after(std::chrono::milliseconds(due > at ? due - at : 0));
    session_timer_.async_wait([weak = weak_from_this()](const std::error_code& cancelled) {
        const auto self = weak.lock();
        if (cancelled || !self) return;
        self->timer_due_ = mqtt::kNever;
        self->pump();
    });
}

void Client::Impl::sleep() {
    timer_due_ = mqtt::kNever;
    session_timer_.cancel();
}

void Client::Impl::handle(const mqtt::Effect& effect) {
    using Kind = mqtt::Effect::Kind;
    switch (effect.kind) {
        case Kind::send: link_->write(effect.bytes); break;
        case Kind::connected: on_connected(effect); break;
        case Kind::refused: refusal_ = refusal(effect.reason, link_->peer()); break;
        case Kind::message:
            if (on_message) {
                call([&] {
                    on_message({effect.message.topic, as_text(effect.message.payload), effect.message.qos,
                                effect.message.retain, effect.duplicate, effect.message.properties});
                });
            }
            break;
        case Kind::oversize:
            if (on_oversize) call([&] { on_oversize(effect.message.topic, effect.size); });
            break;
        case Kind::published: queue.published(effect.packet_id); break;
        case Kind::subscribed: queue.subscribed(effect.packet_id, effect.bytes); break;
        case Kind::unsubscribed: queue.unsubscribed(effect.packet_id, effect.bytes); break;
        case Kind::dropped: queue.dropped(effect.packet_id, effect.drop); break;
        case Kind::rejected: queue.rejected(effect.packet_id, effect.reason); break;
        case Kind::disconnected:
            refusal_ = goodbye(effect.reason, link_->peer());
            // It may be a message's fault, which the session finds out and gives up.
            if (mqtt::is_about_a_message(effect.reason) && session_->unacknowledged() > 0)
                refusal_->permanent = false;
            break;
        case Kind::close: on_close(effect.fault); break;
    }
}

void Client::Impl::on_connected(const mqtt::Effect& effect) {
    drop_round();
    link_->let_in();
    last_ = link_->peer();
    backoff_.connected(options.now());
    queue.connected(effect.session_present);
    State news;
    news.phase = Phase::connected;
    news.session_present = effect.session_present;
    news.tls_resumed = link_->resumed();
    tell(std::move(news));
}

void Client::Impl::on_close(mqtt::Fault fault) {
    if (fault == mqtt::Fault::none) {
        link_->finish();
    } else {
        const bool told = fault == mqtt::Fault::refused || fault == mqtt::Fault::server_disconnected;
        broken(told ? *refusal_ : session_failure(fault, link_->peer()));
    }
}

void Client::Impl::drop_round() {
    if (round_) round_->abandon();
    round_.reset();
}

void Client::Impl::drop_link(bool hung_up) {
    sleep();
    if (!link_) return;
    link_->abandon();
    link_.reset();
    session_->transport_closed(hung_up);
    mqtt::Effect effect;
    while (session_->next(effect)) handle(effect);  // only `dropped` may come
}

// One that has not let us in yet leaves it to the next one.
void Client::Impl::broken(Failure failure) {
    if (!round_) return lost(failure);
    drop_link();
    refusal_.reset();
    round_->go_on(failure);
}

void Client::Impl::lost(const Failure& failure) {
    drop_round();
    drop_link(failure.hung_up);
    queue.connection_lost(failure.error);
    const bool give_up = failure.permanent && options.give_up_on_permanent;
    if (give_up || disconnect_wanted_ || !options.reconnect) {
        stopped(failure.error, failure.permanent);
    } else {
        wait_and_retry(failure);
    }
    pump();
}

void Client::Impl::wait_and_retry(const Failure& failure) {
    // The broker is there, and which message it does not bear is found by trying: the others wait for that.
    if (failure.hung_up && session_->unacknowledged() > 0) backoff_.begin_anew();
    State news;
    news.phase = Phase::waiting;
    news.error = failure.error;
    news.permanent = failure.permanent;
    news.retry_in = failure.permanent ? backoff_.next_for_cure() : backoff_.next(options.now());
    retry_timer_.expires_after(news.retry_in);
    retry_timer_.async_wait([weak = weak_from_this()](const std::error_code& cancelled) {
        const auto self = weak.lock();
        if (!cancelled && self && self->running_ && !self->round_ && !self->link_) self->attempt();
    });
    tell(std::move(news));
}

void Client::Impl::set_brokers(std::vector<Address> brokers) {
    check_brokers(brokers);
    if (brokers == brokers_) return;
    brokers_ = std::move(brokers);
    last_.reset();
    backoff_.begin_anew();
    if (!running_ || (link_ && link_->stage() == Stage::connected)) return;
    retry_timer_.cancel();
    drop_round();
    drop_link();
    attempt();
}

void Client::Impl::stop(std::chrono::milliseconds grace) {
    if (!running_) return;
    if (grace.count() <= 0 || queue.idle()) return disconnect();
    stop_when_idle_ = true;
    grace_timer_.expires_after(grace);
    grace_timer_.async_wait([weak = weak_from_this()](const std::error_code& cancelled) {
        const auto self = weak.lock();
        if (!cancelled && self && self->running_) self->disconnect();
    });
    pump();
}

void Client::Impl::disconnect() {
    stop_when_idle_ = false;
    if (disconnect_wanted_) return;
    disconnect_wanted_ = true;
    if (session_->connected()) return pump();
    drop_round();
    drop_link();
    stopped(std::nullopt, false);
}

void Client::Impl::stopped(const std::optional<Error>& error, bool permanent) {
    running_ = false;
    retry_timer_.cancel();
    grace_timer_.cancel();
    sleep();
    queue.fail_all(error ? Error(Code::NotSent, error->detail(), error->cure()) : Error(Code::NotSent));
    State news;
    news.error = error;
    news.permanent = permanent;
    tell(std::move(news));
    pump();
}

void Client::Impl::abandon() {
    running_ = false;
    on_message = {};
    on_state = {};
    on_oversize = {};
    drop_round();
    if (link_) link_->abandon();
    link_.reset();
    sleep();
    retry_timer_.cancel();
    grace_timer_.cancel();
}

void Client::Impl::tell(State news) {
    if (news.phase == Phase::connecting || news.phase == Phase::connected) {
        const Address with = link_ ? link_->peer() : brokers_in_turn().front();
        news.host = with.host;
        news.port = with.port;
    }
    state = std::move(news);
    if (on_state) call([this] { on_state(state); });
}

// What a callback throws comes out of the context's run() by itself: nothing of ours is left half done for
// it.
template <typename Callback>
void Client::Impl::call(Callback callback) {
    try {
        callback();
    } catch (...) {
        asio::post(context_, [thrown = std::current_exception()] { std::rethrow_exception(thrown); });
    }
}

// Files that are being replaced one by one do not belong together for a moment: those that did go on.
void Client::Impl::read_files_again() {
    auto stamp = file_stamp(options);
    if (stamp == files_seen_) return;
    try {
        tls_ = std::make_shared<TlsContext>(options.certificate, options.key, options.anchors);
        files_seen_ = std::move(stamp);
    } catch (const Error&) {
    }
}

}  // namespace countersign::transport
