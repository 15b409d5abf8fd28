// A board reached by mpremote.
#pragma once

#include <string>

#include "host/loader/board.h"

namespace countersign::loader {

class MpremoteBoard final : public Board {
  public:
    // `port` is a path, as from find_port(). Throws Error{ToolMissing, PortMissing, PortPermission,
    // PortBusy}.
    explicit MpremoteBoard(std::string port);

    [[nodiscard]] std::string port() const override { return port_; }
    std::string run(const std::vector<Secret>& scripts, std::chrono::milliseconds deadline,
                    const std::function<void(std::string_view)>& on_line) override;
    void hard_reset() override;

  private:
    std::string invoke(const std::vector<std::string>& commands, std::chrono::milliseconds deadline,
                       const std::function<void(std::string_view)>& on_line);

    std::string mpremote_;
    std::string port_;
    bool fresh_ = false;  // the interpreter has been restarted by us and holds nobody's program
};

}  // namespace countersign::loader
