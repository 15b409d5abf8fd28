#include "bench/support/versions.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <vector>

#include "bench/support/support.h"
#include "host/base/subprocess.h"

namespace countersign::bench {
namespace {

std::string first_line_of(const std::vector<std::string>& argv) {
    const auto result = run_command(argv, std::chrono::seconds(10));
    return result.output.substr(0, result.output.find('\n'));
}

}  // namespace

std::string compiler_version() {
#ifdef __clang__
    return fmt::format("Clang {}", __clang_version__);
#else
    return fmt::format("GCC {}", __VERSION__);
#endif
}

std::string mosquitto_version() {
    return first_line_of({find_program("mosquitto"), "-h"});
}

std::string board_version() {
    const std::string firmware = source_folder() / "build/libexec/micropython";
    return "MicroPython " + first_line_of({firmware, "-c",
                                           "import sys, tls; print('.'.join(str(n) for n in "
                                           "sys.implementation[1][:3]) + ', ' + tls.MBEDTLS_VERSION)"});
}

std::string qemu_version() {
    const auto qemu = find_program("qemu-system-riscv32");
    return qemu.empty() ? std::string() : first_line_of({qemu, "--version"});
}

std::string versions() {
    std::string text = fmt::format("{}; {}; {}; {}", compiler_version(), mosquitto_version(),
                                   OpenSSL_version(OPENSSL_VERSION), board_version());
    if (const std::string qemu = qemu_version(); !qemu.empty()) text += "; " + qemu;
    return text;
}

}  // namespace countersign::bench
