/* SPDX-License-Identifier: MIT */
/* A blob is freed with its last reference, whole, whichever thread that is. */
#include "base/blob.h"
#include "base/mem.h"
#include "support.h"

#include <pthread.h>

static void test_references(void **state)
{
    struct fail_mem fm = {.left = 1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_blob *blob = weft_blob_new(&mem, 100);

    (void)state;
    assert_non_null(blob);
    assert_int_equal(blob->len, 100);
    assert_int_equal(blob->size, 100);
    assert_int_equal(fm.live, sizeof(*blob) + 100);
    memset(blob->data, 'x', 100);
    blob->len = 50; /* lowering it does not change what is given back */
    assert_ptr_equal(weft_blob_ref(blob), blob);
    weft_blob_ref(blob);
    weft_blob_unref(blob);
    weft_blob_unref(blob);
    assert_int_equal(fm.live, sizeof(*blob) + 100);
    assert_int_equal(blob->data[49], 'x');
    weft_blob_unref(blob);
    assert_int_equal(fm.live, 0);
    weft_blob_unref(NULL);
}

static void test_empty(void **state)
{
    struct weft_blob *blob = weft_blob_new(&weft_mem_libc, 0);

    (void)state;
    assert_non_null(blob);
    assert_int_equal(blob->len, 0);
    weft_blob_unref(blob);
}

static void test_without_memory(void **state)
{
    struct fail_mem fm = {.left = 0};
    struct weft_mem mem = {fail_realloc, &fm};

    (void)state;
    assert_null(weft_blob_new(&mem, 100));
    fm.left = 1;
    /* The size of the whole block must not wrap. */
    for (size_t below = 0; below < sizeof(struct weft_blob); below++)
        assert_null(weft_blob_new(&mem, SIZE_MAX - below));
    assert_int_equal(fm.calls, 1);
}

/* A block that was taken over stays where it is, and goes with the last
 * reference, and only then. */
static void test_adopt(void **state)
{
    struct fail_mem fm = {.left = 2};
    struct weft_mem mem = {fail_realloc, &fm};
    char *block = weft_alloc(&mem, 1000);
    struct weft_blob *blob = weft_blob_adopt(&mem, block, 1000);

    (void)state;
    assert_non_null(blob);
    assert_int_equal(blob->len, 0); /* it has no bytes of its own */
    assert_ptr_equal(blob->block, block);
    assert_int_equal(fm.live, sizeof(*blob) + 1000);
    weft_blob_ref(blob);
    weft_blob_unref(blob);
    assert_int_equal(fm.live, sizeof(*blob) + 1000);
    memset(block, 'x', 1000);
    weft_blob_unref(blob);
    assert_int_equal(fm.live, 0);
    assert_int_equal(fm.calls, 2);
}

/* Without memory the block is still its owner's. */
static void test_adopt_without_memory(void **state)
{
    struct fail_mem fm = {.left = 1};
    struct weft_mem mem = {fail_realloc, &fm};
    char *block = weft_alloc(&mem, 1000);

    (void)state;
    memset(block, 'x', 1000);
    assert_null(weft_blob_adopt(&mem, block, 1000));
    assert_int_equal(fm.live, 1000);
    assert_int_equal(block[999], 'x');
    weft_free(&mem, block, 1000);
    assert_int_equal(fm.live, 0);
}

#define ROUNDS 10000

static void *share(void *arg)
{
    struct weft_blob *blob = arg;

    for (int i = 0; i < ROUNDS; i++) {
        weft_blob_ref(blob);
        weft_blob_unref(blob);
    }
    weft_blob_unref(blob);
    return NULL;
}

static void test_threads(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_blob *blob = weft_blob_new(&mem, 10);
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, share, weft_blob_ref(blob)), 0);
    weft_blob_unref(blob);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(fm.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_adopt),
        cmocka_unit_test(test_adopt_without_memory),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
