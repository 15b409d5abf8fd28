// What a load changes of the program, decided from what a board says it holds.
#include "host/loader/program.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "host/loader/digest.h"

namespace countersign::loader {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint64_t kPlenty = 1000;

BoardFacts empty_board() {
    BoardFacts facts;
    facts.block_size = 4096;
    facts.bytecode = bytecode_version();
    return facts;
}

BoardFacts board_with(Form form) {
    auto facts = empty_board();
    for (const auto& file : device_files(form))
        facts.sha256[std::string(file.path)] = sha256_hex(file.content);
    facts.main_line = kMainMarker;
    return facts;
}

TEST(Program, a_board_gets_the_form_its_firmware_reads) {
    EXPECT_EQ(bytecode_version(), 6) << "MicroPython 1.19 and newer";
    auto facts = empty_board();
    EXPECT_EQ(form_for(facts, false), Form::compiled);
    EXPECT_EQ(form_for(facts, true), Form::source);
    for (const int other : {0, 5, 7}) {
        facts.bytecode = other;
        EXPECT_EQ(form_for(facts, false), Form::source) << other;
    }
}

TEST(Program, main_py_comes_last_and_the_words_are_in_both_forms) {
    for (const Form form : {Form::compiled, Form::source}) {
        const auto files = device_files(form);
        EXPECT_EQ(files.back().path, "main.py");
        EXPECT_TRUE(std::any_of(files.begin(), files.end(),
                                [](const auto& file) { return file.path == "lib/countersign/words.txt"; }));
    }
    EXPECT_LE(device_files(Form::compiled).size(), device_files(Form::source).size()) << "joined";
}

// 'M', the version of the bytecode, no native code, the bits of a small integer on a 32-bit chip.
TEST(Program, the_bytecode_is_for_any_chip) {
    for (const auto& file : device_files(Form::compiled)) {
        if (!file.path.ends_with(".mpy")) continue;
        EXPECT_EQ(file.content.substr(0, 4), std::string_view("M\x06\0\x1f", 4)) << file.path;
    }
}

TEST(Program, a_board_that_has_it_stays_as_it_is) {
    for (const Form form : {Form::compiled, Form::source}) {
        const auto facts = board_with(form);
        const ProgramChange change(facts, form, false);
        EXPECT_TRUE(change.empty());
        EXPECT_EQ(change.blocks(kPlenty), 0U);
    }
}

TEST(Program, the_other_form_goes) {
    const auto facts = board_with(Form::source);
    const ProgramChange change(facts, Form::compiled, false);
    EXPECT_EQ(change.written().size(), device_files(Form::compiled).size() - 2)
        << "main.py and words.txt are the same";
    EXPECT_EQ(change.removed().size(), device_files(Form::source).size() - 2);
    EXPECT_THAT(change.removed(), Contains("lib/countersign/client.py"));
}

TEST(Program, only_modules_in_our_folder_are_ours) {
    auto facts = board_with(Form::compiled);
    for (const char* path : {"lib/countersign/data.txt", "lib/countersign/x.new", "lib/countersign/.py",
                             "lib/countersign/a-b.py", "lib/countersign/'.py", "lib/countersign/a/b.py",
                             "lib/other.py", "app.py", "lib/countersign.py", "lib/countersign/x.py.old"}) {
        facts.sha256[path] = "somebody's";
    }
    facts.sha256["lib/countersign/folder.py"] = "";  // what cannot be read as a file
    EXPECT_TRUE(ProgramChange(facts, Form::compiled, false).empty());
    facts.sha256["lib/countersign/former.py"] = "old";
    facts.sha256["lib/countersign/former.mpy.new"] = "old";
    EXPECT_THAT(ProgramChange(facts, Form::compiled, false).removed(),
                ElementsAre("lib/countersign/former.mpy.new", "lib/countersign/former.py"));
}

TEST(Program, a_foreign_main_py_stays_unless_it_is_asked_for_by_name) {
    auto facts = empty_board();
    facts.sha256["main.py"] = "somebody's";
    facts.main_line = "import machine";
    const ProgramChange kept(facts, Form::compiled, false);
    EXPECT_TRUE(kept.keeps_main());
    EXPECT_THAT(kept.written(), Not(Contains("main.py")));
    const ProgramChange replaced(facts, Form::compiled, true);
    EXPECT_FALSE(replaced.keeps_main());
    EXPECT_EQ(replaced.written().back(), "main.py");
}

// What lies beside its place already is not sent again.
TEST(Program, a_load_that_was_cut_goes_on_where_it_was) {
    auto facts = empty_board();
    const auto files = device_files(Form::compiled);
    const auto size_of = [&] {
        const ProgramChange change(facts, Form::compiled, false);
        std::size_t sum = 0;
        for (const auto& script : change.scripts(kPlenty)) sum += script.bytes().size();
        return sum;
    };
    const auto all = size_of();
    const auto blocks = ProgramChange(facts, Form::compiled, false).blocks(kPlenty);
    for (const auto& file : files.first(files.size() / 2))
        facts.sha256[std::string(file.path) + ".new"] = sha256_hex(file.content);
    EXPECT_LT(size_of(), 2 * all / 3);
    EXPECT_LT(ProgramChange(facts, Form::compiled, false).blocks(kPlenty), 2 * blocks / 3);
    EXPECT_THAT(ProgramChange(facts, Form::compiled, false).removed(), IsEmpty());
    EXPECT_EQ(ProgramChange(facts, Form::compiled, false).written().size(), files.size());
}

TEST(Program, without_room_for_two_it_takes_less) {
    auto facts = board_with(Form::source);
    const ProgramChange change(facts, Form::compiled, false);
    const auto together = change.blocks(kPlenty);
    EXPECT_GE(together, device_files(Form::compiled).size() - 2) << "a block each, at least";
    EXPECT_EQ(change.blocks(together), together);
    EXPECT_LT(change.blocks(together - 1), together / 2) << "what goes, goes first";
    const auto fresh = empty_board();
    EXPECT_GE(ProgramChange(fresh, Form::compiled, false).blocks(0), together) << "nothing to replace";
}

}  // namespace
}  // namespace countersign::loader
