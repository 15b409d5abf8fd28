// One connection, from the name lookup to its end: bytes in order, both ways, over TLS.
#pragma once

#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/mqtt/types.h"
#include "host/transport/fault.h"
#include "host/transport/tls.h"

namespace countersign::transport {

// Told from the context's thread; after lost, finished or abandon() nothing comes any more.
class LinkOwner {
  public:
    virtual void link_open(bool resumed) = 0;        // TLS is up
    virtual void link_bytes(mqtt::Bytes bytes) = 0;  // one answer to one read()
    virtual void link_written() = 0;                 // everything given to write() and flushed is on its way
    virtual void link_lost(Failure failure) = 0;
    virtual void link_finished() = 0;  // the answer to finish()

  protected:
    ~LinkOwner() = default;
};

class Link : public std::enable_shared_from_this<Link> {
  public:
    // The owner calls abandon() before it goes.
    Link(asio::io_context& context, std::shared_ptr<TlsContext> tls, Peer peer, LinkOwner& owner);

    void open();
    // Asks for bytes; they live until the next read().
    void read();
    // Copies; flush() sends. After a failed write the bytes go nowhere, and the reason comes with the next
    // read: a broker that refuses us says why before it hangs up.
    void write(mqtt::Bytes bytes);
    // Packets that are flushed together share TLS records and system calls.
    void flush();
    [[nodiscard]] bool may_write() const noexcept { return broken_ || queued_.size() < kMaxQueued; }
    // Writes what is queued, then close_notify, then closes.
    void finish();
    // Closes at once.
    void abandon();

    void set_stage(Stage stage) noexcept { stage_ = stage; }
    [[nodiscard]] Stage stage() const noexcept { return stage_; }

  private:
    using Tcp = asio::ip::tcp;
    // Not Asio's default, any_io_executor, which is copied often: with the buffer kept (shake_hands) a
    // message received takes 8 % fewer instructions, by callgrind.
    using Executor = asio::io_context::executor_type;
    using Socket = asio::basic_stream_socket<Tcp, Executor>;
    using Resolver = asio::ip::basic_resolver<Tcp, Executor>;

    void dial(const Resolver::results_type& endpoints);
    void shake_hands();
    void opened();
    [[nodiscard]] std::size_t read_more(std::size_t count);
    void written(const std::error_code& code);
    void watch_writing();
    void shut_down();
    void end();
    void lost(const std::error_code& code);

    static constexpr std::size_t kMaxQueued = std::size_t{256} << 10;

    std::shared_ptr<TlsContext> tls_;  // the stream calls back into it
    Peer peer_;
    LinkOwner& owner_;
    Resolver resolver_;
    asio::ssl::stream<Socket> stream_;
    asio::steady_timer writing_patience_;
    asio::steady_timer end_patience_;
    Stage stage_ = Stage::resolving;
    std::array<std::uint8_t, 16384> incoming_{};  // one TLS record
    std::vector<std::uint8_t> queued_;            // not yet given to the stream
    std::vector<std::uint8_t> writing_;           // being written; empty when idle
    std::uint64_t writes_ = 0;
    bool watching_ = false;  // writing_patience_ runs
    bool reading_ = false;
    bool broken_ = false;  // a write has failed
    bool finishing_ = false;
    bool closed_ = false;
};

}  // namespace countersign::transport
