// How the host says that something failed: a code from the catalogue and the particulars.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "core/errors/catalogue.h"

namespace countersign {

// what() is safe for a terminal and a log, whatever the particulars hold (printable.h), and one line:
// "E-NAME-TAKEN: user1 has a certificate until 2027-11-22. Cure: countersign issue user1
// --replace". `detail` names the particulars (never a secret); when empty the catalogue's sentence stands for
// it. `cure` replaces the catalogue's where the exact command is known.
class Error : public std::runtime_error {
  public:
    explicit Error(Code code, std::string_view detail = {}, std::string_view cure = {});

    [[nodiscard]] Code id() const noexcept { return code_; }
    [[nodiscard]] std::string_view code() const noexcept { return catalogue_entry(code_).code; }
    [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
    [[nodiscard]] const std::string& cure() const noexcept { return cure_; }

  private:
    struct Safe {};
    Error(Safe, Code code, std::string detail, std::string cure);

    Code code_;
    std::string detail_;
    std::string cure_;
};

}  // namespace countersign
