/* SPDX-License-Identifier: MIT */
/*
 * Reads the notation of the tables (script.h) into steps. Loops and ranges of
 * lengths are written out here, so that who runs a script sees only steps.
 * Every table is read at the start of the program: a slip of the pen ends it
 * with the place, before any server is asked.
 */
#include "script.h"

#include "payload.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Steps after all loops. */
#define STEPS_MAX 20000
/* What R( ... ) does if nobody says how much: rounds, and bytes of prose. */
#define ROUNDS_MAX 100
#define ROUNDS_SIZE (256u << 10)

unsigned long script_rounds;

struct parser {
    struct script *s;
    const char *p;
    const char *wrong; /* set once; parsing stops then */
};

static void skip_blanks(struct parser *ps)
{
    ps->p += strspn(ps->p, " \n");
}

/* Takes the word if it is the next one. */
static bool word(struct parser *ps, const char *want)
{
    size_t n = strlen(want);

    if (strncmp(ps->p, want, n) != 0)
        return false;
    if (isalnum((unsigned char)want[n - 1]) && isalnum((unsigned char)ps->p[n]))
        return false;
    ps->p += n;
    skip_blanks(ps);
    return true;
}

static uint64_t number(struct parser *ps)
{
    char *end;
    uint64_t n = strtoull(ps->p, &end, 0);

    if (end == ps->p)
        ps->wrong = "a number is missing";
    ps->p = end;
    return n;
}

/* A word of the form name=N. */
static bool number_word(struct parser *ps, const char *name, uint64_t *value)
{
    size_t n = strlen(name);

    if (strncmp(ps->p, name, n) != 0 || ps->p[n] != '=')
        return false;
    ps->p += n + 1;
    *value = number(ps);
    return true;
}

static struct step *add_step(struct parser *ps, const struct step *step)
{
    struct script *s = ps->s;

    if (s->count == STEPS_MAX) {
        ps->wrong = "too many steps";
        s->count--;
    }
    if ((s->count & (s->count - 1)) == 0)
        s->steps =
            grow(s->steps, (s->count ? s->count * 2 : 1) * sizeof(*s->steps));
    s->steps[s->count] = *step;
    return &s->steps[s->count++];
}

static void parse_key(struct parser *ps, struct step *step)
{
    for (int i = 0; i < 4; i++, ps->p += 2) {
        int high = hex_digit(ps->p[0]);
        int low = high < 0 ? -1 : hex_digit(ps->p[1]);

        if (low < 0) {
            ps->wrong = "a key is eight hexadecimal digits";
            return;
        }
        step->frame.key[i] = (uint8_t)(high << 4 | low);
    }
    step->has_key = true;
}

/* How it is compressed. */
static bool parse_way(struct parser *ps, struct step *step)
{
    if (strncmp(ps->p, "z=", 2) == 0) {
        ps->p += 2;
        ps->wrong = pack_way_parse(&step->way, &ps->p);
    } else if (!word(ps, "z")) {
        return false;
    }
    step->way.on = ps->s->deflate = true;
    return true;
}

/* What is special about a frame. Returns false at the first other word. */
static bool parse_special(struct parser *ps, struct step *step)
{
    uint64_t n;

    if (parse_way(ps, step)) {
    } else if (word(ps, "nomask")) {
        step->frame.masked = false;
    } else if (number_word(ps, "rsv", &n)) {
        step->frame.rsv = (uint8_t)n & 7;
    } else if (number_word(ps, "len", &n)) {
        step->frame.form = (uint8_t)n;
        if (n != 7 && n != 16 && n != 64)
            ps->wrong = "a length has 7, 16 or 64 bits";
    } else if (number_word(ps, "claim", &n)) {
        step->frame.has_claim = true;
        step->frame.claim = n;
    } else if (number_word(ps, "cut", &n)) {
        step->cut = (size_t)n;
    } else if (number_word(ps, "frag", &n)) {
        step->frag = (size_t)n;
    } else if (number_word(ps, "pings", &n)) {
        step->pings = (size_t)n;
    } else if (strncmp(ps->p, "key=", 4) == 0) {
        ps->p += 4;
        parse_key(ps, step);
    } else {
        return false;
    }
    skip_blanks(ps);
    return true;
}

/* #N..M: one frame for each length. */
static bool parse_range(struct parser *ps, struct step *step, bool text)
{
    const char *dots = ps->p + 1 + strspn(ps->p + 1, "0123456789");
    unsigned long low, high;

    if (*ps->p != '#' || strncmp(dots, "..", 2) != 0)
        return false;
    ps->p++;
    low = (unsigned long)number(ps);
    ps->p = dots + 2;
    high = (unsigned long)number(ps);
    for (unsigned long n = low; n <= high && !ps->wrong; n++) {
        step->at = ps->s->pool.len;
        step->len = n;
        payload_pattern(&ps->s->pool, n, text);
        add_step(ps, step);
    }
    skip_blanks(ps);
    return true;
}

static void parse_payload(struct parser *ps, struct step *step, bool text)
{
    struct bytes *pool = &ps->s->pool;

    if (*ps->p == '&') {
        ps->p++;
        step->prose = (size_t)number(ps);
        skip_blanks(ps);
    }
    while (!ps->wrong && payload_is_piece(ps->p)) {
        ps->wrong = payload_piece(pool, &ps->p, text);
        skip_blanks(ps);
    }
    step->len = pool->len - step->at;
}

/* The two bytes in front of the reason, if there is a number. */
static void parse_close_code(struct parser *ps)
{
    uint64_t code;

    if (!isdigit((unsigned char)*ps->p))
        return;
    code = number(ps);
    bytes_add_byte(&ps->s->pool, (uint8_t)(code >> 8));
    bytes_add_byte(&ps->s->pool, (uint8_t)code);
    skip_blanks(ps);
}

static void parse_frame(struct parser *ps, uint8_t opcode)
{
    struct step step = {.kind = STEP_FRAME, .at = ps->s->pool.len};
    bool text = opcode == OP_TEXT || opcode == OP_CLOSE || opcode == OP_CONT;

    step.frame = (struct frame){.fin = true, .masked = true, .opcode = opcode};
    if (*ps->p == '-') {
        step.frame.fin = false;
        ps->p++;
    }
    skip_blanks(ps);
    while (!ps->wrong && parse_special(ps, &step))
        ;
    if (opcode == OP_CLOSE)
        parse_close_code(ps);
    if (ps->wrong || parse_range(ps, &step, text))
        return;
    parse_payload(ps, &step, text);
    add_step(ps, &step);
}

static bool parse_named_frame(struct parser *ps)
{
    static const uint8_t opcodes[] = {OP_TEXT, OP_BIN,  OP_CONT,
                                      OP_PING, OP_PONG, OP_CLOSE};
    uint64_t n;

    for (size_t i = 0; i < COUNT(opcodes); i++) {
        const char *name = opcode_name(opcodes[i]);
        size_t len = strlen(name);

        if (strncmp(ps->p, name, len) == 0 &&
            !isalnum((unsigned char)ps->p[len])) {
            ps->p += len;
            parse_frame(ps, opcodes[i]);
            return true;
        }
    }
    if (!number_word(ps, "op", &n))
        return false;
    parse_frame(ps, (uint8_t)n & 15);
    return true;
}

static void parse_raw(struct parser *ps)
{
    struct step step = {.kind = STEP_RAW, .at = ps->s->pool.len};

    parse_payload(ps, &step, true);
    add_step(ps, &step);
}

/* "1007,?1002" */
static void parse_codes(struct parser *ps, struct step *step)
{
    for (size_t i = 0; i < COUNT(step->codes); i++) {
        if (*ps->p == '?') {
            step->codes[i].odd = true;
            ps->p++;
        }
        if (!isdigit((unsigned char)*ps->p))
            return;
        step->codes[i].code = (int)number(ps);
        if (*ps->p != ',')
            break;
        ps->p++;
    }
    skip_blanks(ps);
}

static bool parse_status(struct parser *ps)
{
    struct status_want want = {.low = 100, .high = 999};
    const char *p = ps->p;

    if (*p == '?' || *p == '~')
        want.grade = *p++ == '?' ? GRADE_NOTE : GRADE_SOFT;
    if (strncmp(p, "end", 3) == 0) {
        want.low = want.high = 0;
        p += 3;
    } else if (strncmp(p, "any", 3) == 0) {
        p += 3;
    } else if (isdigit((unsigned char)p[0]) && strncmp(p + 1, "xx", 2) == 0) {
        want.low = (p[0] - '0') * 100;
        want.high = want.low + 99;
        p += 3;
    } else if (isdigit((unsigned char)p[0])) {
        char *end;

        want.low = want.high = (int)strtol(p, &end, 10);
        p = end;
    } else {
        return false;
    }
    if (ps->s->status_count == COUNT(ps->s->status))
        ps->wrong = "too many answers";
    else
        ps->s->status[ps->s->status_count++] = want;
    ps->p = p;
    skip_blanks(ps);
    return true;
}

static void parse_http(struct parser *ps)
{
    while (!ps->wrong) {
        if (word(ps, "has13"))
            ps->s->has13 = true;
        else if (!parse_status(ps))
            break;
    }
    if (ps->s->status_count == 0)
        ps->wrong = "which status?";
}

static bool takes_codes(enum step_kind kind)
{
    return kind >= STEP_FAIL && kind <= STEP_MAYBE;
}

static void parse_expectation(struct parser *ps)
{
    static const struct {
        const char *name;
        enum step_kind kind;
    } kinds[] = {
        {"echo", STEP_ECHO},       {"pong", STEP_PONG},
        {"fail", STEP_FAIL},       {"drop", STEP_DROP},
        {"refuse", STEP_REFUSE},   {"close", STEP_CLOSE},
        {"maybe", STEP_MAYBE},     {"end", STEP_END},
        {"refused", STEP_REFUSED}, {"either", STEP_EITHER},
        {"leave", STEP_LEAVE},     {"agreed", STEP_AGREED},
        {"packed", STEP_PACKED},
    };
    struct step step = {.at = ps->s->pool.len};

    if (word(ps, "http")) {
        parse_http(ps);
        return;
    }
    if (word(ps, "unanswered")) {
        ps->s->unanswered = true;
        return;
    }
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (!word(ps, kinds[i].name))
            continue;
        step.kind = kinds[i].kind;
        step.soft = word(ps, "~");
        step.lax = word(ps, "?");
        if (word(ps, "or") || takes_codes(step.kind))
            parse_codes(ps, &step);
        if (step.kind == STEP_LEAVE) {
            parse_close_code(ps);
            parse_payload(ps, &step, true);
        }
        add_step(ps, &step);
        return;
    }
    ps->wrong = "nobody knows this expectation";
}

static void parse_item(struct parser *ps);

/* How often R( ... ) goes round these steps. */
static unsigned long choose_rounds(const struct script *s, size_t from)
{
    size_t size = 1;
    unsigned long times;

    for (size_t i = from; i < s->count; i++)
        size += s->steps[i].prose;
    times = ROUNDS_SIZE / size;
    times = times < 2 ? 2 : times > ROUNDS_MAX ? ROUNDS_MAX : times;
    return script_rounds ? script_rounds : times;
}

/* N( ... ) or R( ... ) */
static bool parse_loop(struct parser *ps)
{
    size_t digits = strspn(ps->p, "0123456789"), from = ps->s->count, to;
    bool is_rounds = *ps->p == 'R';
    unsigned long times = 0;

    digits += is_rounds;
    if (!digits || ps->p[digits] != '(')
        return false;
    if (is_rounds)
        ps->p++;
    else
        times = (unsigned long)number(ps);
    ps->p++;
    skip_blanks(ps);
    while (!ps->wrong && *ps->p && *ps->p != ')')
        parse_item(ps);
    if (!ps->wrong && !word(ps, ")"))
        ps->wrong = "a loop is not closed";
    to = ps->s->count;
    if (is_rounds)
        times = choose_rounds(ps->s, from);
    while (times-- > 1 && !ps->wrong) {
        for (size_t i = from; i < to && !ps->wrong; i++) {
            struct step step = ps->s->steps[i];

            add_step(ps, &step);
        }
    }
    return true;
}

static void parse_item(struct parser *ps)
{
    struct step step = {0};

    if (word(ps, "=>")) {
        parse_expectation(ps);
    } else if (word(ps, "raw")) {
        parse_raw(ps);
    } else if (word(ps, "bytes")) {
        ps->s->singly = true;
    } else if (word(ps, "early")) {
        ps->s->early = true;
    } else if (word(ps, "slow")) {
        ps->s->slow = true;
    } else if (word(ps, "takeover")) {
        ps->s->deflate = ps->s->takeover = true;
    } else if (word(ps, "deflate")) {
        ps->s->deflate = true;
        ps->s->deflate_soft = word(ps, "~");
    } else if (word(ps, "|")) {
        step.kind = STEP_SEGMENT;
        add_step(ps, &step);
    } else if (word(ps, "!")) {
        step.kind = STEP_WRONG;
        add_step(ps, &step);
    } else if (word(ps, "fin")) {
        step.kind = STEP_FIN;
        add_step(ps, &step);
    } else if (word(ps, "rst")) {
        step.kind = STEP_RST;
        add_step(ps, &step);
    } else if (!parse_loop(ps) && !parse_named_frame(ps)) {
        ps->wrong = "nobody knows this word";
    }
}

const char *script_parse(struct script *s, const char *text, const char **where)
{
    struct parser ps = {.s = s, .p = text};

    memset(s, 0, sizeof(*s));
    bytes_room(&s->pool, 1); /* so that payloads of nothing have a place */
    skip_blanks(&ps);
    while (!ps.wrong && *ps.p)
        parse_item(&ps);
    if (!ps.wrong && s->status_count == 0)
        s->status[s->status_count++] =
            (struct status_want){.low = 101, .high = 101};
    *where = ps.p;
    return ps.wrong;
}

void script_release(struct script *s)
{
    free(s->steps);
    bytes_release(&s->pool);
    memset(s, 0, sizeof(*s));
}
