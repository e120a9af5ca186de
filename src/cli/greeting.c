/* SPDX-License-Identifier: MIT */
/* Programs wait for these lines, and take the port from the URL. */
#include "cli/greeting.h"

#include <weft/version.h>

#define WIDTH 80
#define LABEL 11 /* columns before the values */
#define AUTHORITY_SIZE 512

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* "localhost:9998", or what stands for the address on this machine. false for
 * a Unix socket. */
static bool make_authority(char out[AUTHORITY_SIZE], const char *address)
{
    static const char *const local[] = {
        "[::]:", "0.0.0.0:", "127.0.0.1:", "[::1]:"};

    if (starts_with(address, "unix:"))
        return false;
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        if (!starts_with(address, local[i]))
            continue;
        snprintf(out, AUTHORITY_SIZE, "localhost:%s",
                 address + strlen(local[i]));
        return true;
    }
    snprintf(out, AUTHORITY_SIZE, "%s", address);
    return true;
}

static void print_addresses(FILE *out, const struct greeting *g)
{
    const char *bold = g->is_terminal ? "\033[1m" : "";
    const char *plain = g->is_terminal ? "\033[0m" : "";
    const char *address;

    fprintf(out, "%sweft %s%s is listening on", bold, weft_version(), plain);
    for (size_t i = 0; (address = weft_server_address(g->server, i)); i++)
        fprintf(out, "%s %s%s", i > 0 ? "," : "", address,
                weft_server_address_is_secure(g->server, i) ? " (TLS)" : "");
    fprintf(out, "\n");
}

/* The paths, in lines that fit the terminal. */
static void print_handlers(FILE *out, const struct greeting *g)
{
    size_t failed, column = LABEL, i, len;
    const char *path;

    fprintf(out, "%-*s", LABEL, "handlers");
    for (i = 0; (path = weft_handlers_path(g->handlers, i)); i++) {
        len = strlen(path);
        if (column > LABEL && column + 1 + len > WIDTH) {
            fprintf(out, "\n%-*s", LABEL, "");
            column = LABEL;
        }
        fprintf(out, "%s%s", column > LABEL ? " " : "", path);
        column += (column > LABEL) + len;
    }
    fprintf(out, "%s  (%s)\n", i > 0 ? "" : "none", g->handlers_dir);
    failed = weft_handlers_failed(g->handlers);
    if (failed > 0)
        fprintf(out, "%-*s%zu failed: the error log says why\n", LABEL, "",
                failed);
}

/* For the first address that has a port and has TLS, or has none. true if there
 * is one. */
static bool print_url(FILE *out, const struct greeting *g, const char *label,
                      bool is_secure)
{
    const char *bold = g->is_terminal ? "\033[1m" : "";
    const char *plain = g->is_terminal ? "\033[0m" : "";
    const char *path = g->handlers ? weft_handlers_path(g->handlers, 0) : NULL;
    const char *s = is_secure ? "s" : "";
    char authority[AUTHORITY_SIZE];
    const char *address;
    size_t i = 0;

    while ((address = weft_server_address(g->server, i)) &&
           (weft_server_address_is_secure(g->server, i) != is_secure ||
            !make_authority(authority, address)))
        i++;
    if (!address || (!g->pages_dir && !path))
        return false;
    fprintf(out, "%-*s%s", LABEL, label, bold);
    if (g->pages_dir)
        fprintf(out, "http%s://%s/", s, authority);
    else
        fprintf(out, "ws%s://%s%s", s, authority, path);
    fprintf(out, "%s\n", plain);
    return true;
}

/* What to try: the pages in a browser, or else the first handler. */
static void print_urls(FILE *out, const struct greeting *g)
{
    const char *label = g->pages_dir ? "open" : "connect";

    print_url(out, g, print_url(out, g, label, false) ? "" : label, true);
}

void greeting_print(FILE *out, const struct greeting *greeting)
{
    print_addresses(out, greeting);
    if (greeting->handlers)
        print_handlers(out, greeting);
    if (greeting->pages_dir)
        fprintf(out, "%-*s%s\n", LABEL, "pages", greeting->pages_dir);
    print_urls(out, greeting);
    fflush(out);
}
