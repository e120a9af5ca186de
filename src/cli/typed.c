/* SPDX-License-Identifier: MIT */
/* A command is a slash and a word. All other lines are messages. */
#include "cli/typed.h"

#include "cli/number.h"
#include "cli/suggest.h"
#include <stdio.h>

const char *const typed_help[] = {
    "/ping [TEXT]            send a ping",
    "/close [CODE [REASON]]  close: 1000, or 3000 to 4999",
    "/binary FILE            send a file as one binary message",
    "/quit, or Ctrl-D        close with 1000",
    "/help                   print this",
    "//TEXT                  send /TEXT",
    "",
};

static const struct word {
    const char *name;
    enum typed_kind kind;
} words[] = {
    {"ping", TYPED_PING}, {"close", TYPED_CLOSE}, {"binary", TYPED_BINARY},
    {"help", TYPED_HELP}, {"quit", TYPED_QUIT},
};

/* What follows the first word, and its length. */
static const char *rest_of(const char *text, size_t *len)
{
    *len = strcspn(text, " ");
    return text + *len + strspn(text + *len, " ");
}

static void set_wrong(struct typed *out, const char *why)
{
    out->kind = TYPED_WRONG;
    out->text = why;
}

/* "[CODE [REASON]]" */
static void parse_close(struct typed *out)
{
    char digits[8];
    size_t len;
    const char *reason = rest_of(out->text, &len);

    out->code = 1000;
    if (len == 0)
        return;
    snprintf(digits, sizeof(digits), "%.*s", (int)(len < 8 ? len : 7),
             out->text);
    if (len >= sizeof(digits) || !number_parse(&out->code, digits)) {
        set_wrong(out, "/close takes a code, and a reason behind it");
        return;
    }
    out->text = reason;
}

static void complain_of_word(struct typed *out, const char *word)
{
    static char why[128];

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!suggest_is_near(word, words[i].name))
            continue;
        snprintf(why, sizeof(why), "no such command; did you mean /%s?",
                 words[i].name);
        set_wrong(out, why);
        return;
    }
    set_wrong(out, "no such command: /help lists them, and //TEXT sends /TEXT");
}

static void parse_command(struct typed *out, const char *text)
{
    size_t len, i = 0;
    char name[16];

    out->text = rest_of(text, &len);
    snprintf(name, sizeof(name), "%.*s", (int)(len < 16 ? len : 15), text);
    while (i < sizeof(words) / sizeof(words[0]) &&
           strcmp(words[i].name, name) != 0)
        i++;
    if (i == sizeof(words) / sizeof(words[0])) {
        complain_of_word(out, name);
        return;
    }
    out->kind = words[i].kind;
    if (out->kind == TYPED_CLOSE)
        parse_close(out);
    else if (out->kind == TYPED_BINARY && !*out->text)
        set_wrong(out, "/binary takes the name of a file");
}

void typed_parse(struct typed *out, const char *line)
{
    *out = (struct typed){.kind = TYPED_TEXT, .text = line};
    if (line[0] == '/' && line[1] == '/')
        out->text = line + 1;
    else if (line[0] == '/')
        parse_command(out, line + 1);
}
