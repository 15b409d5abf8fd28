#include "host/transport/link.h"

#include <asio/buffer.hpp>
#include <asio/write.hpp>
#include <utility>

namespace countersign::transport {
namespace {

// A peer with which one write lasts for so long, or up to twice as long, is gone, or as good as.
constexpr std::chrono::seconds kWritePatience{30};
// How long the reason for a failed write, or the peer's close_notify, is waited for.
constexpr std::chrono::seconds kEndPatience{2};

}  // namespace

Link::Link(asio::io_context& context, std::shared_ptr<TlsContext> tls, Address peer,
           std::chrono::milliseconds patience)
    : tls_(std::move(tls)),
      peer_(std::move(peer)),
      patience_(patience),
      stream_(context, tls_->context()),
      connecting_patience_(context),
      writing_patience_(context),
      end_patience_(context) {}

// Every handler keeps the link alive and does nothing once it is closed.
void Link::open(const Tcp::endpoint& at, Opened told) {
    opened_ = std::move(told);
    be_patient();
    stream_.next_layer().async_connect(at, [self = shared_from_this()](const std::error_code& code) {
        if (self->closed_) return;
        if (code) return self->lost(code);
        self->shake_hands();
    });
}

void Link::be_patient() {
    connecting_patience_.expires_after(patience_);
    connecting_patience_.async_wait([self = shared_from_this()](const std::error_code& cancelled) {
        if (cancelled || self->closed_) return;
        self->lost(attempt_timeout(self->stage_, self->patience_, self->peer_));
    });
}

void Link::shake_hands() {
    stage_ = Stage::handshake;
    std::error_code ignored;
    stream_.next_layer().set_option(Tcp::no_delay(true), ignored);  // 40 ms a handshake, else
    // Asio would have the buffer of a record given back and asked for again with each.
    SSL_clear_mode(stream_.native_handle(), SSL_MODE_RELEASE_BUFFERS);
    if (!tls_->prepare(stream_.native_handle(), peer_)) return lost(asio::error::invalid_argument);
    stream_.async_handshake(asio::ssl::stream_base::client,
                            [self = shared_from_this()](const std::error_code& code) {
                                if (self->closed_) return;
                                if (code) return self->lost(code);
                                self->opened();
                            });
}

void Link::opened() {
    stage_ = Stage::connack;
    resumed_ = SSL_session_reused(stream_.native_handle()) == 1;
    std::exchange(opened_, {})(std::nullopt);
}

void Link::let_in() {
    stage_ = Stage::connected;
    connecting_patience_.cancel();
}

void Link::read() {
    if (reading_ || closed_) return;
    reading_ = true;
    stream_.async_read_some(asio::buffer(incoming_),
                            [self = shared_from_this()](const std::error_code& code, std::size_t count) {
                                self->reading_ = false;
                                if (self->closed_) return;
                                if (code) return self->lost(code);
                                const std::size_t all = self->read_more(count);
                                self->owner_->link_bytes(mqtt::Bytes(self->incoming_).first(all));
                            });
}

// A broker sends each packet in a TLS record of its own: records that came together are handed on together,
// so that what they cause is written together. Not before CONNACK: a broker that refuses us says so by an
// alert, which is left to the next read() to tell.
std::size_t Link::read_more(std::size_t count) {
    SSL* ssl = stream_.native_handle();
    while (stage_ == Stage::connected && count < incoming_.size() && BIO_pending(SSL_get_rbio(ssl)) > 0) {
        const int got = SSL_read(ssl, incoming_.data() + count, static_cast<int>(incoming_.size() - count));
        if (got <= 0) break;  // the beginning of a record, or the end: the next read() tells
        count += static_cast<std::size_t>(got);
    }
    return count;
}

void Link::write(mqtt::Bytes bytes) {
    if (broken_ || closed_) return;
    queued_.insert(queued_.end(), bytes.begin(), bytes.end());
}

void Link::flush() {
    if (!writing_.empty() || queued_.empty()) return;
    writing_.swap(queued_);
    ++writes_;
    if (!watching_) watch_writing();
    asio::async_write(stream_, asio::buffer(writing_),
                      [self = shared_from_this()](const std::error_code& code, std::size_t) {
                          self->writing_.clear();
                          if (!self->closed_) self->written(code);
                      });
}

void Link::written(const std::error_code& code) {
    if (code) {
        broken_ = true;
        queued_.clear();
        end_patience_.expires_after(kEndPatience);
        end_patience_.async_wait([self = shared_from_this(), code](const std::error_code& cancelled) {
            if (!cancelled && !self->closed_) self->lost(code);
        });
        return read();
    }
    if (!queued_.empty()) return flush();
    if (finishing_) return shut_down();
    owner_->link_written();
}

// The timer is not set anew for each write, which would cost more than the write itself: it looks now and
// then whether still the same one is under way.
void Link::watch_writing() {
    watching_ = true;
    writing_patience_.expires_after(kWritePatience);
    writing_patience_.async_wait(
        [self = shared_from_this(), write = writes_](const std::error_code& cancelled) {
            self->watching_ = false;
            if (cancelled || self->closed_ || self->writing_.empty()) return;
            if (self->writes_ == write) return self->lost(asio::error::timed_out);
            self->watch_writing();
        });
}

void Link::finish() {
    finishing_ = true;
    if (writing_.empty() && queued_.empty()) return shut_down();
    flush();
}

void Link::shut_down() {
    end_patience_.expires_after(kEndPatience);
    end_patience_.async_wait([self = shared_from_this()](const std::error_code& cancelled) {
        if (!cancelled && !self->closed_) self->end();
    });
    // Whatever the peer says to our close_notify, the connection is at its end.
    stream_.async_shutdown([self = shared_from_this()](const std::error_code&) {
        if (!self->closed_) self->end();
    });
}

void Link::end() {
    abandon();
    owner_->link_finished();
}

void Link::abandon() {
    if (closed_) return;
    closed_ = true;
    opened_ = {};
    connecting_patience_.cancel();
    writing_patience_.cancel();
    end_patience_.cancel();
    std::error_code ignored;
    stream_.next_layer().close(ignored);
}

void Link::lost(const std::error_code& code) {
    if (finishing_) return end();  // the peer was quicker
    lost(transport_failure(stage_, code, verdict_of(stream_.native_handle()), tls_->own_dates(), peer_));
}

void Link::lost(const Failure& failure) {
    // Whoever was not let in with a resumed session must show the certificate again.
    if (stage_ == Stage::handshake || stage_ == Stage::connack) tls_->forget_session();
    const auto told = std::exchange(opened_, {});
    abandon();
    if (told) return told(failure);
    owner_->link_lost(failure);
}

}  // namespace countersign::transport
