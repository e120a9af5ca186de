/* SPDX-License-Identifier: MIT */
#include "tls/tls_bio.h"

#include "support.h"

struct fixture {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_tls_bio bio;
    struct weft_buf kept;
};

static void start(struct fixture *fx, long left)
{
    fx->fm = (struct fail_mem){.left = left};
    fx->mem = (struct weft_mem){fail_realloc, &fx->fm};
    assert_int_equal(weft_tls_bio_init(&fx->bio, &fx->mem), 0);
    weft_buf_init(&fx->kept, &fx->mem, 1024);
}

static void end(struct fixture *fx)
{
    weft_buf_release(&fx->kept);
    weft_tls_bio_release(&fx->bio);
    assert_int_equal(fx->fm.live, 0);
}

/* What was kept is read before what came, and no more than was fed. */
static void test_read(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx, -1);
    assert_int_equal(weft_buf_append(&fx.kept, "abc", 3), 0);
    for (size_t fed = 0; fed <= 6; fed++) {
        for (size_t step = 1; step <= 7; step++) {
            char text[8] = "";
            size_t len = 0, n;

            weft_tls_bio_feed(&fx.bio, &fx.kept, (const uint8_t *)"def", fed);
            while (BIO_read_ex(fx.bio.bio, text + len,
                               step < 7 - len ? step : 7 - len, &n) == 1)
                len += n;
            assert_true(BIO_should_retry(fx.bio.bio));
            assert_true(BIO_should_read(fx.bio.bio));
            assert_int_equal(len, fed);
            assert_memory_equal(text, "abcdef", fed);
        }
    }
    end(&fx);
}

static void test_write(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx, -1);
    weft_tls_bio_feed(&fx.bio, &fx.kept, NULL, 0);
    assert_int_equal(BIO_write(fx.bio.bio, "hello ", 6), 6);
    assert_int_equal(BIO_write(fx.bio.bio, "world", 5), 5);
    assert_int_equal(BIO_flush(fx.bio.bio), 1);
    assert_int_equal(fx.bio.out.len, 11);
    assert_memory_equal(fx.bio.out.data, "hello world", 11);
    weft_tls_bio_feed(&fx.bio, &fx.kept, NULL, 0);
    assert_int_equal(fx.bio.out.len, 0);
    end(&fx);
}

static void test_write_without_memory(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx, 0);
    weft_tls_bio_feed(&fx.bio, &fx.kept, NULL, 0);
    assert_true(BIO_write(fx.bio.bio, "hello", 5) <= 0);
    assert_false(BIO_should_retry(fx.bio.bio));
    assert_true(fx.bio.is_full);
    weft_tls_bio_feed(&fx.bio, &fx.kept, NULL, 0);
    assert_false(fx.bio.is_full);
    end(&fx);
}

/* Two connections with one BIO: each finds it, and it outlives both. */
static void test_attach(void **state)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    SSL *one = SSL_new(ctx), *two = SSL_new(ctx);
    struct fixture fx;

    (void)state;
    start(&fx, -1);
    weft_tls_bio_attach(&fx.bio, one);
    weft_tls_bio_attach(&fx.bio, two);
    assert_ptr_equal(weft_tls_bio_of(one), &fx.bio);
    SSL_free(one);
    assert_ptr_equal(weft_tls_bio_of(two), &fx.bio);
    weft_tls_bio_feed(&fx.bio, &fx.kept, NULL, 0);
    SSL_set_connect_state(two);
    assert_int_equal(SSL_do_handshake(two), -1);
    assert_int_equal(SSL_get_error(two, -1), SSL_ERROR_WANT_READ);
    assert_true(fx.bio.out.len > 0);
    SSL_free(two);
    SSL_CTX_free(ctx);
    end(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_without_memory),
        cmocka_unit_test(test_attach),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
