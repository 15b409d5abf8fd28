// load, with the real mpremote and the real MicroPython; the board's own package is the oracle for what it
// finds.
#include <gmock/gmock.h>

#include "host/base/error.h"
#include "tests/unit/loader/load_support.h"

namespace countersign::loader {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kConfiguration =
    "from countersign import config\nc = config.load(root)\n"
    "print(c.wifi_ssid, '/', c.wifi_psw, '/', c.server_ip, c.server_port)";

TEST_F(LoadTest, a_fresh_board_becomes_a_device) {
    make_identity("user1");
    power_on();
    const auto result = load_board(identity("user1"), with_wifi("home", "secret99"));
    EXPECT_EQ(result.port, board_->port());
    EXPECT_EQ(result.firmware, "1.25.0");
    EXPECT_EQ(result.slot, 'a');
    EXPECT_FALSE(result.main_kept);
    EXPECT_FALSE(result.wifi_missing);
    EXPECT_TRUE(result.compiled);
    EXPECT_EQ(result.written.size(), device_files(Form::compiled).size());
    EXPECT_THAT(result.removed, IsEmpty());
    expect_program(Form::compiled);
    EXPECT_EQ(active_identity(), "user1 a [('192.168.1.22', 8883), ('broker.local', 8884)] 1\n");
    EXPECT_EQ(read_file(flash() / "slots/a/key.der"), der("user1.key.der"));
    EXPECT_EQ(judge("from countersign import config\nc = config.load(root)\n"
                    "print(c.wifi_ssid, c.wifi_psw, c.server_ip, c.server_port)"),
              "home secret99 192.168.1.22 8883\n");
    EXPECT_EQ(judge("from countersign.clock import Clock\nfrom countersign.files import "
                    "Files\nprint(Clock(Files(root)).floor)"),
              "1900000000\n");
}

TEST_F(LoadTest, ends_with_a_hard_reset_that_starts_the_program) {
    make_identity("user1");
    power_on();
    const auto mark = board_->printed();
    load_board(identity("user1"), with_wifi("home", ""));
    expect_printed("SW_CPU_RESET", mark);
    expect_printed("192.168.1.22", mark);  // the program says whom it tries to reach
}

TEST_F(LoadTest, loading_again_uses_the_other_slot_and_copies_no_file_twice) {
    make_identity("user1");
    make_identity("user2");
    power_on();
    load_board(identity("user1"));
    const auto result = load_board(identity("user2"));
    EXPECT_EQ(result.slot, 'b');
    EXPECT_THAT(result.written, IsEmpty());
    EXPECT_THAT(active_identity(), HasSubstr("user2 b"));
    EXPECT_EQ(read_file(flash() / "slots/a/key.der"), der("user1.key.der"));
    EXPECT_EQ(load_board(identity("user1")).slot, 'a');
    EXPECT_THAT(active_identity(), HasSubstr("user1 a"));
}

TEST_F(LoadTest, only_changed_program_files_are_copied) {
    make_identity("user1");
    power_on();
    load_board(identity("user1"));
    on_flash("lib/countersign/core.mpy", "an older version\n");
    EXPECT_THAT(load_board(identity("user1")).written, ElementsAre("lib/countersign/core.mpy"));
    expect_program(Form::compiled);
}

TEST_F(LoadTest, the_board_runs_the_compiled_program) {
    make_identity("user1");
    power_on();
    load_board(identity("user1"));
    EXPECT_EQ(ask("import countersign\nprint(countersign.__file__)"), "/lib/countersign/__init__.mpy\r\n");
    // Every module of it, but for those that want another firmware.
    EXPECT_EQ(ask("import os\nfor n in os.listdir('/lib/countersign'):\n"
                  "    if n.endswith('.mpy') and n not in ('native.mpy', 'meeting.mpy', 'resumption.mpy'):\n"
                  "        m = n.split('.')[0]\n"
                  "        f = getattr(__import__('countersign.' + m), m).__file__\n"
                  "        if f != '/lib/countersign/' + m + '.mpy': print(f)"),
              "");
}

TEST_F(LoadTest, the_source_is_brought_when_asked_for_and_the_two_forms_never_stay_side_by_side) {
    make_identity("user1");
    on_flash("lib/countersign/notes.txt", "mine\n");
    on_flash("lib/countersign/more/data.py", "mine too\n");
    power_on();
    const auto first = load_board(identity("user1"), in_form(Form::source));
    EXPECT_FALSE(first.compiled);
    EXPECT_EQ(first.written.size(), device_files(Form::source).size());
    expect_program(Form::source);
    EXPECT_EQ(ask("import countersign\nprint(countersign.__file__)"), "/lib/countersign/__init__.py\r\n");

    const auto second = load_board(identity("user1"));
    EXPECT_TRUE(second.compiled);
    EXPECT_EQ(second.removed.size(), modules(Form::source).size());
    expect_program(Form::compiled);
    EXPECT_EQ(ask("import countersign\nprint(countersign.__file__)"), "/lib/countersign/__init__.mpy\r\n");

    EXPECT_EQ(load_board(identity("user1"), in_form(Form::source)).removed.size(),
              modules(Form::compiled).size());
    expect_program(Form::source);
    EXPECT_EQ(from_flash("lib/countersign/notes.txt"), "mine\n");
    EXPECT_EQ(from_flash("lib/countersign/more/data.py"), "mine too\n");
}

TEST_F(LoadTest, modules_that_the_program_does_not_have_any_more_are_removed) {
    make_identity("user1");
    on_flash("lib/countersign/former.py", "# of an older version\n");
    on_flash("lib/countersign/core.mpy.new", "a load was cut\n");
    power_on();
    EXPECT_THAT(load_board(identity("user1")).removed, ElementsAre("lib/countersign/former.py"));
    expect_program(Form::compiled);
    on_flash("lib/countersign/former.mpy", "of an older version\n");
    on_flash("lib/countersign/core.mpy.new", "a load was cut\n");
    const auto result = load_board(identity("user1"));
    EXPECT_THAT(result.written, IsEmpty());
    EXPECT_THAT(result.removed, ElementsAre("lib/countersign/core.mpy.new", "lib/countersign/former.mpy"));
    expect_program(Form::compiled);
}

TEST_F(LoadTest, everything_else_on_the_board_is_left_alone) {
    on_flash("boot.py", "# mine\n");
    on_flash("lib/other.py", "# mine too\n");
    on_flash("slots.txt", "not a folder of ours\n");
    make_identity("user1");
    power_on();
    load_board(identity("user1"));
    EXPECT_EQ(from_flash("boot.py"), "# mine\n");
    EXPECT_EQ(from_flash("lib/other.py"), "# mine too\n");
    EXPECT_EQ(from_flash("slots.txt"), "not a folder of ours\n");
}

TEST_F(LoadTest, a_foreign_main_py_is_replaced_only_when_asked_for) {
    on_flash("main.py", "print('somebody else')\n");
    make_identity("user1");
    power_on();
    EXPECT_TRUE(load_board(identity("user1")).main_kept);
    EXPECT_EQ(from_flash("main.py"), "print('somebody else')\n");
    LoadOptions options;
    options.replace_main = true;
    const auto result = load_board(identity("user1"), options);
    EXPECT_FALSE(result.main_kept);
    EXPECT_THAT(result.written, Contains("main.py"));
    EXPECT_TRUE(from_flash("main.py").starts_with(kMainMarker));
}

TEST_F(LoadTest, an_older_main_py_of_ours_is_replaced) {
    on_flash("main.py", std::string(kMainMarker) + " of an older version\n");
    make_identity("user1");
    power_on();
    EXPECT_FALSE(load_board(identity("user1")).main_kept);
    EXPECT_EQ(from_flash("main.py"), device_files(Form::compiled).back().content);
}

TEST_F(LoadTest, wifi_conf_keeps_what_was_not_given) {
    on_flash("wifi.conf",
             "# the garage\r\nwifi_ssid=\"old\"  # comment\nwifi_psw='kept "
             "\"one\"'\nserver_ip=\"10.0.0.1\"\nmine=\"7\"\n");
    make_identity("user1");
    power_on();
    LoadOptions options;
    options.wifi_ssid = "old";
    const auto result = load_board(identity("user1"), options);
    EXPECT_FALSE(result.wifi_missing);
    EXPECT_FALSE(result.password_missing);
    EXPECT_EQ(judge(kConfiguration), "old / kept \"one\" / 192.168.1.22 8883\n");
    EXPECT_THAT(from_flash("wifi.conf"), HasSubstr("# the garage\n"));
    EXPECT_THAT(from_flash("wifi.conf"), HasSubstr("mine=\"7\"\n"));
}

TEST_F(LoadTest, another_network_does_not_get_the_password_of_the_one_before) {
    on_flash("wifi.conf", "wifi_ssid=\"old\"\nwifi_psw='kept \"one\"'\n");
    make_identity("user1");
    power_on();
    LoadOptions options;
    options.wifi_ssid = "it's \"new\" # here";
    EXPECT_TRUE(load_board(identity("user1"), options).password_missing);
    EXPECT_EQ(judge(kConfiguration), "it's \"new\" # here /  / 192.168.1.22 8883\n");
    EXPECT_FALSE(load_board(identity("user1"), with_wifi("third", "secret99")).password_missing);
    EXPECT_EQ(judge(kConfiguration), "third / secret99 / 192.168.1.22 8883\n");
}

TEST_F(LoadTest, a_board_without_a_network_name_is_said_to_have_none) {
    make_identity("user1");
    power_on();
    EXPECT_TRUE(load_board(identity("user1")).wifi_missing);
    EXPECT_EQ(from_flash("wifi.conf"),
              "wifi_ssid=\"\"\nwifi_psw=\"\"\nserver_ip=\"192.168.1.22\"\nserver_port=\"8883\"\n");
}

TEST_F(LoadTest, the_time_floor_never_goes_down) {
    on_flash("slots/floor", "countersign-floor 1 1950000000 a4b9c4a1\n");  // damaged: the checksum is another
    make_identity("user1");
    power_on();
    load_board(identity("user1"));
    const std::string script =
        "from countersign.clock import Clock\nfrom countersign.files import "
        "Files\nClock(Files(root)).raise_floor(1907000000)";
    EXPECT_THAT(from_flash("slots/floor"), HasSubstr(" 1900000000 "));
    judge(script);
    load_board(identity("user1"));
    EXPECT_THAT(from_flash("slots/floor"), HasSubstr(" 1907000000 "));
    LoadOptions options;
    options.lower_floor = true;
    load_board(identity("user1"), options);
    EXPECT_THAT(from_flash("slots/floor"), HasSubstr(" 1900000000 ")) << "unless it is asked for";
}

TEST_F(LoadTest, a_slot_that_was_damaged_since_is_the_one_to_be_written) {
    make_identity("user1");
    make_identity("user2");
    power_on();
    load_board(identity("user1"));
    load_board(identity("user2"));  // active: b
    on_flash("slots/b/cert.der", "rot");
    EXPECT_EQ(load_board(identity("user2")).slot, 'b');
    EXPECT_THAT(active_identity(), HasSubstr("user2 b"));
}

TEST_F(LoadTest, rsa_and_p384_keys_are_taken_by_the_boards_tls) {
    power_on();
    make_identity("rsa", {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"});
    load_board(identity("rsa"));
    EXPECT_THAT(active_identity(), HasSubstr("rsa a"));
    make_identity("p384", {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"});
    load_board(identity("p384"));
    EXPECT_THAT(active_identity(), HasSubstr("p384 b"));
}

TEST_F(LoadTest, a_key_the_boards_tls_cannot_use_changes_nothing) {
    make_identity("user1");
    make_identity("ed", {"-algorithm", "ED25519"});
    power_on();
    load_board(identity("user1"));
    EXPECT_EQ(code_of([&] { load_board(identity("ed")); }), "E-KEY-TYPE");
    EXPECT_THAT(active_identity(), HasSubstr("user1 a"));
}

TEST_F(LoadTest, an_anchor_that_is_no_certificate_changes_nothing) {
    make_identity("user1");
    power_on();
    load_board(identity("user1"));
    auto broken = identity("user1");
    broken.trust.anchors.push_back({0x30, 0x03, 0x02, 0x01, 0x01});
    EXPECT_EQ(code_of([&] { load_board(broken); }), "E-CERT-INVALID");
    EXPECT_THAT(active_identity(), HasSubstr("user1 a"));
}

TEST_F(LoadTest, a_full_board_is_refused_before_anything_is_written) {
    on_flash("large", std::string(std::size_t{2040} << 10, 'x'));
    make_identity("user1");
    power_on();
    EXPECT_EQ(code_of([&] { load_board(identity("user1")); }), "E-BOARD-FULL");
    EXPECT_FALSE(std::filesystem::exists(flash() / "slots"));
}

// An ESP32 says how much its Wi-Fi and TLS have; the virtual board's double does not.
constexpr const char* kIdfHeap =
    "HEAP_DATA = 4\n"
    "def idf_heap_info(capabilities):\n"
    "    assert capabilities == HEAP_DATA\n"
    "    return [(100000, 40000, 30000, 20000), (20000, FREE, 5000, 4000)]\n";

TEST_F(LoadTest, the_memory_of_the_board_is_looked_at_before_anything_is_written) {
    make_identity("user1");
    on_flash("esp32.py", std::string(kIdfHeap) + "FREE = 9000\n");
    power_on();
    try {
        load_board(identity("user1"));
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), "E-BOARD-MEMORY");
        EXPECT_THAT(error.detail(), HasSubstr("they need 48 kB"));
        EXPECT_THAT(error.cure(), HasSubstr("--ignore-memory"));
    }
    EXPECT_FALSE(std::filesystem::exists(flash() / "lib"));
    LoadOptions options;
    options.ignore_memory = true;
    load_board(identity("user1"), options);
    on_flash("esp32.py", std::string(kIdfHeap) + "FREE = 9200\n");
    const auto enough = load_board(identity("user1"));
    EXPECT_EQ(enough.memory.idf, 49200U);
    EXPECT_EQ(enough.memory.idf_largest, 30000U);
}

TEST_F(LoadTest, what_boot_py_holds_is_not_free) {
    make_identity("user1");
    power_on();
    const auto heap = load_board(identity("user1")).memory.heap;
    ASSERT_TRUE(heap);
    EXPECT_GT(*heap, 200'000U);
    on_flash("boot.py",
             "import gc\nkept = []\nwhile gc.mem_free() > 40900:\n    kept.append(bytearray(2000))\n");
    EXPECT_EQ(code_of([&] { load_board(identity("user1")); }), "E-BOARD-MEMORY");
}

// Each file replaces its predecessor as it comes.
TEST_F(LoadTest, a_board_without_room_for_two_programs_takes_the_new_one_all_the_same) {
    make_identity("user1");
    power_on();
    load_board(identity("user1"), in_form(Form::source));
    std::uint64_t used = 0;  // in blocks, as the virtual board counts them
    for (const auto& entry : std::filesystem::recursive_directory_iterator(flash()))
        if (entry.is_regular_file()) used += entry.file_size() / 4096 + 1;
    constexpr std::uint64_t kFlashBlocks = 512;
    on_flash("large", std::string((kFlashBlocks - used - 40) * 4096, 'x'));
    EXPECT_EQ(load_board(identity("user1")).removed.size(), modules(Form::source).size());
    expect_program(Form::compiled);
}

TEST_F(LoadTest, an_endless_main_py_is_stopped) {
    on_flash("main.py", "print('main begins')\nwhile True:\n    pass\n");
    make_identity("user1");
    power_on();
    expect_printed("main begins");
    load_board(identity("user1"));
    EXPECT_THAT(active_identity(), HasSubstr("user1 a"));
}

TEST_F(LoadTest, an_endless_boot_py_is_stopped_too) {
    on_flash("boot.py", "print('boot begins')\nwhile True:\n    pass\n");
    make_identity("user1");
    power_on();
    expect_printed("boot begins");
    load_board(identity("user1"));
    EXPECT_TRUE(std::filesystem::exists(flash() / "slots/pointer0"));
}

TEST_F(LoadTest, a_ctrl_a_that_waits_on_the_board_makes_two_prompts_and_no_difference) {
    on_flash("main.py", "print('main begins')\nwhile True:\n    pass\n");
    make_identity("user1");
    power_on();
    expect_printed("main begins");
    std::ofstream(board_->port()) << "\r\x01"
                                  << std::flush;  // what a Ctrl-C that was lost in a reset leaves behind
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    load_board(identity("user1"));
    EXPECT_THAT(active_identity(), HasSubstr("user1 a"));
}

TEST_F(LoadTest, progress_tells_each_step_and_each_file) {
    make_identity("user1");
    power_on();
    std::vector<std::string> steps;
    load_board(identity("user1"), {}, [&](std::string_view step) { steps.emplace_back(step); });
    EXPECT_THAT(steps, Contains("/slots/a/identity.json"));
    EXPECT_THAT(steps, Contains("/lib/countersign/core.mpy"));
    EXPECT_THAT(steps, Contains(HasSubstr("user1")));
    EXPECT_EQ(steps.back(), "Restarting the board");
}

TEST_F(LoadTest, the_key_is_in_no_argument_list_and_in_no_file_of_this_computer) {
    // An mpremote that writes down how it was called and what the scripts lie in.
    const auto log = folder_.path() / "calls";
    const auto spy = folder_.path() / "mpremote";
    std::ofstream(spy) << "#!/bin/sh\nprintf '%s\\n' \"$@\" >>" << log.string()
                       << "\nfor a in \"$@\"; do readlink \"$a\"; done >>" << log.string()
                       << "\nexec " COUNTERSIGN_LIBEXEC "/mpremote \"$@\"\n";
    std::filesystem::permissions(spy, std::filesystem::perms::owner_all);
    ::setenv("COUNTERSIGN_MPREMOTE", spy.c_str(), 1);
    make_identity("user1");
    power_on();
    load_board(identity("user1"), with_wifi("home", "secret99"));
    const std::string calls = read_text(log);
    const auto base64 =
        run_command({"base64", "-w0", (folder_.path() / "user1.key.der").string()}, kPatience).output;
    EXPECT_THAT(calls, Not(HasSubstr(base64.substr(0, 60))));
    EXPECT_THAT(calls, Not(HasSubstr("secret99")));
    EXPECT_THAT(calls, HasSubstr("/memfd:countersign (deleted)"));
}

}  // namespace
}  // namespace countersign::loader
