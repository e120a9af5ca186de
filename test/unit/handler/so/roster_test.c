/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "handler/so/roster.h"
#include "support.h"
#include <stdio.h>
#include <stdlib.h>

/* What was told, as "name;". */
static char told[256];

static void tell(void *arg, const char *name, const char *why)
{
    assert_ptr_equal(arg, told);
    assert_non_null(why);
    snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s;", name);
}

/* A scan of files given by name; those with a "!" in front are refused. They
 * must be in order. */
static struct weft_scan scan_of(const struct weft_mem *mem,
                                const char *const names[])
{
    struct weft_scan scan = {.mem = mem};

    while (names[scan.count])
        scan.count++;
    scan.cap = scan.count;
    scan.found = weft_zalloc(&weft_mem_libc, scan.cap * sizeof(*scan.found));
    if (mem != &weft_mem_libc)
        ((struct fail_mem *)mem->ud)->live += scan.cap * sizeof(*scan.found);
    for (size_t i = 0; i < scan.count; i++) {
        struct weft_found *f = &scan.found[i];
        bool refused = names[i][0] == '!';
        const char *name = names[i] + refused;
        const char *end = strstr(name, "_wsh");
        char path[64];

        snprintf(path, sizeof(path), "/%.*s", (int)(end - name), name);
        f->name = weft_strdup(mem, name);
        f->path = weft_strdup(mem, path);
        f->kind = refused         ? WEFT_FOUND_REFUSED
                  : end[5] == 'c' ? WEFT_FOUND_SOURCE
                                  : WEFT_FOUND_OBJECT;
        f->why = refused ? "refused" : NULL;
    }
    return scan;
}

static void merge(struct weft_roster *roster, const char *const names[])
{
    struct weft_scan scan = scan_of(roster->mem, names);

    told[0] = '\0';
    assert_int_equal(weft_roster_merge(roster, &scan, tell, told), 0);
    weft_scan_release(&scan);
}

/* The roster as text: "-" in front of what is not seen, "!" in front of what
 * is passed over. */
static const char *shown(const struct weft_roster *roster)
{
    static char text[512];

    text[0] = '\0';
    for (size_t i = 0; i < roster->count; i++) {
        const struct weft_roster_entry *entry = &roster->entries[i];

        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s%s",
                 i ? " " : "", entry->is_seen ? "" : "-",
                 entry->is_seen && entry->why_not ? "!" : "", entry->name);
    }
    return text;
}

/* One scan after the other, what the roster shows then and what is told. */
static const struct {
    const char *names[5], *want, *told;
} steps[] = {
    {{NULL}, "", ""},
    {{"b_wsh.c", "d_wsh.so"}, "b_wsh.c d_wsh.so", ""},
    {{"b_wsh.c", "d_wsh.so"}, "b_wsh.c d_wsh.so", ""},
    {{"a_wsh.c", "c_wsh.c", "e_wsh.c"},
     "a_wsh.c -b_wsh.c c_wsh.c -d_wsh.so e_wsh.c",
     ""},
    {{"b_wsh.c", "b_wsh.so"},
     "-a_wsh.c b_wsh.c !b_wsh.so -c_wsh.c -e_wsh.c",
     "b_wsh.so;"},
    {{"b_wsh.c", "b_wsh.so"}, "b_wsh.c !b_wsh.so", ""},
    {{"b_wsh.so"}, "-b_wsh.c b_wsh.so", ""},
    {{"!b_wsh.c", "b_wsh.so"}, "!b_wsh.c b_wsh.so", "b_wsh.c;"},
    {{"!b_wsh.c", "b_wsh.so"}, "!b_wsh.c b_wsh.so", ""},
    {{"b_wsh.c", "b_wsh.so"}, "b_wsh.c !b_wsh.so", "b_wsh.so;"},
    {{"!b_wsh.so"}, "-b_wsh.c !b_wsh.so", "b_wsh.so;"},
    {{NULL}, "-b_wsh.so", ""},
    {{NULL}, "", ""},
};

static void test_steps(void **state)
{
    struct weft_roster roster;

    (void)state;
    weft_roster_init(&roster, &weft_mem_libc);
    for (size_t i = 0; i < COUNT(steps); i++) {
        merge(&roster, steps[i].names);
        CHECK(strcmp(shown(&roster), steps[i].want) == 0, "%zu: %s", i,
              shown(&roster));
        CHECK(strcmp(told, steps[i].told) == 0, "%zu: %s", i, told);
        for (size_t k = 0; k < roster.count; k++)
            CHECK(!roster.entries[k].is_seen || roster.entries[k].why_not ||
                      roster.entries[k].is_source ==
                          !strstr(roster.entries[k].name, ".so"),
                  "%s", roster.entries[k].name);
        weft_roster_sweep(&roster);
    }
    weft_roster_release(&roster);
    weft_roster_release(&roster);
}

/* What is known of a file lives as long as the file. */
static void test_state_stays(void **state)
{
    const char *const one[] = {"m_wsh.c", NULL};
    const char *const many[] = {"a_wsh.c", "m_wsh.c", "z_wsh.c", NULL};
    const char *const none[] = {NULL};
    struct weft_roster roster;

    (void)state;
    weft_roster_init(&roster, &weft_mem_libc);
    merge(&roster, one);
    roster.entries[0].is_served = true;
    roster.entries[0].served = (struct weft_digest){{1, 2}};
    merge(&roster, many);
    assert_false(roster.entries[0].is_served);
    assert_true(roster.entries[1].is_served);
    assert_int_equal(roster.entries[1].served.half[1], 2);
    merge(&roster, none);
    weft_roster_sweep(&roster);
    merge(&roster, one);
    assert_false(roster.entries[0].is_served);
    weft_roster_release(&roster);
}

static void test_rival(void **state)
{
    const char *const names[] = {"a_wsh.c", "b_wsh.c", "b_wsh.so", NULL};
    struct weft_roster roster;

    (void)state;
    weft_roster_init(&roster, &weft_mem_libc);
    merge(&roster, names);
    assert_null(weft_roster_rival(&roster, &roster.entries[1]));
    roster.entries[0].is_served = true;
    roster.entries[1].is_served = true;
    assert_null(weft_roster_rival(&roster, &roster.entries[1]));
    assert_ptr_equal(weft_roster_rival(&roster, &roster.entries[2]),
                     &roster.entries[1]);
    roster.entries[2].is_served = true;
    assert_ptr_equal(weft_roster_rival(&roster, &roster.entries[1]),
                     &roster.entries[2]);
    weft_roster_release(&roster);
}

static void test_no_memory(void **state)
{
    const char *const first[] = {"b_wsh.c", NULL};
    const char *const second[] = {"a_wsh.c", "c_wsh.c", NULL};
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_roster roster;
    struct weft_scan scan;

    (void)state;
    weft_roster_init(&roster, &mem);
    merge(&roster, first);
    scan = scan_of(&mem, second);
    fm.left = 0;
    assert_int_equal(weft_roster_merge(&roster, &scan, tell, told),
                     WEFT_ERR_NOMEM);
    assert_string_equal(shown(&roster), "b_wsh.c");
    fm.left = -1;
    assert_int_equal(weft_roster_merge(&roster, &scan, tell, told), 0);
    assert_string_equal(shown(&roster), "a_wsh.c -b_wsh.c c_wsh.c");
    weft_scan_release(&scan);
    weft_roster_release(&roster);
    assert_int_equal(fm.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_state_stays),
        cmocka_unit_test(test_rival),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
