// What esptool is asked to do, and what its words mean. The esptool here writes down its arguments and says
// what the test wants: there is no chip to flash.
#include "host/loader/firmware.h"

#include <gmock/gmock.h>

#include "host/base/error.h"
#include "host/loader/pty.h"
#include "tests/unit/loader/support.h"

namespace countersign::loader {
namespace {

class FirmwareTest : public testing::Test {
  protected:
    void SetUp() override { ::setenv("COUNTERSIGN_ESPTOOL", (folder_.path() / "esptool").c_str(), 1); }
    void TearDown() override { ::unsetenv("COUNTERSIGN_ESPTOOL"); }

    void esptool_says(const std::string& words, int status) const {
        const auto path = folder_.path() / "esptool";
        std::ofstream(path) << "#!/bin/sh\nprintf '%s ' \"$@\" >" << (folder_.path() / "arguments").string()
                            << "\necho '" << words << "'\nexit " << status << "\n";
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    }
    // The first 24 bytes of an application image: magic E9, …, chip id in bytes 12 and 13.
    std::filesystem::path image(char chip) const {
        std::string header(64, '\0');
        header[0] = '\xE9';
        header[12] = chip;
        std::ofstream(folder_.path() / "image.bin", std::ios::binary) << header;
        return folder_.path() / "image.bin";
    }
    std::string code_for(const std::filesystem::path& file) const {
        try {
            flash_firmware(pty_.port(), file, {});
            return "no error";
        } catch (const Error& error) {
            return std::string(error.code());
        }
    }
    std::string expected(const std::string& chip, const std::string& offset) const {
        return "--chip " + chip + " --port " + pty_.port() + " --baud 460800 write_flash --erase-all " +
               offset + " " + (folder_.path() / "image.bin").string() + " ";
    }

    TemporaryFolder folder_;
    Pty pty_;
};

TEST_F(FirmwareTest, each_chip_has_its_offset) {
    esptool_says("Hash of data verified.", 0);
    const std::vector<std::tuple<char, std::string, std::string>> chips = {{0, "esp32", "0x1000"},
                                                                           {2, "esp32s2", "0x1000"},
                                                                           {5, "esp32c3", "0x0"},
                                                                           {9, "esp32s3", "0x0"},
                                                                           {13, "esp32c6", "0x0"}};
    for (const auto& [id, name, offset] : chips) {
        EXPECT_EQ(code_for(image(id)), "no error");
        EXPECT_EQ(read_text(folder_.path() / "arguments"), expected(name, offset));
    }
}

TEST_F(FirmwareTest, what_is_not_an_image_never_reaches_the_board) {
    esptool_says("", 0);
    EXPECT_EQ(code_for(image(99)), "E-FIRMWARE");
    std::ofstream(folder_.path() / "text") << "<html>not found</html> and a little more text";
    EXPECT_EQ(code_for(folder_.path() / "text"), "E-FIRMWARE");
    std::ofstream(folder_.path() / "short") << "\xE9";
    EXPECT_EQ(code_for(folder_.path() / "short"), "E-FIRMWARE");
    EXPECT_EQ(code_for(folder_.path() / "missing"), "E-FILE-READ");
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "arguments"));
}

TEST_F(FirmwareTest, what_esptool_says_is_put_into_words) {
    esptool_says("A fatal error occurred: Failed to connect to ESP32: No serial data received.", 2);
    EXPECT_EQ(code_for(image(0)), "E-FIRMWARE-FAILED");
    esptool_says("A fatal error occurred: This chip is ESP32-S2 not ESP32. Wrong --chip argument?", 2);
    EXPECT_EQ(code_for(image(0)), "E-FIRMWARE");
    esptool_says("A fatal error occurred: Could not open /dev/ttyUSB0, the port is busy or doesnt exist.", 2);
    EXPECT_EQ(code_for(image(0)), "E-PORT-BUSY");
}

TEST_F(FirmwareTest, esptool_may_be_absent) {
    ::unsetenv("COUNTERSIGN_ESPTOOL");
    const std::string path = std::getenv("PATH");
    const std::string home = std::getenv("HOME");
    ::setenv("PATH", (folder_.path() / "nothing").c_str(), 1);
    ::setenv("HOME", folder_.path().c_str(), 1);
    EXPECT_EQ(code_for(image(0)), "E-TOOL-MISSING");
    // Where pipx puts it.
    esptool_says("Hash of data verified.", 0);
    std::filesystem::create_directories(folder_.path() / ".local/bin");
    std::filesystem::rename(folder_.path() / "esptool", folder_.path() / ".local/bin/esptool");
    const auto code = code_for(image(0));
    ::setenv("PATH", path.c_str(), 1);
    ::setenv("HOME", home.c_str(), 1);
    EXPECT_EQ(code, "no error");
}

}  // namespace
}  // namespace countersign::loader
