// What the benchmarks share: they tell and do not gate, so whatever fails ends them with a sentence.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::bench {

// Throws Error{Internal}: "WHAT failed".
void expect(bool holds, std::string_view what);

// Of this source tree.
[[nodiscard]] std::filesystem::path source_folder();

// A folder that goes when the benchmark does. Others may enter it: Mosquitto must, after it has dropped root.
class TemporaryFolder {
  public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  private:
    std::filesystem::path path_;
};

// The CPU time another process has used so far, in user mode and in the kernel.
[[nodiscard]] double cpu_seconds(pid_t pid);

// `share` 0.5 is the median. Not empty.
[[nodiscard]] double percentile(std::vector<double> values, double share);

// "Intel Xeon …, 2 threads, load 0.3; Linux 6.1.0 x86_64": beside every figure.
[[nodiscard]] std::string machine();

}  // namespace countersign::bench
