// Who may come in: a pure function of what the registry has published, the time, and who asks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host/broker/admission/table.h"

namespace countersign::broker::plugin {

enum class Reason : std::uint8_t {
    none,  // admitted
    no_admission_file,
    damaged_row,
    unknown,
    retired,
    held,
    revoked,
    expired,
    odd_name,
    foreign_client_id,
};

// The words for the log: "is revoked".
[[nodiscard]] std::string_view in_words(Reason reason) noexcept;

// One word for programs: "revoked".
[[nodiscard]] std::string_view one_word(Reason reason) noexcept;

// Whether this certificate may be used, whoever has it: at a connect, and as long as a session lives.
[[nodiscard]] Reason judge(bool loaded, const admission::Lookup& lookup, std::int64_t now) noexcept;

struct Decision {
    Reason reason = Reason::unknown;
    std::string username;  // when admitted
};

// judge(), then the name and the client id. `name` is the certificate's common name, `now` in seconds since
// 1970. Never says yes by default. `vacant`: nobody is here under this client id, and the session is clean,
// so all that may come of it is the end of one that was kept: an operator may do that for a device.
[[nodiscard]] Decision decide(bool loaded, const admission::Lookup& lookup, std::int64_t now,
                              std::string_view name, std::string_view client_id, bool vacant = false);

}  // namespace countersign::broker::plugin
