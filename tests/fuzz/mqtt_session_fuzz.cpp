// A session between a user who calls what he likes, a clock, and a server that sends good packets, bad ones
// and pieces of them. What it sends is read by a parser of our own and must keep every promise to the server;
// what it tells must keep those to its user.
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <set>
#include <vector>

#include "core/mqtt/property.h"
#include "core/mqtt/session.h"

namespace {

using namespace countersign::mqtt;
using Packet = std::vector<std::uint8_t>;

constexpr std::size_t kSlots = 6;
constexpr std::uint16_t kWindow = 3;

void require(bool holds) {
    if (!holds) std::abort();
}

// The input, byte by byte; zeros when it is used up.
class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    std::uint8_t byte() { return at_ < size_ ? data_[at_++] : std::uint8_t{0}; }
    Packet bytes(std::size_t count) {
        Packet taken;
        while (count-- != 0 && at_ < size_) taken.push_back(data_[at_++]);
        return taken;
    }
    [[nodiscard]] bool empty() const { return at_ == size_; }

  private:
    const std::uint8_t* data_;
    std::size_t size_;
    std::size_t at_ = 0;
};

// What a server sees of us, and what it is owed.
class Server {
  public:
    explicit Server(bool five) : five_(five) {}

    void begin() { *this = Server(five_); }
    // What its CONNACK has said.
    void accept(Properties connack) {
        PropertyReader reader(connack);
        for (PropertyValue value; reader.next(value);) {
            if (value.id == Property::receive_maximum && value.number < window_) window_ = value.number;
            if (value.id == Property::maximum_packet_size) largest_ = value.number;
            if (value.id == Property::maximum_qos) qos_ = value.number;
            if (value.id == Property::topic_alias_maximum) aliases_ = value.number;
        }
    }
    // A message of ours has come to its end.
    void finished(std::uint16_t id) { flying_.erase(id); }

    void receive(Bytes bytes) {
        while (!bytes.empty()) bytes = bytes.subspan(packet(bytes));
    }

  private:
    // Every `send` holds whole packets. The size of the first.
    std::size_t packet(Bytes bytes) {
        std::size_t at = 1;
        std::size_t length = 0;
        for (unsigned shift = 0;; shift += 7) {
            require(at < bytes.size() && shift < 28);
            length |= static_cast<std::size_t>(bytes[at] & 0x7F) << shift;
            if ((bytes[at++] & 0x80) == 0) break;
        }
        require(bytes.size() >= at + length);
        require(at + length <= largest_);  // [5: MQTT-3.2.2-15]
        require(!gone_);                   // [MQTT-3.14.4-2]
        const unsigned type = bytes[0] >> 4;
        require(connected_ == (type != 1));  // [MQTT-3.1.0-1], [MQTT-3.1.0-2]
        connected_ = true;
        if (type == 3) publish(bytes[0], bytes.subspan(at, length));
        if (type == 14) gone_ = true;
        return at + length;
    }

    void publish(std::uint8_t first, Bytes body) {
        const unsigned qos = first >> 1 & 3;
        require(qos <= qos_);  // [5: MQTT-3.2.2-11]
        const std::size_t topic = static_cast<std::size_t>(body[0]) << 8 | body[1];
        std::size_t at = 2 + topic;
        if (qos != 0) {
            const auto id = static_cast<std::uint16_t>(body[at] << 8 | body[at + 1]);
            at += 2;
            require(id != 0);                    // [MQTT-2.3.1-1]
            require(flying_.insert(id).second);  // once on a connection [5: MQTT-4.4.0-1]
            require(flying_.size() <= window_);  // [5: MQTT-3.3.4-7]
        } else {
            require((first & 0x08) == 0);  // [MQTT-3.3.1-2]
        }
        if (!five_) return require(topic != 0);
        const std::size_t length = body[at];  // our properties are short
        bool named = topic != 0;
        if (length != 0 && body[at + 1] == 0x23) {
            const auto alias = static_cast<std::uint16_t>(body[at + 2] << 8 | body[at + 3]);
            require(alias != 0 && alias <= aliases_);  // [5: MQTT-3.3.2-8], [5: MQTT-3.3.2-9]
            if (named) known_.insert(alias);
            named = known_.count(alias) != 0;
        }
        require(named);
    }

    bool five_;
    bool connected_ = false;
    bool gone_ = false;
    std::uint32_t window_ = kWindow;
    std::uint32_t largest_ = 0xFFFFFFFF;
    std::uint32_t qos_ = 2;
    std::uint32_t aliases_ = 0;
    std::set<std::uint16_t> flying_;
    std::set<std::uint16_t> known_;
};

template <typename T>
struct Exact {
    explicit Exact(std::size_t count) : memory(std::make_unique<T[]>(count)), span(memory.get(), count) {}
    std::unique_ptr<T[]> memory;
    std::span<T> span;
};

class Play {
  public:
    Play(Version version, Input input)
        : version_(version), input_(input), server_(version == Version::v5), session_(storage(), limits()) {}

    void run() {
        while (!input_.empty()) {
            step(input_.byte() & 0x0F);
            drain();
        }
    }

  private:
    Storage storage() {
        return {receive_.span,  transmit_.span,   store_.span,      outgoing_.span,
                incoming_.span, aliases_in_.span, aliases_out_.span};
    }
    Limits limits() const {
        Limits limits;
        limits.max_inflight = kWindow;
        limits.version = version_;
        limits.topic_aliases_in = limits.topic_aliases_out = 2;
        return limits;
    }
    [[nodiscard]] bool five() const { return version_ == Version::v5; }

    void step(unsigned what) {
        switch (what) {
            case 0: return connect();
            case 1:
            case 2: return publish();
            case 3: return subscribe();
            case 4: return unsubscribe();
            case 5: return close();
            case 6: return session_.tick(now_ += Millis{input_.byte()} * 500);
            case 7: (void)session_.disconnect(); return;
            case 8: return hand(connack());
            case 9:
            case 10:
            case 11: return hand(acknowledgement());
            case 12: return hand(message());
            case 13: return hand(five() ? Packet{0xE0, 0x01, 0x8B} : Packet{0xD0, 0x00});
            case 14: return hand(suback());
            default: return hand(input_.bytes(input_.byte() & 0x1F));
        }
    }

    void connect() {
        ConnectOptions options;
        options.version = version_;
        options.client_id = "d";
        options.clean_session = (input_.byte() & 1) != 0;
        if (session_.connect(now_, options) == Status::ok) {
            server_.begin();
            closed_ = false;
        }
    }
    void publish() {
        const std::uint8_t how = input_.byte();
        const Packet payload = input_.bytes(how >> 5);
        const Packet expiry{0x02, 0x00, 0x00, 0x00, 0x02};
        Message message{(how & 0x10) != 0 ? "a" : "b/c", payload, static_cast<Qos>(how & 0x03),
                        (how & 0x04) != 0};
        if (five() && (how & 0x08) != 0) message.properties = {expiry};
        note(session_.publish(message));
    }
    void subscribe() {
        const Subscription subscription{"a/#", static_cast<Qos>(input_.byte() & 3)};
        note(session_.subscribe({&subscription, 1}));
    }
    void unsubscribe() {
        const std::string_view filter = "a/#";
        note(session_.unsubscribe({&filter, 1}));
    }
    void close() {
        session_.transport_closed();
        closed_ = true;
    }
    void note(const Accepted& accepted) {
        require(accepted.status == Status::ok || accepted.packet_id == 0);
        // a packet id that is in use is never given again [MQTT-2.3.1-2]
        if (accepted.packet_id != 0) require(owed_.insert(accepted.packet_id).second);
    }

    Packet connack() {
        if (!five()) return {0x20, 0x02, static_cast<std::uint8_t>(input_.byte() & 1), 0x00};
        const auto window = static_cast<std::uint8_t>(1 + (input_.byte() & 3));
        const auto largest = static_cast<std::uint8_t>(12 + (input_.byte() & 0x3F));
        const std::uint8_t how = input_.byte();
        Packet packet{0x20,
                      0x12,
                      static_cast<std::uint8_t>(how & 1),
                      0x00,
                      0x0F,
                      0x21,
                      0x00,
                      window,
                      0x27,
                      0x00,
                      0x00,
                      0x00,
                      largest,
                      0x22,
                      0x00,
                      static_cast<std::uint8_t>(how >> 2 & 3),
                      0x24,
                      static_cast<std::uint8_t>(how >> 1 & 1)};
        packet.insert(packet.end(), {0x25, static_cast<std::uint8_t>(how >> 4 & 1)});
        packet[1] = static_cast<std::uint8_t>(packet.size() - 2);
        packet[4] = static_cast<std::uint8_t>(packet.size() - 5);
        return packet;
    }
    std::uint8_t some_id() {  // mostly one that is owed an answer
        const std::uint8_t number = input_.byte();
        if (owed_.empty() || (number & 0x80) != 0) return static_cast<std::uint8_t>(1 + (number & 7));
        auto id = owed_.begin();
        std::advance(id, static_cast<std::ptrdiff_t>(number % owed_.size()));
        return static_cast<std::uint8_t>(*id);
    }
    Packet acknowledgement() {
        constexpr std::uint8_t kTypes[] = {0x40, 0x50, 0x62, 0x70};
        const std::uint8_t how = input_.byte();
        const std::uint8_t first = kTypes[how & 3];
        const std::uint8_t id = some_id();
        if (!five() || (how & 4) != 0) return {first, 0x02, 0x00, id};
        const std::uint8_t reason = (how & 8) != 0 ? 0x92 : (how & 16) != 0 ? 0x97 : 0x00;
        return {first, 0x03, 0x00, id, reason};
    }
    Packet suback() {
        const std::uint8_t how = input_.byte();
        const std::uint8_t first = (how & 1) != 0 ? 0x90 : 0xB0;
        const std::uint8_t id = some_id();
        if (five()) return {first, 0x04, 0x00, id, 0x00, 0x00};
        return first == 0x90 ? Packet{first, 0x03, 0x00, id, 0x00} : Packet{first, 0x02, 0x00, id};
    }
    Packet message() {
        const std::uint8_t how = input_.byte();
        const auto qos = static_cast<std::uint8_t>(how % 3);
        Packet body{0x00, 0x01, 'm'};
        if ((how & 0x10) != 0 && five()) body = {0x00, 0x00};
        if (qos != 0) body.insert(body.end(), {0x00, static_cast<std::uint8_t>(1 + (how >> 5))});
        if (five() && (how & 0x08) != 0)
            body.insert(body.end(), {0x03, 0x23, 0x00, static_cast<std::uint8_t>(how & 3)});
        else if (five())
            body.push_back(0x00);
        Packet packet{static_cast<std::uint8_t>(0x30 | qos << 1), static_cast<std::uint8_t>(body.size())};
        packet.insert(packet.end(), body.begin(), body.end());
        return packet;
    }

    void hand(Packet bytes) {
        const Exact<std::uint8_t> exact(bytes.size());  // reading past the end is seen
        for (std::size_t i = 0; i < bytes.size(); ++i) exact.span[i] = bytes[i];
        if (session_.bytes_received(now_, exact.span) == Status::ok) drain();
    }

    void drain() {
        Effect effect;
        while (session_.next(effect)) tell(effect);
        require(session_.unacknowledged() == owed_.size());
        require(session_.unacknowledged() <= kSlots);
    }

    void tell(const Effect& effect) {
        using Kind = Effect::Kind;
        require(!closed_ || effect.kind == Kind::dropped);  // after close nothing else may come
        switch (effect.kind) {
            case Kind::send: server_.receive(effect.bytes); break;
            case Kind::connected: server_.accept(effect.properties); break;
            case Kind::published:
            case Kind::rejected: server_.finished(effect.packet_id); [[fallthrough]];
            case Kind::subscribed:
            case Kind::unsubscribed:
            case Kind::dropped: require(owed_.erase(effect.packet_id) == 1); break;  // exactly once
            case Kind::close: closed_ = true; break;
            default: break;
        }
    }

    Version version_;
    Input input_;
    Server server_;
    Exact<std::uint8_t> receive_{48}, transmit_{64}, store_{64}, aliases_in_{12}, aliases_out_{12};
    Exact<Slot> outgoing_{kSlots};
    Exact<std::uint16_t> incoming_{2};
    Session session_;
    Millis now_ = 0;
    std::set<std::uint16_t> owed_;  // packet ids that wait for their end
    bool closed_ = true;
};

}  // namespace

// Input: one byte that says which version is spoken; repeated { one byte that says what to do, its arguments
// }.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    const Version version = (input.byte() & 1) != 0 ? Version::v5 : Version::v3_1_1;
    Play(version, input).run();
    return 0;
}
