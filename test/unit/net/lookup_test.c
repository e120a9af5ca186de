/* SPDX-License-Identifier: MIT */
#include "net/lookup.h"

#include "names.h"

#define MANY 40

/* ---- Failing ------------------------------------------------------------- */

static bool no_memory, no_threads;
static int at_rest; /* threads when nobody asks */

void *__real_realloc(void *ptr, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*run)(void *arg), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*run)(void *arg), void *arg);

void *__wrap_realloc(void *ptr, size_t size)
{
    return no_memory ? NULL : __real_realloc(ptr, size);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*run)(void *arg), void *arg)
{
    return no_threads ? EAGAIN : __real_pthread_create(thread, attr, run, arg);
}

/* ---- A box --------------------------------------------------------------- */

struct reader {
    struct weft_lookup_box box;
    int fd; /* the other end of the bell */
};

static void open_reader(struct reader *reader)
{
    int fds[2];

    unix_pair(fds);
    reader->box.bell = fds[0];
    reader->fd = fds[1];
    weft_list_init(&reader->box.found);
}

static void close_reader(struct reader *reader)
{
    assert_true(weft_list_is_empty(&reader->box.found));
    close(reader->box.bell);
    close(reader->fd);
}

static int list_length(const struct weft_list *list)
{
    int length = 0;

    for (const struct weft_list *node = list->next; node != list;
         node = node->next)
        length++;
    return length;
}

/* Waits until so many answers have come, into found. */
static void take(struct reader *reader, struct weft_list *found, int count)
{
    char bytes[64];

    weft_list_init(found);
    while (list_length(found) < count) {
        wait_ready(reader->fd, POLLIN);
        assert_true(recv(reader->fd, bytes, sizeof(bytes), 0) > 0);
        weft_lookup_take(&reader->box, found);
    }
    assert_int_equal(list_length(found), count);
}

static struct weft_lookup *take_one(struct reader *reader)
{
    struct weft_list found;
    struct weft_lookup *lookup;

    take(reader, &found, 1);
    lookup = WEFT_OF(found.next, struct weft_lookup, node);
    weft_list_remove(&lookup->node);
    return lookup;
}

static struct weft_lookup *make(const char *host, int family)
{
    struct weft_lookup *lookup = weft_lookup_new(host, 80, family);

    assert_non_null(lookup);
    return lookup;
}

static struct weft_lookup *start(struct reader *reader, const char *host,
                                 int family)
{
    struct weft_lookup *lookup = make(host, family);

    assert_false(weft_lookup_known(lookup));
    assert_int_equal(weft_lookup_start(lookup, &reader->box), 0);
    return lookup;
}

/* ---- What is known ------------------------------------------------------- */

static void test_known(void **state)
{
    static const struct {
        const char *host;
        int family;
        const char *want; /* NULL: not known */
    } cases[] = {
        {"192.0.2.7", AF_INET, "192.0.2.7:80"},
        {"192.0.2.7", AF_UNSPEC, "192.0.2.7:80"},
        {"192.0.2.7", AF_INET6, ""},
        {"2001:db8::7", AF_INET6, "[2001:db8::7]:80"},
        {"2001:db8::7", AF_UNSPEC, "[2001:db8::7]:80"},
        {"2001:db8::7", AF_INET, ""},
        {"fe80::1%lo", AF_INET6, "[fe80::1%lo]:80"},
        {"fe80::1%lo", AF_INET, ""},
        {"fe80::1%no-such-zone", AF_INET6, ""},
        {"fe80::1%no-such-zone", AF_INET, ""},
        {"not:an:address", AF_INET6, ""},
        {"localhost", AF_UNSPEC, "[::1]:80 127.0.0.1:80"},
        {"localhost", AF_INET, "127.0.0.1:80"},
        {"localhost", AF_INET6, "[::1]:80"},
        {"LocalHost.", AF_INET, "127.0.0.1:80"},
        {"a.b.LOCALHOST", AF_INET, "127.0.0.1:80"},
        {"a.localhost.", AF_INET6, "[::1]:80"},
        {"notlocalhost.test", AF_INET, NULL},
        {"mylocalhost", AF_INET, NULL},
        {"localhost..", AF_INET, NULL},
        {"localhost.test", AF_INET, NULL},
        {"ocalhost", AF_INET, NULL},
        {"", AF_INET, NULL},
        {".", AF_INET, NULL},
        {"a.test", AF_UNSPEC, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_lookup *lookup = make(cases[i].host, cases[i].family);
        bool is_known = weft_lookup_known(lookup);
        char got[2 * WEFT_ADDRESS_TEXT] = "", text[WEFT_ADDRESS_TEXT];

        for (int j = 0; j < lookup->count; j++)
            snprintf(got + strlen(got), WEFT_ADDRESS_TEXT, "%s%s",
                     j > 0 ? " " : "",
                     weft_address_text(&lookup->list[j], text));
        CHECK(is_known == (cases[i].want != NULL), "%s", cases[i].host);
        CHECK(strcmp(got, is_known ? cases[i].want : "") == 0, "%s: %s",
              cases[i].host, got);
        CHECK((lookup->count == 0) == (lookup->error != 0), "%s: %d",
              cases[i].host, lookup->error);
        weft_lookup_drop(lookup);
    }
}

/* ---- Threads ------------------------------------------------------------- */

static void test_asked(void **state)
{
    static const struct {
        const char *host;
        int family, count, error;
    } cases[] = {
        {"one.test", AF_INET, 1, 0},
        {"one.test", AF_INET6, 1, 0},
        {"one.test", AF_UNSPEC, 2, 0},
        {"5.test", AF_INET, 5, 0},
        {"twice.test", AF_INET, 1, 0},
        {"twice.test", AF_UNSPEC, 2, 0},
        {"16.test", AF_INET6, WEFT_LOOKUP_MAX, 0},
        {"40.test", AF_INET6, WEFT_LOOKUP_MAX, 0},
        {"40.test", AF_UNSPEC, WEFT_LOOKUP_MAX, 0},
        {"none.test", AF_INET, 0, EAI_NONAME},
        {"again.test", AF_INET, 0, EAI_AGAIN},
        {"empty.test", AF_INET, 0, EAI_NONAME},
    };
    struct reader reader;

    (void)state;
    open_reader(&reader);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_lookup *lookup =
            start(&reader, cases[i].host, cases[i].family);

        assert_ptr_equal(take_one(&reader), lookup);
        CHECK(lookup->count == cases[i].count, "%s: %d", cases[i].host,
              lookup->count);
        CHECK(lookup->error == cases[i].error, "%s: %d", cases[i].host,
              lookup->error);
        for (int j = 0; j < lookup->count; j++) {
            char text[WEFT_ADDRESS_TEXT];

            weft_address_text(&lookup->list[j], text);
            CHECK(strstr(text, ":80"), "%s: %s", cases[i].host, text);
        }
        weft_lookup_drop(lookup);
    }
    close_reader(&reader);
    assert_false(names.takes_signals);
}

/* No more threads than the limit, however much is asked; all get answers, in
 * the order in which they came as far as there are threads; and none is left.
 */
static void test_many(void **state)
{
    struct weft_lookup *lookups[MANY];
    struct weft_list found;
    struct reader reader;
    char host[32];

    (void)state;
    open_reader(&reader);
    wait_threads(at_rest);
    names_hold(true);
    for (int i = 0; i < MANY; i++) {
        snprintf(host, sizeof(host), "host-%d.test", i);
        lookups[i] = start(&reader, host, AF_INET);
    }
    names_wait_inside(WEFT_LOOKUP_THREADS);
    assert_true(count_threads() <= at_rest + WEFT_LOOKUP_THREADS);
    assert_false(is_readable(reader.fd));
    for (int i = 0; i < WEFT_LOOKUP_THREADS; i++)
        CHECK(strtol(names.asked[i] + strlen("host-"), NULL, 10) <
                  WEFT_LOOKUP_THREADS,
              "%s was asked for early", names.asked[i]);

    names_hold(false);
    take(&reader, &found, MANY);
    assert_int_equal(names.most, WEFT_LOOKUP_THREADS);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(lookups[i]->count, 1);
        weft_lookup_drop(lookups[i]);
    }
    assert_true(weft_list_is_empty(&found));
    close_reader(&reader);
    wait_threads(at_rest);
}

/* One that waits is not asked for; one that is asked for is forgotten, with the
 * box; one that was answered leaves the box. */
static void test_drop(void **state)
{
    struct weft_lookup *busy[WEFT_LOOKUP_THREADS], *waiting, *other;
    struct reader reader, gone;

    (void)state;
    weft_lookup_drop(NULL);
    weft_lookup_drop(make("never.test", AF_INET));

    open_reader(&reader);
    open_reader(&gone);
    names_hold(true);
    for (int i = 0; i < WEFT_LOOKUP_THREADS; i++)
        busy[i] = start(&gone, "busy.test", AF_INET);
    names_wait_inside(WEFT_LOOKUP_THREADS);
    waiting = start(&gone, "waiting.test", AF_INET);
    other = start(&reader, "other.test", AF_INET);
    weft_lookup_drop(waiting);
    for (int i = 0; i < WEFT_LOOKUP_THREADS; i++)
        weft_lookup_drop(busy[i]);
    close_reader(&gone);
    memset(&gone, 0xee, sizeof(gone));

    names_hold(false);
    assert_ptr_equal(take_one(&reader), other);
    for (int i = 0; i < names.calls; i++)
        assert_string_not_equal(names.asked[i], "waiting.test");
    weft_lookup_drop(other);

    other = start(&reader, "other.test", AF_INET);
    wait_ready(reader.fd, POLLIN);
    weft_lookup_drop(other);
    close_reader(&reader);
}

/* ---- Without ------------------------------------------------------------- */

static void test_no_memory(void **state)
{
    (void)state;
    no_memory = true;
    assert_null(weft_lookup_new("a.test", 80, AF_INET));
    no_memory = false;
}

/* The first must have a thread; others can wait for it. */
static void test_no_threads(void **state)
{
    struct weft_lookup *first = make("first.test", AF_INET), *second;
    struct weft_list found;
    struct reader reader;

    (void)state;
    open_reader(&reader);
    wait_threads(at_rest);
    no_threads = true;
    assert_int_equal(weft_lookup_start(first, &reader.box), WEFT_ERR_SYSTEM);
    no_threads = false;
    names_hold(true);
    assert_int_equal(weft_lookup_start(first, &reader.box), 0);
    names_wait_inside(1);
    no_threads = true;
    second = start(&reader, "second.test", AF_INET);
    no_threads = false;
    names_hold(false);
    take(&reader, &found, 2);
    assert_int_equal(names.most, 1);
    weft_lookup_drop(first);
    weft_lookup_drop(second);
    close_reader(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),     cmocka_unit_test(test_asked),
        cmocka_unit_test(test_many),      cmocka_unit_test(test_drop),
        cmocka_unit_test(test_no_memory), cmocka_unit_test(test_no_threads),
    };

    at_rest = threads_at_rest();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
