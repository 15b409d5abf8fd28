#include "host/base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "host/base/error.h"
#include "tests/support/temporary_folder.h"

namespace countersign {
namespace {

using test::TemporaryFolder;

mode_t mode_of(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
}

std::size_t entries_in(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

Code code_of(const std::function<void()>& act) {
    try {
        act();
    } catch (const Error& error) {
        return error.id();
    }
    return Code::Internal;
}

TEST(WriteFile, KeepsTheAskedModeWhateverTheUmask) {
    const TemporaryFolder folder;
    const mode_t before = ::umask(0);
    write_file(folder / "key", "secret", kPrivateFile);
    ::umask(0077);
    write_file(folder / "public", "text", kPublicFile);
    ::umask(before);
    EXPECT_EQ(mode_of(folder / "key"), 0600U);
    EXPECT_EQ(mode_of(folder / "public"), 0644U);
}

TEST(WriteFile, ReplacesWholeAndLeavesNoTemporaryFile) {
    const TemporaryFolder folder;
    write_file(folder / "file", "first", kPublicFile);
    write_file(folder / "file", "second", kPublicFile);
    EXPECT_EQ(read_text(folder / "file"), "second");
    EXPECT_EQ(entries_in(folder.path()), 1U);
}

TEST(WriteFile, SaysWhichFileAndWhyWhenTheFolderIsMissing) {
    const TemporaryFolder folder;
    try {
        write_file(folder / "no/such/file", "x", kPublicFile);
        FAIL() << "wrote into a folder that is not there";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), "E-FILE-WRITE");
        EXPECT_NE(error.detail().find("no/such/file: No such file"), std::string::npos) << error.detail();
    }
}

TEST(WriteFile, LeavesTheTargetAloneWhenItCannotBeReplaced) {
    const TemporaryFolder folder;
    make_folder(folder / "taken", kPublicFolder);
    EXPECT_EQ(code_of([&] { write_file(folder / "taken", "x", kPublicFile); }), Code::FileWrite);
    EXPECT_EQ(entries_in(folder.path()), 1U) << "a temporary file stayed behind";
}

TEST(WriteNewFile, KeepsTheAskedModeWhateverTheUmask) {
    const TemporaryFolder folder;
    const mode_t before = ::umask(0);
    write_new_file(folder / "key", "secret", kPrivateFile, false);
    ::umask(0077);
    write_new_file(folder / "public", "text", kPublicFile, false);
    ::umask(before);
    EXPECT_EQ(mode_of(folder / "key"), 0600U);
    EXPECT_EQ(mode_of(folder / "public"), 0644U);
}

TEST(ReadFile, RefusesWhatIsLargerThanItsBound) {
    const TemporaryFolder folder;
    write_file(folder / "file", std::string(100, 'x'), kPublicFile);
    EXPECT_EQ(read_file(folder / "file", 100).size(), 100U);
    EXPECT_EQ(code_of([&] { (void)read_file(folder / "file", 99); }), Code::FileRead);
}

TEST(MakeFolder, MakesParentsAndKeepsAnExistingMode) {
    const TemporaryFolder folder;
    make_folder(folder / "a/b", kPrivateFolder);
    EXPECT_EQ(mode_of(folder / "a/b"), 0700U);
    make_folder(folder / "a/b", kPublicFolder);
    EXPECT_EQ(mode_of(folder / "a/b"), 0700U);
}

TEST(MakeNewFolder, SaysWhenTheNameIsTaken) {
    const TemporaryFolder folder;
    EXPECT_TRUE(make_new_folder(folder / "new", kPrivateFolder));
    EXPECT_EQ(mode_of(folder / "new"), 0700U);
    EXPECT_FALSE(make_new_folder(folder / "new", kPublicFolder));
    EXPECT_EQ(mode_of(folder / "new"), 0700U);
    EXPECT_EQ(code_of([&] { (void)make_new_folder(folder / "no/such", kPublicFolder); }), Code::FileWrite);
}

TEST(MakeFolder, RefusesAFileInItsPlace) {
    const TemporaryFolder folder;
    write_file(folder / "file", "x", kPublicFile);
    EXPECT_EQ(code_of([&] { make_folder(folder / "file", kPrivateFolder); }), Code::FileWrite);
    EXPECT_EQ(mode_of(folder / "file"), 0644U);
}

TEST(FileLock, IsSeenWhileItIsHeld) {
    const TemporaryFolder folder;
    EXPECT_FALSE(is_locked(folder / "lock"));
    EXPECT_FALSE(std::filesystem::exists(folder / "lock")) << "looking makes nothing";
    {
        const FileLock lock(folder / "lock");
        EXPECT_TRUE(is_locked(folder / "lock"));
    }
    EXPECT_FALSE(is_locked(folder / "lock"));
}

TEST(FileLock, IsHeldByOneAtATime) {
    const TemporaryFolder folder;
    {
        const FileLock lock(folder / "lock");
        EXPECT_EQ(code_of([&] { const FileLock second(folder / "lock"); }), Code::HomeBusy);
    }
    EXPECT_NO_THROW(const FileLock again(folder / "lock"));
}

}  // namespace
}  // namespace countersign
