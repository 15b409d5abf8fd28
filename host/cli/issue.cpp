// `countersign issue NAME` and `issue --csv FILE`.
#include "host/lifecycle/issue.h"

#include <fmt/format.h>

#include <memory>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/printable.h"
#include "host/cli/commands.h"
#include "host/cli/left_behind.h"
#include "host/cli/options.h"
#include "host/lifecycle/bulk_issue.h"
#include "host/lifecycle/renewal.h"

namespace countersign::cli {
namespace {

struct IssueOptions {
    std::string name, key, format = "both", csr, csv, out, role = "device";
    std::int64_t days = 0;  // 0: the home's default
    bool replace = false;
};

std::optional<std::filesystem::path> out_folder(const IssueOptions& options) {
    if (options.out.empty()) return std::nullopt;
    return std::filesystem::absolute(options.out).lexically_normal();
}

lifecycle::IssueRequest request_from(const IssueOptions& options, const lifecycle::Settings& settings) {
    lifecycle::IssueRequest request;
    request.name = options.name;
    const auto role = parse_role(options.role);
    if (!role)
        throw Error(Code::Usage, fmt::format("\"{}\" is no role.", options.role),
                    "--role device or --role operator");
    request.role = *role;
    request.key = key_type_from(options.key.empty() ? settings.key_type : options.key);
    request.lifetime = std::chrono::days(options.days != 0 ? options.days : settings.days);
    request.format = format_from(options.format);
    request.replace = options.replace;
    request.out = out_folder(options);
    if (!options.csr.empty())
        request.csr = pki::parse_csr(read_file(options.csr, pki::kMaxCsrSize), options.name);
    return request;
}

void report_issued(const Context& context, const lifecycle::Issued& issued) {
    const auto& certificate = issued.certificate;
    std::string sentence = fmt::format(
        "{} {} for {} in {}; it expires {}.", issued.finished ? "Finished an interrupted issue:" : "Made",
        certificate.role == Role::operator_ ? "an operator certificate" : "a certificate", certificate.name,
        issued.folder.string(), format_date(certificate.not_after));
    const auto by_hand = lifecycle::renews_by_hand(certificate);
    if (by_hand) {
        sentence += fmt::format(
            "\nIts key is {}: it does not renew by itself, which takes a P-256 key. Before it expires: "
            "countersign "
            "issue {} --replace",
            *by_hand, certificate.name);
    }
    if (issued.replaces) sentence += "\nThe certificate before it works until this one has been used.";
    context.report(sentence, {{"name", certificate.name},
                              {"folder", issued.folder.string()},
                              {"serial", certificate.serial},
                              {"fingerprint", pki::to_hex(certificate.fingerprint)},
                              {"not_before", format_time(certificate.not_before)},
                              {"not_after", format_time(certificate.not_after)},
                              {"renews_by_itself", !by_hand},
                              {"replaces", issued.replaces},
                              {"finished", issued.finished}});
}

void issue_one(const Context& context, lifecycle::OpenHome& home, const IssueOptions& options) {
    const auto request = request_from(options, home.settings());
    if (const auto done = lifecycle::already_finished(home, request)) return report_issued(context, *done);
    lifecycle::check_request(home, request);
    lifecycle::IssuingAuthority authority(home.home(), authority_passphrase(context, home), home.clock());
    if (request.role == Role::device) clear_before_issue(context, home.home(), request.name);
    report_issued(context, lifecycle::issue(home, authority, request));
}

void report_bulk(const Context& context, const std::filesystem::path& folder,
                 const lifecycle::BulkResult& result, std::size_t lines) {
    Json problems = Json::array();
    for (const auto& problem : result.problems) {
        context.note(fmt::format("line {}: {}: {}", problem.line, one_line(problem.name), problem.what));
        problems.push_back({{"line", problem.line}, {"name", problem.name}, {"what", problem.what}});
    }
    std::string sentence = fmt::format("Made {} {} in {}.", result.issued,
                                       result.issued == 1 ? "certificate" : "certificates", folder.string());
    if (result.already != 0) sentence += fmt::format(" {} had one already.", result.already);
    const Json answer{{"issued", result.issued}, {"already", result.already}, {"problems", problems}};
    if (result.problems.empty()) return context.report(sentence, answer);
    context.note(sentence);
    throw Incomplete(Error(Code::CsvInvalid,
                           fmt::format("{} of {} lines could not be used; the rest is done.",
                                       result.problems.size(), lines),
                           "mend those lines and run the same command again"),
                     answer);
}

void issue_list(const Context& context, lifecycle::OpenHome& home, const IssueOptions& options) {
    const auto list = lifecycle::parse_device_csv(read_text(options.csv, lifecycle::kMaxCsvBytes));
    const auto& devices = list.devices;
    for (const auto& title : list.unused)
        context.note(fmt::format("column \"{:.40}\" is not used", one_line(title)));
    const lifecycle::BulkDefaults defaults{
        key_type_from(options.key.empty() ? home.settings().key_type : options.key),
        std::chrono::days(options.days != 0 ? options.days : home.settings().days),
        format_from(options.format), out_folder(options)};
    lifecycle::IssuingAuthority authority(home.home(), authority_passphrase(context, home), home.clock());
    lifecycle::BulkResult result;
    {
        Progress progress(context, "Issued");
        result =
            lifecycle::bulk_issue(home, authority, devices, defaults,
                                  [&](std::size_t done, std::size_t total) { progress.show(done, total); });
    }
    report_bulk(context, defaults.out.value_or(home.home().devices()), result, devices.size());
}

void run_issue(const Context& context, const IssueOptions& options) {
    if (options.name.empty() == options.csv.empty()) {
        throw Error(Code::Usage, "Give a NAME or --csv FILE, and not both.", "countersign issue --help");
    }
    if (!options.csv.empty() && (!options.csr.empty() || options.replace || options.role != "device")) {
        throw Error(Code::Usage, "--csr, --replace and --role are for one NAME.", "countersign issue --help");
    }
    if (!options.csr.empty() && !options.key.empty()) {
        throw Error(Code::Usage, "With --csr the key is made already; --key says nothing.",
                    "countersign issue --help");
    }
    lifecycle::OpenHome home(lifecycle::Home(context.home_path()), context.clock());
    if (options.csv.empty()) {
        issue_one(context, home, options);
    } else {
        issue_list(context, home, options);
    }
}

}  // namespace

void add_issue(const Command& app, Context& context) {
    const Command command = app.subcommand("issue", "Make a certificate, or many");
    command.examples(
        "  countersign issue user1\n"
        "  countersign issue user1 --replace\n"
        "  countersign issue gateway --csr gateway.csr --format pem\n"
        "  countersign issue anna --role operator --out ./anna\n"
        "  countersign issue --csv devices.csv      (columns: name, and if wanted key, days)");
    auto options = std::make_shared<IssueOptions>();
    command.option("NAME", options->name, "The device");
    command.option("--csv", options->csv, "A list of devices").type_name("FILE");
    command.option("--csr", options->csr, "A PKCS#10 request, PEM or DER: the key stays where it is")
        .type_name("FILE");
    command.option("--key", options->key, "p256, p384, rsa2048, rsa3072, rsa4096 or ed25519");
    command.option("--format", options->format, "der, pem or both").show_default();
    command.option("--days", options->days, "Lifetime").range(1, 3'000'000);
    command.option("--out", options->out, "Put the files here instead of the home folder").type_name("DIR");
    command.option("--role", options->role, "device or operator").show_default();
    command.flag("--replace", options->replace, "The name has a certificate: make its successor");
    command.action([&context, options] { run_issue(context, *options); });
}

}  // namespace countersign::cli
