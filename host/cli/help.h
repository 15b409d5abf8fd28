// Help as people read it: examples first, then the options.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace countersign::cli {

class ExamplesFirst : public CLI::Formatter {
  public:
    // Examples are kept in each command's footer; here they move up.
    std::string make_usage(const CLI::App* app, std::string name) const override {
        const std::string examples = CLI::Formatter::make_footer(app);
        return (examples.empty() ? "" : "\n" + examples + "\n") +
               CLI::Formatter::make_usage(app, std::move(name));
    }
    std::string make_footer(const CLI::App* /*app*/) const override { return {}; }
};

}  // namespace countersign::cli
