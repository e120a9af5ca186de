/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "handler/so/module.h"
#include "tree.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Compiles x.c to x.so in the folder of the test. */
static const char *compiled(const char *text)
{
    static unsigned turn;
    char line[3 * PATH_MAX];
    const char *object = tree_path("x%u.so", turn++);

    tree_write("x.c", text);
    snprintf(line, sizeof(line),
             "cc -shared -fPIC -w -I '" SOURCE_ROOT "/include' -o '%s' '%s'",
             object, tree_path("x.c"));
    CHECK(system(line) == 0, "%s", text);
    return object;
}

#define HANDLER                                                                \
    "#include <weft/handler.h>\n"                                              \
    "static int on_request(struct weft_request *r) { return 404; }\n"

/* A table of some size that says it has another, and ends in a byte. */
#define TABLE(size, claims, last)                                              \
    "#include <weft/handler.h>\n"                                              \
    "__attribute__((visibility(\"default\"))) struct {\n"                      \
    "    size_t size; char rest[" size " - sizeof(size_t)];\n"                 \
    "} weft_handler = {" claims ", {[" size " - sizeof(size_t) - 1] = " last   \
    "}};\n"

static const struct {
    const char *what, *text, *why; /* why NULL: it is fine */
} cases[] = {
    {"a handler", HANDLER "WEFT_HANDLER(.request = on_request)", NULL},
    {"a newer one that uses nothing new",
     TABLE("sizeof(struct weft_handler) + 16", "sizeof(weft_handler)", "0"),
     NULL},
    {"a newer one that does",
     TABLE("sizeof(struct weft_handler) + 16", "sizeof(weft_handler)", "1"),
     "does not have yet"},
    {"an older one", TABLE("24", "24", "1"), NULL},
    {"size 0", TABLE("64", "0", "0"), "not one that WEFT_HANDLER makes"},
    {"size 7", TABLE("64", "7", "0"), "not one that WEFT_HANDLER makes"},
    {"size beyond its end", TABLE("64", "65", "0"),
     "not one that WEFT_HANDLER makes"},
    {"size beyond memory", TABLE("64", "(size_t)-1", "0"),
     "not one that WEFT_HANDLER makes"},
    {"no table", "char weft_handler = 1;", "not one that WEFT_HANDLER makes"},
    {"no handler", HANDLER "int other;", "it has no WEFT_HANDLER"},
    {"a hidden handler",
     "#include <weft/handler.h>\n"
     "__attribute__((visibility(\"hidden\")))\n"
     "struct weft_handler weft_handler = {sizeof(weft_handler)};",
     "it has no WEFT_HANDLER"},
    {"an unknown function",
     HANDLER "int none(void); int (*f)(void) = none;\n"
             "WEFT_HANDLER(.request = on_request)",
     "undefined symbol: none"},
};

static void test_objects(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_module *module = NULL;
        char why[WEFT_MODULE_WHY] = "";
        int err = weft_module_new(&module, &weft_mem_libc,
                                  compiled(cases[i].text), why);

        CHECK(err == (cases[i].why ? WEFT_ERR_INVALID : 0), "%s: %d %s",
              cases[i].what, err, why);
        CHECK(!cases[i].why || strstr(why, cases[i].why), "%s: %s",
              cases[i].what, why);
        CHECK(!module == !!cases[i].why, "%s", cases[i].what);
        if (i == 0)
            assert_int_equal(module->handler->request(NULL), 404);
        weft_module_free(module);
    }
}

static void test_not_objects(void **state)
{
    static const char *const names[] = {"text", "empty", "folder", "none"};
    struct weft_module *module;
    char why[WEFT_MODULE_WHY];

    (void)state;
    tree_write("text", "I am no object, but long enough for the head of one: "
                       "sixty-four bytes are needed.");
    tree_write("empty", "");
    tree_mkdir("folder");
    for (size_t i = 0; i < COUNT(names); i++) {
        why[0] = '\0';
        assert_int_equal(weft_module_new(&module, &weft_mem_libc,
                                         tree_path("%s", names[i]), why),
                         WEFT_ERR_INVALID);
        CHECK(why[0], "%s", names[i]);
    }
    assert_int_equal(
        weft_module_new(&module, &weft_mem_libc, "/proc/self/exe", why),
        WEFT_ERR_INVALID);
}

/* Cut anywhere, the answer is no, or the object is whole: what lies behind its
 * last loaded part is not needed. */
static void test_cut_short(void **state)
{
    const char *whole = compiled(cases[0].text);
    FILE *f = fopen(whole, "r");
    static char bytes[1 << 20];
    size_t len = fread(bytes, 1, sizeof(bytes), f);
    bool was_whole = false;

    (void)state;
    fclose(f);
    for (size_t cut = 0; cut <= len; cut += cut < 1024 ? 61 : 997) {
        const char *path = tree_path("cut%zu.so", cut);
        struct weft_module *module;
        char why[WEFT_MODULE_WHY];
        int err;

        f = fopen(path, "w");
        fwrite(bytes, 1, cut, f);
        fclose(f);
        err = weft_module_new(&module, &weft_mem_libc, path, why);
        CHECK(err == (err ? WEFT_ERR_INVALID : 0), "%zu: %d", cut, err);
        CHECK(!was_whole || !err, "%zu: %s", cut, why);
        was_whole = !err;
        if (!err)
            weft_module_free(module);
    }
    assert_true(was_whole);
}

/* Unloading runs what the object wants run at its end. */
static void test_free_unloads(void **state)
{
    struct weft_module *module;
    char text[2 * PATH_MAX], why[WEFT_MODULE_WHY];

    (void)state;
    snprintf(text, sizeof(text),
             HANDLER "#include <unistd.h>\n"
                     "__attribute__((destructor)) static void end(void)\n"
                     "{ unlink(\"%s\"); }\n"
                     "WEFT_HANDLER(.request = on_request)",
             tree_path("mark"));
    tree_write("mark", "");
    assert_int_equal(
        weft_module_new(&module, &weft_mem_libc, compiled(text), why), 0);
    assert_true(tree_has("mark"));
    weft_module_free(module);
    assert_false(tree_has("mark"));
    weft_module_free(NULL);
}

static void test_no_memory(void **state)
{
    const char *path = compiled(cases[0].text);
    long n = 0;
    int err;

    (void)state;
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_module *module = NULL;
        char why[WEFT_MODULE_WHY];

        err = weft_module_new(&module, &mem, path, why);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        weft_module_free(module);
        CHECK(fm.live == 0, "%zu bytes leaked at step %ld", fm.live, n);
    } while (err);
}

#define IN_TREE(test)                                                          \
    cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TREE(test_objects),   IN_TREE(test_not_objects),
        IN_TREE(test_cut_short), IN_TREE(test_free_unloads),
        IN_TREE(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
