/* SPDX-License-Identifier: MIT */
/* The program: a command, or a question about itself. */
#include "cli/bench.h"
#include "cli/connect.h"
#include "cli/serve.h"
#include "cli/suggest.h"
#include "man/weft_help.h"
#include <stdio.h>
#include <string.h>
#include <weft/version.h>

enum { BAD_USAGE = 2 };

static const struct command {
    const char *name;
    int (*main)(int argc, char **argv);
} commands[] = {
    {"bench", bench_main},
    {"connect", connect_main},
    {"serve", serve_main},
};

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* One line for what is neither a command nor an option of ours. */
static int complain_of(const char *word)
{
    const char *what = word[0] == '-' ? "option" : "command";

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (!suggest_is_near(word, commands[i].name))
            continue;
        fprintf(stderr, "weft: unknown %s '%s', did you mean 'weft %s'?\n",
                what, word, commands[i].name);
        return BAD_USAGE;
    }
    fprintf(stderr, "weft: unknown %s '%s'; see 'weft --help'\n", what, word);
    return BAD_USAGE;
}

static int print_version(void)
{
    printf("weft %s\n%s\n", weft_version(), weft_features());
    return 0;
}

static int print_help(void)
{
    fputs(weft_help, stdout);
    return 0;
}

/* `weft help serve` is `weft serve --help`. */
static int help_on(const char *name)
{
    const struct command *command = command_find(name);
    char help[] = "--help", own_name[32];
    char *argv[] = {own_name, help, NULL};

    if (!command)
        return complain_of(name);
    snprintf(own_name, sizeof(own_name), "%s", name);
    return command->main(2, argv);
}

int main(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : NULL;
    const struct command *command;

    if (!first) {
        fputs(weft_help, stderr);
        return BAD_USAGE;
    }
    if (strcmp(first, "--version") == 0)
        return print_version();
    if (strcmp(first, "help") == 0 && argc > 2)
        return help_on(argv[2]);
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 ||
        strcmp(first, "help") == 0)
        return print_help();
    command = command_find(first);
    return command ? command->main(argc - 1, argv + 1) : complain_of(first);
}
