#include "bench/authentication/page.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/support/broker.h"

namespace countersign::bench {
namespace {

std::string yes(bool holds) {
    return holds ? "yes" : "no";
}

std::string number(const std::optional<double>& value, double unit, const char* format) {
    return value ? fmt::format(fmt::runtime(format), *value / unit) : "–";
}

// Wall time is the machine's affair; how it compares with the first row is less so.
std::string times(const Cost& cost, const Cost& first) {
    if (!cost.milliseconds || !first.milliseconds) return "–";
    return fmt::format("{:.1f}", *cost.milliseconds / *first.milliseconds);
}

std::string bytes(const Bytes& bytes) {
    if (bytes.all() == 0) return "– | –";
    return fmt::format("{} + {} | {}", bytes.handshake_up, bytes.handshake_down, bytes.mqtt);
}

std::string cost_table(const std::vector<Cost>& costs) {
    std::string table =
        "| | program | handshake, bytes up + down | CONNECT and CONNACK, bytes | RV32 instructions, millions "
        "| "
        "RV32 heap held, kB | virtual board: heap held, kB | virtual board: time, password in the clear = 1 "
        "|\n"
        "|---|---|---|---|---|---|---|---|\n";
    for (const Cost& cost : costs) {
        table +=
            fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", cost.way, cost.program, bytes(cost.bytes),
                        number(cost.instructions, 1e6, "{:.2f}"), number(cost.riscv_held, 1e3, "{:.1f}"),
                        number(cost.held, 1e3, "{:.1f}"), times(cost, costs.front()));
    }
    return table;
}

std::string attack_table(const std::vector<Attacked>& attacks) {
    std::string table =
        "| | eavesdropper finds the device's name | its password or key | what it publishes | replayed bytes "
        "are let in | man in the middle hears the password or key | hears what it publishes | is let in as "
        "the device |\n|---|---|---|---|---|---|---|---|\n";
    for (const Attacked& one : attacks) {
        table += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", one.victim, yes(one.sees_name),
                             yes(one.sees_secret), yes(one.sees_payload), yes(one.replay_let_in),
                             yes(one.impostor_hears_secret), yes(one.impostor_hears_payload),
                             yes(one.impostor_let_in));
    }
    return table;
}

std::string theft_table(const std::vector<Theft>& thefts) {
    std::string table =
        "| | the thief gets in | with another device's user name | under another device's client id | after "
        "the lock-out: the thief's session has ended | the thief gets in again | the other device gets in "
        "|\n|---|---|---|---|---|---|---|\n";
    for (const Theft& one : thefts) {
        table += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", one.what, yes(one.as_itself),
                             yes(one.as_another_user), yes(one.under_its_id), yes(one.session_ended),
                             yes(one.still_gets_in), yes(one.other_gets_in));
    }
    return table;
}

// How many times the instructions of `other` this takes; of the first row with each name and program.
std::string ratio(const std::vector<Cost>& costs, const std::string& way, const std::string& program,
                  const std::string& other, const std::string& its_program) {
    const auto instructions = [&costs](const std::string& name, const std::string& by) {
        const auto row = std::find_if(costs.begin(), costs.end(), [&](const Cost& cost) {
            return cost.way == name && cost.program == by;
        });
        return row == costs.end() ? std::nullopt : row->instructions;
    };
    const auto one = instructions(way, program), two = instructions(other, its_program);
    return one && two ? fmt::format("{:.2g}", *one / *two) : "(not measured)";
}

std::string spread(const std::vector<Cost>& costs) {
    double largest = 0;
    for (const Cost& cost : costs) largest = std::max(largest, cost.spread);
    return fmt::format("{:.1f}", largest * 100);
}

}  // namespace

std::string page(std::string text, const Findings& findings) {
    replace(text, "{{costs}}\n", cost_table(findings.costs));
    replace(text, "{{attacks}}\n", attack_table(findings.attacks));
    replace(text, "{{thefts}}\n", theft_table(findings.thefts));
    replace(text, "{{conditions}}", findings.conditions);
    replace(text, "{{spread}}", spread(findings.costs));
    replace(text, "{{mtls over tls}}",
            ratio(findings.costs, "mTLS, P-256", "`tls`", "password over TLS, P-256", "`tls`"));
    replace(text, "{{full over resumed}}",
            ratio(findings.costs, "mTLS, P-256", "`_countersign`", "mTLS, P-256, resumed", "`_countersign`"));
    return text;
}

}  // namespace countersign::bench
