// Identities made by the openssl program, and boards loaded with them.
#pragma once

#include <algorithm>
#include <functional>

#include "host/base/error.h"
#include "host/loader/device_files.h"
#include "host/loader/load.h"
#include "host/loader/mpremote_board.h"
#include "tests/unit/loader/support.h"

namespace countersign::loader {

class FixedClock final : public Clock {
  public:
    [[nodiscard]] Seconds now() const override {
        return Seconds(std::chrono::seconds(1900000000));
    }  // 2030-03-17
};

class LoadTest : public BoardTest {
  protected:
    // A key and a self-signed certificate, in DER. `key` as for openssl genpkey.
    void make_identity(const std::string& name,
                       const std::vector<std::string>& key = {"-algorithm", "EC", "-pkeyopt",
                                                              "ec_paramgen_curve:P-256"}) const {
        const auto at = [&](const std::string& file) { return (folder_.path() / (name + file)).string(); };
        std::vector<std::string> genpkey = {"openssl", "genpkey", "-outform", "DER", "-out", at(".key.der")};
        genpkey.insert(genpkey.end(), key.begin(), key.end());
        openssl(genpkey);
        openssl({"openssl", "req", "-x509", "-new", "-key", at(".key.der"), "-keyform", "DER", "-subj",
                 "/CN=" + name, "-days", "30", "-outform", "DER", "-out", at(".crt.der")});
    }
    static void openssl(const std::vector<std::string>& argv) {
        const auto result = run_command(argv, kPatience);
        ASSERT_EQ(result.exit_code, 0) << result.output;
    }
    [[nodiscard]] Bytes der(const std::string& file) const { return read_file(folder_.path() / file); }

    // The identity of make_identity(name); its own certificate serves as the anchor.
    [[nodiscard]] BoardIdentity identity(const std::string& name) const {
        BoardIdentity made;
        made.name = name;
        made.key = Secret(der(name + ".key.der"));
        made.certificate = der(name + ".crt.der");
        made.trust.anchors = {made.certificate};
        made.trust.brokers = {{"192.168.1.22", 8883}, {"broker.local", 8884}};
        return made;
    }

    LoadResult load_board(const BoardIdentity& who, const LoadOptions& options = {},
                          const Progress& progress = {}) const {
        MpremoteBoard board(board_->port());
        return load(board, who, options, FixedClock(), progress);
    }
    static LoadOptions with_wifi(std::string ssid, std::string_view password) {
        LoadOptions options;
        options.wifi_ssid = std::move(ssid);
        options.wifi_password = Secret(password);
        return options;
    }

    static LoadOptions in_form(Form form) {
        LoadOptions options;
        options.source = form == Form::source;
        return options;
    }

    [[nodiscard]] static std::vector<std::string> modules(Form form) {
        std::vector<std::string> paths;
        for (const auto& file : device_files(form))
            if (file.path.ends_with("py") && file.path != "main.py") paths.emplace_back(file.path);
        return paths;
    }
    // The program is there in this form, and no module in the other.
    void expect_program(Form form) const {
        for (const auto& file : device_files(form))
            EXPECT_EQ(from_flash(std::string(file.path)), file.content);
        EXPECT_EQ(modules_on_flash(), modules(form).size());
    }
    [[nodiscard]] std::size_t modules_on_flash() const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(flash() / "lib/countersign")) {
            const auto kind = entry.path().extension();
            count += kind == ".py" || kind == ".mpy" || kind == ".new" ? 1U : 0U;
        }
        return count;
    }

    // Stops main.py, so that the board answers questions; its program tries to reach a broker that is not
    // there.
    std::string ask(const std::string& script) const { return mpremote({"exec", script}); }
    // What the device package, written by others than the loader, finds on the flash: the names within what
    // lies there are shortened, so its source looks, beside the board. `root` is the flash.
    std::string judge(const std::string& script) const {
        const auto result = run_command(
            {"env", "MICROPYPATH=" COUNTERSIGN_DEVICE ":.frozen", COUNTERSIGN_LIBEXEC "/micropython", "-c",
             "root = '" + flash().string() + "'\n" + script},
            kPatience);
        EXPECT_EQ(result.exit_code, 0) << result.output;
        return result.output;
    }
    [[nodiscard]] std::string active_identity() const {
        return judge(
            "from countersign.slots import Slots\nfrom countersign.files import Files\n"
            "i = Slots(Files(root)).active()\nprint(i.name, i.slot, i.brokers, len(i.anchors()))");
    }

    // The code of the error that `action` throws.
    static std::string code_of(const std::function<void()>& action) {
        try {
            action();
        } catch (const Error& error) {
            return std::string(error.code());
        }
        return "no error";
    }
};

}  // namespace countersign::loader
