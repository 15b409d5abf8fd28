// Requests and certificates come from anybody: by file, by cable, over the broker.
#include <cstddef>
#include <cstdint>

#include "host/base/error.h"
#include "host/pki/certificate.h"
#include "host/pki/csr.h"

namespace {

template <typename Parse>
void answer_or_refusal(Parse parse) {
    try {
        parse();
    } catch (const countersign::Error& error) {
        // A refusal is an answer; an inner failure is none.
        if (error.id() == countersign::Code::Internal) __builtin_trap();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const countersign::pki::ByteView bytes(data, size);
    answer_or_refusal([&] { (void)countersign::pki::parse_csr(bytes); });
    answer_or_refusal([&] { (void)countersign::pki::parse_certificate(bytes); });
    return 0;
}
