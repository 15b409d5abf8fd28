#include "bench/support/support.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <thread>

#include "host/base/error.h"

namespace countersign::bench {
namespace fs = std::filesystem;

void expect(bool holds, std::string_view what) {
    if (!holds) throw Error(Code::Internal, fmt::format("{} failed", what));
}

fs::path source_folder() {
    return COUNTERSIGN_BENCH_SOURCE;
}

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "countersign-bench-XXXXXX").string();
    expect(::mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    path_ = pattern;
    fs::permissions(path_, fs::perms(0755));
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

double cpu_seconds(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string line{std::istreambuf_iterator<char>(file), {}};
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string skipped;
    double user = 0, system = 0;
    for (int i = 0; i < 11; ++i) fields >> skipped;  // proc(5): utime is field 14, the name was field 2
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double percentile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

std::string machine() {
    std::string processor = "unknown processor";
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        const std::size_t colon = line.find(": ");
        if (!line.starts_with("model name") || colon == std::string::npos) continue;
        processor = line.substr(colon + 2);
        break;
    }
    utsname system{};
    ::uname(&system);
    std::array<double, 1> load{};
    ::getloadavg(load.data(), 1);
    return fmt::format("{}, {} threads, load {:.1f}; {} {} {}", processor,
                       std::thread::hardware_concurrency(), load[0], system.sysname, system.release,
                       system.machine);
}

}  // namespace countersign::bench
