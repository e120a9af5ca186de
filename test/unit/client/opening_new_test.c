/* SPDX-License-Identifier: MIT */
/*
 * What a client asks for: the bytes of its requests for all its options, and
 * the options that cannot be. Nothing that a caller hands in can make one
 * request two, or one field two.
 */
#include "opening_fixture.h"

#include <ctype.h>

#define URL "ws://h.example/chat"
#define MAX_ARRAY 8

/* ---- Requests ------------------------------------------------------------ */

#define LINES(resource, host)                                                  \
    "GET " resource " HTTP/1.1\r\nHost: " host "\r\n" FIXED
#define FIXED                                                                  \
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"                            \
    "Sec-WebSocket-Key: KEY\r\nSec-WebSocket-Version: 13\r\n"
#define AGENT "User-Agent: AGENT\r\n"

struct request {
    const char *what, *url, *base, *origin, *cookie;
    const char *protocols[MAX_ARRAY], *headers[MAX_ARRAY];
    const char *request; /* KEY and AGENT stand for what differs */
};

static const struct request requests[] = {
    {"the least", .url = URL, .request = LINES("/chat", "h.example") AGENT},
    {"no path", .url = "ws://h", .request = LINES("/", "h") AGENT},
    {"a port", .url = "ws://h:81/", .request = LINES("/", "h:81") AGENT},
    {"its own port", .url = "ws://h:80/", .request = LINES("/", "h") AGENT},
    {"http", .url = "http://h/a", .request = LINES("/a", "h") AGENT},
    {"letters", .url = "WS://H.Example/A",
     .request = LINES("/A", "h.example") AGENT},
    {"a query", .url = "ws://h/a?b=c&d#", .request = NULL},
    {"a query", .url = "ws://h/a?b=c&d",
     .request = LINES("/a?b=c&d", "h") AGENT},
    {"a query alone", .url = "ws://h?", .request = LINES("/?", "h") AGENT},
    {"IPv6", .url = "ws://[::1]:9998/",
     .request = LINES("/", "[::1]:9998") AGENT},
    {"what URLs encode", .url = "ws://h/a b?c d",
     .request = LINES("/a%20b?c%20d", "h") AGENT},
    {"credentials", .url = "ws://user:secret@h/a",
     .request = LINES("/a", "h") AGENT},
    {"relative", .url = "../b?q", .base = "http://h:81/a/c/d",
     .request = LINES("/a/b?q", "h:81") AGENT},
    {"absolute for all its base", .url = "ws://i/", .base = "https://h/a",
     .request = LINES("/", "i") AGENT},

    {"a protocol", .url = URL, .protocols = {"chat"},
     .request =
         LINES("/chat", "h.example") "Sec-WebSocket-Protocol: chat\r\n" AGENT},
    {"protocols in order", .url = URL, .protocols = {"z", "A", "a", "!#$%&'*+"},
     .request = LINES(
         "/chat",
         "h.example") "Sec-WebSocket-Protocol: z, A, a, !#$%&'*+\r\n" AGENT},
    {"an origin", .url = URL, .origin = "https://page.example",
     .request =
         LINES("/chat", "h.example") "Origin: https://page.example\r\n" AGENT},
    {"a cookie", .url = URL, .cookie = "a=b; c=\"d\"",
     .request = LINES("/chat", "h.example") "Cookie: a=b; c=\"d\"\r\n" AGENT},

    {"a header", .url = URL, .headers = {"X-One: 1"},
     .request = LINES("/chat", "h.example") AGENT "X-One: 1\r\n"},
    {"a header often", .url = URL, .headers = {"A: 1", "a: 2", "A: 1"},
     .request = LINES("/chat", "h.example") AGENT "A: 1\r\na: 2\r\nA: 1\r\n"},
    {"an empty header", .url = URL, .headers = {"A:"},
     .request = LINES("/chat", "h.example") AGENT "A: \r\n"},
    {"blanks around a value", .url = URL, .headers = {"A: \t b\tc \t"},
     .request = LINES("/chat", "h.example") AGENT "A: b\tc\r\n"},
    {"colons in a value", .url = URL, .headers = {"A:b:c: d"},
     .request = LINES("/chat", "h.example") AGENT "A: b:c: d\r\n"},
    {"UTF-8 in a value", .url = URL, .headers = {"A: \xc3\xa9"},
     .request = LINES("/chat", "h.example") AGENT "A: \xc3\xa9\r\n"},
    {"Authorization", .url = URL, .headers = {"Authorization: Basic YTpi"},
     .request =
         LINES("/chat", "h.example") AGENT "Authorization: Basic YTpi\r\n"},
    {"Host replaced", .url = URL, .headers = {"hOST: other:1"},
     .request = "GET /chat HTTP/1.1\r\nHost: other:1\r\n" FIXED AGENT},
    {"User-Agent replaced", .url = URL, .headers = {"user-agent: Me/1"},
     .request = LINES("/chat", "h.example") "User-Agent: Me/1\r\n"},
    {"all at once", .url = URL, .origin = "null", .cookie = "k=v",
     .protocols = {"p", "q"}, .headers = {"A: 1", "Host: o", "User-Agent: m"},
     .request = "GET /chat HTTP/1.1\r\nHost: o\r\n" FIXED
                "Sec-WebSocket-Protocol: p, q\r\nOrigin: null\r\n"
                "Cookie: k=v\r\nUser-Agent: m\r\nA: 1\r\n"},
};

static void ask_request(struct ask *ask, const struct request *r)
{
    ask_init(ask, r->url);
    ask->opts.base = r->base;
    ask->opts.origin = r->origin;
    ask->opts.cookie = r->cookie;
    if (r->protocols[0])
        ask->opts.protocols = r->protocols;
    if (r->headers[0])
        ask->opts.headers = r->headers;
}

/* Writes a name in the place of what differs from one to the next. */
static void mask_value(char *text, const char *field, const char *name)
{
    char line[64];
    char *at, *end;

    snprintf(line, sizeof(line), "\r\n%s: ", field);
    at = strstr(text, line);
    if (!at)
        return;
    at += strlen(line);
    end = strstr(at, "\r\n");
    assert_non_null(end);
    memmove(at + strlen(name), end, strlen(end) + 1);
    memcpy(at, name, strlen(name));
}

static void check_request(const struct request *r)
{
    struct ask ask;
    char got[2048], want[2048];

    ask_request(&ask, r);
    ask_try(&ask);
    CHECK(!ask.err == !!r->request, "%s: %d, %s", r->what, ask.err, ask.why);
    if (!ask.err) {
        snprintf(got, sizeof(got), "%s", ask_output(&ask));
        snprintf(want, sizeof(want), "%s\r\n", r->request);
        mask_value(got, "Sec-WebSocket-Key", "KEY");
        if (strstr(want, AGENT))
            mask_value(got, "User-Agent", "AGENT");
        CHECK(!strcmp(got, want), "%s: \"%s\"", r->what, got);
    }
    ask_close(&ask);
}

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++)
        check_request(&requests[i]);
}

static void test_user_agent(void **state)
{
    struct ask ask;

    (void)state;
    ask_init(&ask, URL);
    ask_open(&ask);
    assert_true(
        !strncmp(request_field(ask_output(&ask), "User-Agent"), "Weft/", 5));
    ask_close(&ask);
}

/* Compression is offered unless it is off. */
static void test_extensions(void **state)
{
    static const struct weft_deflate_opts both = {
        .size = sizeof(both), .has_takeover = true, .peer_takeover = true};
    static const struct {
        const struct weft_deflate_opts *deflate;
        const char *field;
    } offers[] = {
        {&both, "permessage-deflate; client_max_window_bits"},
        {NULL, "permessage-deflate; server_no_context_takeover; "
               "client_no_context_takeover; client_max_window_bits, "
               "permessage-deflate; client_max_window_bits"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct ask ask;
        const char *field;

        ask_init(&ask, URL);
        ask.opts.deflate = offers[i].deflate;
        ask_open(&ask);
        field = request_field(ask_output(&ask), "Sec-WebSocket-Extensions");
        CHECK(!strcmp(field, offers[i].field), "%s", field);
        ask_close(&ask);
    }
}

/* Strings and arrays are copied: those of the caller are gone afterwards. */
static void test_arguments_are_copied(void **state)
{
    char protocol[] = "chat", header[] = "A: b", url[] = URL;
    const char *protocols[] = {protocol, NULL}, *headers[] = {header, NULL};
    struct ask ask;

    (void)state;
    ask_init(&ask, url);
    ask.opts.protocols = protocols;
    ask.opts.headers = headers;
    ask_open(&ask);
    memset(protocol, 'x', sizeof(protocol));
    memset(header, 'x', sizeof(header));
    memset(url, 'x', sizeof(url));
    protocols[0] = NULL;
    headers[0] = NULL;
    assert_string_equal(request_field(ask_output(&ask), "A"), "b");
    assert_int_equal(ask.o->protocol_count, 1);
    assert_string_equal(ask.o->protocols[0], "chat");
    assert_string_equal(ask.o->url.href, URL);
    ask_close(&ask);
}

/* RFC 6455 section 4.1: "randomly selected 16-byte value that has been
 * base64-encoded", anew for each connection. */
static void test_keys(void **state)
{
    static char keys[200][WEFT_KEY_LEN + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        uint8_t nonce[18];
        struct ask ask;
        const char *key;

        ask_init(&ask, URL);
        ask_open(&ask);
        key = request_field(ask_output(&ask), "Sec-WebSocket-Key");
        assert_non_null(key);
        assert_int_equal(strlen(key), 24);
        assert_string_equal(key + 22, "==");
        assert_int_equal(EVP_DecodeBlock(nonce, (const uint8_t *)key, 24), 18);
        assert_string_equal(key, ask.o->key);
        memcpy(keys[i], key, sizeof(keys[i]));
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(keys[i], keys[j]) != 0, "\"%s\" twice", key);
        ask_close(&ask);
    }
}

/* ---- What cannot be ------------------------------------------------------ */

struct wrong {
    const char *what;
    const char *url;
    const char *protocols[MAX_ARRAY], *headers[MAX_ARRAY];
    const char *origin, *cookie, *proxy;
    const char *why; /* a part of it */
};

static const struct wrong wrongs[] = {
    {"no URL", .url = "", .why = "URL"},
    {"relative without a base", .url = "/chat", .why = "URL"},
    {"another scheme", .url = "ftp://h/", .why = "URL"},
    {"no host", .url = "ws://", .why = "URL"},
    {"a fragment", .url = "ws://h/#a", .why = "URL"},
    {"an empty fragment", .url = "ws://h/#", .why = "URL"},
    {"a port that is none", .url = "ws://h:65536/", .why = "URL"},
    {"a host with a control character", .url = "ws://h\x01/", .why = "URL"},
    {"a host with a space", .url = "ws://h i/", .why = "URL"},
    {"a host with encoded CR", .url = "ws://h%0d/", .why = "URL"},
    {"a host with encoded NUL", .url = "ws://h%00/", .why = "URL"},

    {"an empty protocol", .url = URL, .protocols = {""}, .why = "subprotocol"},
    {"an empty one behind", .url = URL, .protocols = {"a", ""},
     .why = "subprotocol"},
    {"a space", .url = URL, .protocols = {"a b"}, .why = "subprotocol"},
    {"a comma", .url = URL, .protocols = {"a,b"}, .why = "subprotocol"},
    {"CR", .url = URL, .protocols = {"a\r"}, .why = "subprotocol"},
    {"CR LF and a field", .url = URL, .protocols = {"a\r\nX: y"},
     .why = "subprotocol"},
    {"LF", .url = URL, .protocols = {"\na"}, .why = "subprotocol"},
    {"tab", .url = URL, .protocols = {"a\t"}, .why = "subprotocol"},
    {"DEL", .url = URL, .protocols = {"a\x7f"}, .why = "subprotocol"},
    {"not ASCII", .url = URL, .protocols = {"\xc3\xa9"}, .why = "subprotocol"},
    {"a quote", .url = URL, .protocols = {"\"a\""}, .why = "subprotocol"},
    {"a slash", .url = URL, .protocols = {"a/b"}, .why = "subprotocol"},
    {"twice", .url = URL, .protocols = {"a", "b", "a"}, .why = "twice"},

    {"no colon", .url = URL, .headers = {"A"}, .why = "colon"},
    {"an empty header", .url = URL, .headers = {""}, .why = "header"},
    {"no name", .url = URL, .headers = {": a"}, .why = "header"},
    {"a space before the colon", .url = URL, .headers = {"A : b"},
     .why = "header"},
    {"a space before the name", .url = URL, .headers = {" A: b"},
     .why = "header"},
    {"a name that is no token", .url = URL, .headers = {"A(: b"},
     .why = "header"},
    {"CR LF in a name", .url = URL, .headers = {"A\r\nB: c"}, .why = "header"},
    {"CR LF in a value", .url = URL, .headers = {"A: b\r\nC: d"},
     .why = "header"},
    {"CR LF behind a value", .url = URL, .headers = {"A: b\r\n"},
     .why = "header"},
    {"CR in a value", .url = URL, .headers = {"A: b\rC"}, .why = "header"},
    {"LF in a value", .url = URL, .headers = {"A: b\nC: d"}, .why = "header"},
    {"a folded value", .url = URL, .headers = {"A: b\r\n c"}, .why = "header"},
    {"BEL in a value", .url = URL, .headers = {"A: \a"}, .why = "header"},
    {"DEL in a value", .url = URL, .headers = {"A: \x7f"}, .why = "header"},
    {"the second is wrong", .url = URL, .headers = {"A: b", "B\r: c"},
     .why = "header"},
    {"Upgrade", .url = URL, .headers = {"Upgrade: h2c"}, .why = "handshake"},
    {"Connection", .url = URL, .headers = {"connection: close"},
     .why = "handshake"},
    {"a key", .url = URL, .headers = {"Sec-WebSocket-Key: x"},
     .why = "handshake"},
    {"a version", .url = URL, .headers = {"sec-websocket-version: 8"},
     .why = "handshake"},
    {"protocols", .url = URL, .headers = {"Sec-WebSocket-Protocol: a"},
     .why = "handshake"},
    {"extensions", .url = URL,
     .headers = {"SEC-WEBSOCKET-EXTENSIONS: permessage-deflate"},
     .why = "handshake"},
    {"what only servers send", .url = URL,
     .headers = {"Sec-WebSocket-Accept: a"}, .why = "handshake"},
    {"a body", .url = URL, .headers = {"Content-Length: 4"},
     .why = "handshake"},
    {"a body in chunks", .url = URL, .headers = {"Transfer-Encoding: chunked"},
     .why = "handshake"},
    {"two hosts", .url = URL, .headers = {"Host: a", "host: b"},
     .why = "twice"},
    {"two agents", .url = URL, .headers = {"User-Agent: a", "User-agent:"},
     .why = "twice"},
    {"two cookies", .url = URL, .headers = {"Cookie: a=b", "Cookie: c=d"},
     .why = "twice"},
    {"another cookie", .url = URL, .cookie = "a=b", .headers = {"cookie: c=d"},
     .why = "twice"},
    {"two origins", .url = URL, .origin = "http://a",
     .headers = {"Origin: http://b"}, .why = "twice"},

    {"CR LF in the origin", .url = URL, .origin = "http://a\r\nB: c",
     .why = "origin"},
    {"LF in the origin", .url = URL, .origin = "http://a\n", .why = "origin"},
    {"DEL in the origin", .url = URL, .origin = "\x7f", .why = "origin"},
    {"CR in the cookie", .url = URL, .cookie = "a=b\r", .why = "cookie"},
    {"CR LF in the cookie", .url = URL, .cookie = "a=b\r\n\r\n",
     .why = "cookie"},
    {"LF in the cookie", .url = URL, .cookie = "a=b\nc", .why = "cookie"},

    {"a proxy without a host", .url = URL, .proxy = "http://", .why = "proxy"},
    {"a proxy by another scheme", .url = URL, .proxy = "socks5://h:1",
     .why = "proxy"},
    {"a proxy with a port that is none", .url = URL, .proxy = "http://h:x",
     .why = "proxy"},
    {"a proxy with CR LF", .url = URL, .proxy = "http://h\r\nA: b:1",
     .why = "proxy"},
};

static void check_wrong(const struct wrong *w)
{
    struct ask ask;

    ask_init(&ask, w->url);
    ask.opts.protocols = w->protocols[0] ? w->protocols : NULL;
    ask.opts.headers = w->headers[0] ? w->headers : NULL;
    ask.opts.origin = w->origin;
    ask.opts.cookie = w->cookie;
    if (w->proxy)
        ask.opts.proxy = w->proxy;
    ask_try(&ask);
    CHECK(ask.err == WEFT_ERR_INVALID, "%s: %d", w->what, ask.err);
    CHECK(strstr(ask.why, w->why), "%s: \"%s\"", w->what, ask.why);
    for (const char *p = ask.why; *p; p++)
        CHECK(isprint(*p), "%s: \"%s\"", w->what, ask.why);
    ask_close(&ask);
}

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrongs); i++)
        check_wrong(&wrongs[i]);
}

/* An array of nothing is as good as none. */
static void test_empty_arrays(void **state)
{
    static const char *const none[] = {NULL};
    struct ask ask;

    (void)state;
    ask_init(&ask, URL);
    ask.opts.protocols = none;
    ask.opts.headers = none;
    ask_open(&ask);
    assert_null(request_field(ask_output(&ask), "Sec-WebSocket-Protocol"));
    ask_close(&ask);
}

/* T11: whatever bytes the URL is made of, there is one request, whose lines
 * are those that are meant. The URL standard drops some and encodes others. */
static void test_no_injection_by_url(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        char url[64];
        struct ask ask;

        snprintf(url, sizeof(url), "ws://h/a%cX: y%c%c?b%c%cc", c, c, c, c, c);
        ask_init(&ask, url);
        ask_try(&ask);
        if (!ask.err) {
            const char *out = ask_output(&ask);
            size_t line = strcspn(out, "\r\n");

            CHECK(strstr(out, "\r\n\r\n") == out + strlen(out) - 4, "%d", c);
            CHECK(!strncmp(out + line, "\r\nHost: h\r\n", 11), "%d", c);
            CHECK(!strncmp(out + line - 9, " HTTP/1.1", 9), "%d", c);
            CHECK(strcspn(out + 4, " ") == line - 13, "%d: \"%.*s\"", c,
                  (int)line, out);
            for (size_t i = 0; i < line; i++)
                CHECK(out[i] >= ' ' && out[i] < 127, "%d", c);
        } else {
            CHECK(c == '#', "%d: %s", c, ask.why);
        }
        ask_close(&ask);
    }
}

/* The same for every byte elsewhere: it is refused, or it stands in its field
 * as it is. */
static void test_no_injection_by_values(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        bool is_text = c == '\t' || (c >= ' ' && c != 0x7f);
        char header[] = "A: b?X: y", cookie[] = "a=b?X: y", *want = cookie;
        const char *headers[] = {header, NULL};

        header[4] = cookie[3] = (char)c;
        for (int which = 0; which < 3; which++) {
            struct ask ask;

            ask_init(&ask, URL);
            ask.opts.headers = which == 0 ? headers : NULL;
            ask.opts.cookie = which == 1 ? cookie : NULL;
            ask.opts.origin = which == 2 ? cookie : NULL;
            ask_try(&ask);
            CHECK(ask.err == (is_text ? 0 : WEFT_ERR_INVALID), "%d: %d", c,
                  ask.err);
            if (!ask.err) {
                const char *names[] = {"A", "Cookie", "Origin"};

                want = which == 0 ? header + 3 : cookie;
                assert_string_equal(
                    request_field(ask_output(&ask), names[which]), want);
            }
            ask_close(&ask);
        }
    }
}

/* ---- Proxies ------------------------------------------------------------- */

static const struct {
    const char *url, *proxy, *connect;
} proxies[] = {
    {URL, "http://proxy:3128",
     "CONNECT h.example:80 HTTP/1.1\r\nHost: h.example:80\r\n"},
    {"ws://h:81/a?b", "proxy", "CONNECT h:81 HTTP/1.1\r\nHost: h:81\r\n"},
    {"ws://[::1]/", "http://[::2]:8080/",
     "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n"},
    {"wss://h/", "http://proxy:1", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n"},
};

static void test_proxies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(proxies); i++) {
        const char *want = proxies[i].connect, *out;
        struct ask ask;

        ask_init(&ask, proxies[i].url);
        ask.opts.proxy = proxies[i].proxy;
        ask.opts.cookie = "secret=1";
        ask_open(&ask);
        assert_true(ask.o->has_proxy);
        out = ask_output(&ask);
        CHECK(!strncmp(out, want, strlen(want)), "%s: \"%s\"", proxies[i].url,
              out);
        CHECK(strstr(out, "\r\n\r\n") == out + strlen(out) - 4, "\"%s\"", out);
        /* What is the server's is not the proxy's to know. */
        assert_null(strstr(out, "secret"));
        assert_null(strstr(out, "Sec-WebSocket"));
        assert_null(request_field(out, "Proxy-Authorization"));
        ask_close(&ask);
    }
}

static void test_proxy_credentials(void **state)
{
    struct ask ask;

    (void)state;
    ask_init(&ask, URL);
    ask.opts.proxy = "http://Aladdin:open%20sesame@proxy:3128";
    ask_open(&ask);
    /* RFC 7617 section 2. */
    assert_string_equal(request_field(ask_output(&ask), "Proxy-Authorization"),
                        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_string_equal(ask.o->proxy.host, "proxy");
    assert_int_equal(ask.o->proxy.port, 3128);
    ask_close(&ask);
}

/* ---- Memory -------------------------------------------------------------- */

static void test_no_memory(void **state)
{
    static const char *const protocols[] = {"a", "b", NULL};
    static const char *const headers[] = {"A: 1", "B: 2", NULL};
    long n = 0;
    int err;

    (void)state;
    do {
        struct ask ask;

        ask_init(&ask, "../a?b");
        ask.opts.base = "https://h/c/d";
        ask.opts.proxy = "http://user:password@proxy:3128";
        ask.opts.protocols = protocols;
        ask.opts.headers = headers;
        ask.opts.origin = "https://h";
        ask.opts.cookie = "a=b";
        ask.fm.left = n++;
        ask_try(&ask);
        err = ask.err;
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d at %ld", err, n);
        ask_close(&ask);
    } while (err);
    CHECK(n > 5, "only %ld allocations", n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_user_agent),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_arguments_are_copied),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_empty_arrays),
        cmocka_unit_test(test_no_injection_by_url),
        cmocka_unit_test(test_no_injection_by_values),
        cmocka_unit_test(test_proxies),
        cmocka_unit_test(test_proxy_credentials),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
