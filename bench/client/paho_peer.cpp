#include <MQTTAsync.h>
#include <fmt/format.h>

#include <condition_variable>
#include <cstring>
#include <mutex>

#include "bench/client/peer.h"
#include "bench/support/support.h"

namespace countersign::bench {
namespace {

void check(int code, const char* what) {
    expect(code == MQTTASYNC_SUCCESS, fmt::format("Paho: {}: {}", what, code));
}

class Paho final : public Peer {
  public:
    explicit Paho(const Target& target)
        : certificate_(target.certificate), key_(target.key), anchors_(target.anchors) {
        MQTTAsync_init_options init = MQTTAsync_init_options_initializer;
        init.do_openssl_init = 1;
        MQTTAsync_global_init(&init);
        MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer;
        create.maxBufferedMessages = static_cast<int>(2 * kOutstanding);
        const std::string uri = fmt::format("ssl://127.0.0.1:{}", target.port);
        check(MQTTAsync_createWithOptions(&handle_, uri.c_str(), target.client_id.c_str(),
                                          MQTTCLIENT_PERSISTENCE_NONE, nullptr, &create),
              "MQTTAsync_createWithOptions");
        check(MQTTAsync_setCallbacks(handle_, this, nullptr, &Paho::on_message, nullptr),
              "MQTTAsync_setCallbacks");
    }
    ~Paho() override { MQTTAsync_destroy(&handle_); }

    void connect() override {
        MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;
        ssl.trustStore = anchors_.c_str();
        ssl.keyStore = certificate_.c_str();
        ssl.privateKey = key_.c_str();
        ssl.enableServerCertAuth = 1;
        ssl.verify = 1;  // the host's name
        MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
        options.keepAliveInterval = 60;
        options.cleansession = 1;
        options.maxInflight = kWindow;
        options.ssl = &ssl;
        options.context = this;
        options.onSuccess = &Paho::on_success;
        options.onFailure = &Paho::on_failure;
        answers_ = 0;
        check(MQTTAsync_connect(handle_, &options), "MQTTAsync_connect");
        wait_for(answers_, 1);
    }

    void disconnect() override {
        MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
        options.timeout = 1000;
        options.context = this;
        options.onSuccess = &Paho::on_success;
        options.onFailure = &Paho::on_failure;
        answers_ = 0;
        check(MQTTAsync_disconnect(handle_, &options), "MQTTAsync_disconnect");
        wait_for(answers_, 1);
    }

    void publish(const std::string& topic, const std::string& payload, int qos, std::size_t count) override {
        answers_ = 0;
        MQTTAsync_responseOptions response = this->response();
        for (std::size_t handed = 0; handed < count; ++handed) {
            if (handed >= kOutstanding) wait_for(answers_, handed + 1 - kOutstanding);
            const int last = handed + 1 == count ? 1 : qos;
            check(MQTTAsync_send(handle_, topic.c_str(), static_cast<int>(payload.size()), payload.data(),
                                 last, 0, &response),
                  "MQTTAsync_send");
        }
        wait_for(answers_, count);
    }

    void subscribe(const std::string& filter, int qos) override {
        answers_ = 0;
        MQTTAsync_responseOptions response = this->response();
        check(MQTTAsync_subscribe(handle_, filter.c_str(), qos, &response), "MQTTAsync_subscribe");
        wait_for(answers_, 1);
    }

    void receive(std::size_t count) override { wait_for(received_, count); }

  private:
    MQTTAsync_responseOptions response() {
        MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
        response.context = this;
        response.onSuccess = &Paho::on_success;
        response.onFailure = &Paho::on_failure;
        return response;
    }

    static void on_success(void* self, MQTTAsync_successData*) {
        static_cast<Paho*>(self)->count(&Paho::answers_);
    }
    static void on_failure(void* self, MQTTAsync_failureData* data) {
        auto& paho = *static_cast<Paho*>(self);
        {
            const std::lock_guard lock(paho.mutex_);
            paho.fault_ = data != nullptr && data->message != nullptr ? data->message : "unknown";
        }
        paho.changed_.notify_one();
    }
    static int on_message(void* self, char* topic, int, MQTTAsync_message* message) {
        static_cast<Paho*>(self)->count(&Paho::received_);
        MQTTAsync_freeMessage(&message);
        MQTTAsync_free(topic);
        return 1;
    }

    void count(std::size_t Paho::*counter) {
        {
            const std::lock_guard lock(mutex_);
            ++(this->*counter);
        }
        changed_.notify_one();
    }

    void wait_for(const std::size_t& counter, std::size_t wanted) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return counter >= wanted || !fault_.empty(); });
        expect(fault_.empty(), "Paho: " + fault_);
    }

    std::string certificate_, key_, anchors_;
    MQTTAsync handle_ = nullptr;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t answers_ = 0, received_ = 0;
    std::string fault_;
};

std::string version() {
    const MQTTAsync_nameValue* info = MQTTAsync_getVersionInfo();
    for (; info->name != nullptr; ++info) {
        if (std::strcmp(info->name, "Version") == 0) return info->value;
    }
    return "?";
}

}  // namespace

Library paho_library() {
    return {"Paho C, asynchronous", version(),
            [](const Target& target) { return std::make_unique<Paho>(target); }};
}

}  // namespace countersign::bench
