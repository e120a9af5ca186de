/* SPDX-License-Identifier: MIT */
#include "load/answers.h"

#include "base/mem.h"
#include "load/packed.h"
#include "support.h"
#include <stdio.h>
#include <stdlib.h>

/* What came, as words: "2 ping:hi close:1000 !why". Runs of answers are added
 * up, as they depend on how the bytes were cut. */
struct heard {
    char text[400];
    size_t answers, own;
};

static void say(struct heard *heard, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct heard *heard, const char *format, ...)
{
    size_t len = strlen(heard->text);
    va_list args;

    va_start(args, format);
    vsnprintf(heard->text + len, sizeof(heard->text) - len, format, args);
    va_end(args);
}

static int hear(struct load_answers *a, const struct load_want *want,
                struct heard *heard, uint8_t *p, size_t len)
{
    struct iovec in = {p, len};
    struct load_event event;
    int rc;

    while ((rc = load_answers_next(a, want, &in, &event)) > 0) {
        if (event.kind == LOAD_EVENT_ANSWERS) {
            heard->answers += event.count;
            heard->own += event.own;
        } else {
            say(heard, "%s:%.*s ",
                event.kind == LOAD_EVENT_PING ? "ping" : "close",
                (int)event.len, (const char *)event.payload);
        }
    }
    if (rc < 0)
        say(heard, "!%s",
            rc == WEFT_ERR_PROTOCOL ? event.why : weft_strerror(rc));
    else
        assert_int_equal(in.iov_len, 0);
    return rc;
}

/* All of it in pieces of step bytes, the first of which is first long. */
static void feed(struct heard *heard, const struct load_want *want,
                 const uint8_t *raw, size_t len, size_t first, size_t step)
{
    struct load_answers a;
    size_t at = 0;
    int rc = 0;

    *heard = (struct heard){.text = ""};
    load_answers_init(&a, &weft_mem_libc);
    load_payload_tag(a.tag, 7);
    while (rc == 0 && at < len) {
        size_t n = at == 0 ? first : step;

        if (n > len - at)
            n = len - at;
        rc = hear(&a, want, heard, at_page_end(raw + at, n), n);
        at += n;
    }
    load_answers_release(&a);
}

static const struct {
    const char *what, *hex;
    size_t answers;
    const char *said; /* an error, from its beginning on */
} cases[] = {
    {"nothing", "", 0, ""},
    {"one", "8105 48656c6c6f", 1, ""},
    {"three", "8105 48656c6c6f 8105 48656c6c6f 8105 48656c6c6f", 3, ""},
    {"later ones are not compared", "8105 48656c6c6f 8105 5858585858", 2, ""},
    {"the first is", "8105 48656c6c58", 0,
     "!an answer is wrong: its bytes are not"},
    {"in fragments", "0103 48656c 8002 6c6f 8105 48656c6c6f", 2, ""},
    {"an empty fragment", "0100 0005 48656c6c6f 8000", 1, ""},
    {"a ping in between", "0103 48656c 8902 6869 8002 6c6f", 1, "ping:hi "},
    {"an empty ping", "8900 8105 48656c6c6f", 1, "ping: "},
    {"a pong", "8a02 6869 8105 48656c6c6f", 1, ""},
    {"a close", "8105 48656c6c6f 8804 41426f6b", 1, "close:ABok "},
    {"too short", "8104 48656c6c", 0,
     "!an answer is wrong: 5 bytes were sent, and 4 came back"},
    {"too long", "8106 48656c6c6f6f", 0,
     "!an answer is wrong: 5 bytes were sent, and 6 came back"},
    {"too long, the second", "8105 48656c6c6f 8106", 1,
     "!an answer is wrong: 5 bytes were sent, and 6 came back"},
    {"too long in fragments", "0103 48656c 8003 6c6f6f", 0,
     "!an answer is wrong: 5 bytes were sent, and 6 came back"},
    {"too short in fragments", "0103 48656c 8001 6c", 0,
     "!an answer is wrong: 5 bytes were sent, and 4 came back"},
    {"binary", "8205 48656c6c6f", 0,
     "!an answer is wrong: it is binary, and text was sent"},
    {"masked", "8185 00000000 48656c6c6f", 0, "!an answer is wrong: "},
    {"packed, though nobody asked", "c105 48656c6c6f", 0,
     "!an answer is wrong: reserved bit"},
    {"a length that could be shorter", "817e0005 48656c6c6f", 0,
     "!an answer is wrong: "},
    {"a continuation of nothing", "8005 48656c6c6f", 0,
     "!an answer is wrong: continuation"},
    {"a message in a message", "0103 48656c 8105", 0,
     "!an answer is wrong: new message"},
    {"a reserved opcode", "8305", 0, "!an answer is wrong: reserved opcode"},
};

static struct load_want hello(void)
{
    struct load_want want = {
        .opcode = WEFT_OP_TEXT, .payload = (const uint8_t *)"Hello", .size = 5};

    load_want_init(&want);
    return want;
}

static void check(size_t i, const struct heard *heard, size_t first,
                  size_t step)
{
    CHECK(heard->answers == cases[i].answers &&
              strncmp(heard->text, cases[i].said, strlen(cases[i].said)) == 0 &&
              (*cases[i].said || !*heard->text),
          "%s, cut %zu/%zu: %zu \"%s\"", cases[i].what, first, step,
          heard->answers, heard->text);
}

static void test_every_cut(void **state)
{
    const struct load_want want = hello();
    uint8_t raw[64];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = unhex(raw, cases[i].hex);
        struct heard heard;

        for (size_t first = 1; first <= len + 1; first++) {
            feed(&heard, &want, raw, len, first, len);
            check(i, &heard, first, len);
        }
        for (size_t step = 1; step <= 4; step++) {
            feed(&heard, &want, raw, len, step, step);
            check(i, &heard, step, step);
        }
    }
}

/* Headers of 4 and of 10 bytes. */
static void test_long_messages(void **state)
{
    static const size_t sizes[] = {125, 126, 127, 65535, 65536, 65537};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t size = sizes[i], len;
        uint8_t *payload = calloc(1, size);
        struct load_want want = {
            .opcode = WEFT_OP_BINARY, .payload = payload, .size = size};
        struct heard heard;
        uint8_t *raw;

        load_want_init(&want);
        len = 3 * want.frame_len;
        raw = calloc(1, len);
        for (size_t j = 0; j < 3; j++)
            memcpy(raw + j * want.frame_len, want.head, want.head_len);
        for (size_t cut = 1; cut < 3; cut++) {
            feed(&heard, &want, raw, len, want.frame_len + 5 * cut,
                 size / 2 + cut);
            CHECK(heard.answers == 3 && !*heard.text, "%zu: %s", size,
                  heard.text);
        }
        free(raw);
        free(payload);
    }
}

static void test_tags(void **state)
{
    static const struct {
        const char *hex;
        size_t answers, own;
        const char *said;
    } tagged[] = {
        {"810a 3030303030303037 6162 810a 3030303030303038 6162", 2, 1, ""},
        {"810a 3030303030303038 6162 810a 3030303030303037 6162"
         "810a 3030303030303037 6162",
         3, 2, ""},
        {"0108 3030303030303037 8002 6162", 1, 1, ""},
        {"0104 30303030 8006 303030376162", 0, 0, "!an answer is wrong: it is"},
        {"810a 3030303030303037 6163", 0, 0, "!an answer is wrong: its bytes"},
        {"810b 3030303030303037 616263", 0, 0, "!an answer is wrong: 10 bytes"},
        {"0108 3030303030303037 8003 616261", 0, 0, "!an answer is wrong: 10"},
        {"8108 3030303030303037", 0, 0, "!an answer is wrong: 10 bytes"},
    };
    struct load_want want = {.opcode = WEFT_OP_TEXT,
                             .has_tag = true,
                             .payload = (const uint8_t *)"00000000ab",
                             .size = 10};
    uint8_t raw[64];

    (void)state;
    load_want_init(&want);
    for (size_t i = 0; i < COUNT(tagged); i++) {
        size_t len = unhex(raw, tagged[i].hex);

        for (size_t step = 1; step <= len; step++) {
            struct heard heard;

            feed(&heard, &want, raw, len, step, step);
            CHECK(heard.answers == tagged[i].answers &&
                      heard.own == tagged[i].own &&
                      strncmp(heard.text, tagged[i].said,
                              strlen(tagged[i].said)) == 0,
                  "%zu by %zu: %zu, %zu \"%s\"", i, step, heard.answers,
                  heard.own, heard.text);
        }
    }
}

/* The first is unpacked, the others are not. */
static void test_packed(void **state)
{
    uint8_t payload[100], raw[600];
    struct load_want want = {.opcode = WEFT_OP_TEXT,
                             .may_be_packed = true,
                             .payload = payload,
                             .size = sizeof(payload)};
    struct weft_buf packed;
    size_t len;

    (void)state;
    load_payload_fill(payload, sizeof(payload), LOAD_JSON, 0);
    load_want_init(&want);
    weft_buf_init(&packed, &weft_mem_libc, SIZE_MAX);
    assert_int_equal(load_pack(&packed, payload, sizeof(payload)), 0);
    assert_true(packed.len <= 125);
    raw[0] = 0xc1;
    raw[1] = (uint8_t)packed.len;
    memcpy(raw + 2, packed.data, packed.len);
    len = 2 + packed.len;
    len += unhex(raw + len, "c103 616263 8101 61");
    for (size_t step = 1; step <= len; step++) {
        struct heard heard;

        feed(&heard, &want, raw, len, step, step);
        CHECK(heard.answers == 2 &&
                  strstr(heard.text, "100 bytes were sent, and 1 came back"),
              "by %zu: %zu %s", step, heard.answers, heard.text);
        payload[50] ^= 1;
        feed(&heard, &want, raw, len, step, step);
        CHECK(heard.answers == 0 && strstr(heard.text, "does not unpack"),
              "by %zu: %s", step, heard.text);
        payload[50] ^= 1;
    }
    weft_buf_release(&packed);
}

/* Packed ones of any length, and plain ones, in one call where they are whole;
 * what is wrong is found none the less. */
static void test_many_packed(void **state)
{
    static const struct {
        const char *hex;
        size_t answers;
        const char *said;
    } packed[] = {
        {"c103 616263 c100 8105 48656c6c6f c105 6162636465 c101 61", 5, ""},
        {"c103 616263 8902 6869 c101 61 8105 48656c6c6f", 3, "ping:hi "},
        {"c103 616263 c1fe 0005", 1, "!an answer is wrong: "},
        {"c103 616263 c201 61", 1, "!an answer is wrong: it is binary"},
        {"c103 616263 4101 61 8001 61", 2, ""},
        {"c103 616263 e103 616263", 1, "!an answer is wrong: reserved bit"},
        {"c103 616263 8104 48656c6c", 1, "!an answer is wrong: 5 bytes"},
    };
    struct load_want want = hello();
    uint8_t raw[64];

    (void)state;
    want.may_be_packed = true;
    for (size_t i = 0; i < COUNT(packed); i++) {
        uint8_t first[] = {0x81, 5, 'H', 'e', 'l', 'l', 'o'};
        size_t len = unhex(raw + sizeof(first), packed[i].hex) + sizeof(first);

        memcpy(raw, first, sizeof(first));
        for (size_t step = 1; step <= len; step++) {
            struct heard heard;

            feed(&heard, &want, raw, len, step, step);
            CHECK(heard.answers == packed[i].answers + 1 &&
                      strncmp(heard.text, packed[i].said,
                              strlen(packed[i].said)) == 0 &&
                      (*packed[i].said || !*heard.text),
                  "%zu by %zu: %zu \"%s\"", i, step, heard.answers, heard.text);
        }
    }
}

/* A connection whose first message is not the first of all. */
static void test_which_is_first(void **state)
{
    struct load_want want = {.opcode = WEFT_OP_TEXT,
                             .payload = (const uint8_t *)"OneTwoSix",
                             .size = 3};
    static const char *const hexes[] = {"8103 4f6e65", "8103 54776f",
                                        "8103 536978"};

    (void)state;
    load_want_init(&want);
    for (size_t which = 0; which < 3; which++) {
        for (size_t i = 0; i < 3; i++) {
            uint8_t raw[16];
            struct iovec in = {raw, unhex(raw, hexes[i])};
            struct load_event event;
            struct load_answers a;

            load_answers_init(&a, &weft_mem_libc);
            a.which = which;
            assert_int_equal(load_answers_next(&a, &want, &in, &event),
                             i == which ? 1 : WEFT_ERR_PROTOCOL);
            load_answers_release(&a);
        }
    }
}

static void test_no_memory(void **state)
{
    const struct load_want want = hello();
    uint8_t raw[16];
    size_t len = unhex(raw, "8902 6869");
    struct fail_mem fm = {.left = 0};
    struct weft_mem mem = {fail_realloc, &fm};
    struct iovec in = {raw, len};
    struct load_event event;
    struct load_answers a;

    (void)state;
    load_answers_init(&a, &mem);
    assert_int_equal(load_answers_next(&a, &want, &in, &event), WEFT_ERR_NOMEM);
    load_answers_release(&a);
    assert_int_equal(fm.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_long_messages),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_many_packed),
        cmocka_unit_test(test_which_is_first),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
