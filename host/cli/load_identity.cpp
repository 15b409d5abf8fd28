#include "host/cli/load_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/foreign_text.h"
#include "host/cli/left_behind.h"
#include "host/cli/options.h"
#include "host/lifecycle/anchors.h"
#include "host/lifecycle/hosts.h"
#include "host/lifecycle/issue.h"
#include "host/lifecycle/renewal.h"
#include "host/lifecycle/stored_identity.h"
#include "host/loader/wifi_conf.h"

namespace countersign::cli {
namespace {

// A chip with USB of its own takes its port away while it resets.
constexpr std::chrono::seconds kPortReturn{3};
// For somebody to find the reset button.
constexpr std::chrono::seconds kSleep{60};
constexpr std::size_t kAround = 5;            // a byte order mark, a line end
constexpr std::size_t kMaxWifiPassword = 64;  // IEEE 802.11: 63 characters or 64 hex digits

Secret wifi_password(const Context& context, const std::string& file) {
    const Secret content = read_secret(file, kMaxWifiPassword + kAround);
    if (is_utf16(content.text())) {
        throw Error(Code::WifiConfInvalid, fmt::format("{} is UTF-16 text.", file),
                    "save it as UTF-8, or type the password");
    }
    std::string_view text = without_byte_order_mark(content.text());
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    Secret password(text);
    if (context.verbose) context.note(fmt::format("Read the Wi-Fi password from {}.", file));
    return password;
}

bool wants_host_key(const Context& context, const LoadCommand& command, const lifecycle::Home& home) {
    if (command.host_key) return true;
    const lifecycle::OpenHome open(home, context.clock());  // finishes what a killed `issue` left
    return !command.replace &&
           lifecycle::key_is_on_host(home, registry::Registry::open(home.registry(), context.clock()),
                                     command.name);
}

}  // namespace

// Signs what the board asks for. The home is locked only while it does: a load takes its time.
class LoadPlan::HomeRegistrar final : public loader::Registrar {
  public:
    explicit HomeRegistrar(LoadPlan& plan) : plan_(plan) {}

    // The authority is unlocked here, so that a wrong passphrase leaves the board as it is.
    bool must_enrol(const loader::BoardFacts& facts) override {
        board_ = fmt::format("{} on MicroPython {}", facts.machine, facts.version_text());
        if (enrolled_) return !has_taken(facts);
        const auto registry = registry::Registry::open(plan_.home_.registry(), plan_.context_.clock());
        if (!lifecycle::must_enrol(registry, plan_.command_.name, {facts.chip_id, facts.active_certificate},
                                   plan_.command_.replace, plan_.context_.clock().now())) {
            return false;
        }
        static_cast<void>(plan_.authority());
        clear_before_issue(plan_.context_, plan_.home_, plan_.command_.name);
        return true;
    }

    loader::EnrolmentAnswer certify(const loader::EnrolmentRequest& request) override {
        lifecycle::OpenHome open(plan_.home_, plan_.context_.clock());
        enrolled_ = lifecycle::enrol(open, plan_.authority(),
                                     {plan_.command_.name, request.chip_id, request.working, request.birth});
        return {enrolled_->working.der, enrolled_->birth.der};
    }

    void enrolled() override {
        lifecycle::OpenHome open(plan_.home_, plan_.context_.clock());
        lifecycle::confirm_enrolment(open, *enrolled_, board_);
    }

    [[nodiscard]] const std::optional<lifecycle::Enrolled>& product() const noexcept { return enrolled_; }

  private:
    // The board has reset in the middle of this load, after it had been certified.
    bool has_taken(const loader::BoardFacts& facts) {
        if (facts.active_certificate != pki::to_hex(enrolled_->working.info.fingerprint)) return false;
        enrolled();
        return true;
    }

    LoadPlan& plan_;
    std::optional<lifecycle::Enrolled> enrolled_;
    std::string board_;
};

LoadPlan::LoadPlan(const Context& context, const LoadCommand& command)
    : context_(context), command_(command), home_(context.home_path()) {
    lifecycle::check_name(command.name);
    home_.require_initialised();
    prepare_options();
    static_cast<void>(loader::wifi_conf_lines(brokers().front(), options_));
    host_key_ = wants_host_key(context, command, home_);
    check_passphrase();
}

// It is needed for a name nobody has yet and for new keys; else the board decides.
void LoadPlan::check_passphrase() {
    const auto registry = registry::Registry::open(home_.registry(), context_.clock());
    if (command_.replace || !registry.find_device(command_.name) || context_.passphrase_is_given())
        static_cast<void>(authority());
}

lifecycle::IssuingAuthority& LoadPlan::authority() {
    if (!authority_) {
        authority_ = std::make_unique<lifecycle::IssuingAuthority>(
            home_, authority_passphrase(context_, lifecycle::load_settings(home_)), context_.clock());
    }
    return *authority_;
}

void LoadPlan::prepare_options() {
    if (!command_.ssid.empty()) options_.wifi_ssid = command_.ssid;
    if (!command_.password_file.empty())
        options_.wifi_password = wifi_password(context_, command_.password_file);
    options_.replace_main = command_.replace_main;
    options_.lower_floor = command_.replace;
    options_.source = command_.source;
    options_.ignore_memory = command_.ignore_memory;
    options_.restart = false;  // finish_load() does, and listens
    options_.port_return = kPortReturn;
    options_.sleep = kSleep;
    options_.check = [this](const loader::BoardFacts& facts) { check_known(facts); };
}

void LoadPlan::check_known(const loader::BoardFacts& facts) const {
    check_address(facts);
    if (command_.rename) return;
    lifecycle::check_not_another(registry::Registry::open(home_.registry(), context_.clock()), command_.name,
                                 facts.active_name, {facts.chip_id, facts.active_certificate},
                                 context_.clock().now());
}

// A board that would find the broker's address nowhere in its certificate.
void LoadPlan::check_address(const loader::BoardFacts& facts) const {
    if (!lifecycle::is_old_board(facts.version) || lifecycle::load_settings(home_).old_boards) return;
    const auto addresses = brokers();
    const bool by_address = std::any_of(addresses.begin(), addresses.end(), [](const auto& address) {
        return pki::HostName::parse(address.host).is_ip();
    });
    if (!by_address) return;
    throw Error(Code::BrokerName,
                fmt::format("MicroPython {} on this board finds no address in a certificate; 1.24 does.",
                            facts.version_text()),
                "countersign hosts old-boards on, then run the command again");
}

// `--server` must be in the broker's certificate, or no device would accept it.
std::vector<loader::BrokerAddress> LoadPlan::brokers() const {
    const auto settings = lifecycle::load_settings(home_);
    auto hosts = settings.hosts;
    if (!command_.server.empty()) {
        const auto wanted =
            std::find(hosts.begin(), hosts.end(), pki::HostName::parse(command_.server).text());
        if (wanted == hosts.end()) {
            throw Error(Code::BrokerName,
                        fmt::format("The broker's certificate does not name {}.", command_.server),
                        fmt::format("countersign hosts add {}", command_.server));
        }
        std::rotate(hosts.begin(), wanted, wanted + 1);
    }
    std::vector<loader::BrokerAddress> addresses;
    addresses.reserve(hosts.size());
    for (const auto& host : hosts) addresses.push_back({host, settings.port});
    return addresses;
}

loader::Trust LoadPlan::trust() const {
    const auto authority = lifecycle::load_authority(home_, context_.clock().now());
    return {{authority.root().der, authority.issuing().der},
            brokers(),
            lifecycle::anchors_version(home_),
            lifecycle::load_settings(home_).brokers_version};
}

// A name nobody has issued yet is issued now; one that is there is taken as it is.
loader::BoardIdentity LoadPlan::identity() {
    lifecycle::OpenHome open(home_, context_.clock());
    if (command_.replace || !open.registry().find_device(command_.name)) {
        lifecycle::IssueRequest request;
        request.name = command_.name;
        request.key = key_type_from(open.settings().key_type);
        request.lifetime = std::chrono::days(open.settings().days);
        request.replace = command_.replace;
        lifecycle::check_request(open, request);
        clear_before_issue(context_, home_, command_.name);
        const auto issued = lifecycle::issue(open, authority(), request);
        context_.note(fmt::format("Made a key and a certificate for {} here; it expires {}.", command_.name,
                                  format_date(issued.certificate.not_after)));
    }
    auto stored =
        lifecycle::load_identity(open.home(), open.registry(), command_.name, context_.clock().now());
    return {command_.name, std::move(stored.key_der), std::move(stored.certificate.der), trust()};
}

// The key is made here, or was: for boards that cannot, and for names that were issued before.
loader::LoadResult LoadPlan::load_with_host_key(loader::Board& board) {
    const auto made = identity();
    const auto certificate = pki::parse_certificate(made.certificate).info;
    if (const auto kind = lifecycle::renews_by_hand(certificate)) {
        context_.note(
            fmt::format("Its key is {}: the board cannot renew by itself, which takes a P-256 key. Before "
                        "{}: countersign issue {} --replace, then this command again.",
                        *kind, format_date(certificate.not_after), command_.name));
    }
    auto result =
        loader::load(board, made, options_, context_.clock(), [this](std::string_view step) { say(step); });
    lifecycle::OpenHome(home_, context_.clock())
        .registry()
        .record("loaded", command_.name, certificate.fingerprint,
                fmt::format("{} on MicroPython {}", result.machine, result.firmware));
    return result;
}

loader::LoadResult LoadPlan::load_with_own_key(loader::Board& board) {
    HomeRegistrar registrar(*this);
    auto result = loader::load(board, command_.name, trust(), registrar, options_, context_.clock(),
                               [this](std::string_view step) { say(step); });
    if (registrar.product()) {
        context_.note(
            fmt::format("The working certificate of {} expires {}; its birth certificate, which can only "
                        "renew it, does not. Neither key was ever here.",
                        command_.name, format_date(registrar.product()->working.info.not_after)));
    } else {
        context_.note(fmt::format("The board is {} already: its keys and certificates stay.", command_.name));
    }
    return result;
}

// Names of files are for those who want to know more.
void LoadPlan::say(std::string_view step) const {
    if (context_.verbose || !step.starts_with('/')) context_.note(step);
}

loader::LoadResult LoadPlan::load(loader::Board& board) {
    std::optional<Progress> bar;
    options_.on_file = [&](std::size_t done, std::size_t total) {
        if (!bar && !context_.verbose) bar.emplace(context_, "Copied");
        if (bar) bar->show(done, total);
        if (done == total) bar.reset();
    };
    return host_key_ ? load_with_host_key(board) : load_with_own_key(board);
}

}  // namespace countersign::cli
