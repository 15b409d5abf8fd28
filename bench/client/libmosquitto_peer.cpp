#include <fmt/format.h>
#include <mosquitto.h>

#include <condition_variable>
#include <mutex>

#include "bench/client/peer.h"
#include "bench/support/support.h"

namespace countersign::bench {
namespace {

void check(int code, const char* what) {
    expect(code == MOSQ_ERR_SUCCESS, fmt::format("libmosquitto: {}: {}", what, mosquitto_strerror(code)));
}

class Libmosquitto final : public Peer {
  public:
    Libmosquitto(const Target& target, bool threaded) : port_(target.port), threaded_(threaded) {
        mosquitto_lib_init();
        handle_ = mosquitto_new(target.client_id.c_str(), true, this);
        expect(handle_ != nullptr, "libmosquitto: mosquitto_new");
        check(mosquitto_tls_set(handle_, target.anchors.c_str(), nullptr, target.certificate.c_str(),
                                target.key.c_str(), nullptr),
              "mosquitto_tls_set");
        check(mosquitto_int_option(handle_, MOSQ_OPT_TCP_NODELAY, 1), "MOSQ_OPT_TCP_NODELAY");
        check(mosquitto_int_option(handle_, MOSQ_OPT_SEND_MAXIMUM, kWindow), "MOSQ_OPT_SEND_MAXIMUM");
        mosquitto_connect_callback_set(handle_, [](mosquitto*, void* self, int code) {
            check(code, "CONNACK");
            of(self).count(&Libmosquitto::connected_);
        });
        mosquitto_disconnect_callback_set(
            handle_, [](mosquitto*, void* self, int) { of(self).count(&Libmosquitto::disconnected_); });
        mosquitto_subscribe_callback_set(handle_, [](mosquitto*, void* self, int, int, const int*) {
            of(self).count(&Libmosquitto::subscribed_);
        });
        mosquitto_publish_callback_set(
            handle_, [](mosquitto*, void* self, int) { of(self).count(&Libmosquitto::published_); });
        mosquitto_message_callback_set(handle_, [](mosquitto*, void* self, const mosquitto_message*) {
            of(self).count(&Libmosquitto::received_);
        });
    }
    ~Libmosquitto() override { mosquitto_destroy(handle_); }

    void connect() override {
        connected_ = disconnected_ = 0;
        check(mosquitto_connect(handle_, "127.0.0.1", port_, 60), "mosquitto_connect");
        if (threaded_) check(mosquitto_loop_start(handle_), "mosquitto_loop_start");
        wait_until([this] { return connected_ != 0; });
    }

    void disconnect() override {
        check(mosquitto_disconnect(handle_), "mosquitto_disconnect");
        wait_until([this] { return disconnected_ != 0; });
        if (threaded_) check(mosquitto_loop_stop(handle_, false), "mosquitto_loop_stop");
    }

    void publish(const std::string& topic, const std::string& payload, int qos, std::size_t count) override {
        published_ = 0;
        for (std::size_t handed = 0; handed < count; ++handed) {
            const int last = handed + 1 == count ? 1 : qos;
            check(mosquitto_publish(handle_, nullptr, topic.c_str(), static_cast<int>(payload.size()),
                                    payload.data(), last, false),
                  "mosquitto_publish");
            if (handed + 1 >= kOutstanding) {
                wait_until([&] { return handed + 1 - published_ < kOutstanding; });
            }
        }
        wait_until([&] { return published_ == count; });
    }

    void subscribe(const std::string& filter, int qos) override {
        subscribed_ = 0;
        check(mosquitto_subscribe(handle_, nullptr, filter.c_str(), qos), "mosquitto_subscribe");
        wait_until([this] { return subscribed_ != 0; });
    }

    void receive(std::size_t count) override {
        wait_until([&] { return received_ >= count; });
    }

  private:
    static Libmosquitto& of(void* self) { return *static_cast<Libmosquitto*>(self); }

    void count(std::size_t Libmosquitto::*counter) {
        if (!threaded_) {
            ++(this->*counter);
            return;
        }
        {
            const std::lock_guard lock(mutex_);
            ++(this->*counter);
        }
        changed_.notify_one();
    }

    template <typename Happened>
    void wait_until(Happened happened) {
        if (threaded_) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, happened);
            return;
        }
        while (!happened()) {
            const int code = mosquitto_loop(handle_, 1000, 1);
            expect(code == MOSQ_ERR_SUCCESS || disconnected_ != 0, "libmosquitto: mosquitto_loop");
        }
    }

    mosquitto* handle_;
    std::uint16_t port_;
    bool threaded_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t connected_ = 0, disconnected_ = 0, subscribed_ = 0, published_ = 0, received_ = 0;
};

std::string version() {
    int major = 0, minor = 0, revision = 0;
    mosquitto_lib_version(&major, &minor, &revision);
    return fmt::format("{}.{}.{}", major, minor, revision);
}

}  // namespace

Library libmosquitto_library() {
    return {"libmosquitto", version(),
            [](const Target& target) { return std::make_unique<Libmosquitto>(target, false); }};
}

Library libmosquitto_threaded_library() {
    return {"libmosquitto, loop_start", version(),
            [](const Target& target) { return std::make_unique<Libmosquitto>(target, true); }};
}

}  // namespace countersign::bench
