/* SPDX-License-Identifier: MIT */
/*
 * The roster and a scan have the same order, so a merge is one walk along
 * both, into a new array. Strings move over from the scan, so that nothing can
 * fail once that array is there.
 */
#include "handler/so/roster.h"
#include "base/mem.h"

void weft_roster_init(struct weft_roster *roster, const struct weft_mem *mem)
{
    *roster = (struct weft_roster){.mem = mem};
}

static void release_entry(const struct weft_roster *roster,
                          struct weft_roster_entry *entry)
{
    weft_strfree(roster->mem, entry->name);
    weft_strfree(roster->mem, entry->path);
}

static void free_array(const struct weft_roster *roster)
{
    weft_free(roster->mem, roster->entries,
              roster->cap * sizeof(*roster->entries));
}

void weft_roster_release(struct weft_roster *roster)
{
    for (size_t i = 0; i < roster->count; i++)
        release_entry(roster, &roster->entries[i]);
    if (roster->mem)
        free_array(roster);
    *roster = (struct weft_roster){0};
}

/* Below, equal to or above 0: the entry comes before the file found, is the
 * same, or comes after it. Whichever list has ended comes last. */
static int order(const struct weft_roster *roster, size_t i,
                 const struct weft_scan *scan, size_t j)
{
    if (i == roster->count)
        return 1;
    if (j == scan->count)
        return -1;
    return weft_scan_order(roster->entries[i].path, roster->entries[i].name,
                           scan->found[j].path, scan->found[j].name);
}

/* Why the file found is passed over, or NULL. before is the entry in front of
 * its own, or NULL; of one path, that is the source. */
static const char *judge(const struct weft_found *found, const char *path,
                         const struct weft_roster_entry *before)
{
    if (found->kind == WEFT_FOUND_REFUSED)
        return found->why;
    if (found->kind == WEFT_FOUND_OBJECT && before && before->is_source &&
        before->is_seen && strcmp(before->path, path) == 0)
        return "there is a source of the same name";
    return NULL;
}

/* The entry for a file that is new. */
static struct weft_roster_entry enroll(struct weft_found *found)
{
    struct weft_roster_entry entry = {.name = found->name, .path = found->path};

    found->name = found->path = NULL;
    return entry;
}

/* Notes that the entry's file was found, and whether it counts. */
static const char *note_found(struct weft_roster_entry *entry,
                              const struct weft_found *found,
                              const struct weft_roster_entry *before)
{
    const char *was = entry->why_not;

    entry->why_not = judge(found, entry->path, before);
    entry->is_source = found->kind == WEFT_FOUND_SOURCE;
    entry->is_seen = true;
    return entry->why_not != was ? entry->why_not : NULL;
}

int weft_roster_merge(struct weft_roster *roster, struct weft_scan *scan,
                      weft_roster_tell_fn *tell, void *arg)
{
    struct weft_roster merged = {.mem = roster->mem,
                                 .cap = roster->count + scan->count};
    size_t i = 0, j = 0;

    merged.entries =
        weft_alloc(roster->mem, merged.cap * sizeof(*merged.entries));
    if (!merged.entries && merged.cap > 0)
        return WEFT_ERR_NOMEM;

    while (i < roster->count || j < scan->count) {
        struct weft_roster_entry *entry = &merged.entries[merged.count];
        int before = order(roster, i, scan, j);
        const char *news = NULL;

        *entry = before <= 0 ? roster->entries[i++] : enroll(&scan->found[j]);
        entry->is_seen = false;
        if (before >= 0)
            news = note_found(entry, &scan->found[j++],
                              merged.count > 0 ? entry - 1 : NULL);
        if (news)
            tell(arg, entry->name, news);
        merged.count++;
    }
    free_array(roster);
    *roster = merged;
    return 0;
}

void weft_roster_sweep(struct weft_roster *roster)
{
    size_t kept = 0;

    for (size_t i = 0; i < roster->count; i++) {
        if (roster->entries[i].is_seen)
            roster->entries[kept++] = roster->entries[i];
        else
            release_entry(roster, &roster->entries[i]);
    }
    roster->count = kept;
}

struct weft_roster_entry *
weft_roster_rival(const struct weft_roster *roster,
                  const struct weft_roster_entry *entry)
{
    for (size_t i = 0; i < roster->count; i++) {
        struct weft_roster_entry *other = &roster->entries[i];

        if (other != entry && other->is_served &&
            strcmp(other->path, entry->path) == 0)
            return other;
    }
    return NULL;
}
