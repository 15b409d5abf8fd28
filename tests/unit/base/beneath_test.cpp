#include "host/base/beneath.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <functional>
#include <thread>

#include "host/base/files.h"
#include "host/base/subprocess.h"
#include "host/base/temporary.h"
#include "host/base/tree.h"
#include "tests/support/temporary_folder.h"

namespace countersign {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

Code code_of(const std::function<void()>& act) {
    try {
        act();
    } catch (const Error& error) {
        return error.id();
    }
    return Code::Internal;
}

// A folder `home` that nothing leads out of, beside a folder `outside` with a file.
struct Confined {
    Confined() {
        make_folder(home / "inner", kPrivateFolder);
        make_folder(outside, kPrivateFolder);
        write_file(outside / "file", "untouched", kPrivateFile);
        fs::create_directory_symlink(outside, home / "link");
        fs::create_symlink(outside / "file", home / "inner/file_link");
        confine(home);
    }
    void expect_untouched() const {
        EXPECT_EQ(read_text(outside / "file"), "untouched");
        EXPECT_EQ(std::distance(fs::directory_iterator(outside), fs::directory_iterator()), 1);
    }
    TemporaryFolder folder;
    fs::path home = folder / "home";
    fs::path outside = folder / "outside";
};

// What each does to the path is another thing; none may reach what lies outside.
TEST(Confine, NothingOfFilesLeadsOutOverALinkOrUpwards) {
    const Confined here;
    const std::vector<std::pair<const char*, std::function<void(const fs::path&)>>> acts{
        {"write_file", [](const fs::path& path) { write_file(path, "evil", kPublicFile); }},
        {"write_new_file", [](const fs::path& path) { write_new_file(path, "evil", kPublicFile, true); }},
        {"read_file", [](const fs::path& path) { (void)read_file(path); }},
        {"make_folder", [](const fs::path& path) { make_folder(path / "new", kPrivateFolder); }},
        {"sync_folder", [](const fs::path& path) { sync_folder(path.parent_path()); }},
        {"FileLock", [](const fs::path& path) { const FileLock lock(path); }},
        {"is_locked", [](const fs::path& path) { (void)is_locked(path); }},
        {"rename to", [&](const fs::path& path) { rename_entry(here.home / "inner", path); }},
        {"rename from", [&](const fs::path& path) { rename_entry(path, here.home / "stolen"); }},
        {"remove_file", [](const fs::path& path) { remove_file(path); }},
        {"remove_tree", [](const fs::path& path) { remove_tree(path); }},
        {"entries_in", [](const fs::path& path) { (void)entries_in(path.parent_path()); }},
        {"remove_leftovers", [](const fs::path& path) { remove_leftovers(path.parent_path()); }},
    };
    for (const auto& [what, act] : acts) {
        for (const fs::path& path : {here.home / "link/file", here.home / "../outside/file"}) {
            EXPECT_EQ(code_of([&] { act(path); }), Code::HomeUnsafe) << what << " " << path;
            here.expect_untouched();
        }
    }
    EXPECT_EQ(code_of([&] { (void)read_file(here.home / "inner/file_link"); }), Code::HomeUnsafe);
    EXPECT_EQ(code_of([&] { const FileLock lock(here.home / "inner/file_link"); }), Code::HomeUnsafe);
    write_file(here.home / "inner/file_link", "ours", kPublicFile);  // takes the link's place
    here.expect_untouched();
    remove_tree(here.home / "link");
    remove_tree(here.home / "inner");
    here.expect_untouched();
}

TEST(Confine, TheStepwiseWayHoldsAsOpenat2Does) {
    const Confined here;
    const Descriptor home(::open(here.home.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    write_file(here.home / "inner/own", "ours", kPrivateFile);
    for (auto* open : {detail::open_beneath, detail::open_by_steps}) {
        const auto tried = [&](const std::string& path, int flags) {
            const Descriptor file(open(home.get(), path, flags | O_CLOEXEC, 0600));
            return file ? 0 : errno;
        };
        EXPECT_EQ(tried("inner/own", O_RDONLY), 0);
        EXPECT_EQ(tried("inner//./own", O_RDONLY), 0);
        EXPECT_EQ(tried("inner", O_PATH | O_DIRECTORY), 0);
        EXPECT_EQ(tried("inner/none", O_RDONLY), ENOENT);
        EXPECT_EQ(tried("inner/own/below", O_RDONLY), ENOTDIR);
        EXPECT_EQ(tried("link/file", O_RDONLY), ELOOP);
        EXPECT_EQ(tried("link/new", O_WRONLY | O_CREAT), ELOOP);
        EXPECT_EQ(tried("link", O_RDONLY | O_DIRECTORY), ELOOP);
        EXPECT_EQ(tried("inner/file_link", O_WRONLY), ELOOP);
        EXPECT_EQ(tried("../outside/file", O_RDONLY), EXDEV);
        EXPECT_EQ(tried("/etc/passwd", O_RDONLY), EXDEV);
    }
    here.expect_untouched();
}

TEST(Confine, FollowsTheFolderThatIsThere) {
    TemporaryFolder folder;
    const fs::path home = folder / "home";
    confine(home);
    EXPECT_EQ(code_of([&] { (void)read_file(home / "file"); }), Code::FileRead);
    make_folder(home, kPrivateFolder);
    write_file(home / "file", "first", kPrivateFile);
    remove_tree(home);
    make_folder(home, kPrivateFolder);
    write_file(home / "file", "second", kPrivateFile);
    EXPECT_EQ(read_text(home / "file"), "second");
}

TEST(Confine, RefusesAFolderThatOthersMayChange) {
    TemporaryFolder folder;
    const fs::path home = folder / "home";
    make_folder(home, kPrivateFolder);
    write_file(home / "file", "text", kPrivateFile);
    const auto with = [&](const fs::path& path, mode_t mode) {
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        const Descriptor opened(::open(home.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        const Code code = code_of([&] { check_hands(opened.get()); });
        EXPECT_EQ(::chmod(path.c_str(), 0755), 0);
        return code;
    };
    EXPECT_EQ(with(home, 0755), Code::Internal) << "nothing is wrong with it";
    EXPECT_EQ(with(home, 0757), Code::HomeUnsafe);
    EXPECT_EQ(with(folder.path(), 0757), Code::HomeUnsafe);
    EXPECT_EQ(with(home, 01777), Code::HomeUnsafe) << "a sticky home is still open to new files";
    EXPECT_EQ(with(folder.path(), 01777), Code::Internal) << "as /tmp";
}

TEST(ReadFile, TakesPlainFilesOnly) {
    const TemporaryFolder folder;
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    for (const fs::path& path :
         {folder / "pipe", fs::path("/dev/zero"), fs::path("/dev/null"), folder.path()}) {
        EXPECT_EQ(code_of([&] { (void)read_file(path); }), Code::FileRead) << path;
        EXPECT_EQ(code_of([&] { const FileLock lock(path); }), Code::FileWrite) << path;
    }
    EXPECT_EQ(code_of([&] { (void)open_file(folder / "pipe", O_WRONLY, Code::FileWrite); }), Code::FileWrite);
}

TEST(RemoveTree, GoesNoDeeperThanOursAndOverNoLink) {
    const TemporaryFolder folder;
    fs::path deep = folder / "tree";
    for (int i = 0; i < 60; ++i) deep /= "d";
    fs::create_directories(deep);
    EXPECT_EQ(code_of([&] { remove_tree(folder / "tree"); }), Code::FileWrite);
    fs::remove_all(folder / "tree");
    EXPECT_NO_THROW(remove_tree(folder / "tree"));
}

// A writer as long as the folder is cleaned: none of its files may vanish under its hands.
TEST(RemoveLeftovers, LeavesWhatALivingProcessWrites) {
    const TemporaryFolder folder;
    std::atomic<bool> done = false;
    int failed = 0;
    std::thread writer([&] {
        for (int i = 0; i < 300; ++i) {
            if (code_of([&] { write_file(folder / "file", std::string(20'000, 'x'), kPrivateFile); }) !=
                Code::Internal)
                ++failed;
        }
        done = true;
    });
    while (!done) remove_leftovers(folder.path());
    writer.join();
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(entries_in(folder.path()).size(), 1U);
}

TEST(RemoveLeftovers, RemovesWhatAKilledProcessLeft) {
    const TemporaryFolder folder;
    const pid_t child = ::fork();
    if (child == 0) {
        TemporaryFile file(folder / "key", kPrivateFile);
        file.write(std::vector<std::uint8_t>(100, 'x'));
        (void)::raise(SIGKILL);
    }
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    write_file(folder / "key.123.tmp", "as earlier versions named theirs", kPrivateFile);
    write_file(folder / "key.pem", "stays", kPrivateFile);
    EXPECT_EQ(entries_in(folder.path()).size(), 3U);
    {
        TemporaryFile ours(folder / "other", kPrivateFile);
        remove_leftovers(folder.path());
        EXPECT_EQ(entries_in(folder.path()).size(), 2U);
    }
    EXPECT_EQ(entries_in(folder.path()).size(), 1U);
}

}  // namespace
}  // namespace countersign
