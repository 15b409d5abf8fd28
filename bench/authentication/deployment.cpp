#include "bench/authentication/deployment.h"

#include <fmt/format.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include <algorithm>
#include <array>

#include "bench/support/broker.h"
#include "bench/support/support.h"
#include "host/base/files.h"
#include "host/broker/config.h"
#include "host/broker/ownership.h"

namespace countersign::bench {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSharedUser = "fleet";
constexpr const char* kOnlyTls12 = "OPENSSL_CONF=" COUNTERSIGN_BENCH_SOURCE "/bench/authentication/tls12.cnf";

std::string random_hex() {
    std::array<unsigned char, 16> bytes{};
    expect(RAND_bytes(bytes.data(), bytes.size()) == 1, "randomness");
    std::string hex;
    for (const auto byte : bytes) hex += fmt::format("{:02x}", byte);
    return hex;
}

const std::string& of(const std::vector<std::pair<std::string, std::string>>& table,
                      const std::string& user) {
    return std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.first == user; })
        ->second;
}

std::string mtls_configuration(const fs::path& home, std::uint16_t port) {
    const broker::Settings settings{home / "broker", port, "127.0.0.1", broker::broker_user(), false};
    broker::place_plugin(settings.folder);
    broker::hand_over(settings.folder);
    std::string text = broker::mosquitto_config(settings);
    text.erase(text.find("log_dest"));  // and what follows: types of messages
    return text + "connection_messages true\n";
}

}  // namespace

Deployment::Deployment(const fs::path& folder, Method method, Accounts accounts, const std::string& key_type)
    : folder_(folder), home_(folder / "home"), method_(method), accounts_(accounts) {
    const std::uint16_t port = free_port();
    make_folder(folder, 0755);
    use_built_plugin();
    countersign_command(
        home_, {"init", "127.0.0.1", "--no-passphrase", "--port", std::to_string(port), "--key", key_type});
    for (const char* device : {kDeviceA, kDeviceB}) {
        countersign_command(home_, {"issue", device});
        const std::string user = accounts == Accounts::own ? device : kSharedUser;
        if (!passwords_.empty() && passwords_.back().first == user) continue;
        passwords_.emplace_back(user, "secret-" + random_hex());
        keys_.emplace_back(user, random_hex());
    }
    if (method != Method::mtls) write_accounts();
    broker_ = std::make_unique<Mosquitto>(
        folder, method == Method::mtls ? mtls_configuration(home_, port) : configuration(port), port);
}

std::string Deployment::configuration(std::uint16_t port) const {
    std::string text =
        fmt::format("listener {} 127.0.0.1\nset_tcp_nodelay true\nallow_anonymous false\n", port);
    if (method_ == Method::psk) {
        return text + fmt::format("psk_hint bench\npsk_file {}\nuse_identity_as_username true\n",
                                  (folder_ / "accounts").string());
    }
    text += fmt::format("password_file {}\n", (folder_ / "accounts").string());
    if (method_ == Method::tls) {
        const broker::Files files(home_ / "broker");
        text += fmt::format("certfile {}\nkeyfile {}\n", files.certificate.string(), files.key.string());
    }
    return text;
}

void Deployment::write_accounts() {
    const fs::path file = folder_ / "accounts";
    std::string lines;
    for (const auto& [user, key] : keys_) lines += fmt::format("{}:{}\n", user, key);
    if (method_ != Method::psk) {
        lines.clear();
        for (const auto& [user, password] : passwords_) lines += fmt::format("{}:{}\n", user, password);
    }
    write_file(file, lines, kPublicFile);  // Mosquitto's user reads it
    if (method_ == Method::psk) return;
    const auto hashed = run_command({find_program("mosquitto_passwd"), "-U", file}, std::chrono::seconds(10));
    expect(hashed.exit_code == 0, "mosquitto_passwd");
    fs::permissions(file, fs::perms(kPublicFile));
}

Secrets Deployment::secrets(const std::string& device) const {
    const fs::path folder = home_ / "devices" / device;
    const std::string user = accounts_ == Accounts::own ? device : kSharedUser;
    Secrets secrets{device, {}, {}, {}, {}, {}, folder / "ca.crt.pem"};
    if (method_ == Method::mtls) {
        secrets.certificate = folder / (device + ".crt.pem");
        secrets.key = folder / (device + ".key.pem");
    } else {
        secrets.user = user;
        (method_ == Method::psk ? secrets.pre_shared_key : secrets.password) =
            of(method_ == Method::psk ? keys_ : passwords_, user);
    }
    return secrets;
}

void Deployment::lock_out(const std::string& device) {
    if (method_ == Method::mtls) {
        countersign_command(home_, {"revoke", device});
        return;
    }
    for (auto* table : {&passwords_, &keys_}) {
        if (accounts_ == Accounts::shared) {
            table->front().second = random_hex();
        } else {
            std::erase_if(*table, [&](const auto& row) { return row.first == device; });
        }
    }
    write_accounts();
    broker_->reload();
}

std::vector<std::string> host_client(const std::string& program, Method method, std::uint16_t port,
                                     const Secrets& secrets, std::vector<std::string> rest) {
    std::vector<std::string> argv{find_program("env"), kOnlyTls12, find_program(program), "-h",
                                  "127.0.0.1",         "-p",       std::to_string(port),  "-i",
                                  secrets.client_id};
    const auto add = [&argv](std::initializer_list<std::string> more) {
        argv.insert(argv.end(), more.begin(), more.end());
    };
    if (method == Method::psk) {
        add({"--psk-identity", secrets.user, "--psk", secrets.pre_shared_key});
    } else if (!secrets.user.empty()) {
        add({"-u", secrets.user, "-P", secrets.password});
    }
    if (method == Method::tls || method == Method::mtls) add({"--cafile", secrets.anchor});
    if (method == Method::mtls) add({"--cert", secrets.certificate, "--key", secrets.key});
    argv.insert(argv.end(), rest.begin(), rest.end());
    return argv;
}

}  // namespace countersign::bench
