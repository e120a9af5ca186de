/* SPDX-License-Identifier: MIT */
/*
 * getopt_long over a table of names, and one line about what is wrong. The
 * place of a row in its table is its number: row i is the option OPTION_FIRST +
 * 1 + i.
 */
#include "cli/option_set.h"

#include "cli/complain.h"
#include "cli/suggest.h"
#include <assert.h>
#include <getopt.h>
#include <stdio.h>

/* What getopt_long wants to have. */
struct tables {
    struct option longs[OPTION_ROWS_MAX + 1];
    char letters[3 * OPTION_ROWS_MAX + 2];
};

static int opt_of_row(size_t row)
{
    return OPTION_FIRST + 1 + (int)row;
}

const char *option_set_name(const struct option_set *set, int opt)
{
    return set->rows[opt - opt_of_row(0)].name;
}

/* ":p:w:" and so on: a colon first makes getopt say which argument is missing
 * and keep quiet. */
static void fill_tables(const struct option_set *set, struct tables *tables)
{
    char *letter = tables->letters;

    assert(set->count <= OPTION_ROWS_MAX);
    *letter++ = ':';
    for (size_t i = 0; i < set->count; i++) {
        const struct option_row *row = &set->rows[i];

        tables->longs[i] =
            (struct option){row->name, row->has_arg, NULL, opt_of_row(i)};
        if (!row->letter)
            continue;
        *letter++ = row->letter;
        for (int n = 0; n < row->has_arg; n++)
            *letter++ = ':';
    }
    tables->longs[set->count] = (struct option){NULL, 0, NULL, 0};
    *letter = '\0';
}

static int opt_of_letter(const struct option_set *set, int opt)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->rows[i].letter && set->rows[i].letter == opt)
            return opt_of_row(i);
    return opt;
}

/* The long option that was probably meant by "--prot" or "--prot=1". */
static const char *near_option(const struct option_set *set, const char *arg)
{
    char typed[64];

    if (strncmp(arg, "--", 2) != 0)
        return NULL;
    snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
    for (size_t i = 0; i < set->count; i++)
        if (suggest_is_near(typed, set->rows[i].name))
            return set->rows[i].name;
    return NULL;
}

/* What getopt_long stumbled over: a letter is in optopt, a long option is the
 * argument before optind. */
static void complain_of_argument(const struct option_set *set, int opt,
                                 char **argv)
{
    const char *arg = argv[optind - 1], *meant = near_option(set, arg);
    char letter[] = {'-', (char)optopt, '\0'};

    if (optopt > 0 && optopt < OPTION_FIRST)
        arg = letter;
    if (opt == ':')
        complain("a value is missing behind '%s'; see '%s --help'", arg,
                 set->command);
    else if (optopt >= OPTION_FIRST)
        complain("'%s': this option takes no value; see '%s --help'", arg,
                 set->command);
    else if (meant && optopt == 0)
        complain("unknown option '%s', did you mean '--%s'? See '%s --help'",
                 arg, meant, set->command);
    else
        complain("unknown option '%s'; see '%s --help'", arg, set->command);
}

static bool take_operands(const struct option_set *set, void *options,
                          char *const *operands)
{
    for (; *operands; operands++) {
        if (!set->operand) {
            complain("unknown argument '%s'; see '%s --help'", *operands,
                     set->command);
            return false;
        }
        if (!set->operand(options, *operands))
            return false;
    }
    return true;
}

enum options_result option_set_read(const struct option_set *set, void *options,
                                    int argc, char **argv)
{
    struct tables tables;
    int opt;

    complain_as(set->command);
    fill_tables(set, &tables);
    optind = 0;
    opterr = 0;
    while ((opt = getopt_long(argc, argv, tables.letters, tables.longs,
                              NULL)) != -1) {
        opt = opt_of_letter(set, opt);
        if (opt == '?' || opt == ':') {
            complain_of_argument(set, opt, argv);
            return OPTIONS_BAD;
        }
        if (strcmp(option_set_name(set, opt), "help") == 0) {
            fputs(set->help, stdout);
            return OPTIONS_HELP;
        }
        if (!set->set(options, opt, optarg))
            return OPTIONS_BAD;
    }
    return take_operands(set, options, argv + optind) ? OPTIONS_RUN
                                                      : OPTIONS_BAD;
}

bool option_list_add(const struct option_set *set, struct option_list *list,
                     int opt, const char *text)
{
    if (list->count == OPTION_LIST_MAX) {
        complain("--%s may be given %d times at most",
                 option_set_name(set, opt), OPTION_LIST_MAX);
        return false;
    }
    list->items[list->count++] = text;
    return true;
}

bool option_number_set(const struct option_set *set,
                       const struct option_number *number, void *options,
                       const char *text)
{
    uint64_t value;

    if (number->may_be_off && strcmp(text, "off") == 0) {
        value = OPTION_OFF;
    } else if (!number->parse(&value, text) ||
               (value == 0 && !number->may_be_zero)) {
        complain("--%s takes %s%s, not '%s'", option_set_name(set, number->opt),
                 number->what, number->may_be_off ? " or off" : "", text);
        return false;
    }
    memcpy((char *)options + number->offset, &value, sizeof(value));
    return true;
}

/* "error, warn, info or debug" */
static void join_words(char *out, size_t size, const char *const *words)
{
    size_t at = 0;

    for (size_t i = 0; words[i] && at < size; i++) {
        const char *before = i == 0 ? "" : words[i + 1] ? ", " : " or ";

        at += (size_t)snprintf(out + at, size - at, "%s%s", before, words[i]);
    }
}

bool option_word_set(const struct option_set *set, int opt,
                     const char *const *words, const char *text,
                     unsigned *index)
{
    char all[128];

    for (unsigned i = 0; words[i]; i++) {
        if (strcmp(text, words[i]) != 0)
            continue;
        *index = i;
        return true;
    }
    join_words(all, sizeof(all), words);
    complain("--%s takes %s, not '%s'", option_set_name(set, opt), all, text);
    return false;
}
