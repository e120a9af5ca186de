/* SPDX-License-Identifier: MIT */
/*
 * Answers to the opening handshake: what each field in each wrong form comes
 * to, by RFC 6455 section 4.1 and the WebSockets standard; interim answers;
 * limits. Every answer comes whole, byte by byte and cut at each place. Those
 * of proxies are in opening_proxy_test.c.
 */
#include "opening_fixture.h"

#define URL "ws://h.example/chat"

/* In answers, <accept> stands for the right value. */
#define LINE "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: <accept>\r\n"
#define BASE LINE UPGRADE CONNECTION ACCEPT
#define PROTOCOL "Sec-WebSocket-Protocol"
#define EXTENSIONS "Sec-WebSocket-Extensions"

struct answer {
    const char *what, *head; /* without the empty line */
    const char *names;       /* what the text about it must hold, or NULL */
    int result;              /* enum weft_opening_step, or an error */
    bool offers;             /* the subprotocols "chat" and "Super" */
    bool cuts_early;         /* it may be refused before it is whole */
    const char *protocol;    /* agreed */
};

static const struct answer answers[] = {
    {"as it should be", BASE, .result = WEFT_OPENING_OPEN},
    {"no reason", "HTTP/1.1 101 \r\n" UPGRADE CONNECTION ACCEPT,
     .result = WEFT_OPENING_OPEN},
    {"another reason", "HTTP/1.1 101 \xc3\xa9?\r\n" UPGRADE CONNECTION ACCEPT,
     .result = WEFT_OPENING_OPEN},
    {"another order", LINE ACCEPT "Server: x\r\n" CONNECTION UPGRADE,
     .result = WEFT_OPENING_OPEN},
    {"other letters in names",
     LINE "UPGRADE: websocket\r\nconnection: Upgrade\r\n"
          "sec-websocket-accept: <accept>\r\n",
     .result = WEFT_OPENING_OPEN},
    {"other letters in values",
     LINE "Upgrade: WebSOCKET\r\nConnection: uPGRADE\r\n" ACCEPT,
     .result = WEFT_OPENING_OPEN},
    {"blanks around values",
     LINE "Upgrade: \t websocket \t\r\nConnection:Upgrade\r\n"
          "Sec-WebSocket-Accept:  <accept>  \r\n",
     .result = WEFT_OPENING_OPEN},
    {"Connection with more",
     LINE UPGRADE "Connection: keep-alive, ,Upgrade\r\n" ACCEPT,
     .result = WEFT_OPENING_OPEN},
    {"Connection in two lines",
     LINE UPGRADE "Connection: keep-alive\r\n" CONNECTION ACCEPT,
     .result = WEFT_OPENING_OPEN},

    /* Section 4.1, "the client MUST validate", 2 to 4. */
    {"no Upgrade", LINE CONNECTION ACCEPT, "Upgrade", WEFT_ERR_PROTOCOL},
    {"another Upgrade", LINE "Upgrade: h2c\r\n" CONNECTION ACCEPT, "Upgrade",
     WEFT_ERR_PROTOCOL},
    {"an empty Upgrade", LINE "Upgrade:\r\n" CONNECTION ACCEPT, "Upgrade",
     WEFT_ERR_PROTOCOL},
    {"Upgrade by a longer name",
     LINE "Upgrade: websockets\r\n" CONNECTION ACCEPT, "Upgrade",
     WEFT_ERR_PROTOCOL},
    {"Upgrade with a version",
     LINE "Upgrade: websocket/13\r\n" CONNECTION ACCEPT, "Upgrade",
     WEFT_ERR_PROTOCOL},
    {"no Connection", LINE UPGRADE ACCEPT, "Connection", WEFT_ERR_PROTOCOL},
    {"another Connection", LINE UPGRADE "Connection: close\r\n" ACCEPT,
     "Connection", WEFT_ERR_PROTOCOL},
    {"Connection by a longer name",
     LINE UPGRADE "Connection: Upgraded\r\n" ACCEPT, "Connection",
     WEFT_ERR_PROTOCOL},
    {"Connection by two words",
     LINE UPGRADE "Connection: keep-alive Upgrade\r\n" ACCEPT, "Connection",
     WEFT_ERR_PROTOCOL},
    {"no Accept", LINE UPGRADE CONNECTION, "Sec-WebSocket-Accept",
     WEFT_ERR_PROTOCOL},
    {"an empty Accept", LINE UPGRADE CONNECTION "Sec-WebSocket-Accept:\r\n",
     "Sec-WebSocket-Accept", WEFT_ERR_PROTOCOL},
    {"Accept of another key",
     LINE UPGRADE CONNECTION
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
     "Sec-WebSocket-Accept", WEFT_ERR_PROTOCOL},
    {"Accept in other letters",
     LINE UPGRADE CONNECTION "Sec-WebSocket-Accept: <letters>\r\n",
     "Sec-WebSocket-Accept", WEFT_ERR_PROTOCOL},
    {"Accept cut", LINE UPGRADE CONNECTION "Sec-WebSocket-Accept: <cut>\r\n",
     "Sec-WebSocket-Accept", WEFT_ERR_PROTOCOL},
    {"Accept with more",
     LINE UPGRADE CONNECTION "Sec-WebSocket-Accept: <accept>=\r\n",
     "Sec-WebSocket-Accept", WEFT_ERR_PROTOCOL},
    {"Accept is the key",
     LINE UPGRADE CONNECTION "Sec-WebSocket-Accept: <key>\r\n",
     "Sec-WebSocket-Accept", WEFT_ERR_PROTOCOL},
    {"Accept twice", BASE ACCEPT, "Sec-WebSocket-Accept", WEFT_ERR_PROTOCOL},

    /* 5 */
    {"an extension", BASE EXTENSIONS ": permessage-deflate\r\n",
     "extension that was not offered", WEFT_ERR_PROTOCOL},
    {"an extension nobody knows", BASE EXTENSIONS ": x-y; a=b\r\n",
     "extension that was not offered", WEFT_ERR_PROTOCOL},
    {"extensions that are none", BASE EXTENSIONS ": ;;=\r\n", EXTENSIONS,
     WEFT_ERR_PROTOCOL},

    /* 6, and "establish a WebSocket connection" */
    {"a subprotocol", BASE PROTOCOL ": chat\r\n", .offers = true,
     .result = WEFT_OPENING_OPEN, .protocol = "chat"},
    {"the other", BASE PROTOCOL ": Super\r\n", .offers = true,
     .result = WEFT_OPENING_OPEN, .protocol = "Super"},
    {"a subprotocol not asked for", BASE PROTOCOL ": chat\r\n", PROTOCOL,
     WEFT_ERR_PROTOCOL},
    {"an empty one not asked for", BASE PROTOCOL ":\r\n", PROTOCOL,
     WEFT_ERR_PROTOCOL},
    {"one not among those", BASE PROTOCOL ": other\r\n", PROTOCOL,
     WEFT_ERR_PROTOCOL, .offers = true},
    {"other letters", BASE PROTOCOL ": super\r\n", PROTOCOL, WEFT_ERR_PROTOCOL,
     .offers = true},
    {"an empty one", BASE PROTOCOL ":\r\n", PROTOCOL, WEFT_ERR_PROTOCOL,
     .offers = true},
    {"both", BASE PROTOCOL ": chat, Super\r\n", PROTOCOL, WEFT_ERR_PROTOCOL,
     .offers = true},
    {"both in two lines", BASE PROTOCOL ": chat\r\n" PROTOCOL ": Super\r\n",
     PROTOCOL, WEFT_ERR_PROTOCOL, .offers = true},
    {"the same in two lines", BASE PROTOCOL ": chat\r\n" PROTOCOL ": chat\r\n",
     PROTOCOL, WEFT_ERR_PROTOCOL, .offers = true},
    {"none of those asked for", BASE, PROTOCOL, WEFT_ERR_PROTOCOL,
     .offers = true},

    /* The status: 1, and what the fetch standard makes of others. */
    {"200", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "200",
     WEFT_ERR_REFUSED},
    {"204", "HTTP/1.1 204 No Content\r\n", "204", WEFT_ERR_REFUSED},
    {"301", "HTTP/1.1 301 Moved\r\nLocation: ws://elsewhere/\r\n", "301",
     WEFT_ERR_REFUSED},
    {"401", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n", "401",
     WEFT_ERR_REFUSED},
    {"404", "HTTP/1.1 404 Not Found\r\n", "404", WEFT_ERR_REFUSED},
    {"426", "HTTP/1.1 426 Upgrade Required\r\n" UPGRADE, "426",
     WEFT_ERR_REFUSED},
    {"503", "HTTP/1.1 503 \r\n", "503", WEFT_ERR_REFUSED},
    {"all right but for the status",
     "HTTP/1.1 200 OK\r\n" UPGRADE CONNECTION ACCEPT, "200", WEFT_ERR_REFUSED},
    {"HTTP/1.2", "HTTP/1.2 101 x\r\n" UPGRADE CONNECTION ACCEPT,
     .result = WEFT_OPENING_OPEN},
    {"HTTP/1.0", "HTTP/1.0 101 x\r\n" UPGRADE CONNECTION ACCEPT, "HTTP/1.0",
     WEFT_ERR_PROTOCOL},
    {"a refusal by HTTP/1.0", "HTTP/1.0 404 Not Found\r\n", "404",
     WEFT_ERR_REFUSED},

    /* Interim answers (RFC 9110 section 15.2). */
    {"100", "HTTP/1.1 100 Continue\r\n", .result = WEFT_OPENING_WAIT},
    {"103", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n",
     .result = WEFT_OPENING_WAIT},
    {"199", "HTTP/1.1 199 x\r\n", .result = WEFT_OPENING_WAIT},

    /* No HTTP. */
    {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "answer", WEFT_ERR_PROTOCOL,
     .cuts_early = true},
    {"HTTP/2", "HTTP/2 101 x\r\n", "answer", WEFT_ERR_PROTOCOL,
     .cuts_early = true},
    {"small letters", "http/1.1 101 x\r\n", "answer", WEFT_ERR_PROTOCOL,
     .cuts_early = true},
    {"a status of two digits", "HTTP/1.1 10 x\r\n", "answer", WEFT_ERR_PROTOCOL,
     .cuts_early = true},
    {"a status of four", "HTTP/1.1 1010 x\r\n", "answer", WEFT_ERR_PROTOCOL,
     .cuts_early = true},
    {"a status that is none", "HTTP/1.1 600 x\r\n", "answer", WEFT_ERR_PROTOCOL,
     .cuts_early = true},
    {"an empty line first", "\r\n" BASE, "answer", WEFT_ERR_PROTOCOL,
     .cuts_early = true},
    {"a field without a colon", LINE "Upgrade websocket\r\n", "answer",
     WEFT_ERR_PROTOCOL, .cuts_early = true},
    {"a space before a colon", LINE "Upgrade : websocket\r\n", "answer",
     WEFT_ERR_PROTOCOL, .cuts_early = true},
    {"a control character in a value", LINE "A: \x01\r\n", "answer",
     WEFT_ERR_PROTOCOL, .cuts_early = true},
    {"CR alone", LINE "A: \r b\r\n", "answer", WEFT_ERR_PROTOCOL,
     .cuts_early = true},
    {"a frame", "\x81\x02hi", "answer", WEFT_ERR_PROTOCOL, .cuts_early = true},
};

/* ---- Running them -------------------------------------------------------- */

static const char *const offers[] = {"chat", "Super", NULL};

static void replace(char *text, size_t size, const char *name,
                    const char *value)
{
    char *at = strstr(text, name);
    size_t n = strlen(name), m = strlen(value);

    if (!at)
        return;
    assert_true(strlen(text) + m < size);
    memmove(at + m, at + n, strlen(at + n) + 1);
    memcpy(at, value, m);
}

/* Other letters, though not the same text. */
static void swap_case(char *text)
{
    for (; *text; text++)
        if ((*text | 32) >= 'a' && (*text | 32) <= 'z')
            *text ^= 32;
}

/* Fills in what depends on the key. */
static void write_answer(char *text, size_t size, const char *head,
                         const char *key)
{
    char swapped[64], cut[64];

    snprintf(swapped, sizeof(swapped), "%s", accept_for(key));
    swap_case(swapped);
    snprintf(cut, sizeof(cut), "%.27s", accept_for(key));
    snprintf(text, size, "%s\r\n", head);
    while (strstr(text, "<accept>"))
        replace(text, size, "<accept>", accept_for(key));
    replace(text, size, "<letters>", swapped);
    replace(text, size, "<cut>", cut);
    replace(text, size, "<key>", key);
}

static void check_result(struct ask *ask, const struct answer *a, int result,
                         size_t cut)
{
    const char *why = ask->o->why;

    CHECK(result == a->result, "%s cut at %zu: %d, %s", a->what, cut, result,
          why);
    if (result < 0) {
        CHECK(strlen(why) > 10 && why[strlen(why) - 1] != '.', "%s: \"%s\"",
              a->what, why);
        CHECK(!a->names || strstr(why, a->names), "%s: \"%s\"", a->what, why);
    }
    if (result == WEFT_OPENING_OPEN) {
        const char *want = a->protocol ? a->protocol : "";

        CHECK(weft_slice_eq(ask->o->agreed.protocol, want), "%s", a->what);
        CHECK(ask->o->agreed.extensions.len == 0, "%s", a->what);
        assert_int_equal(ask->o->status, 101);
    }
}

static void open_for(struct ask *ask, const struct answer *a, char *text,
                     size_t size)
{
    ask_init(ask, URL);
    ask->opts.protocols = a->offers ? offers : NULL;
    ask_open(ask);
    write_answer(text, size, a->head, ask->o->key);
    assert_int_equal(ask->o->status, 0);
}

static void run_cut(const struct answer *a, size_t cut)
{
    struct ask ask;
    char text[1024];
    size_t head, len;
    int result;

    open_for(&ask, a, text, sizeof(text));
    len = strlen(text);
    if (cut < len) {
        ask_feed(&ask, text, cut);
        result = ask_look(&ask, &head);
        CHECK(result == ASK_MORE || (a->cuts_early && result == a->result),
              "%s cut at %zu: %d, %s", a->what, cut, result, ask.o->why);
        if (result != ASK_MORE) {
            ask_close(&ask);
            return;
        }
        ask_feed(&ask, text + cut, len - cut);
    } else {
        ask_feed(&ask, text, len);
    }
    check_result(&ask, a, ask_look(&ask, &head), cut);
    if (head > 0)
        assert_int_equal(head, len);
    ask_close(&ask);
}

static void run_bytes(const struct answer *a)
{
    struct ask ask;
    char text[1024];
    size_t head;
    int result = ASK_MORE;

    open_for(&ask, a, text, sizeof(text));
    for (size_t i = 0; text[i] && result == ASK_MORE; i++) {
        ask_feed(&ask, text + i, 1);
        result = ask_look(&ask, &head);
        if (!a->cuts_early)
            CHECK((result == ASK_MORE) == (text[i + 1] != '\0'), "%s at %zu",
                  a->what, i);
    }
    check_result(&ask, a, result, 1);
    ask_close(&ask);
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        size_t len = strlen(answers[i].head) + 2;

        for (size_t cut = 0; cut <= len; cut++)
            run_cut(&answers[i], cut);
        run_bytes(&answers[i]);
    }
}

/* ---- More than one answer ------------------------------------------------ */

static void test_interim_answers(void **state)
{
    struct ask ask;

    (void)state;
    ask_init(&ask, URL);
    ask_open(&ask);
    ask_feed_text(&ask,
                  "HTTP/1.1 100 Continue\r\n\r\n"
                  "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 1");
    ask_expect(&ask, WEFT_OPENING_WAIT);
    ask_expect(&ask, WEFT_OPENING_WAIT);
    ask_expect(&ask, ASK_MORE);
    ask_feed_text(&ask, agreeing(ask.o->key, "") + strlen("HTTP/1.1 1"));
    ask_expect(&ask, WEFT_OPENING_OPEN);
    ask_close(&ask);
}

/* Each is small, and there is no end of them. */
static void test_interim_answers_without_end(void **state)
{
    struct ask ask;
    size_t head;
    int result;

    (void)state;
    ask_init(&ask, URL);
    ask.opts.header_limit = 1000;
    ask_open(&ask);
    for (int i = 0; i < 40; i++) {
        ask_feed_text(&ask, "HTTP/1.1 100 Continue\r\n\r\n");
        result = ask_look(&ask, &head);
        assert_int_equal(result, WEFT_OPENING_WAIT);
        weft_opening_next(ask.o, head);
    }
    /* 1000 bytes of them: there is no room for another, nor for its start. */
    ask_feed_text(&ask, "H");
    ask_expect(&ask, WEFT_ERR_LIMIT);
    CHECK(strstr(ask.o->why, "interim"), "%s", ask.o->why);
    ask_close(&ask);
}

/* The first frames lie behind the answer, in the same segment. */
static void test_what_lies_behind(void **state)
{
    struct ask ask;
    size_t head;

    (void)state;
    ask_init(&ask, URL);
    ask_open(&ask);
    ask_feed_text(&ask, agreeing(ask.o->key, ""));
    ask_feed_text(&ask, "\x81\x02hi");
    assert_int_equal(ask_look(&ask, &head), WEFT_OPENING_OPEN);
    weft_opening_next(ask.o, head);
    assert_int_equal(ask.o->in.len, 4);
    assert_memory_equal(ask.o->in.data, "\x81\x02hi", 4);
    ask_close(&ask);
}

/* ---- Limits -------------------------------------------------------------- */

/* A head of exactly so many bytes in all. */
static char *padded(const char *key, size_t len)
{
    const char *answer = agreeing(key, "");
    size_t n = strlen(answer);
    char *text = malloc(len + 1);

    assert_non_null(text);
    assert_true(len >= n + 6);
    memcpy(text, answer, n - 2);
    memcpy(text + n - 2, "A: ", 3);
    memset(text + n + 1, 'x', len - n - 5);
    memcpy(text + len - 4, "\r\n\r\n", 5);
    return text;
}

static void test_header_limit(void **state)
{
    (void)state;
    for (size_t limit = 500; limit <= 8000; limit *= 4) {
        for (int over = -1; over <= 1; over++) {
            size_t len = (size_t)((long)limit + over), head;
            struct ask ask;
            char *text;

            ask_init(&ask, URL);
            ask.opts.header_limit = limit;
            ask_open(&ask);
            text = padded(ask.o->key, len);
            ask_feed(&ask, text, len);
            assert_int_equal(ask_look(&ask, &head),
                             over > 0 ? WEFT_ERR_LIMIT : WEFT_OPENING_OPEN);
            free(text);
            ask_close(&ask);
        }
    }
}

/* It is over the limit before it is whole. */
static void test_header_without_end(void **state)
{
    struct ask ask;
    char block[100];
    size_t head, fed = 0;
    int result;

    (void)state;
    memset(block, 'x', sizeof(block));
    ask_init(&ask, URL);
    ask.opts.header_limit = 2000;
    ask_open(&ask);
    ask_feed_text(&ask, LINE "A: ");
    while ((result = ask_look(&ask, &head)) == ASK_MORE) {
        ask_feed(&ask, block, sizeof(block));
        fed += sizeof(block);
        CHECK(fed <= 2200, "%zu bytes, and no end", fed);
    }
    assert_int_equal(result, WEFT_ERR_LIMIT);
    assert_true(strlen(ask.o->why) > 0);
    ask_close(&ask);
}

/* T6: work in proportion to the bytes. A quadratic reader would take hours. */
static void test_drip(void **state)
{
    struct ask ask;
    size_t head;

    (void)state;
    ask_init(&ask, URL);
    ask.opts.header_limit = 1 << 20;
    ask_open(&ask);
    ask_feed_text(&ask, LINE "A: ");
    for (int i = 0; i < 500000; i++) {
        assert_int_equal(weft_opening_feed(ask.o, "x", 1), 0);
        if (ask_look(&ask, &head) != ASK_MORE)
            break;
    }
    ask_close(&ask);
}

/* ---- Memory -------------------------------------------------------------- */

static void test_no_memory(void **state)
{
    struct ask ask;
    int failures = 0;

    (void)state;
    ask_init(&ask, URL);
    ask_open(&ask);
    for (const char *p = agreeing(ask.o->key, "A: b\r\n"); *p; p++) {
        ask.fm.left = 0;
        if (weft_opening_feed(ask.o, p, 1) != 0) {
            ask.fm.left = -1;
            failures++;
            assert_int_equal(weft_opening_feed(ask.o, p, 1), 0);
        }
    }
    ask.fm.left = 0; /* and none is needed any more */
    ask_expect(&ask, WEFT_OPENING_OPEN);
    assert_true(failures > 0);
    ask_close(&ask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_interim_answers),
        cmocka_unit_test(test_interim_answers_without_end),
        cmocka_unit_test(test_what_lies_behind),
        cmocka_unit_test(test_header_limit),
        cmocka_unit_test(test_header_without_end),
        cmocka_unit_test(test_drip),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
