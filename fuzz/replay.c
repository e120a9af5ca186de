/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over a folder, without a fuzzer: each file is a case, and
 * so is each beginning of it, since a peer may stop anywhere. As under a fuzzer
 * the input is a block of its own; targets lay what they test against a page
 * that cannot be read.
 *
 *     build-asan/fuzz/utf8_replay fuzz/utf8/corpus
 *
 * A single file may be given in place of a folder: a finding, for example.
 */
#include "fuzz.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#define FILES_MAX 1000
#define FILE_MAX ((size_t)1 << 20) /* what at_page_end takes */

/* A file longer than this is run whole and in its first so many beginnings. */
#define BEGINNINGS_MAX 600

static struct CMUnitTest files[FILES_MAX];
static size_t count;

static size_t read_file(const char *path, uint8_t *bytes)
{
    FILE *file = fopen(path, "rb");
    size_t len;

    CHECK(file, "%s cannot be opened", path);
    len = fread(bytes, 1, FILE_MAX, file);
    CHECK(!ferror(file) && fgetc(file) == EOF, "%s cannot be read", path);
    fclose(file);
    return len;
}

static void run_beginning(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    CHECK(copy, "no memory");
    memcpy(copy, bytes, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static void run_file(void **state)
{
    static uint8_t bytes[FILE_MAX];
    size_t len = read_file(*state, bytes);

    run_beginning(bytes, len);
    for (size_t part = 0; part < len && part < BEGINNINGS_MAX; part++)
        run_beginning(bytes, part);
}

static int add_file(const char *path, const struct stat *about, int type,
                    struct FTW *place)
{
    char *name;

    if (type != FTW_F)
        return 0;
    name = strdup(path);
    if (!name || count == FILES_MAX) {
        free(name);
        return -1;
    }
    files[count++] = (struct CMUnitTest){
        .name = name + place->base,
        .test_func = run_file,
        .initial_state = name,
    };
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct CMUnitTest *left = a, *right = b;

    return strcmp(left->initial_state, right->initial_state);
}

int main(int argc, char **argv)
{
    int failed;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER|FILE\n", argv[0]);
        return 2;
    }
    if (nftw(argv[1], add_file, 8, FTW_PHYS) != 0 || count == 0) {
        fprintf(stderr, "%s: no files, or too many\n", argv[1]);
        return 1;
    }
    qsort(files, count, sizeof(files[0]), by_name);
    failed = _cmocka_run_group_tests("corpus", files, count, NULL, NULL);
    for (size_t i = 0; i < count; i++)
        free(files[i].initial_state);
    return failed;
}
