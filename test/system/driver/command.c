/* SPDX-License-Identifier: MIT */
/*
 * The commands. Each has a name, the number of a socket and perhaps arguments,
 * and is answered by a line "NUMBER did NAME RESULT WHY" ("reacted" for "did"
 * inside an event), where the result is what the library returned. Where that
 * is INVALID, a text says why.
 */
#include "driver.h"
#include "words.h"

#include <stdlib.h>

#define WORDS_MAX 256

struct call {
    int id;
    struct slot *slot;
    const struct word *args;
    size_t count;
    const char *why; /* for the answer */
};

/* The argument, or an empty one. */
static const struct word *arg(const struct call *call, size_t i)
{
    static char empty[] = "";
    static const struct word none = {empty, 0};

    return i < call->count ? &call->args[i] : &none;
}

/* ---- open ---------------------------------------------------------------- */

/* What the options point to. */
struct lists {
    const char *protocols[WORDS_MAX + 1], *headers[WORDS_MAX + 1];
    size_t protocol_count, header_count;
    struct weft_deflate_opts deflate;
};

static bool set_text(struct weft_socket_opts *opts, const char *name,
                     const char *value)
{
    const struct {
        const char *name;
        const char **field;
    } texts[] = {
        {"base", &opts->base},       {"origin", &opts->origin},
        {"cookie", &opts->cookie},   {"proxy", &opts->proxy},
        {"ca_file", &opts->ca_file}, {"certificate", &opts->certificate},
        {"key", &opts->key},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(name, texts[i].name) == 0) {
            *texts[i].field = value;
            return true;
        }
    }
    return false;
}

static bool set_number(struct weft_socket_opts *opts, const char *name,
                       const char *value)
{
    const struct {
        const char *name;
        uint64_t *field;
    } numbers[] = {
        {"connect_ms", &opts->connect_ms},
        {"close_ms", &opts->close_ms},
        {"ping_ms", &opts->ping_ms},
        {"pong_ms", &opts->pong_ms},
        {"message_limit", &opts->message_limit},
        {"fragment_limit", &opts->fragment_limit},
        {"buffer_limit", &opts->buffer_limit},
        {"header_limit", &opts->header_limit},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].field = strcmp(value, "never") == 0
                                    ? WEFT_SOCKET_NEVER
                                    : strtoull(value, NULL, 10);
            return true;
        }
    }
    return false;
}

/* Compression: "deflate" is on, off, own, peer or both (takeover); there is
 * none if nothing is said. */
static bool set_deflate(struct weft_deflate_opts *deflate, const char *name,
                        const char *value)
{
    int number = (int)strtol(value, NULL, 10);
    bool is_both = strcmp(value, "both") == 0;

    deflate->is_off = strcmp(value, "off") == 0;
    if (strcmp(name, "deflate") == 0) {
        deflate->has_takeover = is_both || strcmp(value, "own") == 0;
        deflate->peer_takeover = is_both || strcmp(value, "peer") == 0;
    } else if (strcmp(name, "deflate_window") == 0) {
        deflate->window_bits = number;
    } else if (strcmp(name, "deflate_peer_window") == 0) {
        deflate->peer_window_bits = number;
    } else if (strcmp(name, "deflate_threshold") == 0) {
        deflate->threshold = (uint64_t)number;
    } else {
        return false;
    }
    return true;
}

/* One "name=value"; false for a name that is none. */
static bool set_option(struct weft_socket_opts *opts, struct lists *lists,
                       char *option)
{
    const char *name = strsep(&option, "=");
    const char *value = option ? option : "";

    if (strcmp(name, "protocol") == 0) {
        lists->protocols[lists->protocol_count++] = value;
        opts->protocols = lists->protocols;
    } else if (strcmp(name, "header") == 0) {
        lists->headers[lists->header_count++] = value;
        opts->headers = lists->headers;
    } else if (strncmp(name, "deflate", 7) == 0) {
        return set_deflate(&lists->deflate, name, value);
    } else {
        return set_text(opts, name, value) || set_number(opts, name, value);
    }
    return true;
}

/* open NUMBER URL [drain] [wire] [insecure] [NAME=VALUE]... with the options of
 * <weft/client.h>, protocol and header as often as needed. */
static int run_open(struct call *call)
{
    struct weft_socket_opts opts = {.size = sizeof(opts),
                                    .events = &call->slot->events,
                                    .user = call->slot,
                                    .why = &call->why};
    struct lists lists = {
        .deflate = {.size = sizeof(lists.deflate), .is_off = true}};
    bool drain = false, wire = false;

    opts.deflate = &lists.deflate;
    command_clear(call->slot);
    for (size_t i = 1; i < call->count; i++) {
        char *option = call->args[i].text;

        if (strcmp(option, "drain") == 0)
            drain = true;
        else if (strcmp(option, "wire") == 0)
            wire = true;
        else if (strcmp(option, "insecure") == 0)
            opts.is_insecure = true;
        else if (!set_option(&opts, &lists, option))
            return WEFT_ERR_USAGE;
    }
    events_fill(&call->slot->events, drain, wire);
    return weft_socket_new(&call->slot->ws, loop, arg(call, 0)->text, &opts);
}

/* ---- Sending ------------------------------------------------------------- */

static enum weft_kind kind_named(const struct word *word)
{
    return strcmp(word->text, "text") == 0     ? WEFT_TEXT
           : strcmp(word->text, "binary") == 0 ? WEFT_BINARY
                                               : WEFT_PING;
}

/* send NUMBER KIND DATA */
static int run_send(struct call *call)
{
    const struct word *data = arg(call, 1);

    return weft_socket_send(call->slot->ws, kind_named(arg(call, 0)),
                            data->text, data->len);
}

/* fill NUMBER KIND LENGTH: a message of the letters a to z, again and again. */
static int run_fill(struct call *call)
{
    size_t len = (size_t)words_number(arg(call, 1));
    char *data = malloc(len + 1);
    int err = WEFT_ERR_NOMEM;

    for (size_t i = 0; data && i < len; i++)
        data[i] = (char)('a' + i % 26);
    if (data)
        err = weft_socket_send(call->slot->ws, kind_named(arg(call, 0)), data,
                               len);
    free(data);
    return err;
}

/* echo NUMBER: the message that is being told, in its event only. */
static int run_echo(struct call *call)
{
    const struct weft_message *msg = call->slot->msg;

    if (!msg)
        return WEFT_ERR_USAGE;
    return weft_socket_send(call->slot->ws, msg->kind, msg->data, msg->len);
}

/* Ends with a line "NUMBER poured", or, where it has to wait, "NUMBER busy". */
void command_pour(struct slot *slot)
{
    int id = (int)(slot - slots), err = 0;
    char *data;

    if (slot->to_pour == 0)
        return;
    data = calloc(1, slot->pour_size + 1);
    while (data && slot->to_pour > 0 && err == 0) {
        err = weft_socket_send(slot->ws, WEFT_BINARY, data, slot->pour_size);
        slot->to_pour -= err == 0;
    }
    free(data);
    if (slot->to_pour == 0)
        words_print("%d poured", id);
    else
        words_print("%d busy %d %u", id, err, slot->to_pour);
}

/* pour NUMBER COUNT LENGTH: that many messages, as the buffer drains. */
static int run_pour(struct call *call)
{
    call->slot->to_pour = words_number(arg(call, 0));
    call->slot->pour_size = words_number(arg(call, 1));
    command_pour(call->slot);
    return 0;
}

/* ping NUMBER DATA */
static int run_ping(struct call *call)
{
    const struct word *data = arg(call, 0);

    return weft_socket_ping(call->slot->ws, data->text, data->len);
}

/* ---- The rest ------------------------------------------------------------ */

/* close NUMBER [CODE [REASON]] */
static int run_close(struct call *call)
{
    return weft_socket_close(call->slot->ws,
                             (uint16_t)words_number(arg(call, 0)),
                             call->count > 1 ? arg(call, 1)->text : NULL);
}

static int run_pause(struct call *call)
{
    weft_socket_pause(call->slot->ws);
    return 0;
}

static int run_resume(struct call *call)
{
    weft_socket_resume(call->slot->ws);
    return 0;
}

static int run_free(struct call *call)
{
    command_clear(call->slot);
    return 0;
}

/* state NUMBER: a line of its own with all attributes. */
static int run_state(struct call *call)
{
    const struct weft_socket *ws = call->slot->ws;
    char tls[128], subject[256];

    words_print(
        "%d state %d %u %d %s %s %s %s %s", call->id,
        (int)weft_socket_ready_state(ws), weft_socket_buffered_amount(ws),
        weft_socket_status(ws), weft_socket_url(ws), weft_socket_protocol(ws),
        weft_socket_extensions(ws), weft_socket_tls(ws, tls, sizeof(tls)),
        weft_socket_peer_subject(ws, subject, sizeof(subject)));
    return weft_socket_loop(ws) == loop ? 0 : WEFT_ERR_USAGE;
}

/* on NUMBER EVENT LINE: runs the line inside the event whenever it comes. */
static int run_on(struct call *call)
{
    enum event event = event_named(arg(call, 0)->text);

    if (event == EVENT_COUNT)
        return WEFT_ERR_USAGE;
    free(call->slot->on[event]);
    call->slot->on[event] = strdup(arg(call, 1)->text);
    return call->slot->on[event] ? 0 : WEFT_ERR_NOMEM;
}

void command_clear(struct slot *slot)
{
    weft_socket_free(slot->ws);
    slot->ws = NULL;
    slot->to_pour = 0;
    for (int i = 0; i < EVENT_COUNT; i++) {
        free(slot->on[i]);
        slot->on[i] = NULL;
    }
}

static const struct {
    const char *name;
    int (*run)(struct call *call);
} commands[] = {
    {"open", run_open},   {"send", run_send},   {"fill", run_fill},
    {"echo", run_echo},   {"pour", run_pour},   {"ping", run_ping},
    {"close", run_close}, {"pause", run_pause}, {"resume", run_resume},
    {"free", run_free},   {"state", run_state}, {"on", run_on},
};

static int run_named(const char *name, struct call *call)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(name, commands[i].name) != 0)
            continue;
        if (!call->slot->ws && commands[i].run != run_open)
            return WEFT_ERR_MISSING;
        return commands[i].run(call);
    }
    return WEFT_ERR_USAGE;
}

void command_run(char *line, const char *verb)
{
    struct word words[WORDS_MAX];
    size_t count = words_split(line, words, WORDS_MAX);
    uint64_t id = count > 1 ? words_number(&words[1]) : SLOTS;
    struct call call = {.args = words + 2, .count = count - 2, .why = ""};
    int result;

    if (id >= SLOTS)
        return;
    call.id = (int)id;
    call.slot = &slots[id];
    result = run_named(words[0].text, &call);
    words_print("%d %s %s %d %s", call.id, verb, words[0].text, result,
                call.why);
}
