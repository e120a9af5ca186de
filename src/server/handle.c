/* SPDX-License-Identifier: MIT */
/*
 * Connections from other threads. A handle's id is the slab's, whose number
 * stays below 2^24, with the worker's index in the eight bits above; the slab
 * finds out on the connection's own thread whether it is still there.
 */
#include "base/mem.h"
#include "server/conn.h"
#include "ws/close.h"
#include "ws/utf8.h"

#define WORKER_SHIFT 24

/* Something to be done on a connection's thread. */
struct errand {
    struct weft_handle handle;
    void (*fn)(struct weft_conn *conn, void *arg);
    void *arg;
};

static unsigned index_of(struct weft_handle handle)
{
    return handle.id >> WORKER_SHIFT & 0xff;
}

/* One that was never given out, such as a zeroed one, is found out here as far
 * as it would lead astray. */
static bool is_plausible(struct weft_handle handle)
{
    return handle.server && index_of(handle) < handle.server->threads;
}

static struct weft_worker *worker_of(struct weft_handle handle)
{
    return &handle.server->workers[index_of(handle)];
}

struct weft_handle weft_conn_handle(const struct weft_conn *conn)
{
    struct weft_worker *worker = weft_conn_worker(conn);
    struct weft_handle handle = {.server = worker->server};

    handle.id = weft_slab_id(&worker->conns, conn) | (uint64_t)worker->index
                                                         << WORKER_SHIFT;
    return handle;
}

static struct weft_conn *conn_find(struct weft_handle handle)
{
    uint64_t id = handle.id & ~(UINT64_C(0xff) << WORKER_SHIFT);
    struct weft_conn *conn = weft_slab_find(&worker_of(handle)->conns, id);

    return conn && (conn->session.owner_flags & WEFT_CONN_OPEN) ? conn : NULL;
}

static void errand_run(void *arg)
{
    struct errand *errand = arg;
    const struct weft_mem *mem = errand->handle.server->mem;
    struct errand copy = *errand;

    weft_free(mem, errand, sizeof(*errand));
    copy.fn(conn_find(copy.handle), copy.arg);
}

int weft_handle_call(struct weft_handle handle,
                     void (*fn)(struct weft_conn *conn, void *arg), void *arg)
{
    const struct weft_mem *mem;
    struct errand *errand;
    int err;

    if (!is_plausible(handle))
        return WEFT_ERR_USAGE;
    mem = handle.server->mem;
    if (__atomic_load_n(&handle.server->stop, __ATOMIC_ACQUIRE) > 1)
        return WEFT_ERR_GONE;
    errand = weft_alloc(mem, sizeof(*errand));
    if (!errand)
        return WEFT_ERR_NOMEM;
    *errand = (struct errand){handle, fn, arg};
    err = weft_loop_post(worker_of(handle)->loop, errand_run, errand);
    if (err)
        weft_free(mem, errand, sizeof(*errand));
    return err;
}

/* What is to be sent, or said in the close frame. */
struct letter {
    struct weft_worker *to;
    enum weft_kind kind;
    uint16_t code;
    size_t len;
    char data[];
};

static struct letter *letter_new(struct weft_handle handle, const void *data,
                                 size_t len)
{
    struct letter *letter = NULL;

    if (len < SIZE_MAX - sizeof(*letter) - 1)
        letter = weft_alloc(handle.server->mem, sizeof(*letter) + len + 1);
    if (!letter)
        return NULL;
    *letter = (struct letter){.to = worker_of(handle), .len = len};
    if (len > 0)
        memcpy(letter->data, data, len);
    letter->data[len] = '\0';
    return letter;
}

static size_t letter_size(const struct letter *letter)
{
    return sizeof(*letter) + letter->len + 1;
}

static void letter_free(struct letter *letter)
{
    weft_worker_unburden(letter->to, letter_size(letter));
    weft_free(letter->to->server->mem, letter, letter_size(letter));
}

static void letter_send(struct weft_conn *conn, void *arg)
{
    struct letter *letter = arg;

    if (conn)
        weft_send(conn, letter->kind, letter->data, letter->len);
    letter_free(letter);
}

static void letter_close(struct weft_conn *conn, void *arg)
{
    struct letter *letter = arg;

    if (conn)
        weft_close(conn, letter->code, letter->data);
    letter_free(letter);
}

static int letter_post(struct weft_handle handle, struct letter *letter,
                       void (*fn)(struct weft_conn *conn, void *arg))
{
    int err = weft_worker_burden(letter->to, letter_size(letter));

    if (!err)
        err = weft_handle_call(handle, fn, letter);
    if (err)
        letter_free(letter);
    return err;
}

int weft_handle_send(struct weft_handle handle, enum weft_kind kind,
                     const void *data, size_t len)
{
    bool is_control = kind == WEFT_PING || kind == WEFT_PONG;
    struct letter *letter;

    if (!is_plausible(handle))
        return WEFT_ERR_USAGE;
    if (is_control ? len > WEFT_CONTROL_MAX
                   : kind != WEFT_TEXT && kind != WEFT_BINARY)
        return WEFT_ERR_USAGE;
    if (kind == WEFT_TEXT && !weft_utf8_is_valid(data, len))
        return WEFT_ERR_USAGE;
    letter = letter_new(handle, data, len);
    if (!letter)
        return WEFT_ERR_NOMEM;
    letter->kind = kind;
    return letter_post(handle, letter, letter_send);
}

int weft_handle_close(struct weft_handle handle, uint16_t code,
                      const char *reason)
{
    const struct weft_close close = {code, reason ? reason : "",
                                     reason ? strlen(reason) : 0};
    uint8_t payload[WEFT_CONTROL_MAX];
    struct letter *letter;

    if (!is_plausible(handle) || weft_close_write(payload, &close) < 0)
        return WEFT_ERR_USAGE;
    letter = letter_new(handle, close.reason, close.reason_len);
    if (!letter)
        return WEFT_ERR_NOMEM;
    letter->code = code;
    return letter_post(handle, letter, letter_close);
}
