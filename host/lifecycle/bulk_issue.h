// Certificates for a whole list of names, as fast as the signatures allow.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "host/lifecycle/csv.h"
#include "host/lifecycle/issue.h"

namespace countersign::lifecycle {

struct BulkDefaults {
    pki::KeyType key = pki::KeyType::p256;
    std::chrono::days lifetime = pki::kDefaultLifetime;
    Format format = Format::both;
    std::optional<std::filesystem::path> out;  // identities go to <out>/<name>/
};

struct BulkProblem {
    std::size_t line;
    std::string name;
    std::string what;
};

struct BulkResult {
    std::size_t issued = 0;
    std::size_t already = 0;  // had a certificate before: a second run of the same list finishes the first
    std::vector<BulkProblem> problems;
};

using BulkProgress = std::function<void(std::size_t done, std::size_t total)>;

// A bad line is reported and stops nothing else. Killed in the middle, the same call goes on where it was.
[[nodiscard]] BulkResult bulk_issue(OpenHome& home, IssuingAuthority& authority,
                                    std::span<const CsvDevice> devices, const BulkDefaults& defaults,
                                    const BulkProgress& progress);

}  // namespace countersign::lifecycle
