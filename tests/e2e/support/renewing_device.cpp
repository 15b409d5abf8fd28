#include "tests/e2e/support/renewing_device.h"

#include "host/base/files.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/issue.h"
#include "host/lifecycle/open_home.h"
#include "host/pki/authority.h"
#include "host/pki/message_signature.h"
#include "tests/unit/transport/running.h"

namespace countersign::e2e {
namespace {

std::vector<std::uint8_t> signed_message(const pki::PrivateKey& key, std::vector<std::uint8_t> room,
                                         std::size_t size) {
    const auto signature = pki::sign_message(key, std::span(room).first(size));
    room.resize(message::append_signature(room, size, signature));
    return room;
}

pki::Bytes make_csr(const std::string& name, const pki::PrivateKey& key) {
    const test::TemporaryFolder folder;
    write_file(folder / "key.pem", key.to_pem().text(), kPrivateFile);
    must_run({"openssl", "req", "-new", "-key", folder / "key.pem", "-subj", "/CN=" + name, "-outform", "DER",
              "-out", folder / "csr.der"});
    return read_file(folder / "csr.der");
}

std::string name_of(const std::string& user) {
    return user.substr(user.find('~') == std::string::npos ? 0 : user.find('~') + 1);
}

}  // namespace

RenewingDevice::RenewingDevice(const Scene& scene, std::string user, Identity identity)
    : scene_(scene), user_(std::move(user)), identity_(std::move(identity)) {}

RenewingDevice::Identity RenewingDevice::issued(const Scene& scene, const std::string& name) {
    const auto folder = scene.device(name);
    return {
        std::make_shared<pki::PrivateKey>(pki::PrivateKey::from_der(read_file(folder / (name + ".key.der")))),
        pki::parse_certificate(read_file(folder / (name + ".crt.der")))};
}

RenewingDevice::Identity RenewingDevice::birth_of(const Scene& scene, const std::string& name) {
    const SystemClock clock;
    lifecycle::OpenHome open(lifecycle::Home(scene.home()), clock);
    lifecycle::IssuingAuthority authority(open.home(), Secret{}, clock);
    Identity identity{std::make_shared<pki::PrivateKey>(pki::PrivateKey::generate(pki::KeyType::p256)), {}};
    identity.certificate =
        authority.issuer().issue(pki::Profile({Role::birth}), {name, identity.key->public_key(), {}});
    open.registry().add_certificate(
        lifecycle::as_row(identity.certificate, Role::birth, authority.authority()));
    open.publish();
    return identity;
}

bool RenewingDevice::connect() {
    transport::Options options;
    options.brokers = {{"127.0.0.1", scene_.port()}};
    options.client_id = user_;
    options.certificate = pki::to_pem(identity_.certificate);
    options.key = identity_.key->to_pem();
    options.anchors = scene_.home() / "operator" / "ca.crt.pem";
    options.clean_session = false;
    options.first_backoff = std::chrono::milliseconds(50);
    received_.clear();
    client_ = std::make_unique<transport::Client>(io_, std::move(options));
    client_->on_message([this](const transport::Received& message) {
        received_[std::string(message.topic)] = {message.payload.begin(), message.payload.end()};
    });
    bool subscribed = false;
    client_->subscribe(topic("#"), transport::Qos::at_least_once,
                       [&](const std::optional<Error>& refused) { subscribed = !refused; });
    client_->start();
    return test::run_until(
               io_, [&] { return subscribed || client_->state().phase == transport::Phase::stopped; }) &&
           subscribed;
}

void RenewingDevice::disconnect() {
    client_->stop(std::chrono::seconds(5));
    (void)test::run_until(io_, [&] { return client_->state().phase == transport::Phase::stopped; });
    client_.reset();
}

void RenewingDevice::publish(const std::string& message, const std::vector<std::uint8_t>& payload) {
    bool done = false;
    client_->publish(topic(message), {payload.begin(), payload.end()}, transport::Qos::at_least_once, true,
                     [&](const std::optional<Error>&) { done = true; });
    (void)test::run_until(io_, [&] { return done; });
}

template <class Wanted>
bool RenewingDevice::until(const std::string& message, Wanted wanted) {
    return test::run_until(io_, [&] {
        const auto found = received_.find(topic(message));
        return found != received_.end() && !found->second.empty() && wanted(found->second);
    });
}

void RenewingDevice::ask(std::optional<std::uint32_t> number) {
    new_key_ = std::make_shared<pki::PrivateKey>(pki::PrivateKey::generate(pki::KeyType::p256));
    const auto csr = make_csr(name_of(user_), *new_key_);
    message::Request request;
    request.signer = identity_.certificate.info.fingerprint;
    request.number = number_ = number.value_or(number_ + 1);
    request.csr = csr;
    std::vector<std::uint8_t> room(message::kMaxMessage);
    const std::size_t size = message::encode(request, room);
    publish("request", signed_message(*identity_.key, std::move(room), size));
}

std::optional<pki::Certificate> RenewingDevice::answer() {
    const auto wanted = pki::sha256_of(new_key_->public_key().spki);
    std::optional<pki::Certificate> leaf;
    error_.clear();
    const bool came = until("certificate", [&](const std::vector<std::uint8_t>& payload) {
        if (const auto refusal = message::decode_refusal(payload); refusal && refusal->key == wanted) {
            error_ = refusal->error;
            return true;
        }
        const auto certificate = message::decode_certificate(payload);
        if (!certificate || certificate->key != wanted) return false;
        leaf = pki::parse_certificate(certificate->leaf);
        return true;
    });
    if (!came) error_ = "no answer";
    if (leaf && (!pki::belongs(*new_key_, *leaf) || leaf->info.name != name_of(user_))) leaf.reset();
    received_.erase(topic("certificate"));
    return leaf;
}

bool RenewingDevice::prove(const pki::Certificate& candidate) {
    publish("request", {});
    disconnect();
    identity_ = {new_key_, candidate};
    user_ = name_of(user_);
    number_ = 0;
    return connect();
}

bool RenewingDevice::report() {
    const message::State state{identity_.certificate.info.fingerprint, 1, 1, {}, {}};
    std::vector<std::uint8_t> room(message::kMaxMessage);
    const std::size_t size = message::encode(state, room);
    const auto bytes = signed_message(*identity_.key, std::move(room), size);
    publish("state", bytes);
    return until("command", [&](const std::vector<std::uint8_t>& payload) {
        const auto command = message::decode_command(payload);
        return command && command->acknowledged == pki::sha256_of(bytes);
    });
}

bool RenewingDevice::renew() {
    ask();
    const auto candidate = answer();
    return candidate && prove(*candidate) && report();
}

bool RenewingDevice::asked_to_renew() {
    return until("command", [&](const std::vector<std::uint8_t>& payload) {
        const auto command = message::decode_command(payload);
        return command && command->renew == identity_.certificate.info.fingerprint;
    });
}

}  // namespace countersign::e2e
