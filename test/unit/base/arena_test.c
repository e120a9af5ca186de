/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include "support.h"

#include <string.h>

struct fixture {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_arena arena;
};

static void start(struct fixture *fx, long left)
{
    fx->fm = (struct fail_mem){.left = left};
    fx->mem = (struct weft_mem){fail_realloc, &fx->fm};
    weft_arena_init(&fx->arena, &fx->mem);
    assert_int_equal(fx->fm.calls, 0);
}

static void end(struct fixture *fx)
{
    weft_arena_release(&fx->arena);
    CHECK(fx->fm.live == 0, "%zu bytes leaked", fx->fm.live);
    weft_arena_release(&fx->arena); /* released is empty */
}

/* Each piece is aligned, keeps its bytes, and none lies in another: what is
 * written first is still there when all the others have been written. */
static void test_pieces_keep_apart(void **state)
{
    static const size_t sizes[] = {1,   7,   8,    9,    100,  1000, 1015,
                                   3,   992, 1024, 1025, 8192, 1,    70000,
                                   300, 700, 800,  16,   1,    2};
    struct fixture fx;
    uint8_t *pieces[4 * COUNT(sizes)];

    (void)state;
    start(&fx, -1);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        size_t size = sizes[i % COUNT(sizes)];

        pieces[i] = weft_arena_alloc(&fx.arena, size);
        assert_non_null(pieces[i]);
        CHECK((uintptr_t)pieces[i] % 8 == 0, "piece %zu: %p", i,
              (void *)pieces[i]);
        memset(pieces[i], (int)i + 1, size);
    }
    for (size_t i = 0; i < COUNT(pieces); i++)
        for (size_t k = 0; k < sizes[i % COUNT(sizes)]; k++)
            CHECK(pieces[i][k] == i + 1, "piece %zu, byte %zu", i, k);
    end(&fx);
}

/* Many small pieces share a block: that is what an arena is for. */
static void test_small_pieces_share_blocks(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx, -1);
    for (int i = 0; i < 1000; i++)
        assert_non_null(weft_arena_alloc(&fx.arena, 16));
    CHECK(fx.fm.calls <= 17, "%ld allocations", fx.fm.calls);
    CHECK(fx.fm.live <= 17 * 1024, "%zu bytes", fx.fm.live);
    end(&fx);
}

/* A large piece does not make small ones after it large. */
static void test_large_pieces(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx, -1);
    for (int i = 0; i < 10; i++) {
        assert_non_null(weft_arena_alloc(&fx.arena, 50000));
        assert_non_null(weft_arena_alloc(&fx.arena, 8));
    }
    CHECK(fx.fm.live <= 10 * (50000 + 2 * 1024), "%zu bytes", fx.fm.live);
    end(&fx);
}

static void test_nothing(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx, -1);
    assert_non_null(weft_arena_alloc(&fx.arena, 0));
    assert_non_null(weft_arena_alloc(&fx.arena, 0));
    end(&fx);
}

static void test_sizes_that_cannot_be(void **state)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 6, SIZE_MAX - 7,
                                   SIZE_MAX / 2 + 1, SIZE_MAX / 2};
    struct fixture fx;

    (void)state;
    start(&fx, 0);
    for (size_t i = 0; i < COUNT(sizes); i++)
        assert_null(weft_arena_alloc(&fx.arena, sizes[i]));
    end(&fx);
}

static void test_text(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        {"", 0}, {"a", 1}, {"seven..", 7}, {"eight...", 8}, {"with\0NUL", 8},
    };
    struct fixture fx;

    (void)state;
    start(&fx, -1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const uint8_t *text = at_page_end(cases[i].text, cases[i].len);
        char *copy =
            weft_arena_text(&fx.arena, (const char *)text, cases[i].len);

        assert_non_null(copy);
        assert_memory_equal(copy, cases[i].text, cases[i].len);
        assert_int_equal(copy[cases[i].len], 0);
    }
    assert_string_equal(weft_arena_text(&fx.arena, NULL, 0), "");
    end(&fx);
}

/* What was made before the memory ran out stays good, and when there is memory
 * again the arena goes on. */
static void test_no_memory(void **state)
{
    (void)state;
    for (long left = 0;; left++) {
        struct fixture fx;
        char *texts[100];
        int made = 0;

        start(&fx, left);
        while (made < 100) {
            texts[made] = weft_arena_text(&fx.arena,
                                          "forty bytes and no more, "
                                          "so that many share...",
                                          40);
            if (!texts[made])
                break;
            made++;
        }
        if (made < 100) {
            assert_null(weft_arena_alloc(&fx.arena, 2000));
            fx.fm.left = -1;
            assert_non_null(weft_arena_alloc(&fx.arena, 2000));
        }
        for (int i = 0; i < made; i++)
            assert_int_equal(strlen(texts[i]), 40);
        end(&fx);
        if (made == 100)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_keep_apart),
        cmocka_unit_test(test_small_pieces_share_blocks),
        cmocka_unit_test(test_large_pieces),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_sizes_that_cannot_be),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
