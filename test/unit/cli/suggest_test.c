/* SPDX-License-Identifier: MIT */
#include "cli/suggest.h"
#include "support.h"

static const struct {
    const char *a, *b;
    unsigned distance;
} pairs[] = {
    {"", "", 0},          {"", "abc", 3},
    {"port", "port", 0},  {"port", "prot", 1},
    {"port", "por", 1},   {"port", "ports", 1},
    {"port", "part", 1},  {"serve", "sevre", 1},
    {"serve", "srev", 2}, {"kitten", "sitting", 3},
    {"abcd", "dcba", 3},
};

static void test_distance(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        CHECK(suggest_distance(pairs[i].a, pairs[i].b) == pairs[i].distance,
              "%s to %s: %u", pairs[i].a, pairs[i].b,
              suggest_distance(pairs[i].a, pairs[i].b));
        CHECK(suggest_distance(pairs[i].b, pairs[i].a) == pairs[i].distance,
              "%s to %s", pairs[i].b, pairs[i].a);
    }
}

/* Words of every length around the bound are read within their ends. */
static void test_long_words(void **state)
{
    char word[41];

    (void)state;
    for (size_t len = 0; len < sizeof(word); len++) {
        const char *text;
        unsigned distance;

        memset(word, 'x', len);
        word[len] = '\0';
        text = (const char *)at_page_end(word, len + 1);
        distance = suggest_distance(text, text);
        CHECK(distance == (len > 32 ? len : 0), "%zu: %u", len, distance);
    }
}

static void test_near(void **state)
{
    static const struct {
        const char *typed, *known;
        bool near;
    } words[] = {
        {"sevre", "serve", true},    {"serv", "serve", true},
        {"serves", "serve", true},   {"server", "serve", true},
        {"s", "serve", false},       {"connect", "serve", false},
        {"origins", "origin", true}, {"orgin", "origin", true},
        {"orig", "origin", true},    {"ori", "origin", false},
        {"", "cc", false},           {"", "serve", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++)
        CHECK(suggest_is_near(words[i].typed, words[i].known) == words[i].near,
              "%s for %s", words[i].typed, words[i].known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_long_words),
        cmocka_unit_test(test_near),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
