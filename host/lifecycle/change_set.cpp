#include "host/lifecycle/change_set.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "host/base/beneath.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/tree.h"
#include "host/broker/ca_folder.h"
#include "host/lifecycle/crl_publication.h"
#include "host/lifecycle/root_list.h"

namespace countersign::lifecycle {
namespace {

namespace fs = std::filesystem;

constexpr std::ptrdiff_t kMaxDepth = 3;  // authority/anchors/2

fs::path prepared(const Home& home) {
    return home.root() / ".change.new";
}

fs::path committed(const Home& home) {
    return home.root() / ".change";
}

bool is_number(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// What a command may want to replace as one of several: certificates, keys and lists in their folders, anchor
// sets, settings. Whatever else lies in a committed set (what Mosquitto is to load, say), no command put
// there.
bool may_be_replaced(const Home& home, const fs::path& target) {
    if (target == home.settings() || target == home.rollover()) return true;
    const fs::path folder = target.parent_path();
    const fs::path end = target.extension();
    if (folder == home.anchor_set(1).parent_path()) return is_number(target.filename());
    if (folder == crl_files(home).der.parent_path()) return end == ".crl" || end == ".pem";
    return end == ".pem" && (folder == home.authority() || folder == home.broker() ||
                             folder == home.operator_folder() || folder == home.responder_folder());
}

// The files of a set, by their places in the home. Throws Error{HomeUnsafe} when there is anything else in
// it.
std::vector<fs::path> files_in(const Home& home, const fs::path& folder, const fs::path& below = {}) {
    std::vector<fs::path> files;
    for (const auto& entry : entries_in(folder / below)) {
        const fs::path file = below / entry.name;
        if (entry.kind == EntryKind::folder && std::distance(file.begin(), file.end()) <= kMaxDepth) {
            const auto inner = files_in(home, folder, file);
            files.insert(files.end(), inner.begin(), inner.end());
        } else if (entry.kind == EntryKind::file && may_be_replaced(home, home.root() / file)) {
            files.push_back(file);
        } else {
            throw Error(Code::HomeUnsafe,
                        fmt::format("{} is there, and no command put it there.", (folder / file).string()),
                        fmt::format("rm -r '{}'", folder.string()));
        }
    }
    return files;
}

// As root: what takes a file's place belongs to whom that one did. The broker's key is the broker's user's.
void keep_owner(const fs::path& file, const fs::path& target) {
    struct stat old {};
    const Entry there(target);
    if (::geteuid() != 0 || !there.folder ||
        ::fstatat(there.folder.get(), there.name.c_str(), &old, AT_SYMLINK_NOFOLLOW) != 0) {
        return;
    }
    const Descriptor ours = open_file(file, O_RDONLY, Code::FileWrite);
    if (::fchown(ours.get(), old.st_uid, old.st_gid) != 0) {
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
    remove_tree(prepared(home_));
    make_folder(prepared(home_), kPrivateFolder);
}

void ChangeSet::put(const fs::path& target, std::string_view content, mode_t mode) {
    if (!may_be_replaced(home_, target))
        throw Error(Code::Internal, target.string() + " is not replaced so.");
    const fs::path file = prepared(home_) / target.lexically_relative(home_.root());
    make_folder(file.parent_path(), kPrivateFolder);
    write_new_file(file, content, mode, true);
}

void ChangeSet::commit() {
    for (const auto& file : files_in(home_, prepared(home_)))
        sync_folder((prepared(home_) / file).parent_path());
    sync_folder(prepared(home_));
    if (!rename_entry(prepared(home_), committed(home_))) {
        throw Error(Code::FileWrite, fmt::format("{} is in the way.", committed(home_).string()));
    }
    sync_folder(home_.root());
    finish_change_set(home_);
}

bool finish_change_set(const Home& home) {
    remove_tree(prepared(home));  // there may be keys in it that nobody will ever use
    const fs::path from = committed(home);
    if (!fs::exists(fs::symlink_status(from))) return false;
    for (const auto& file : files_in(home, from)) {
        const fs::path target = home.root() / file;
        make_folder(target.parent_path(), kPrivateFolder);
        keep_owner(from / file, target);
        if (!rename_entry(from / file, target)) {
            throw Error(Code::FileWrite, fmt::format("{} is in the way.", target.string()));
        }
        sync_folder(target.parent_path());
    }
    follow(home);
    remove_tree(from);
    sync_folder(home.root());
    return true;
}

}  // namespace countersign::lifecycle
