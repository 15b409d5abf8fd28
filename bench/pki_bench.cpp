// What a certificate costs, in CPU time, beside the limit that no program can beat: one key, one signature,
// and one check of it.
#include <benchmark/benchmark.h>

#include <string>

#include "host/base/clock.h"
#include "host/base/error.h"
#include "host/pki/authority.h"
#include "host/pki/issuer.h"
#include "host/pki/openssl.h"
#include "host/pki/signature.h"

namespace {

using namespace countersign;       // NOLINT(google-build-using-namespace)
using namespace countersign::pki;  // NOLINT(google-build-using-namespace)

struct World {
    World()
        : root(create_root({}, clock.now(), random)),
          root_signer(root.key),
          issuing(create_issuing({}, root.certificate, root_signer, clock.now(), random)),
          signer(issuing.key),
          authority(root.certificate, issuing.certificate, clock.now()),
          issuer(authority, signer, clock, random) {}

    SystemClock clock;
    SystemRandom random;
    NewCa root;
    KeySigner root_signer;
    NewCa issuing;
    KeySigner signer;
    Authority authority;
    Issuer issuer;
};

World& world() {
    static World made;
    return made;
}

// About the size of a device's TBSCertificate
const Bytes& message() {
    static const Bytes bytes(360, 0x5a);
    return bytes;
}

void key(benchmark::State& state) {
    KeyGenerator keys(KeyType::p256);
    for (auto _ : state) benchmark::DoNotOptimize(keys.next());
}

void sign(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(world().signer.sign(message()));
}

void verify(benchmark::State& state) {
    SignatureVerifier verifier(world().signer.public_key());
    const Bytes signature = world().signer.sign(message());
    for (auto _ : state) {
        if (!verifier.verify(message(), signature)) throw Error(Code::Internal);
    }
}

// The limit: key + signature + one verification, each at its cheapest.
void limit(benchmark::State& state) {
    PkeyContextPtr keys(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    require(EVP_PKEY_keygen_init(keys.get()) == 1, "EVP_PKEY_keygen_init");
    require(EVP_PKEY_CTX_set_group_name(keys.get(), "P-256") == 1, "EVP_PKEY_CTX_set_group_name");
    SignatureVerifier verifier(world().signer.public_key());
    for (auto _ : state) {
        EVP_PKEY* made = nullptr;
        require(EVP_PKEY_generate(keys.get(), &made) == 1, "EVP_PKEY_generate");
        EVP_PKEY_free(made);
        if (!verifier.verify(message(), world().signer.sign(message()))) throw Error(Code::Internal);
    }
    state.SetItemsProcessed(state.iterations());
}

void key_der(benchmark::State& state) {
    const PrivateKey made = PrivateKey::generate(KeyType::p256);
    for (auto _ : state) benchmark::DoNotOptimize(made.to_der());
}

void issue_bulk(benchmark::State& state) {
    BulkIssuer bulk(world().issuer, Profile({}), KeyType::p256);
    std::size_t number = 0;
    for (auto _ : state) benchmark::DoNotOptimize(bulk.issue("device-" + std::to_string(number++)));
    state.SetItemsProcessed(state.iterations());
}

void issue_single(benchmark::State& state) {
    const Profile profile({});
    for (auto _ : state) {
        const PrivateKey made = PrivateKey::generate(KeyType::p256);
        benchmark::DoNotOptimize(world().issuer.issue(profile, {"kitchen-1", made.public_key(), {}}));
    }
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(key);
BENCHMARK(sign);
BENCHMARK(verify);
BENCHMARK(limit);
BENCHMARK(key_der);
BENCHMARK(issue_bulk);
BENCHMARK(issue_single);

}  // namespace

BENCHMARK_MAIN();
