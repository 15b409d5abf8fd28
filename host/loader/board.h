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
    // BoardStuck, BoardUnplugged, BoardReset} for the line, and ScriptError when a script raised.
    virtual std::string run(const std::vector<Secret>& scripts, std::chrono::milliseconds deadline,
                            const std::function<void(std::string_view)>& on_line) = 0;

    // As the reset button: the board boots. Throws as run() does.
    virtual void hard_reset() = 0;

    // The same, and hands over each line the board says from then on, until `go_on`, which is asked some ten
    // times a second, says no. A port that goes away and comes back is opened again.
    virtual void boot(const std::function<void(std::string_view)>& on_line,
                      const std::function<bool()>& go_on) = 0;

    // After BoardUnplugged: whether the port is there again within `patience`, as that of a chip with USB of
    // its own is after a reset.
    [[nodiscard]] virtual bool is_back(std::chrono::milliseconds patience) = 0;

    // After BoardSilent: asks again and again, and stops the board as soon as it hears. False: it did not
    // within `patience`.
    [[nodiscard]] virtual bool wake(std::chrono::milliseconds patience) = 0;
};

// What a script raised on the board: the last line of its traceback, "OSError: 28".
class ScriptError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace countersign::loader
