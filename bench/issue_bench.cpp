// What a device costs from a line of a CSV file to its files and its rows, beside what it cost by hand (three
// openssl programs run by a shell) and what no program can beat (a key, a signature and a check of it).
//
// issue_bench [DEVICES]: all three in one run, since only then are they of one machine in one mood. CPU time
// is that of this process and its children, in user mode and in the kernel.
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "host/base/clock.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/subprocess.h"
#include "host/lifecycle/bulk_issue.h"
#include "host/lifecycle/init.h"
#include "host/pki/openssl.h"

namespace {

using namespace countersign;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

constexpr std::size_t kOriginalDevices = 30;
constexpr std::size_t kLimitDevices = 5'000;
constexpr std::size_t kDefaultDevices = 20'000;
constexpr double kOriginalGoal = 100;
constexpr double kLimitGoal = 0.5;

// --- measuring

struct Cost {
    double user = 0, system = 0, wall = 0;  // seconds
    std::size_t devices = 1;

    [[nodiscard]] double cpu_each() const { return (user + system) / static_cast<double>(devices); }
};

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

Cost spent_so_far() {
    rusage self{};
    rusage children{};
    ::getrusage(RUSAGE_SELF, &self);
    ::getrusage(RUSAGE_CHILDREN, &children);
    const auto wall = std::chrono::steady_clock::now().time_since_epoch();
    return {seconds(self.ru_utime) + seconds(children.ru_utime),
            seconds(self.ru_stime) + seconds(children.ru_stime), std::chrono::duration<double>(wall).count()};
}

template <class Work>
Cost cost_of(std::size_t devices, const Work& work) {
    const Cost before = spent_so_far();
    work();
    const Cost after = spent_so_far();
    return {after.user - before.user, after.system - before.system, after.wall - before.wall, devices};
}

void expect(bool holds, std::string_view what) {
    if (!holds) throw Error(Code::Internal, fmt::format("{} failed", what));
}

// A folder that goes when the benchmark does.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern = (fs::temp_directory_path() / "countersign-bench-XXXXXX").string();
        expect(::mkdtemp(pattern.data()) != nullptr, "mkdtemp");
        path_ = pattern;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] const fs::path& path() const noexcept { return path_; }

  private:
    fs::path path_;
};

// --- by hand: a key, a request and a certificate, each from a program of its own, written as DER at once

constexpr const char* kCaByHand = R"sh(cd "$1"
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -new -x509 -key ca.key -sha256 -days 3650 -subj /CN=127.0.0.1 -out ca.crt)sh";

constexpr const char* kDeviceByHand = R"sh(cd "$1" && mkdir "$2"
openssl ecparam -name prime256v1 -genkey -noout -outform DER -out "$2/key.der"
openssl req -new -key "$2/key.der" -keyform DER -sha256 -subj "/CN=$2" -out "$2/request.pem"
openssl x509 -req -in "$2/request.pem" -CA ca.crt -CAkey ca.key -CAcreateserial -sha256 -days 365 \
    -outform DER -out "$2/crt.der")sh";

void shell(const char* script, const fs::path& folder, const std::string& name) {
    const auto result = run_command({"sh", "-e", "-c", script, "sh", folder, name}, std::chrono::minutes(1));
    if (result.exit_code != 0) throw Error(Code::Internal, result.output);
}

Cost original(const fs::path& folder) {
    fs::create_directory(folder);
    shell(kCaByHand, folder, "");
    return cost_of(kOriginalDevices, [&] {
        for (std::size_t i = 0; i < kOriginalDevices; ++i) {
            shell(kDeviceByHand, folder, fmt::format("device-{}", i));
        }
    });
}

// --- the limit: nothing but a key, a signature and a check of it, with everything set up beforehand

pki::PkeyContextPtr context_for(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*)) {
    pki::PkeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    expect(context != nullptr && init(context.get()) == 1, "EVP_PKEY_CTX_new_from_pkey");
    return context;
}

Cost limit() {
    const pki::PkeyContextPtr keys(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    expect(EVP_PKEY_keygen_init(keys.get()) == 1 && EVP_PKEY_CTX_set_group_name(keys.get(), "P-256") == 1,
           "EVP_PKEY_keygen_init");
    const pki::PkeyPtr ca(EVP_EC_gen("P-256"));
    const auto signing = context_for(ca.get(), EVP_PKEY_sign_init);
    const auto checking = context_for(ca.get(), EVP_PKEY_verify_init);
    const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    const std::vector<std::uint8_t> to_be_signed(360, 0x5a);  // about the size of a device's TBSCertificate
    return cost_of(kLimitDevices, [&] {
        for (std::size_t i = 0; i < kLimitDevices; ++i) {
            EVP_PKEY* made = nullptr;
            expect(EVP_PKEY_generate(keys.get(), &made) == 1, "EVP_PKEY_generate");
            EVP_PKEY_free(made);
            std::array<std::uint8_t, 32> digest{};
            EVP_Digest(to_be_signed.data(), to_be_signed.size(), digest.data(), nullptr, sha256, nullptr);
            std::array<std::uint8_t, 80> signature{};
            std::size_t length = signature.size();
            expect(EVP_PKEY_sign(signing.get(), signature.data(), &length, digest.data(), digest.size()) == 1,
                   "EVP_PKEY_sign");
            expect(
                EVP_PKEY_verify(checking.get(), signature.data(), length, digest.data(), digest.size()) == 1,
                "EVP_PKEY_verify");
        }
    });
}

// --- Countersign: what `countersign issue --csv` does, in a home made for it

Cost countersign_bulk(const fs::path& root, const std::string& csv, lifecycle::Format format) {
    const SystemClock clock;
    const lifecycle::Home home(root);
    make_folder(root, kPublicFolder);
    lifecycle::prepare_init(home);
    (void)lifecycle::init(home, {.hosts = {pki::HostName::parse("127.0.0.1")}}, Secret{}, clock);
    const std::size_t devices = lifecycle::parse_device_csv(csv).size();
    return cost_of(devices, [&] {
        lifecycle::OpenHome open(home, clock);
        lifecycle::IssuingAuthority authority(home, Secret{}, clock);
        lifecycle::BulkDefaults defaults;
        defaults.format = format;
        const auto result = lifecycle::bulk_issue(open, authority, lifecycle::parse_device_csv(csv), defaults,
                                                  [](std::size_t, std::size_t) {});
        expect(result.issued == devices && open.registry().device_count() > devices, "bulk_issue");
    });
}

std::string csv_of(std::size_t devices) {
    std::string csv = "name\n";
    for (std::size_t i = 0; i < devices; ++i) csv += fmt::format("device-{:06}\n", i);
    return csv;
}

// --- telling

std::string processor() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        const std::size_t colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
    }
    return "unknown processor";
}

void print_machine(const fs::path& folder) {
    utsname system{};
    ::uname(&system);
    std::array<double, 1> load{};
    ::getloadavg(load.data(), 1);
    fmt::print("{}, {} threads, load {:.1f}; {} {} {}\n", processor(), std::thread::hardware_concurrency(),
               load[0], system.sysname, system.release, system.machine);
    fmt::print("{}; SQLite {}; compiler {}; files in {}\n\n", OpenSSL_version(OPENSSL_VERSION),
               sqlite3_libversion(), __VERSION__, folder.parent_path().string());
}

void print_row(std::string_view what, const Cost& cost) {
    const auto micro = [&](double total) { return total * 1e6 / static_cast<double>(cost.devices); };
    fmt::print("{:<40}{:>9}{:>10.0f}{:>10.0f}{:>10.0f}{:>10.0f}{:>10.0f}\n", what, cost.devices,
               micro(cost.user + cost.system), micro(cost.user), micro(cost.system), micro(cost.wall),
               1 / cost.cpu_each());
}

void print_goals(std::string_view format, const Cost& ours, const Cost& original, const Cost& limit) {
    const double times = original.cpu_each() / ours.cpu_each();
    const double share = limit.cpu_each() / ours.cpu_each();
    fmt::print("{:<5} of the original's speed   goal: >= {:.0f}x, measured {:.0f}x: {}\n", format,
               kOriginalGoal, times, times >= kOriginalGoal ? "met" : "missed");
    fmt::print("{:<5} of the limit              goal: >= {:.2f}, measured {:.2f}: {}\n", format, kLimitGoal,
               share, share >= kLimitGoal ? "met" : "missed");
}

void run(std::size_t devices) {
    const TemporaryFolder folder;
    print_machine(folder.path());
    fmt::print("{:<40}{:>9}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "", "devices", "CPU us", "user us", "kernel us",
               "wall us", "per CPU-s");
    const Cost by_hand = original(folder.path() / "original");
    print_row("original: three openssl, one shell", by_hand);
    const Cost floor = limit();
    print_row("limit: key, signature, check", floor);
    const std::string csv = csv_of(devices);
    const Cost der = countersign_bulk(folder.path() / "der", csv, lifecycle::Format::der);
    print_row("countersign issue --csv --format der", der);
    const Cost both = countersign_bulk(folder.path() / "both", csv, lifecycle::Format::both);
    print_row("countersign issue --csv --format both", both);
    fmt::print("\n");
    print_goals("der", der, by_hand, floor);
    print_goals("both", both, by_hand, floor);
}

std::size_t devices_from(int argc, char** argv) {
    std::size_t devices = kDefaultDevices;
    if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), devices);
    return devices;
}

}  // namespace

// Benchmarks tell; they do not gate.
int main(int argc, char** argv) {
    try {
        run(devices_from(argc, argv));
    } catch (const std::exception& error) {
        fmt::print("not measured: {}\n", error.what());
    }
    return 0;
}
