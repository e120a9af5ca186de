/* SPDX-License-Identifier: MIT */
/*
 * What happened: a large payload is not copied when a handler sends it. It is
 * borrowed and offered to the kernel at once, and what the kernel leaves is
 * copied before the send returns. But where the kernel took nothing, the write
 * of the rest was started first, while the queue still borrowed: its vector
 * pointed into the handler's memory, the copy was made beside it, and the
 * kernel later read bytes that were free or held the next message. The peer
 * got a frame of the right length with somebody else's bytes in it.
 *
 * What holds since: nothing is borrowed when a write is left in progress.
 */
#include "../unit/session/side.h"

#define LEN 100000 /* far more than the kernel takes here, and borrowed */

static void fill(uint8_t *p, uint8_t first)
{
    for (size_t i = 0; i < LEN; i++)
        p[i] = (uint8_t)(first + i % 251);
}

/* Sends LEN bytes from memory that is gone when the call has returned. */
static void send_and_free(struct side *side, uint8_t first, struct bytes *want)
{
    uint8_t *p = malloc(LEN);

    assert_non_null(p);
    fill(p, first);
    text_add(want, "%sbinary:", want->len ? " " : "");
    text_add_payload(want, p, LEN);
    assert_int_equal(weft_session_send(&side->s, WEFT_BINARY, p, LEN), 0);
    memset(p, 0xff, LEN); /* shows it also without the sanitizer */
    free(p);
}

/* Up to how many turns of the loop lie between the two messages: none, so that
 * they meet in the queue, or some, so that the second finds a write of the
 * first in progress and the kernel's buffer full. */
static void test_handler_frees_what_it_sent(void **state)
{
    (void)state;
    for (int turns = 0; turns < 3; turns++) {
        struct bytes want = {0};
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_open(&side, &w, WEFT_SERVER, false);
        side.conf.ep.out_limit = SIZE_MAX;
        side_small_buffer(&side);

        send_and_free(&side, 1, &want);
        assert_false(weft_endpoint_borrows(&side.s.ep));
        for (int i = 0; i < turns; i++)
            turn(w.loop);
        assert_true(weft_endpoint_queued(&side.s.ep) > LEN / 2);
        send_and_free(&side, 100, &want);
        assert_false(weft_endpoint_borrows(&side.s.ep));

        peer_takes_all(&side);
        assert_string_equal(peer_heard(&side), text_of(&want));
        bytes_release(&want);
        side_finish(&side);
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handler_frees_what_it_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
