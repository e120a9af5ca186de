/* SPDX-License-Identifier: MIT */
/*
 * inotify, reduced to "something has changed". Files count when they are
 * closed after writing or moved, not while they are written; hidden files do
 * not count. An overflow of the kernel's queue is a change like any other,
 * since what changed is found by looking.
 *
 * Programs save a file in several steps (write another one, rename it), and
 * tools like git write many files: hence the wait until it is quiet.
 */
#include "handler/so/watch.h"
#include "base/sizes.h"
#include "handler/so/clock.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Below what a person who has just saved a file notices, above the time that
 * editors take between the steps of saving. */
#define QUIET_MS 50

/* A folder in which something changes all the time is looked at this often. */
#define LONGEST_MS 2000

#define CONTENT_EVENTS                                                         \
    (IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |    \
     IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define PARENT_EVENTS                                                          \
    (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR)

int weft_watch_init(struct weft_watch *watch, int stop)
{
    *watch = (struct weft_watch){
        .stop = stop,
        .quiet_ms = QUIET_MS,
        .longest_ms = LONGEST_MS,
        .parent = -1,
    };
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return watch->fd < 0 ? WEFT_ERR_SYSTEM : 0;
}

void weft_watch_release(struct weft_watch *watch)
{
    if (watch->fd >= 0)
        close(watch->fd);
    watch->fd = -1;
}

/* The watch's number, LIMIT or SYSTEM. */
static int add(struct weft_watch *watch, const char *path, uint32_t events)
{
    int id = inotify_add_watch(watch->fd, path, events);

    if (id >= 0)
        return id;
    return errno == ENOSPC ? WEFT_ERR_LIMIT : WEFT_ERR_SYSTEM;
}

int weft_watch_folder(struct weft_watch *watch, int fd)
{
    char path[64];
    int id;

    /* By descriptor: the folder that was opened, whatever its name is now. */
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    id = add(watch, path, CONTENT_EVENTS);
    return id < 0 ? id : 0;
}

int weft_watch_parent(struct weft_watch *watch, const char *path)
{
    char parent[PATH_MAX];
    const char *name;
    size_t len = strlen(path);
    int n;

    while (len > 0 && path[len - 1] == '/')
        len--;
    name = path + len;
    while (name > path && name[-1] != '/')
        name--;
    n = (int)(path + len - name);
    if (n == 0 || n >= (int)sizeof(watch->name) || len >= sizeof(parent) ||
        strspn(name, ".") >= (size_t)n)
        return WEFT_ERR_USAGE;

    snprintf(watch->name, sizeof(watch->name), "%.*s", n, name);
    snprintf(parent, sizeof(parent), "%.*s",
             name == path ? 1 : (int)(name - path), name == path ? "." : path);
    watch->parent = add(watch, parent, PARENT_EVENTS);
    return watch->parent < 0 ? watch->parent : 0;
}

static bool counts(const struct weft_watch *watch,
                   const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW)
        return true;
    if (event->mask & IN_IGNORED)
        return false;
    if (event->wd == watch->parent)
        return event->len > 0 && strcmp(event->name, watch->name) == 0;
    return event->len == 0 || event->name[0] != '.';
}

/* Empties the queue. 1 when something in it counts, 0, or SYSTEM. */
static int drain(const struct weft_watch *watch)
{
    _Alignas(struct inotify_event) char block[WEFT_WATCH_BLOCK];
    const struct inotify_event *event;
    bool changed = false;
    ssize_t n;

    while ((n = read(watch->fd, block, sizeof(block))) > 0) {
        for (char *at = block; at < block + n;
             at += sizeof(*event) + event->len) {
            event = (const struct inotify_event *)(const void *)at;
            changed |= counts(watch, event);
        }
    }
    return n < 0 && errno != EAGAIN && errno != EINTR ? WEFT_ERR_SYSTEM
                                                      : changed;
}

/* Waits for events that count. 1; 0 when there was none in time; GONE at the
 * stop; SYSTEM. */
static int wait_for_change(const struct weft_watch *watch, int timeout_ms)
{
    struct pollfd fds[2] = {
        {.fd = watch->stop, .events = POLLIN},
        {.fd = watch->fd, .events = POLLIN},
    };
    int n = poll(fds, 2, timeout_ms);

    if (n < 0)
        return errno == EINTR ? 0 : WEFT_ERR_SYSTEM;
    if (fds[0].revents)
        return WEFT_ERR_GONE;
    return n == 0 ? 0 : drain(watch);
}

int weft_watch_wait(struct weft_watch *watch)
{
    uint64_t begun;
    int ret;

    do
        ret = wait_for_change(watch, -1);
    while (ret == 0);

    begun = weft_clock_ms();
    while (ret > 0 && weft_clock_ms() - begun < (uint64_t)watch->longest_ms)
        ret = wait_for_change(watch, watch->quiet_ms);
    if (ret == WEFT_ERR_GONE)
        return 0;
    return ret < 0 ? ret : 1;
}
