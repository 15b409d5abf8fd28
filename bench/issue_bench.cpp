// What a device costs from a line of a CSV file to its files and its rows, beside what it cost by hand (three
// openssl programs run by a shell) and what no program can beat (a key, a signature and a check of it).
//
// issue_bench [DEVICES]: all in one run, and by turns, so that whatever else the machine does falls on all of
// them alike. CPU time is that of this process and its children, in user mode and in the kernel. TMPDIR says
// on which file system; how much of the cost is its own, a row shows that does nothing but make the files.
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/support/support.h"
#include "host/base/clock.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/subprocess.h"
#include "host/lifecycle/bulk_issue.h"
#include "host/lifecycle/init.h"
#include "host/pki/openssl.h"

namespace {

using namespace countersign;         // NOLINT(google-build-using-namespace)
using namespace countersign::bench;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

constexpr std::size_t kRounds = 5;
constexpr std::size_t kOriginalDevices = 6;  // each round
constexpr std::size_t kLimitDevices = 1'000;
constexpr std::size_t kDefaultDevices = 20'000;  // in all rounds
constexpr double kOriginalGoal = 100;
constexpr double kLimitGoal = 0.5;

// --- measuring

struct Cost {
    double user = 0, system = 0, wall = 0;  // seconds
    std::size_t devices = 0;

    Cost& operator+=(const Cost& other) {
        user += other.user;
        system += other.system;
        wall += other.wall;
        devices += other.devices;
        return *this;
    }
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
            seconds(self.ru_stime) + seconds(children.ru_stime), std::chrono::duration<double>(wall).count(),
            0};
}

template <class Work>
Cost cost_of(std::size_t devices, const Work& work) {
    const Cost before = spent_so_far();
    work();
    const Cost after = spent_so_far();
    return {after.user - before.user, after.system - before.system, after.wall - before.wall, devices};
}

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

class Original {
  public:
    explicit Original(fs::path folder) : folder_(std::move(folder)) {
        fs::create_directory(folder_);
        shell(kCaByHand, folder_, "");
    }

    Cost round() {
        return cost_of(kOriginalDevices, [&] {
            for (std::size_t i = 0; i < kOriginalDevices; ++i) {
                shell(kDeviceByHand, folder_, fmt::format("device-{}", made_++));
            }
        });
    }

  private:
    fs::path folder_;
    std::size_t made_ = 0;
};

// --- the limit: nothing but a key, a signature and a check of it, with everything set up beforehand

pki::PkeyContextPtr context_for(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*)) {
    pki::PkeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    expect(context != nullptr && init(context.get()) == 1, "EVP_PKEY_CTX_new_from_pkey");
    return context;
}

class Limit {
  public:
    Limit() {
        expect(
            EVP_PKEY_keygen_init(keys_.get()) == 1 && EVP_PKEY_CTX_set_group_name(keys_.get(), "P-256") == 1,
            "EVP_PKEY_keygen_init");
    }

    Cost round() {
        return cost_of(kLimitDevices, [&] {
            for (std::size_t i = 0; i < kLimitDevices; ++i) one();
        });
    }

  private:
    void one() {
        EVP_PKEY* made = nullptr;
        expect(EVP_PKEY_generate(keys_.get(), &made) == 1, "EVP_PKEY_generate");
        EVP_PKEY_free(made);
        std::array<std::uint8_t, 32> digest{};
        EVP_Digest(to_be_signed_.data(), to_be_signed_.size(), digest.data(), nullptr, sha256_, nullptr);
        std::array<std::uint8_t, 80> signature{};
        std::size_t length = signature.size();
        expect(EVP_PKEY_sign(signing_.get(), signature.data(), &length, digest.data(), digest.size()) == 1,
               "EVP_PKEY_sign");
        expect(EVP_PKEY_verify(checking_.get(), signature.data(), length, digest.data(), digest.size()) == 1,
               "EVP_PKEY_verify");
    }

    pki::PkeyContextPtr keys_{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
    pki::PkeyPtr ca_{EVP_EC_gen("P-256")};
    pki::PkeyContextPtr signing_ = context_for(ca_.get(), EVP_PKEY_sign_init);
    pki::PkeyContextPtr checking_ = context_for(ca_.get(), EVP_PKEY_verify_init);
    const EVP_MD* sha256_ = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    std::vector<std::uint8_t> to_be_signed_ = std::vector<std::uint8_t>(360, 0x5a);  // a device's is as long
};

// --- the file system's price: a folder, the three files of --format der, a rename, and nothing else

class BareFiles {
  public:
    explicit BareFiles(fs::path folder) : staging_(folder / "staging"), devices_(folder / "devices") {
        make_folder(staging_, kPrivateFolder);
        make_folder(devices_, kPrivateFolder);
    }

    Cost round(std::size_t devices) {
        return cost_of(devices, [&] {
            for (std::size_t i = 0; i < devices; ++i) one(fmt::format("device-{:06}", made_++));
            sync_filesystem(devices_);
        });
    }

  private:
    void one(const std::string& name) {
        const std::string folder = staging_ / name;
        expect(::mkdir(folder.c_str(), kPrivateFolder) == 0, "mkdir");
        file(folder + "/crt.der", 520);
        file(folder + "/key.der", 138);
        file(folder + "/ca.der", 434);
        expect(::rename(folder.c_str(), (devices_ / name).c_str()) == 0, "rename");
    }

    static void file(const std::string& path, std::size_t size) {
        static const std::array<std::uint8_t, 520> kContent{};
        const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPrivateFile);
        expect(fd >= 0 && ::write(fd, kContent.data(), size) == static_cast<ssize_t>(size), "write");
        ::close(fd);
    }

    fs::path staging_;
    fs::path devices_;
    std::size_t made_ = 0;
};

// --- Countersign: what `countersign issue --csv` does, in a home made for it

class Countersign {
  public:
    Countersign(fs::path root, lifecycle::Format format) : home_(std::move(root)), format_(format) {
        make_folder(home_.root(), kPublicFolder);
        lifecycle::prepare_init(home_);
        (void)lifecycle::init(home_, {.hosts = {pki::HostName::parse("127.0.0.1")}}, Secret{}, clock_);
    }

    Cost round(std::size_t devices) {
        const std::string csv = next_list(devices);
        return cost_of(devices, [&] {
            lifecycle::OpenHome open(home_, clock_);
            lifecycle::IssuingAuthority authority(home_, Secret{}, clock_);
            lifecycle::BulkDefaults defaults;
            defaults.format = format_;
            const auto result =
                lifecycle::bulk_issue(open, authority, lifecycle::parse_device_csv(csv).devices, defaults,
                                      [](std::size_t, std::size_t) {});
            expect(result.issued == devices && result.problems.empty(), "bulk_issue");
        });
    }

  private:
    std::string next_list(std::size_t devices) {
        std::string csv = "name\n";
        for (std::size_t i = 0; i < devices; ++i) csv += fmt::format("device-{:06}\n", listed_++);
        return csv;
    }

    SystemClock clock_;
    lifecycle::Home home_;
    lifecycle::Format format_;
    std::size_t listed_ = 0;
};

// --- telling

void print_machine(const fs::path& folder) {
    fmt::print("{}\n", machine());
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

// ext4 walks past inodes that were freed in the last five minutes, as a test run or this benchmark frees
// them.
void print_slow_files() {
    fmt::print(
        "This file system makes files several times slower than usual, as ext4 does for five minutes after\n"
        "many were deleted. Try again later, or elsewhere: TMPDIR=/dev/shm ./dev bench issue\n");
}

void run(std::size_t devices) {
    const TemporaryFolder folder;
    print_machine(folder.path());
    fmt::print("{:<40}{:>9}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "", "devices", "CPU us", "user us", "kernel us",
               "wall us", "per CPU-s");
    Original original(folder.path() / "original");
    Limit limit;
    BareFiles files(folder.path() / "files");
    Countersign der(folder.path() / "der", lifecycle::Format::der);
    Countersign both(folder.path() / "both", lifecycle::Format::both);
    Cost by_hand, floor, bare, in_der, in_both;
    for (std::size_t i = 0; i < kRounds; ++i) {
        by_hand += original.round();
        floor += limit.round();
        bare += files.round(devices / kRounds);
        in_der += der.round(devices / kRounds);
        in_both += both.round(devices / kRounds);
    }
    print_row("original: three openssl, one shell", by_hand);
    print_row("limit: key, signature, check", floor);
    print_row("files: a folder, three files, a rename", bare);
    print_row("countersign issue --csv --format der", in_der);
    print_row("countersign issue --csv --format both", in_both);
    if (bare.cpu_each() > 2 * floor.cpu_each()) print_slow_files();
    fmt::print("\n");
    print_goals("der", in_der, by_hand, floor);
    print_goals("both", in_both, by_hand, floor);
}

std::size_t devices_from(int argc, char** argv) {
    std::size_t devices = kDefaultDevices;
    if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), devices);
    return std::max(devices, kRounds);
}

}  // namespace

// Benchmarks tell; they do not gate.
int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    try {
        run(devices_from(argc, argv));
    } catch (const std::exception& error) {
        fmt::print("not measured: {}\n", error.what());
    }
    return 0;
}
