#include "host/broker/ownership.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "host/base/beneath.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/tree.h"
#include "host/broker/config.h"
#include "host/broker/own_lines.h"

namespace countersign::broker {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUser = "mosquitto";  // what Debian's package creates and Mosquitto becomes by default
constexpr mode_t kSharedFolder = 02755;
constexpr std::size_t kMaxPlugin = std::size_t{64} << 20;

struct Identity {
    uid_t user;
    std::vector<gid_t> groups;
};

std::optional<Identity> find_user(const std::string& name) {
    const passwd* entry = ::getpwnam(name.c_str());
    if (entry == nullptr) return std::nullopt;
    Identity identity{entry->pw_uid, std::vector<gid_t>(64)};
    int count = static_cast<int>(identity.groups.size());
    if (::getgrouplist(name.c_str(), entry->pw_gid, identity.groups.data(), &count) < 0) {
        count = static_cast<int>(identity.groups.size());
    }
    identity.groups.resize(static_cast<std::size_t>(count));
    return identity;
}

bool has_group(const Identity& who, gid_t group) {
    return std::find(who.groups.begin(), who.groups.end(), group) != who.groups.end();
}

// `bit` is 4 to read, 1 to enter. The kernel asks the first class that fits, and only that one.
bool allows(const struct stat& info, const Identity& who, unsigned bit) {
    if (info.st_uid == who.user) return (info.st_mode & (bit << 6)) != 0;
    if (has_group(who, info.st_gid)) return (info.st_mode & (bit << 3)) != 0;
    return (info.st_mode & bit) != 0;
}

[[noreturn]] void fail(const fs::path& path) {
    throw Error(Code::FileWrite, fmt::format("{}: {}.", path.string(), std::strerror(errno)));
}

Descriptor open_folder(const fs::path& path) {
    Descriptor folder = open_path(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!folder) fail(path);
    return folder;
}

// One file of a folder in which nobody else can put another in its place: a plain one with this name only.
// Whatever else has the name (out of a backup, say) stays whose it is.
void give(const Descriptor& folder, const std::string& name, uid_t user, gid_t group) {
    const Descriptor file(
        ::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1) return;
    if (info.st_uid == user && info.st_gid == group) return;
    if (::fchown(file.get(), user, group) != 0) fail(name);
}

// Once, while it is root's: from then on the broker's user can put into it what it likes, and what is in it
// is no business of root's any more.
void give_data(const fs::path& path, const passwd& user) {
    const Descriptor data = open_folder(path);
    struct stat info {};
    if (::fstat(data.get(), &info) != 0) fail(path);
    if (info.st_uid != 0 || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) return;
    for (const auto& entry : entries_in(path)) {
        if (entry.kind == EntryKind::file) give(data, entry.name, user.pw_uid, user.pw_gid);
    }
    if (::fchown(data.get(), user.pw_uid, user.pw_gid) != 0) fail(path);
}

// The user and its first group, when files have to be handed over at all.
const passwd* receiver() {
    const std::string user = broker_user();
    return user.empty() ? nullptr : ::getpwnam(user.c_str());
}

}  // namespace

std::string broker_user() {
    return ::geteuid() == 0 && ::getpwnam(kUser) != nullptr ? kUser : "";
}

void make_broker_folder(const fs::path& folder) {
    make_folder(folder, kPublicFolder);
    make_folder(folder / "data", kPrivateFolder);
    make_folder(OwnFiles(folder).config, kPublicFolder);
    hand_over(folder);
}

void hand_over(const fs::path& folder) {
    const passwd* user = receiver();
    if (user == nullptr) return;
    const Files files(folder);
    const Descriptor shared = open_folder(folder);
    if (::fchown(shared.get(), 0, user->pw_gid) != 0 || ::fchmod(shared.get(), kSharedFolder) != 0)
        fail(folder);
    give(shared, files.key.filename(), user->pw_uid, user->pw_gid);
    give(shared, files.admission.filename(), 0, user->pw_gid);
    give_data(files.data, *user);
}

void check_reachable(const fs::path& path, const std::string& user) {
    if (user.empty()) return;
    const auto who = find_user(user);
    if (!who) throw Error(Code::HomeUnreachable, fmt::format("There is no user {} on this computer.", user));
    fs::path way;
    for (const auto& part : fs::absolute(path)) {
        way /= part;
        struct stat info {};
        if (::stat(way.c_str(), &info) != 0) {
            throw Error(Code::FileRead, fmt::format("{}: {}.", way.string(), std::strerror(errno)));
        }
        const bool folder = S_ISDIR(info.st_mode);
        if (allows(info, *who, folder ? 1 : 4)) continue;
        throw Error(Code::HomeUnreachable, fmt::format("{} cannot {} {}, which the broker needs.", user,
                                                       folder ? "enter" : "read", way.string()));
    }
}

void place_plugin(const fs::path& folder) {
    std::vector<fs::path> places;
    if (const char* named = std::getenv("COUNTERSIGN_PLUGIN"); named != nullptr) places.emplace_back(named);
    std::error_code ignored;
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    places.push_back(program / "../lib/countersign_plugin.so");
    places.push_back(program / "../lib/countersign/countersign_plugin.so");
    const auto found =
        std::find_if(places.begin(), places.end(), [](const fs::path& p) { return fs::exists(p); });
    if (found == places.end()) {
        throw Error(Code::ToolMissing, "countersign_plugin.so is not beside this program.",
                    "build it, or name it in COUNTERSIGN_PLUGIN");
    }
    const fs::path target = Files(folder).plugin;
    const auto content = read_file(*found, kMaxPlugin);
    if (fs::exists(target) && read_file(target, kMaxPlugin) == content) return;
    write_file(target, content, kPublicFile);
}

}  // namespace countersign::broker
