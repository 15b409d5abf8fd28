#include "host/lifecycle/change_set.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/broker/ca_folder.h"
#include "host/lifecycle/root_list.h"

namespace countersign::lifecycle {
namespace {

namespace fs = std::filesystem;

fs::path prepared(const Home& home) {
    return home.root() / ".change.new";
}

fs::path committed(const Home& home) {
    return home.root() / ".change";
}

std::vector<fs::path> files_in(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), folder));
    }
    return files;
}

// As root: what takes a file's place belongs to whom that one did. The broker's key is the broker's user's.
void keep_owner(const fs::path& file, const fs::path& target) {
    struct stat old {};
    if (::geteuid() != 0 || ::lstat(target.c_str(), &old) != 0) return;
    if (::lchown(file.c_str(), old.st_uid, old.st_gid) != 0) {
        throw Error(Code::FileWrite, fmt::format("{}: {}.", file.string(), std::strerror(errno)));
    }
}

// What is made of the files that were replaced. Before the set is gone: a killed command's successor does it
// again.
void follow(const Home& home) {
    broker::place_cas(home.broker());
    write_list_chain(home);
}

}  // namespace

ChangeSet::ChangeSet(const Home& home) : home_(home) {
    fs::remove_all(prepared(home_));
    make_folder(prepared(home_), kPrivateFolder);
}

void ChangeSet::put(const fs::path& target, std::string_view content, mode_t mode) {
    const fs::path file = prepared(home_) / fs::relative(target, home_.root());
    make_folder(file.parent_path(), kPrivateFolder);
    write_new_file(file, content, mode, true);
}

void ChangeSet::commit() {
    for (const auto& file : files_in(prepared(home_))) sync_folder((prepared(home_) / file).parent_path());
    sync_folder(prepared(home_));
    fs::rename(prepared(home_), committed(home_));
    sync_folder(home_.root());
    finish_change_set(home_);
}

bool finish_change_set(const Home& home) {
    fs::remove_all(prepared(home));  // there may be keys in it that nobody will ever use
    const fs::path from = committed(home);
    if (!fs::exists(from)) return false;
    for (const auto& file : files_in(from)) {
        const fs::path target = home.root() / file;
        make_folder(target.parent_path(), kPrivateFolder);
        keep_owner(from / file, target);
        fs::rename(from / file, target);
        sync_folder(target.parent_path());
    }
    follow(home);
    fs::remove_all(from);
    sync_folder(home.root());
    return true;
}

}  // namespace countersign::lifecycle
