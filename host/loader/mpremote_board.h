// A board reached by mpremote, over a cable that stays open.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "host/base/subprocess.h"
#include "host/loader/board.h"
#include "host/loader/cable.h"

namespace countersign::loader {

// More than mpremote waits for a prompt that does not come, and than any step of ours takes on a board.
inline constexpr std::chrono::seconds kSilence{30};

class MpremoteBoard final : public Board {
  public:
    // `port` is a path, as from find_port(). It is opened when it is needed, and stays so. A board that says
    // nothing for `silence` while it works is given up. Throws Error{ToolMissing, PortMissing,
    // PortPermission, PortBusy}.
    explicit MpremoteBoard(std::string port, std::chrono::milliseconds silence = kSilence);

    [[nodiscard]] std::string port() const override { return port_; }
    std::string run(const std::vector<Secret>& scripts, std::chrono::milliseconds deadline,
                    const std::function<void(std::string_view)>& on_line) override;
    void hard_reset() override;
    void boot(const std::function<void(std::string_view)>& on_line,
              const std::function<bool()>& go_on) override;
    [[nodiscard]] bool is_back(std::chrono::milliseconds patience) override;
    [[nodiscard]] bool wake(std::chrono::milliseconds patience) override;

  private:
    // One run of mpremote and what was heard in it.
    struct Attempt {
        CommandResult result;
        std::size_t from = 0;  // where the board's words of this run begin
        bool begun = false;    // the prompt was ours: what resets the board now disturbs our work
        std::size_t ours = 0;  // since where
    };

    [[nodiscard]] Cable& cable();
    [[nodiscard]] Attempt mpremote(std::vector<std::string> commands, std::chrono::milliseconds deadline,
                                   const std::function<void(std::string_view)>& on_line);
    [[nodiscard]] bool has_not_begun(const Attempt& attempt);
    std::string invoke(const std::vector<std::string>& commands, std::chrono::milliseconds deadline,
                       const std::function<void(std::string_view)>& on_line);
    [[noreturn]] void explain(const Attempt& attempt);
    void explain_reset(const Attempt& attempt);
    [[nodiscard]] std::size_t begin_boot();

    std::string mpremote_;
    std::string port_;
    std::chrono::milliseconds silence_;
    std::unique_ptr<Cable> cable_;
    std::vector<int> handed_on_;  // the scripts of run(), for mpremote
    bool fresh_ = false;          // the interpreter has been restarted by us and holds nobody's program
    bool restless_ = false;       // it has reset in the middle, and may do so again
};

}  // namespace countersign::loader
