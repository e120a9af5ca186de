/* SPDX-License-Identifier: MIT */
/*
 * The options of one command. Their names come from man/<command>, by the
 * header that is made of it:
 *
 *     enum {
 *         OPT_FIRST = OPTION_FIRST,
 *         WEFT_SERVE_OPTIONS(OPTION_NAME)
 *     };
 *     static const struct option_row rows[] = {WEFT_SERVE_OPTIONS(OPTION_ROW)};
 */
#ifndef WEFT_CLI_OPTION_SET_H
#define WEFT_CLI_OPTION_SET_H

#include <weft/types.h>

#define OPTION_FIRST 255      /* options are above every letter */
#define OPTION_ROWS_MAX 64    /* options of a command */
#define OPTION_LIST_MAX 64    /* how often an option may be given */
#define OPTION_OFF UINT64_MAX /* what "off" stands for */

#define OPTION_NAME(name, text, letter, has_arg) OPT_##name,
#define OPTION_ROW(name, text, letter, has_arg) {text, letter, has_arg},

struct option_row {
    const char *name;
    char letter; /* or 0 */
    int has_arg; /* as getopt_long has it: 2, it may be left out */
};

struct option_set {
    const char *command; /* "weft serve" */
    const char *help;    /* what --help prints */
    const struct option_row *rows;
    size_t count;

    /* What an option, or an argument that is none, does to the options. false
     * after it has complained. Without operand, none is taken. */
    bool (*set)(void *options, int opt, const char *text);
    bool (*operand)(void *options, const char *text);
};

enum options_result {
    OPTIONS_RUN,  /* all is said */
    OPTIONS_HELP, /* help was asked for, and is printed */
    OPTIONS_BAD,  /* one line on standard error says what is wrong */
};

/* Reads the arguments behind argv[0]. From now on the command complains in its
 * own name. */
enum options_result option_set_read(const struct option_set *set, void *options,
                                    int argc, char **argv);

/* Its long name, without dashes. */
const char *option_set_name(const struct option_set *set, int opt);

/* ---- What options set ---------------------------------------------------- */

/* Strings, which stay argv's. */
struct option_list {
    const char *items[OPTION_LIST_MAX + 1]; /* ended by NULL */
    size_t count;
};

/* false, and a complaint, when the list is full. */
bool option_list_add(const struct option_set *set, struct option_list *list,
                     int opt, const char *text);

/* Which of the words it is, of which the last is NULL. false, and a complaint,
 * when it is none. */
bool option_word_set(const struct option_set *set, int opt,
                     const char *const *words, const char *text,
                     unsigned *index);

/* A number, a size or a time, which goes to a uint64_t. */
struct option_number {
    int opt;
    size_t offset; /* of the field in the options */
    bool (*parse)(uint64_t *value, const char *text);
    const char *what; /* "a size" */
    bool may_be_off;  /* "off" is OPTION_OFF */
    bool may_be_zero;
};

/* false, and a complaint, when the text is no such number. */
bool option_number_set(const struct option_set *set,
                       const struct option_number *number, void *options,
                       const char *text);

#endif
