// Foreign text on its way to a terminal, a log or a stored field. Boards, certificates, CSVs, payloads, other
// people's libraries: whatever is not of our own making goes through here.
//
// What a terminal would obey, what moves or hides other text and what is no UTF-8 is written out: a byte as
// \x1b, a code point as \u202e. Everything else stays as it is.
#pragma once

#include <string>
#include <string_view>

namespace countersign {

// One line, whatever was in it.
[[nodiscard]] std::string one_line(std::string_view foreign);

// The same for a text of ours with foreign parts: line feeds stay, and each line after the first is indented,
// so that no part can pass for a line of its own.
[[nodiscard]] std::string paragraph(std::string_view text);

// For sentences of ours, whose foreign parts have been through one_line(): line feeds stay as they are. The
// last gate, for the place that was forgotten.
[[nodiscard]] std::string own_lines(std::string_view text);

// A stream that comes in pieces: a sequence that a piece cuts in two waits for the rest of it.
class PrintableStream {
  public:
    [[nodiscard]] std::string add(std::string_view piece);

  private:
    std::string rest_;
};

}  // namespace countersign
