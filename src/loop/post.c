/* SPDX-License-Identifier: MIT */
/*
 * Calls from other threads. Posts wait in an array under a mutex; the loop's
 * thread exchanges it for an empty one and runs them outside the mutex, so a
 * post costs no allocation once the arrays have grown, and posts run in the
 * order in which they took the mutex.
 *
 * Waking the loop is a system call, so it is made only when it is needed: by
 * the post that finds the array empty, and not while the turn has yet to come
 * to its posts (is_awake).
 */
#include "loop/loop.h"

#include "base/sizes.h"
#include "loop/poller.h"

/* Of posts. A loop so far behind is better refused than fed: 16 MiB. */
#define POSTS_MAX ((size_t)1 << 20)

static void list_release(struct weft_post_list *list,
                         const struct weft_mem *mem)
{
    weft_free(mem, list->posts, list->room * sizeof(*list->posts));
    *list = (struct weft_post_list){0};
}

static int list_grow(struct weft_post_list *list, const struct weft_mem *mem)
{
    size_t room = list->room ? list->room * 2 : WEFT_POSTS_FIRST;
    struct weft_post *posts;

    if (room > POSTS_MAX)
        return WEFT_ERR_NOMEM;
    posts = weft_resize(mem, list->posts, list->room * sizeof(*posts),
                        room * sizeof(*posts));
    if (!posts)
        return WEFT_ERR_NOMEM;
    list->posts = posts;
    list->room = room;
    return 0;
}

void weft_posts_init(struct weft_loop *loop)
{
    /* Does not fail with default attributes on Linux. */
    pthread_mutex_init(&loop->posts.lock, NULL);
}

void weft_posts_release(struct weft_loop *loop)
{
    list_release(&loop->posts.waiting, loop->mem);
    list_release(&loop->posts.running, loop->mem);
    pthread_mutex_destroy(&loop->posts.lock);
}

int weft_loop_post(struct weft_loop *loop, void (*fn)(void *arg), void *arg)
{
    struct weft_posts *posts = &loop->posts;
    struct weft_post_list *list = &posts->waiting;
    bool must_wake = false;
    int err = 0;

    pthread_mutex_lock(&posts->lock);
    if (list->count == list->room)
        err = list_grow(list, loop->mem);
    if (!err) {
        must_wake = list->count == 0 && !posts->is_awake;
        list->posts[list->count++] = (struct weft_post){fn, arg};
    }
    /* Inside the mutex: this post may be the one that ends in freeing the
     * loop, so the loop must not come to it before we are done here. */
    if (must_wake)
        weft_loop_wake(loop);
    pthread_mutex_unlock(&posts->lock);
    return err;
}

void weft_posts_awake(struct weft_loop *loop)
{
    pthread_mutex_lock(&loop->posts.lock);
    loop->posts.is_awake = true;
    pthread_mutex_unlock(&loop->posts.lock);
}

void weft_posts_run(struct weft_loop *loop)
{
    struct weft_posts *posts = &loop->posts;
    struct weft_post_list list;

    pthread_mutex_lock(&posts->lock);
    list = posts->waiting;
    posts->waiting = posts->running;
    posts->is_awake = false;
    pthread_mutex_unlock(&posts->lock);

    for (size_t i = 0; i < list.count; i++)
        list.posts[i].fn(list.posts[i].arg);

    list.count = 0;
    if (list.room > WEFT_POSTS_KEPT)
        list_release(&list, loop->mem);
    posts->running = list;
}
