#include "host/broker/ca_folder.h"

#include <fmt/format.h>

#include "host/base/files.h"
#include "host/broker/config.h"
#include "host/pki/certificate.h"

namespace countersign::broker {
namespace {

namespace fs = std::filesystem;

void place(const fs::path& folder, const pki::Certificate& ca) {
    const std::string pem = pki::to_pem(ca);
    for (int n = 0;; ++n) {
        const fs::path file = folder / fmt::format("{:08x}.{}", pki::subject_hash(ca), n);
        if (fs::exists(file)) {
            if (read_text(file) == pem) return;
            continue;  // another CA of this name: roots of earlier versions had their predecessor's
        }
        write_file(file, pem, kPublicFile);
        return;
    }
}

}  // namespace

void place_cas(const fs::path& folder) {
    const Files files(folder);
    make_folder(files.cas, kPublicFolder);
    for (const auto& ca : pki::parse_certificates_pem(read_text(files.ca))) place(files.cas, ca);
}

}  // namespace countersign::broker
