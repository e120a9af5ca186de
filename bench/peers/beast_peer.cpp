// SPDX-License-Identifier: MIT
//
// Boost.Beast, asynchronous, in one thread.
//
//     beast PORT [CERTIFICATE KEY] [--deflate no|shared|takeover]
//
// An echo is what Beast's own example does: read a message, write it from where
// it lies, read the next. A connection that hears what is broadcast reads and
// writes at the same time, from a queue of messages that all of them share. A
// message is sent as one frame, without a copy.

// One thread: no locks in Asio.
#define BOOST_ASIO_DISABLE_THREADS

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <set>
#include <string>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;
using tcp = asio::ip::tcp;

// With the type of the loop itself, no call goes through a virtual one.
using Executor = asio::io_context::executor_type;
using Plain = asio::basic_stream_socket<tcp, Executor>;
using Secure = asio::ssl::stream<Plain>;

static constexpr std::size_t message_limit = 64 << 20;

struct Message {
    bool text;
    std::string bytes;
};

class Listener {
public:
    virtual ~Listener() = default;
    virtual void hear(std::shared_ptr<const Message> message) = 0;
};

static std::set<Listener *> heard;
static websocket::permessage_deflate deflate;

template <class Stream>
class Session final : public Listener,
                      public std::enable_shared_from_this<Session<Stream>> {
public:
    template <class... Args>
    explicit Session(Args &&...args) : ws(std::forward<Args>(args)...)
    {
        ws.set_option(deflate);
        ws.read_message_max(message_limit);
        ws.auto_fragment(false);
    }

    ~Session() override
    {
        heard.erase(this);
    }

    void start()
    {
        if constexpr (std::is_same_v<Stream, Secure>)
            ws.next_layer().async_handshake(
                asio::ssl::stream_base::server, next(&Session::read_request));
        else
            read_request();
    }

    void hear(std::shared_ptr<const Message> message) override
    {
        queue.push_back(std::move(message));
        if (queue.size() == 1)
            write_queued();
    }

private:
    websocket::stream<Stream> ws;
    beast::flat_buffer in;
    http::request<http::empty_body> request;
    std::deque<std::shared_ptr<const Message>> queue;

    // A handler that goes on to a method, unless there was an error; the
    // session ends with its last handler.
    auto next(void (Session::*method)())
    {
        return [self = this->shared_from_this(), method](error_code error,
                                                         auto...) {
            if (!error)
                (self.get()->*method)();
        };
    }

    void read_request()
    {
        http::async_read(ws.next_layer(), in, request, next(&Session::accept));
    }

    void accept()
    {
        ws.async_accept(request, next(&Session::open));
    }

    void open()
    {
        bool broadcast = request.target() == "/broadcast";

        request = {};
        if (broadcast) {
            heard.insert(this);
            read_broadcast();
        } else {
            read_echo();
        }
    }

    void read_echo()
    {
        ws.async_read(in, next(&Session::write_echo));
    }

    void write_echo()
    {
        ws.text(ws.got_text());
        ws.async_write(in.cdata(), next(&Session::end_echo));
    }

    void end_echo()
    {
        in.consume(in.size());
        read_echo();
    }

    void read_broadcast()
    {
        ws.async_read(in, next(&Session::broadcast));
    }

    void broadcast()
    {
        auto message = std::make_shared<const Message>(
            Message{ ws.got_text(), beast::buffers_to_string(in.cdata()) });

        in.consume(in.size());
        for (Listener *listener : heard)
            listener->hear(message);
        read_broadcast();
    }

    void write_queued()
    {
        ws.text(queue.front()->text);
        ws.async_write(asio::buffer(queue.front()->bytes),
                       next(&Session::end_queued));
    }

    void end_queued()
    {
        queue.pop_front();
        if (!queue.empty())
            write_queued();
    }
};

using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

static void accept_next(Acceptor &acceptor, asio::ssl::context *tls)
{
    acceptor.async_accept([&acceptor, tls](error_code error, Plain socket) {
        if (!error) {
            socket.set_option(tcp::no_delay(true), error);
            if (tls)
                std::make_shared<Session<Secure>>(std::move(socket), *tls)
                    ->start();
            else
                std::make_shared<Session<Plain>>(std::move(socket))->start();
        }
        accept_next(acceptor, tls);
    });
}

static int usage()
{
    std::fputs("usage: beast PORT [CERTIFICATE KEY] "
               "[--deflate no|shared|takeover]\n",
               stderr);
    return 2;
}

static bool read_deflate(const char *how)
{
    bool shared = std::strcmp(how, "shared") == 0;

    deflate.server_enable = std::strcmp(how, "no") != 0;
    deflate.server_no_context_takeover = shared;
    deflate.client_no_context_takeover = shared;
    return shared || !deflate.server_enable ||
           std::strcmp(how, "takeover") == 0;
}

int main(int argc, char **argv)
{
    if (argc >= 4 && std::strcmp(argv[argc - 2], "--deflate") == 0) {
        if (!read_deflate(argv[argc - 1]))
            return usage();
        argc -= 2;
    }
    if (argc != 2 && argc != 4)
        return usage();

    asio::io_context loop(1);
    asio::ssl::context tls(asio::ssl::context::tls_server);
    if (argc == 4) {
        tls.use_certificate_chain_file(argv[2]);
        tls.use_private_key_file(argv[3], asio::ssl::context::pem);
    }
    auto port = static_cast<unsigned short>(std::strtoul(argv[1], nullptr, 10));
    tcp::endpoint address(asio::ip::address_v4::loopback(), port);
    Acceptor acceptor(loop, address);
    accept_next(acceptor, argc == 4 ? &tls : nullptr);
    loop.run();
}
