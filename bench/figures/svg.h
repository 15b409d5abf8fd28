// Bar charts as SVG, readable on light and dark pages alike.
#pragma once

#include <string>
#include <vector>

namespace countersign::bench {

struct Bar {
    std::string name;
    double value;       // not negative
    bool ours = false;  // drawn in the stronger colour
};

struct Group {
    std::string title;
    std::vector<Bar> bars;  // share a scale; the longest fills the width
};

// `unit` stands behind each value. The text is escaped, whatever it holds.
[[nodiscard]] std::string bar_chart(const std::string& title, const std::string& unit,
                                    const std::vector<Group>& groups);

}  // namespace countersign::bench
