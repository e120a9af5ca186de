/* SPDX-License-Identifier: MIT */
/*
 * What is known to fail. A case may stand in several groups where the program
 * is not the same each time; one of them must hold.
 */
#include "known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct known *k, const struct known_case *kc)
{
    if ((k->count & (k->count - 1)) == 0)
        k->list =
            grow(k->list, (k->count ? k->count * 2 : 1) * sizeof(*k->list));
    k->list[k->count++] = *kc;
}

/* "5.2-001", "?5.2-001" or "5.2-001..017" */
static bool add_cases(struct known *k, const char *word, size_t words)
{
    struct known_case kc = {.maybe = *word == '?', .words = words};
    const char *dash = strchr(word, '-');
    char *end;
    unsigned long low, high;

    word += kc.maybe;
    if (!dash || dash - word > 8)
        return false;
    low = high = strtoul(dash + 1, &end, 10);
    if (strncmp(end, "..", 2) == 0)
        high = strtoul(end + 2, &end, 10);
    if (*end || end == dash + 1 || high < low || high > 9999)
        return false;
    for (; low <= high; low++) {
        snprintf(kc.id, sizeof(kc.id), "%.*s-%03u", (int)(dash - word), word,
                 (unsigned)low & 0xffff);
        add(k, &kc);
    }
    return true;
}

/* Group by group; words: where those of this group stand. */
static const char *take_line(struct known *k, char *line, size_t *words)
{
    char *rest = NULL;

    line[strcspn(line, "\n")] = '\0';
    if (*line == '#')
        return NULL;
    if (strncmp(line, "= ", 2) == 0) {
        *words = k->text.len;
        bytes_add(&k->text, line + 2, strlen(line + 2) + 1);
        return NULL;
    }
    for (char *word = strtok_r(line, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest)) {
        if (k->text.len == 0)
            return "\"=\" and words must stand before cases";
        if (!add_cases(k, word, *words))
            return "cases are 5.2-001 or 5.2-001..017";
    }
    return NULL;
}

const char *known_read(struct known *k, const char *file, size_t *line)
{
    FILE *f = fopen(file, "re");
    const char *wrong = NULL;
    size_t words = 0;
    char text[1000];

    *line = 0;
    if (!f)
        return strerror(errno);
    while (!wrong && fgets(text, sizeof(text), f)) {
        ++*line;
        wrong = take_line(k, text, &words);
    }
    fclose(f);
    return wrong;
}

const char *known_stranger(const struct known *k, const struct test_case *list,
                           size_t count)
{
    for (size_t i = 0; i < k->count; i++) {
        bool found = strncmp(k->list[i].id, "run-", 4) == 0;

        for (size_t n = 0; n < count && !found; n++)
            found = strcmp(k->list[i].id, list[n].id) == 0;
        if (!found)
            return k->list[i].id;
    }
    return NULL;
}

void known_apply(const struct known *k, const struct test_case *tc,
                 struct verdict *v)
{
    const char *words = NULL;
    char text[sizeof(v->text)];
    bool maybe = false;

    for (size_t i = 0; i < k->count; i++) {
        if (strcmp(k->list[i].id, tc->id) != 0)
            continue;
        words = (const char *)k->text.p + k->list[i].words;
        maybe |= k->list[i].maybe;
        if (v->grade == GRADE_FAIL && strstr(v->text, words)) {
            v->known = true;
            v->grade = GRADE_OK;
            return;
        }
    }
    if (!words || (maybe && v->grade != GRADE_FAIL))
        return;
    memcpy(text, v->text, sizeof(text));
    v->grade = GRADE_OK;
    verdict_say(v, GRADE_FAIL, "%s%.200s; it was known to fail with \"%s\"",
                text[0] ? "" : "it passes", text, words);
}

void known_release(struct known *k)
{
    free(k->list);
    bytes_release(&k->text);
    *k = (struct known){0};
}
