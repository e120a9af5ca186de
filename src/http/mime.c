/* SPDX-License-Identifier: MIT */
/*
 * Finds the media type by the extension: what follows the last dot of the last
 * segment of a path. A name that only begins with a dot (".profile") has none.
 */
#include "http/mime.h"
#include "http/mime_table.h"

#include <stddef.h>
#include <string.h>

static const char unknown[] = "application/octet-stream";

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* As strcmp, with the letters of text taken as small ones. */
static int compare(const char *text, const char *extension)
{
    while (*text && lower(*text) == *extension) {
        text++;
        extension++;
    }
    return (unsigned char)lower(*text) - (unsigned char)*extension;
}

const char *weft_mime_type(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t from = 0, to = sizeof(mime_table) / sizeof(mime_table[0]);

    if (!dot || dot == name)
        return unknown;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = compare(dot + 1, mime_table[middle].extension);

        if (order == 0)
            return mime_table[middle].type;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return unknown;
}
