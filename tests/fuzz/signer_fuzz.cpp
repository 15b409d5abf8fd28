// What the responder, which may have been taken over, sends the process that holds the issuing key.
#include <cstddef>
#include <cstdint>

#include "host/lifecycle/signer_service.h"
#include "host/pki/random.h"

namespace {

using namespace countersign;

class FixedClock final : public Clock {
  public:
    [[nodiscard]] Seconds now() const override { return Seconds(std::chrono::seconds(1'780'000'000)); }
};

// A signer that must never be asked: nothing a fuzzer makes up names the key of a device.
class CountingSigner final : public pki::Signer {
  public:
    explicit CountingSigner(pki::PublicKey key) : key_(std::move(key)) {}
    [[nodiscard]] const pki::PublicKey& public_key() const noexcept override { return key_; }
    [[nodiscard]] pki::Bytes sign(pki::ByteView /*to_be_signed*/) override { __builtin_trap(); }

  private:
    pki::PublicKey key_;
};

struct Bench {
    FixedClock clock;
    pki::SystemRandom random;
    pki::NewCa root = pki::create_root({}, clock.now(), random);
    pki::KeySigner root_signer{root.key};
    pki::NewCa issuing = pki::create_issuing({}, root.certificate, root_signer, clock.now(), random);
    pki::Authority authority{root.certificate, issuing.certificate, clock.now()};
    CountingSigner signer{issuing.key.public_key()};
    registry::Registry registry = registry::Registry::create(":memory:", clock);
    lifecycle::SigningDesk desk{registry,
                                authority,
                                signer,
                                clock,
                                [] { return lifecycle::Settings{}; },
                                [] {
                                    return lifecycle::SignerPolicy{std::chrono::days(365), 10, false, {}};
                                },
                                {{root.certificate}, {issuing.certificate}}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Bench bench;
    for (const char letter : {'S', 'R'}) {
        pki::Bytes frame{static_cast<std::uint8_t>(letter)};
        frame.insert(frame.end(), data, data + size);
        (void)lifecycle::answer_frame(bench.desk, frame, [](std::string_view) {});
    }
    (void)lifecycle::answer_frame(bench.desk, {data, size}, [](std::string_view) {});
    return 0;
}
