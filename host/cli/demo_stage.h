// The stage of `countersign demo`: a temporary folder, real commands in it, and a tally of what was seen to
// happen.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/background.h"
#include "host/cli/context.h"

namespace countersign::cli {

class Stage {
  public:
    explicit Stage(const Context& context);
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    ~Stage();  // removes the folder

    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
    [[nodiscard]] std::filesystem::path home(std::string_view name = "home") const { return folder_ / name; }

    void chapter(std::string_view title);
    void say(std::string_view sentence);

    // `countersign ARGS…` in the home of this name, shown as typed, its answer below. Throws
    // Error{DemoFailed} when it does not exit 0.
    void command(const std::vector<std::string>& arguments, std::string_view home = "home");
    // The same, left running.
    [[nodiscard]] std::unique_ptr<Background> start(const std::vector<std::string>& arguments,
                                                    std::string_view home = "home");

    // One line of the tally. Throws Error{DemoFailed} when it was not seen; `evidence` is then shown.
    void seen(bool happened, std::string_view what, const std::function<std::string()>& evidence);
    [[nodiscard]] int tally() const noexcept { return tally_; }

  private:
    [[nodiscard]] std::vector<std::string> argv(const std::vector<std::string>& arguments,
                                                std::string_view home) const;
    void put(std::string_view text) const;
    void show_command(const std::vector<std::string>& arguments) const;

    const Context& context_;
    std::filesystem::path folder_;
    std::string program_;
    bool colour_;
    int tally_ = 0;
};

}  // namespace countersign::cli
