#include "tests/sim/boards.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <system_error>

namespace countersign::sim {
namespace {

// Where devices.py expects them.
constexpr int kFromWorld = 3;
constexpr int kToWorld = 4;
constexpr std::uint32_t kMaxFrame = 1U << 20;

struct Channel {
    int read = -1;
    int write = -1;
};

Channel make_channel() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
    return {ends[0], ends[1]};
}

[[noreturn]] void become_boards(const BoardsConfig& config, int from_world, int to_world) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Out of the way first: the two numbers may be taken by the other end.
    const int from = fcntl(from_world, F_DUPFD, 10);
    const int to = fcntl(to_world, F_DUPFD, 10);
    dup2(from, kFromWorld);
    dup2(to, kToWorld);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    const std::string path = config.package.string() + ":" + config.scripts.string() + ":.frozen";
    const std::string heap = "heapsize=" + config.heap;
    setenv("MICROPYPATH", path.c_str(), 1);
    const std::string script = (config.scripts / "devices.py").string();
    execl(config.micropython.c_str(), "micropython", "-X", heap.c_str(), script.c_str(), config.seed.c_str(),
          config.arithmetic.c_str(), nullptr);
    _exit(127);
}

// False at the end of the stream.
bool read_all(int fd, void* to, std::size_t size) {
    auto* at = static_cast<std::uint8_t*>(to);
    while (size > 0) {
        const ssize_t count = read(fd, at, size);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        at += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

void write_all(int fd, BlobView data) {
    while (!data.empty()) {
        const ssize_t count = write(fd, data.data(), data.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw std::system_error(errno, std::generic_category(), "the boards have gone");
        data = data.subspan(static_cast<std::size_t>(count));
    }
}

std::string read_text_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Boards::Boards(const BoardsConfig& config) {
    std::signal(SIGPIPE, SIG_IGN);
    const Channel down = make_channel();
    const Channel up = make_channel();
    pid_ = fork();
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid_ == 0) become_boards(config, down.read, up.write);
    close(down.read);
    close(up.write);
    to_ = down.write;
    from_ = up.read;
}

Boards::~Boards() {
    close(to_);
    close(from_);
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

std::optional<Blob> Boards::question() {
    std::uint32_t size = 0;
    if (!read_all(from_, &size, sizeof size)) return std::nullopt;
    if (size == 0 || size > kMaxFrame) throw std::runtime_error("a frame of an impossible size");
    Blob frame(size);
    if (!read_all(from_, frame.data(), size)) return std::nullopt;
    return frame;
}

void Boards::answer(const FrameWriter& fields) {
    FrameWriter frame;
    const auto size = static_cast<std::uint32_t>(fields.data().size());
    frame.raw({reinterpret_cast<const std::uint8_t*>(&size), sizeof size}).raw(fields.data());
    write_all(to_, frame.data());
}

PackageCopy::PackageCopy(const std::filesystem::path& package, const std::vector<Replacement>& replacements) {
    std::string pattern = std::filesystem::temp_directory_path() / "countersign-sim.XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr)
        throw std::system_error(errno, std::generic_category(), "mkdtemp");
    folder_ = pattern;
    std::filesystem::create_directory(folder_ / "countersign");
    for (const auto& entry : std::filesystem::directory_iterator(package)) {
        if (entry.path().extension() != ".py") continue;
        std::string text = read_text_file(entry.path());
        for (const auto& one : replacements) {
            if (one.file != entry.path().filename()) continue;
            const auto at = text.find(one.from);
            if (at == std::string::npos || text.find(one.from, at + 1) != std::string::npos) {
                throw std::runtime_error(one.file + " does not have this once: " + one.from);
            }
            text.replace(at, one.from.size(), one.to);
        }
        std::ofstream(folder_ / "countersign" / entry.path().filename(), std::ios::binary) << text;
    }
}

PackageCopy::~PackageCopy() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

}  // namespace countersign::sim
