/* SPDX-License-Identifier: MIT */
/*
 * The loop's side of looking up. What the threads of lookup.c find for a loop
 * comes into its inbox, a pair of sockets whose one end the loop reads and the
 * other the threads send a byte to: two descriptors for a loop, however many
 * names it asks for, and none when it asks for nothing. The threads know the
 * inbox but not the loop, and no longer than a lookup for it is under way.
 *
 * What is known without asking comes from an alarm instead, in the next turn,
 * so that a caller sees no difference but in time.
 */
#include "net/resolve.h"

#include "base/list.h"
#include "net/lookup.h"

#include <assert.h>
#include <pthread.h>
#include <unistd.h>

static_assert(WEFT_RESOLVE_MAX == WEFT_LOOKUP_MAX, "one limit for both");

struct inbox {
    struct weft_list node; /* in the list of all */
    struct weft_io io;
    struct weft_lookup_box box;
    size_t users; /* resolves that wait for it; without any it is closed */
};

struct weft_resolve {
    struct weft_loop *loop;
    struct weft_lookup *lookup;
    struct inbox *inbox;     /* NULL: it was known */
    struct weft_alarm alarm; /* and this tells it */
    weft_resolved_fn *done;
    void *arg;
};

/* Of all loops, each of which may be another thread's. */
static struct weft_list inboxes = {&inboxes, &inboxes};
static pthread_mutex_t inboxes_lock = PTHREAD_MUTEX_INITIALIZER;

static void finish(struct weft_resolve *resolve)
{
    const struct weft_lookup *found = resolve->lookup;

    resolve->done(resolve->arg, found->list, found->count, found->error);
    weft_resolve_cancel(resolve);
}

/* ---- The inbox ----------------------------------------------------------- */

/* Each done may cancel others, which then leave the list. */
static void on_data(struct weft_io *io, uint8_t *p, size_t len, int err)
{
    struct inbox *inbox = WEFT_OF(io, struct inbox, io);
    struct weft_list found;

    (void)p, (void)len, (void)err;
    weft_list_init(&found);
    weft_lookup_take(&inbox->box, &found);
    while (!weft_list_is_empty(&found)) {
        struct weft_lookup *lookup =
            WEFT_OF(found.next, struct weft_lookup, node);

        weft_list_remove(&lookup->node);
        finish(lookup->owner);
    }
}

static void on_closed(struct weft_io *io)
{
    struct inbox *inbox = WEFT_OF(io, struct inbox, io);

    weft_free(weft_loop_mem(io->loop), inbox, sizeof(*inbox));
}

static const struct weft_io_ops inbox_ops = {
    .data = on_data,
    .closed = on_closed,
};

static struct inbox *inbox_find(const struct weft_loop *loop)
{
    struct inbox *found = NULL;

    pthread_mutex_lock(&inboxes_lock);
    for (struct weft_list *node = inboxes.next; node != &inboxes && !found;
         node = node->next) {
        struct inbox *inbox = WEFT_OF(node, struct inbox, node);

        if (inbox->io.loop == loop)
            found = inbox;
    }
    pthread_mutex_unlock(&inboxes_lock);
    return found;
}

static int inbox_open(struct inbox *inbox, struct weft_loop *loop)
{
    int fds[2];
    int err;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                   fds) < 0)
        return WEFT_ERR_SYSTEM;
    err = weft_io_open(&inbox->io, loop, fds[0], &inbox_ops);
    if (err) {
        close(fds[0]);
        close(fds[1]);
        return err;
    }
    inbox->box.bell = fds[1];
    weft_list_init(&inbox->box.found);
    weft_io_read_start(&inbox->io);
    return 0;
}

/* A new user of the loop's inbox. 0, NOMEM or SYSTEM. */
static int inbox_use(struct inbox **out, struct weft_loop *loop)
{
    struct inbox *inbox = inbox_find(loop);
    int err;

    if (!inbox) {
        inbox = weft_zalloc(weft_loop_mem(loop), sizeof(*inbox));
        if (!inbox)
            return WEFT_ERR_NOMEM;
        err = inbox_open(inbox, loop);
        if (err) {
            weft_free(weft_loop_mem(loop), inbox, sizeof(*inbox));
            return err;
        }
        pthread_mutex_lock(&inboxes_lock);
        weft_list_append(&inboxes, &inbox->node);
        pthread_mutex_unlock(&inboxes_lock);
    }
    inbox->users++;
    *out = inbox;
    return 0;
}

static void inbox_leave(struct inbox *inbox)
{
    if (--inbox->users > 0)
        return;
    pthread_mutex_lock(&inboxes_lock);
    weft_list_remove(&inbox->node);
    pthread_mutex_unlock(&inboxes_lock);
    close(inbox->box.bell);
    weft_io_close(&inbox->io, false);
}

/* ---- Resolving ----------------------------------------------------------- */

static void on_alarm(struct weft_alarm *alarm)
{
    finish(WEFT_OF(alarm, struct weft_resolve, alarm));
}

/* Has the answer come: in the turn after this one if it is known. */
static int ask(struct weft_resolve *resolve)
{
    int err;

    if (weft_lookup_known(resolve->lookup)) {
        weft_alarm_set(resolve->loop, &resolve->alarm,
                       weft_loop_now(resolve->loop) + 1);
        return 0;
    }
    err = inbox_use(&resolve->inbox, resolve->loop);
    if (err)
        return err;
    return weft_lookup_start(resolve->lookup, &resolve->inbox->box);
}

int weft_resolve_start(struct weft_resolve **out, struct weft_loop *loop,
                       const struct weft_name *name, weft_resolved_fn *done,
                       void *arg)
{
    struct weft_resolve *resolve;
    int err = WEFT_ERR_NOMEM;

    resolve = weft_zalloc(weft_loop_mem(loop), sizeof(*resolve));
    if (!resolve)
        return err;
    resolve->loop = loop;
    resolve->alarm.ring = on_alarm;
    resolve->done = done;
    resolve->arg = arg;
    resolve->lookup = weft_lookup_new(name->host, name->port, name->family);
    if (!resolve->lookup)
        goto fail;
    resolve->lookup->owner = resolve;
    err = ask(resolve);
    if (err)
        goto fail;
    *out = resolve;
    return 0;

fail:
    weft_resolve_cancel(resolve);
    return err;
}

void weft_resolve_cancel(struct weft_resolve *resolve)
{
    if (!resolve)
        return;
    weft_alarm_stop(resolve->loop, &resolve->alarm);
    weft_lookup_drop(resolve->lookup);
    if (resolve->inbox)
        inbox_leave(resolve->inbox);
    weft_free(weft_loop_mem(resolve->loop), resolve, sizeof(*resolve));
}
