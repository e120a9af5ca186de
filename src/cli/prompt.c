/* SPDX-License-Identifier: MIT */
/* Chooses how lines are read. A dumb terminal cannot move its cursor, so that
 * nothing could be drawn there again. */
#include "cli/prompt.h"

#include <stdlib.h>

#ifdef WEFT_HAVE_LIBEDIT
#define BEST (&prompt_edit)
#else
#define BEST (&prompt_plain)
#endif

static bool is_dumb(void)
{
    const char *term = getenv("TERM");

    return !term || !*term || strcmp(term, "dumb") == 0;
}

struct prompt *prompt_new(const struct prompt_opts *opts)
{
    const struct prompt_ops *ops = is_dumb() ? &prompt_plain : BEST;
    struct prompt *prompt = ops->new (opts);

    if (prompt)
        prompt->ops = ops;
    return prompt;
}

void prompt_free(struct prompt *prompt)
{
    if (prompt)
        prompt->ops->free(prompt);
}

const char *prompt_read(struct prompt *prompt)
{
    return prompt->ops->read(prompt);
}

void prompt_hide(struct prompt *prompt)
{
    prompt->ops->hide(prompt);
}

void prompt_draw(struct prompt *prompt)
{
    prompt->ops->draw(prompt);
}

void prompt_resize(struct prompt *prompt)
{
    prompt->ops->resize(prompt);
}

void prompt_suspend(struct prompt *prompt)
{
    prompt->ops->suspend(prompt);
}
