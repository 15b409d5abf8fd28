// A board at the other end of a serial line, as narrow as loading needs it.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/secret.h"

namespace countersign::loader {

class Board {
  public:
    virtual ~Board() = default;

    // Where it is, for messages: "/dev/ttyUSB0".
    [[nodiscard]] virtual std::string port() const = 0;

    // Runs Python scripts one after the other, in one interpreter whose globals last from call to call, and
    // returns what they print, line ends as '\n'. A program that runs on the board is interrupted first.
    // `on_line` sees each line as it comes. Throws Error{PortMissing, PortPermission, PortBusy, BoardSilent,
    // BoardStuck, BoardUnplugged} for the line, and ScriptError when a script raised.
    virtual std::string run(const std::vector<Secret>& scripts, std::chrono::milliseconds deadline,
                            const std::function<void(std::string_view)>& on_line) = 0;

    // As the reset button: the board boots. Throws as run() does.
    virtual void hard_reset() = 0;
};

// What a script raised on the board: the last line of its traceback, "OSError: 28".
class ScriptError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace countersign::loader
