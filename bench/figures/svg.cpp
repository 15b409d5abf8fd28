#include "bench/figures/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace countersign::bench {
namespace {

// Of the viewBox, in its units.
constexpr int kWidth = 760, kNames = 300, kValues = 110, kRow = 22, kGap = 14, kTop = 44;

// The greys have a contrast of at least 4.5 : 1 on white and on near-black.
constexpr const char* kStyle =
    "<style>text{font:13px sans-serif;fill:#6e7781}.title{font-size:15px;font-weight:bold}"
    ".group{font-weight:bold}.peer{fill:#8c959f}.ours{fill:#2f81f7}"
    "@media(prefers-color-scheme:dark){text{fill:#9198a1}}</style>\n";

std::string escaped(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '&': safe += "&amp;"; break;
            case '<': safe += "&lt;"; break;
            case '>': safe += "&gt;"; break;
            case '"': safe += "&quot;"; break;
            default: safe += c;
        }
    }
    return safe;
}

std::string text_at(int x, int y, const char* style, const std::string& text) {
    return fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\">{}</text>\n", x, y, style, escaped(text));
}

// Three digits that tell.
std::string number(double value) {
    if (value >= 1000) return fmt::format("{:.0f}", value);
    const int digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    return fmt::format("{:.{}f}", value, digits);
}

std::string bar(const Bar& bar, double longest, int y, const std::string& unit) {
    constexpr int kSpace = kWidth - kNames - kValues;
    const double share = longest > 0 && std::isfinite(bar.value) ? bar.value / longest : 0;
    const double width = std::max(1.0, share * kSpace);
    return text_at(0, y + 15, "name", bar.name) +
           fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" class=\"{}\"/>\n", kNames,
                       y + 3, width, kRow - 6, bar.ours ? "ours" : "peer") +
           text_at(kNames + static_cast<int>(width) + 6, y + 15, "value", number(bar.value) + " " + unit);
}

}  // namespace

std::string bar_chart(const std::string& title, const std::string& unit, const std::vector<Group>& groups) {
    std::string body = text_at(0, 18, "title", title);
    int y = kTop - kGap;
    for (const Group& group : groups) {
        double longest = 0;
        for (const Bar& one : group.bars) longest = std::max(longest, one.value);
        if (!group.title.empty()) {
            body += text_at(0, y + 15, "group", group.title);
            y += kRow;
        }
        for (const Bar& one : group.bars) {
            body += bar(one, longest, y, unit);
            y += kRow;
        }
        y += kGap;
    }
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\">\n"
        "<title>{}</title>\n{}{}</svg>\n",
        kWidth, y, escaped(title), kStyle, body);
}

}  // namespace countersign::bench
