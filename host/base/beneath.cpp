#include "host/base/beneath.h"

#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <vector>

namespace countersign {
namespace {

namespace fs = std::filesystem;

struct Confined {
    std::string root;
    int folder;  // -1: not opened yet
};

std::mutex mutex;
std::vector<Confined>& all_confined() {
    static std::vector<Confined> all;
    return all;
}

std::string without_end(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
}

bool begins_with(const std::string& path, const std::string& root) {
    return path.starts_with(root) && path.size() > root.size() && (path[root.size()] == '/' || root == "/");
}

// The folder's descriptor, opened and looked at when it is first needed, and again when another has taken its
// place; -1, and errno, when it cannot be.
int opened(Confined& confined) {
    struct stat info {};
    if (confined.folder >= 0 && ::fstat(confined.folder, &info) == 0 && info.st_nlink != 0)
        return confined.folder;
    if (confined.folder >= 0) ::close(confined.folder);
    confined.folder = -1;
    Descriptor folder(::open(confined.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return -1;
    check_hands(folder.get());
    return confined.folder = ::fcntl(folder.get(), F_DUPFD_CLOEXEC, 0);
}

// A path as seen from the root it is confined to.
struct Inside {
    int folder;  // -1: errno says why
    std::string relative;
};

std::optional<Inside> inside(const std::string& path) {
    const std::lock_guard lock(mutex);
    Confined* nearest = nullptr;
    for (auto& one : all_confined()) {
        if (begins_with(path, one.root) && (nearest == nullptr || one.root.size() > nearest->root.size()))
            nearest = &one;
    }
    if (nearest == nullptr) return std::nullopt;
    const auto begin = path.find_first_not_of('/', nearest->root.size());
    return Inside{opened(*nearest), begin == std::string::npos ? "." : path.substr(begin)};
}

std::string_view kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

Descriptor::~Descriptor() {
    const int reason = errno;
    if (fd_ >= 0) ::close(fd_);
    errno = reason;
}

void confine(const fs::path& root) {
    const std::lock_guard lock(mutex);
    const std::string text = without_end(root.string());
    for (const auto& one : all_confined())
        if (one.root == text) return;
    all_confined().push_back({text, -1});
}

Descriptor open_path(const fs::path& path, int flags, mode_t mode) {
    const auto place = inside(path.string());
    if (!place) return Descriptor(::open(path.c_str(), flags | O_CLOEXEC, mode));
    if (place->folder < 0) return Descriptor();
    Descriptor file(detail::open_beneath(place->folder, place->relative, flags | O_CLOEXEC, mode));
    if (!file && (errno == ELOOP || errno == EXDEV)) {
        throw Error(
            Code::HomeUnsafe,
            fmt::format("{}: there is a symbolic link on the way, which may lead out of the home folder.",
                        path.string()),
            "put what it points to in its place (a folder on another disk: mount --bind)");
    }
    return file;
}

Descriptor open_file(const fs::path& path, int flags, Code code, mode_t mode) {
    // A pipe would wait for its other end, a terminal become ours.
    Descriptor file = open_path(path, flags | O_NONBLOCK | O_NOCTTY, mode);
    struct stat info {};
    if (file && ::fstat(file.get(), &info) == 0) {
        if (S_ISREG(info.st_mode)) return file;
        throw Error(code, fmt::format("{} is {}, not a file.", path.string(), kind_of(info.st_mode)),
                    "give the path of a plain file");
    }
    if (errno == ENXIO) {  // a pipe that nobody reads, a device that is not there
        throw Error(code, fmt::format("{} is a pipe or a device, not a file.", path.string()),
                    "give the path of a plain file");
    }
    throw Error(code, fmt::format("{}: {}.", path.string(), std::strerror(errno)));
}

Entry::Entry(const fs::path& path) {
    const fs::path whole = path.has_filename() ? path : path.parent_path();  // "folder/"
    folder = open_path(whole.has_parent_path() ? whole.parent_path() : fs::path("."), O_PATH | O_DIRECTORY);
    name = whole.filename();
}

namespace detail {

int open_beneath(int folder, const std::string& relative, int flags, mode_t mode) {
    open_how how{};
    how.flags = static_cast<decltype(how.flags)>(flags);
    how.mode = (flags & O_CREAT) != 0 ? mode : 0;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    const long fd = ::syscall(SYS_openat2, folder, relative.c_str(), &how, sizeof how);
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
    return open_by_steps(folder, relative, flags, mode);
}

int open_by_steps(int folder, const std::string& relative, int flags, mode_t mode) {
    Descriptor here(::fcntl(folder, F_DUPFD_CLOEXEC, 0));
    std::size_t begin = 0;
    for (;;) {
        const std::size_t end = relative.find('/', begin);
        const std::string part = relative.substr(begin, end == std::string::npos ? end : end - begin);
        if (part == ".." || relative.starts_with('/')) {
            errno = EXDEV;
            return -1;
        }
        const bool last = end == std::string::npos;
        const std::string name = part.empty() ? "." : part;
        Descriptor next(
            last ? ::openat(here.get(), name.c_str(), flags | O_NOFOLLOW, mode)
                 : ::openat(here.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next) {
            const int reason = errno;
            struct stat info {};
            const bool link =
                ::fstatat(here.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
            errno = link ? ELOOP : reason;  // with O_DIRECTORY a link is ENOTDIR
            return -1;
        }
        if (last) return ::fcntl(next.get(), F_DUPFD_CLOEXEC, 0);
        here = std::move(next);
        begin = end + 1;
    }
}

}  // namespace detail
}  // namespace countersign
