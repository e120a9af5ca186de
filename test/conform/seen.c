/* SPDX-License-Identifier: MIT */
/*
 * What the events of a client's interface must be. By the WHATWG standard,
 * "Feedback from the protocol": open when the handshake is done, a message for
 * each that is whole, an error if the client had to fail the connection, and in
 * every case one close at the end. It has to fail the connection wherever there
 * were not two Close frames (RFC 6455 7.1.7, 7.2.1), and then code and reason
 * are those of 7.1.5 and 7.1.6: 1006 and "" where no Close frame was received,
 * 1005 where one was empty.
 */
#include "seen.h"

#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the client says, word by word. */
struct told {
    char events[32];
    char protocol[128];
    char reason[256];
    size_t reason_len;
    long messages;
    long code;
    bool clean;
};

/* Resolves %XX. Returns the length; out is closed with a NUL. */
static size_t take_text(char *out, size_t size, const char *p, size_t len)
{
    size_t n = 0;

    for (const char *end = p + len; p < end && n + 1 < size; n++) {
        int high = *p == '%' ? hex_digit(p[1]) : -1;
        int low = high < 0 ? -1 : hex_digit(p[2]);

        out[n] = low < 0 ? *p : (char)(high << 4 | low);
        p += low < 0 ? 1 : 3;
    }
    out[n] = '\0';
    return n;
}

static void take_word(struct told *t, const char *p, size_t len)
{
    const char *value = memchr(p, '=', len);
    size_t name, n;

    if (!value)
        return;
    name = (size_t)(value++ - p);
    n = len - name - 1;
    if (name == 6 && memcmp(p, "events", 6) == 0)
        take_text(t->events, sizeof(t->events), value, n);
    else if (name == 8 && memcmp(p, "protocol", 8) == 0)
        take_text(t->protocol, sizeof(t->protocol), value, n);
    else if (name == 6 && memcmp(p, "reason", 6) == 0)
        t->reason_len = take_text(t->reason, sizeof(t->reason), value, n);
    else if (name == 8 && memcmp(p, "messages", 8) == 0)
        t->messages = strtol(value, NULL, 10);
    else if (name == 4 && memcmp(p, "code", 4) == 0)
        t->code = strtol(value, NULL, 10);
    else if (name == 5 && memcmp(p, "clean", 5) == 0)
        t->clean = *value == '1';
}

static void take_words(struct told *t, const char *p)
{
    for (size_t n; *p; p += n) {
        p += strspn(p, " \n");
        n = strcspn(p, " \n");
        take_word(t, p, n);
    }
}

static bool is_clean(const struct seen *s)
{
    return s->close_sent && s->close_came;
}

/* Whether it is left open if the connection failed: our Close may not have been
 * read before what came behind it. */
static bool is_open_question(const struct seen *s)
{
    return s->dubious || (s->close_sent && !s->close_came);
}

static void judge_events(const struct seen *s, const struct told *t,
                         struct verdict *v)
{
    bool opened = t->events[0] == 'o';
    bool has_error = strchr(t->events, 'e');
    char want[8];

    if (!strchr(t->events, 'c'))
        verdict_say(v, GRADE_FAIL, "no close event; the events are \"%s\"",
                    t->events);
    if (opened && s->open == OPEN_NO)
        verdict_say(v, GRADE_FAIL,
                    "an open event, although the handshake is to be refused");
    if (!opened && s->open == OPEN_YES)
        verdict_say(v, GRADE_FAIL, "no open event");
    if (has_error && is_clean(s) && !s->dubious)
        verdict_say(v, GRADE_FAIL,
                    "an error event, although there were two Close frames");
    if (!has_error && !is_clean(s) && !is_open_question(s))
        verdict_say(v, GRADE_FAIL,
                    "no error event, although the connection failed (7.2.1)");
    snprintf(want, sizeof(want), "%s%s%sc", opened ? "o" : "",
             t->messages ? "m" : "", has_error ? "e" : "");
    if (strcmp(want, t->events) != 0)
        verdict_say(v, GRADE_FAIL, "the events are \"%s\", expected \"%s\"",
                    t->events, want);
}

static void judge_code(const struct seen *s, const struct told *t,
                       struct verdict *v)
{
    bool sure = !is_open_question(s);
    int want = !is_clean(s) ? 1006 : s->code < 0 ? 1005 : s->code;
    size_t len = is_clean(s) ? s->reason_len : 0;
    char got_text[60], want_text[60];

    if (sure && t->code != want)
        verdict_say(v, GRADE_FAIL,
                    "the close event has the code %ld, expected %d (7.1.5)",
                    t->code, want);
    if (sure &&
        (t->reason_len != len || memcmp(t->reason, s->reason, len) != 0))
        verdict_say(
            v, GRADE_FAIL,
            "the close event has the reason %s, expected %s (7.1.6)",
            quoted(got_text, sizeof(got_text), t->reason, t->reason_len),
            quoted(want_text, sizeof(want_text), s->reason, len));
    if (sure && t->clean != is_clean(s))
        verdict_say(v, GRADE_FAIL,
                    "the close event has wasClean %s, which it %s (7.1.4)",
                    t->clean ? "true" : "false", t->clean ? "was not" : "was");
}

static void judge_messages(const struct seen *s, const struct told *t,
                           struct verdict *v)
{
    size_t n = t->messages < 0 ? 0 : (size_t)t->messages;

    if (n > s->messages)
        verdict_say(v, GRADE_FAIL, "%zu message events for %zu messages", n,
                    s->messages);
    else if (n < s->echoes)
        verdict_say(v, GRADE_FAIL, "%zu message events, but %zu echoes", n,
                    s->echoes);
    else if (n < s->messages && s->open == OPEN_YES && !s->dubious)
        verdict_say(v, GRADE_SOFT, "%zu message events for %zu messages", n,
                    s->messages);
}

void seen_judge(const struct seen *s, const char *text, struct verdict *v)
{
    struct told t = {.code = -1};

    take_words(&t, text);
    judge_events(s, &t, v);
    judge_code(s, &t, v);
    judge_messages(s, &t, v);
    if (t.events[0] == 'o' && s->open == OPEN_YES &&
        strcmp(t.protocol, s->protocol) != 0)
        verdict_say(v, GRADE_FAIL, "the protocol is \"%s\", expected \"%s\"",
                    t.protocol, s->protocol);
    if (t.events[0] != 'o' && t.protocol[0])
        verdict_say(v, GRADE_FAIL,
                    "the protocol is \"%s\" without an open event", t.protocol);
}
