#include "host/loader/ports.h"

#include <gmock/gmock.h>

#include "host/base/error.h"
#include "tests/unit/loader/support.h"

namespace countersign::loader {
namespace {

using testing::HasSubstr;

class PortsTest : public testing::Test {
  protected:
    void add(const std::string& name) const { std::ofstream(folder_.path() / name) << ""; }
    [[nodiscard]] std::string error_for_auto() const {
        try {
            return find_port("auto", folder_.path());
        } catch (const Error& error) {
            return error.what();
        }
    }
    TemporaryFolder folder_;
};

TEST_F(PortsTest, a_path_is_taken_as_it_is) {
    EXPECT_EQ(find_port("/dev/anything", folder_.path()), "/dev/anything");
}

TEST_F(PortsTest, the_only_port_is_found) {
    add("ttyS0");  // a port of the computer itself, not a board
    add("ttyACM0");
    EXPECT_EQ(find_port("auto", folder_.path()), (folder_.path() / "ttyACM0").string());
}

TEST_F(PortsTest, no_port_is_said) {
    EXPECT_THAT(error_for_auto(), HasSubstr("E-PORT-MISSING"));
}

TEST_F(PortsTest, several_ports_are_named_with_what_they_are) {
    add("ttyUSB0");
    add("ttyUSB1");
    std::filesystem::create_directories(folder_.path() / "serial/by-id");
    std::filesystem::create_symlink("../../ttyUSB1",
                                    folder_.path() / "serial/by-id/usb-Silicon_Labs_CP2102_0001-if00-port0");
    const auto ports = list_ports(folder_.path());
    ASSERT_EQ(ports.size(), 2U);
    EXPECT_EQ(ports[1].description, "Silicon_Labs_CP2102_0001");
    EXPECT_THAT(error_for_auto(), HasSubstr("E-PORT-SEVERAL"));
    EXPECT_THAT(error_for_auto(), HasSubstr("ttyUSB1 (Silicon_Labs_CP2102_0001)"));
}

}  // namespace
}  // namespace countersign::loader
