/* SPDX-License-Identifier: MIT */
/*
 * A subscription is on two lists, its topic's and its connection's; a topic
 * lives as long as it has one. Delivery walks the topic's list: sending only
 * queues, so no subscription comes or goes meanwhile.
 */
#include "server/topic.h"

#include "base/hints.h"
#include "base/mem.h"
#include "server/conn.h"
#include "ws/utf8.h"

struct topic {
    struct weft_map_node node;
    struct weft_list subscriptions;
    size_t name_len;
    char name[];
};

struct subscription {
    struct weft_list in_topic, in_conn;
    struct topic *topic;
    struct weft_conn *conn;
};

static struct weft_slice key_of(const struct weft_map_node *node)
{
    const struct topic *topic = WEFT_OF(node, const struct topic, node);

    return (struct weft_slice){topic->name, topic->name_len};
}

void weft_topics_init(struct weft_topics *topics, const struct weft_mem *mem,
                      const uint64_t seed[2])
{
    topics->mem = mem;
    weft_map_init(&topics->map, mem, key_of, seed);
}

void weft_topics_release(struct weft_topics *topics)
{
    weft_map_release(&topics->map);
}

static struct topic *topic_find(struct weft_topics *topics, const char *name)
{
    struct weft_map_node *node = weft_map_find(&topics->map, weft_slice(name));

    return node ? WEFT_OF(node, struct topic, node) : NULL;
}

static struct topic *topic_new(struct weft_topics *topics, const char *name)
{
    size_t len = strlen(name);
    struct topic *topic = weft_alloc(topics->mem, sizeof(*topic) + len);

    if (!topic)
        return NULL;
    weft_list_init(&topic->subscriptions);
    topic->name_len = len;
    memcpy(topic->name, name, len);
    if (weft_map_insert(&topics->map, &topic->node) != 0) {
        weft_free(topics->mem, topic, sizeof(*topic) + len);
        return NULL;
    }
    return topic;
}

static void topic_free_if_empty(struct weft_topics *topics, struct topic *topic)
{
    if (!weft_list_is_empty(&topic->subscriptions))
        return;
    weft_map_remove(&topics->map, &topic->node);
    weft_free(topics->mem, topic, sizeof(*topic) + topic->name_len);
}

static struct topic *topic_get(struct weft_topics *topics, const char *name)
{
    struct topic *topic = topic_find(topics, name);

    return topic ? topic : topic_new(topics, name);
}

static bool name_is_valid(const char *name)
{
    size_t len = name ? strnlen(name, WEFT_TOPIC_MAX + 1) : 0;

    return len > 0 && len <= WEFT_TOPIC_MAX;
}

/* The connection's list, which a limit keeps short, is searched. */
static struct subscription *subscription_find(struct weft_conn *conn,
                                              const char *name)
{
    struct weft_list *list, *node;
    size_t len = strlen(name);

    if (!conn->extras)
        return NULL;
    list = &conn->extras->subscriptions;
    for (node = list->next; node != list; node = node->next) {
        struct subscription *sub = WEFT_OF(node, struct subscription, in_conn);

        if (sub->topic->name_len == len &&
            memcmp(sub->topic->name, name, len) == 0)
            return sub;
    }
    return NULL;
}

static int subscribe(struct weft_conn *conn, struct weft_extras *extras,
                     const char *name)
{
    struct weft_topics *topics = &weft_conn_worker(conn)->topics;
    struct subscription *sub = weft_alloc(topics->mem, sizeof(*sub));
    struct topic *topic = sub ? topic_get(topics, name) : NULL;

    if (!topic) {
        weft_free(topics->mem, sub, sizeof(*sub));
        return WEFT_ERR_NOMEM;
    }
    sub->topic = topic;
    sub->conn = conn;
    weft_list_append(&topic->subscriptions, &sub->in_topic);
    weft_list_append(&extras->subscriptions, &sub->in_conn);
    extras->subscription_count++;
    return 0;
}

int weft_subscribe(struct weft_conn *conn, const char *topic)
{
    uint64_t limit = weft_conn_server(conn)->opts.topic_limit;
    struct weft_extras *extras;

    if (!name_is_valid(topic) || !(conn->session.owner_flags & WEFT_CONN_OPEN))
        return WEFT_ERR_USAGE;
    if (subscription_find(conn, topic))
        return 0;
    extras = weft_conn_extras(conn);
    if (!extras)
        return WEFT_ERR_NOMEM;
    if (extras->subscription_count >= limit)
        return WEFT_ERR_LIMIT;
    return subscribe(conn, extras, topic);
}

static void subscription_free(struct subscription *sub)
{
    struct weft_topics *topics = &weft_conn_worker(sub->conn)->topics;
    struct topic *topic = sub->topic;

    sub->conn->extras->subscription_count--;
    weft_list_remove(&sub->in_topic);
    weft_list_remove(&sub->in_conn);
    weft_free(topics->mem, sub, sizeof(*sub));
    topic_free_if_empty(topics, topic);
}

int weft_unsubscribe(struct weft_conn *conn, const char *topic)
{
    struct subscription *sub;

    if (!name_is_valid(topic))
        return WEFT_ERR_USAGE;
    sub = subscription_find(conn, topic);
    if (sub)
        subscription_free(sub);
    return 0;
}

void weft_topics_leave_all(struct weft_conn *conn)
{
    struct weft_list *list;

    if (!conn->extras)
        return;
    list = &conn->extras->subscriptions;
    while (!weft_list_is_empty(list))
        subscription_free(WEFT_OF(list->next, struct subscription, in_conn));
}

/* ---- Publishing ---------------------------------------------------------- */

/* Subscribers are many and far from each other: while one is sent to, the next
 * comes into the cache, and the subscription behind it. */
static void fetch_ahead(const struct topic *topic, const struct weft_list *node)
{
    if (node == &topic->subscriptions)
        return;
    weft_prefetch(WEFT_OF(node, const struct subscription, in_topic)->conn,
                  sizeof(struct weft_conn));
    weft_prefetch(node->next, sizeof(struct subscription));
}

static void deliver(struct weft_worker *worker, const char *name,
                    struct weft_blob *frame, const struct weft_conn *except)
{
    struct topic *topic = topic_find(&worker->topics, name);
    struct weft_broadcast message = {.frame = frame};
    struct weft_list *node;

    if (!topic)
        return;
    for (node = topic->subscriptions.next; node != &topic->subscriptions;
         node = node->next) {
        struct subscription *sub = WEFT_OF(node, struct subscription, in_topic);

        fetch_ahead(topic, node->next);
        if (sub->conn != except)
            weft_conn_broadcast(sub->conn, &message);
    }
    weft_blob_unref(message.packed);
}

/* A frame on its way to another worker. */
struct parcel {
    struct weft_worker *to;
    struct weft_blob *frame;
    const struct weft_mem *mem; /* usable from every thread */
    size_t size;
    char name[];
};

static uint64_t parcel_weight(const struct parcel *parcel)
{
    return parcel->size + parcel->frame->len;
}

static void parcel_free(struct parcel *parcel)
{
    weft_worker_unburden(parcel->to, parcel_weight(parcel));
    weft_blob_unref(parcel->frame);
    weft_free(parcel->mem, parcel, parcel->size);
}

static void parcel_open(void *arg)
{
    struct parcel *parcel = arg;

    deliver(parcel->to, parcel->name, parcel->frame, NULL);
    parcel_free(parcel);
}

static int parcel_send(struct weft_worker *to, const char *name,
                       struct weft_blob *frame)
{
    const struct weft_mem *mem = to->server->mem;
    size_t size = sizeof(struct parcel) + strlen(name) + 1;
    struct parcel *parcel = weft_alloc(mem, size);
    int err;

    if (!parcel)
        return WEFT_ERR_NOMEM;
    *parcel = (struct parcel){to, weft_blob_ref(frame), mem, size};
    memcpy(parcel->name, name, strlen(name) + 1);
    err = weft_worker_burden(to, parcel_weight(parcel));
    if (!err)
        err = weft_loop_post(to->loop, parcel_open, parcel);
    if (err)
        parcel_free(parcel);
    return err;
}

/* from is the publisher's worker, or NULL when it is on none. */
static int publish(struct weft_server *server, struct weft_worker *from,
                   const char *topic, struct weft_blob *frame,
                   const struct weft_conn *except)
{
    int err = 0;

    for (unsigned i = 0; i < server->threads; i++) {
        struct weft_worker *to = &server->workers[i];
        int rc = 0;

        if (to == from)
            deliver(to, topic, frame, except);
        else
            rc = parcel_send(to, topic, frame);
        if (rc)
            err = rc;
    }
    return err;
}

/* The frame, or NULL and why. It is shared by threads, so the server's own
 * allocator makes it. */
static struct weft_blob *frame_of(struct weft_server *server, const char *topic,
                                  enum weft_kind kind, const void *data,
                                  size_t len, int *err)
{
    struct weft_blob *frame;

    *err = WEFT_ERR_USAGE;
    if (!name_is_valid(topic) || (kind != WEFT_TEXT && kind != WEFT_BINARY))
        return NULL;
    if (kind == WEFT_TEXT && !weft_utf8_is_valid(data, len))
        return NULL;
    frame = weft_endpoint_frame(server->mem, kind, data, len);
    *err = frame ? 0 : WEFT_ERR_NOMEM;
    return frame;
}

int weft_publish(struct weft_conn *conn, const char *topic, enum weft_kind kind,
                 const void *data, size_t len, unsigned flags)
{
    struct weft_server *server = weft_conn_server(conn);
    struct weft_conn *except = flags & WEFT_PUBLISH_OTHERS ? conn : NULL;
    struct weft_blob *frame;
    int err;

    if (flags & ~(unsigned)WEFT_PUBLISH_OTHERS)
        return WEFT_ERR_USAGE;
    frame = frame_of(server, topic, kind, data, len, &err);
    if (!frame)
        return err;
    err = publish(server, weft_conn_worker(conn), topic, frame, except);
    weft_blob_unref(frame);
    return err;
}

int weft_server_publish(struct weft_server *srv, const char *topic,
                        enum weft_kind kind, const void *data, size_t len)
{
    int err;
    struct weft_blob *frame = frame_of(srv, topic, kind, data, len, &err);

    if (!frame)
        return err;
    err = publish(srv, NULL, topic, frame, NULL);
    weft_blob_unref(frame);
    return err;
}
