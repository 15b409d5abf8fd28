#include "host/pki/verify.h"

#include "host/base/error.h"
#include "host/pki/openssl.h"
#include "host/pki/x509_read.h"

namespace countersign::pki {
namespace {

// A stack that owns its certificates.
class X509Stack {
  public:
    explicit X509Stack(std::span<const Certificate> certificates) : stack_(sk_X509_new_null()) {
        require(stack_ != nullptr, "sk_X509_new_null");
        for (const Certificate& certificate : certificates) {
            X509Ptr x509 = to_x509(certificate.der);
            require(sk_X509_push(stack_, x509.get()) > 0, "sk_X509_push");
            (void)x509.release();
        }
    }
    X509Stack(const X509Stack&) = delete;
    X509Stack& operator=(const X509Stack&) = delete;
    ~X509Stack() { sk_X509_pop_free(stack_, X509_free); }

    [[nodiscard]] STACK_OF(X509) * get() const noexcept { return stack_; }

  private:
    STACK_OF(X509) * stack_;
};

StorePtr store_of(std::span<const Certificate> anchors) {
    StorePtr store(X509_STORE_new());
    require(store != nullptr, "X509_STORE_new");
    for (const Certificate& anchor : anchors) {
        require(X509_STORE_add_cert(store.get(), to_x509(anchor.der).get()) == 1, "X509_STORE_add_cert");
    }
    return store;
}

void ask(X509_STORE_CTX* context, const Question& question) {
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(parameters, question.at.time_since_epoch().count());
    // The anchor's own signature is checked too: a damaged root must not go unseen.
    require(X509_VERIFY_PARAM_set_flags(parameters,
                                        X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE) == 1,
            "X509_VERIFY_PARAM_set_flags");
    if (question.purpose != Purpose::any) {
        const int purpose =
            question.purpose == Purpose::server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT;
        require(X509_STORE_CTX_set_purpose(context, purpose) == 1, "X509_STORE_CTX_set_purpose");
    }
    if (!question.host) return;
    const HostName& host = *question.host;
    if (host.is_ip()) {
        require(X509_VERIFY_PARAM_set1_ip(parameters, host.address().data(), host.address().size()) == 1,
                "X509_VERIFY_PARAM_set1_ip");
    } else {
        X509_VERIFY_PARAM_set_hostflags(parameters,
                                        X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        require(X509_VERIFY_PARAM_set1_host(parameters, host.text().data(), host.text().size()) == 1,
                "X509_VERIFY_PARAM_set1_host");
    }
}

Code code_of(int verdict) {
    switch (verdict) {
        case X509_V_ERR_CERT_HAS_EXPIRED: return Code::CertExpired;
        case X509_V_ERR_CERT_NOT_YET_VALID: return Code::CertNotYet;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH: return Code::BrokerName;
        default: return Code::CertInvalid;
    }
}

std::string about(X509_STORE_CTX* context, const Question& question) {
    std::string text = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
    if (X509* at = X509_STORE_CTX_get_current_cert(context)) {
        text += " (" + common_name(X509_get_subject_name(at)) + ")";
    }
    if (question.host) text += " when dialled as " + question.host->text();
    return text + ".";
}

}  // namespace

void verify_strictly(const Certificate& leaf, std::span<const Certificate> intermediates,
                     std::span<const Certificate> anchors, const Question& question) {
    const QuietErrors quiet;
    const StorePtr store = store_of(anchors);
    const X509Ptr subject = to_x509(leaf.der);
    const X509Stack between(intermediates);
    const StoreContextPtr context(X509_STORE_CTX_new());
    require(context != nullptr &&
                X509_STORE_CTX_init(context.get(), store.get(), subject.get(), between.get()) == 1,
            "X509_STORE_CTX_init");
    ask(context.get(), question);
    if (X509_verify_cert(context.get()) == 1) return;
    throw Error(code_of(X509_STORE_CTX_get_error(context.get())), about(context.get(), question));
}

}  // namespace countersign::pki
