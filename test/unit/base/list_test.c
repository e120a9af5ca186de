/* SPDX-License-Identifier: MIT */
/* The ring is whole in both directions after every change. */
#include "base/list.h"
#include "support.h"

#include <stdlib.h>

struct item {
    int before;
    struct weft_list node;
    int value;
};

#define ITEMS 8

static void make(struct item *items)
{
    for (int i = 0; i < ITEMS; i++) {
        items[i].value = i;
        weft_list_init(&items[i].node);
    }
}

/* want is the values in order, as digits. */
static void check_values(const struct weft_list *list, const char *want)
{
    const struct weft_list *node = list->next;

    for (size_t i = 0; want[i]; i++, node = node->next) {
        CHECK(node != list, "%s ends at %zu", want, i);
        CHECK(node->prev->next == node && node->next->prev == node, "%s", want);
        CHECK(WEFT_OF(node, struct item, node)->value == want[i] - '0',
              "%s at %zu", want, i);
    }
    CHECK(node == list, "more than %s", want);
    CHECK(list->prev->next == list, "%s", want);
    CHECK(weft_list_is_empty(list) == (want[0] == '\0'), "%s", want);
}

static void test_insert_and_remove(void **state)
{
    struct item items[ITEMS];
    struct weft_list list;

    (void)state;
    make(items);
    weft_list_init(&list);
    check_values(&list, "");
    weft_list_append(&list, &items[1].node);
    weft_list_append(&list, &items[2].node);
    weft_list_insert(&list, &items[0].node);
    check_values(&list, "012");
    weft_list_insert(&items[1].node, &items[7].node);
    check_values(&list, "0172");
    weft_list_remove(&items[0].node);
    check_values(&list, "172");
    weft_list_remove(&items[2].node);
    check_values(&list, "17");
    weft_list_remove(&items[2].node); /* on no list: no harm */
    check_values(&list, "17");
    assert_true(weft_list_is_empty(&items[2].node));
    weft_list_remove(&items[1].node);
    weft_list_remove(&items[7].node);
    check_values(&list, "");
}

static void test_move(void **state)
{
    static const struct {
        const char *to, *from, *want;
    } cases[] = {
        {"", "", ""},     {"01", "", "01"},   {"", "23", "23"},
        {"", "2", "2"},   {"01", "2", "012"}, {"01", "234", "01234"},
        {"0", "1", "01"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct item items[ITEMS];
        struct weft_list to, from;

        make(items);
        weft_list_init(&to);
        weft_list_init(&from);
        for (const char *c = cases[i].to; *c; c++)
            weft_list_append(&to, &items[*c - '0'].node);
        for (const char *c = cases[i].from; *c; c++)
            weft_list_append(&from, &items[*c - '0'].node);
        weft_list_move(&to, &from);
        check_values(&to, cases[i].want);
        check_values(&from, "");
    }
}

/* Random changes beside a string of the values. */
static void test_against_model(void **state)
{
    struct item items[ITEMS];
    struct weft_list list;
    char model[ITEMS + 1] = "";

    (void)state;
    srandom(2);
    make(items);
    weft_list_init(&list);
    for (int i = 0; i < 20000; i++) {
        int value = (int)(random() % ITEMS);
        char *at = strchr(model, '0' + value);
        size_t len = strlen(model);

        if (at) {
            weft_list_remove(&items[value].node);
            memmove(at, at + 1, strlen(at));
        } else if (random() % 2) {
            weft_list_append(&list, &items[value].node);
            model[len] = (char)('0' + value);
            model[len + 1] = '\0';
        } else {
            weft_list_insert(&list, &items[value].node);
            memmove(model + 1, model, len + 1);
            model[0] = (char)('0' + value);
        }
        check_values(&list, model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_insert_and_remove),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_against_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
