// Text in files that a person or another program has made: whatever editors and shells write is read alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace countersign {

// UTF-8 with or without a byte order mark, and UTF-16 with one (Notepad, PowerShell's >), as UTF-8 whose
// lines end with \n, whatever they ended with. Bytes that are no UTF-8 are left as they are. Nothing: it
// begins as UTF-16 and does not go on as that.
[[nodiscard]] std::optional<std::string> foreign_text(std::string_view bytes);

// Whether the bytes begin with the mark of UTF-16, of either order.
[[nodiscard]] bool is_utf16(std::string_view bytes) noexcept;

// For keys and passphrases, which are not to be copied: without UTF-8's byte order mark.
[[nodiscard]] std::string_view without_byte_order_mark(std::string_view bytes) noexcept;

}  // namespace countersign
