/* SPDX-License-Identifier: MIT */
/*
 * Signal handlers here do two things: call weft_server_stop (a second call ends
 * the server at once) and weft_server_reload_tls, which allow that; and set a
 * flag, which is looked at before the next line of the log is written.
 */
#include "cli/signals.h"

#include <signal.h>

static struct weft_server *running;
static bool reopen; /* touched with __atomic only */

static void on_stop(int number)
{
    (void)number;
    weft_server_stop(running);
}

static void on_reopen(int number)
{
    (void)number;
    __atomic_store_n(&reopen, true, __ATOMIC_RELEASE);
}

/* Without TLS, reading it again is nothing. */
static void on_refresh(int number)
{
    on_reopen(number);
    weft_server_reload_tls(running);
}

/* A second signal to stop may come when the first has done its work: no reason
 * to end by it, with a status that speaks of a failure. */
static void on_late(int number)
{
    (void)number;
}

static void set_flags(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void set(int number, void (*handler)(int))
{
    set_flags(number, handler, SA_RESTART);
}

void signals_prepare(void)
{
    set(SIGPIPE, SIG_IGN);
    set(SIGCHLD, SIG_DFL);
}

void signals_begin(struct weft_server *server, bool has_files)
{
    running = server;
    set(SIGTERM, on_stop);
    set(SIGINT, on_stop);
    set(SIGHUP, has_files ? on_refresh : on_stop);
    set(SIGUSR1, on_reopen);
}

void signals_end(void)
{
    set_flags(SIGTERM, on_late, SA_RESTART | SA_RESETHAND);
    set_flags(SIGINT, on_late, SA_RESTART | SA_RESETHAND);
    set(SIGHUP, SIG_IGN);
    set(SIGUSR1, SIG_IGN);
}

bool signals_take_reopen(void)
{
    return __atomic_exchange_n(&reopen, false, __ATOMIC_ACQUIRE);
}
