/* SPDX-License-Identifier: MIT */
/*
 * A prompt with editing and history, by libedit. It asks for each key through
 * our next_key, which is where everything else happens; what is printed there
 * goes above the line, as follows. libedit does not tell where on the screen
 * its cursor is, but that follows from the prompt, the text before the cursor
 * and the width of the terminal: the cursor goes up by that many rows, and all
 * below it is cleared. libedit then draws the line afresh from the row where
 * the cursor is.
 *
 * The terminal reads keys one by one from the beginning to the end. libedit
 * would give it back its old settings between two lines, where a key that is
 * typed at that moment would be echoed or taken for the end of input; so the
 * settings that libedit holds for the time outside are those for inside.
 */
#include "cli/history.h"
#include "cli/prompt.h"
#include "cli/screen.h"
#include <errno.h>
#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define PROMPT_COLUMNS (sizeof(PROMPT_TEXT) - 1)

struct edit {
    struct prompt prompt;
    struct prompt_opts opts;
    struct termios before; /* the terminal as it was found */
    EditLine *el;
    HistoryW *history;
    char *line;      /* the last one that was given out */
    int typed_ahead; /* bytes that came before the terminal was set */
    mbstate_t state; /* of a character of which some bytes have come */
    bool is_reading;
    bool is_drawn;
};

static struct edit *edit_of(struct prompt *prompt)
{
    return (struct edit *)prompt;
}

/* ---- The screen ---------------------------------------------------------- */

static size_t columns_of(const struct edit *e)
{
    struct winsize size;

    if (ioctl(fileno(e->opts.out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

/* Up by this many rows, to their left edge, and all from there on cleared. */
static void clear_rows(const struct edit *e, size_t rows)
{
    fputs("\r", e->opts.out);
    if (rows > 0)
        fprintf(e->opts.out, "\033[%zuA", rows);
    fputs("\033[J", e->opts.out);
    fflush(e->opts.out);
}

static void hide(struct prompt *prompt)
{
    struct edit *e = edit_of(prompt);
    const LineInfoW *line;

    if (!e->is_drawn)
        return;
    e->is_drawn = false;
    line = el_wline(e->el);
    clear_rows(e,
               screen_rows(line->buffer, (size_t)(line->cursor - line->buffer),
                           PROMPT_COLUMNS, columns_of(e)));
}

static void draw(struct prompt *prompt)
{
    struct edit *e = edit_of(prompt);

    if (!e->is_reading || e->is_drawn)
        return;
    el_wset(e->el, EL_REFRESH);
    e->is_drawn = true;
}

static void resize(struct prompt *prompt)
{
    hide(prompt);
    el_resize(edit_of(prompt)->el);
    draw(prompt);
}

/* ---- The terminal -------------------------------------------------------- */

/* Keys one by one and unseen; Ctrl-C and Ctrl-Z are signals still. */
static void set_raw(struct edit *e)
{
    struct termios raw = e->before;

    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)IXON;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(e->opts.in, TCSADRAIN, &raw);
    if (ioctl(e->opts.in, FIONREAD, &e->typed_ahead) != 0)
        e->typed_ahead = 0;
}

static void suspend(struct prompt *prompt)
{
    struct edit *e = edit_of(prompt);
    struct termios now;

    hide(prompt);
    tcgetattr(e->opts.in, &now);
    tcsetattr(e->opts.in, TCSADRAIN, &e->before);
    raise(SIGSTOP);
    tcsetattr(e->opts.in, TCSADRAIN, &now);
    el_resize(e->el);
    draw(prompt);
}

/* ---- Keys and lines ------------------------------------------------------ */

/* A terminal that edits lines has put a NUL in the place of an end of input
 * (Linux, n_tty.c). */
static bool is_end(struct edit *e, char byte)
{
    return e->typed_ahead > 0 && e->typed_ahead-- > 0 && byte == '\0';
}

/* 1 and a key, or 0 at the end of input and -1 when no more is wanted. */
static int next_key(EditLine *el, wchar_t *key)
{
    struct edit *e;

    el_wget(el, EL_CLIENTDATA, &e);
    for (;;) {
        char byte;
        ssize_t n;
        size_t len;

        draw(&e->prompt);
        if (!e->opts.wait(e->opts.user))
            return -1;
        n = read(e->opts.in, &byte, 1);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0 || is_end(e, byte))
            return 0;
        len = mbrtowc(key, &byte, 1, &e->state);
        if (len == (size_t)-1)
            memset(&e->state, 0, sizeof(e->state)); /* a stray byte */
        else if (len != (size_t)-2)
            return 1;
    }
}

static wchar_t *prompt_text(EditLine *el)
{
    static wchar_t text[] = L"" PROMPT_TEXT;

    (void)el;
    return text;
}

/* libedit's line as UTF-8, without its end. */
static const char *keep_line(struct edit *e, const wchar_t *text, size_t len)
{
    size_t size = len * MB_CUR_MAX + 1, used = 0;
    mbstate_t state = {0};

    free(e->line);
    e->line = malloc(size);
    if (!e->line)
        return NULL;
    while (len > 0 && (text[len - 1] == L'\n' || text[len - 1] == L'\r'))
        len--;
    for (size_t i = 0; i < len; i++) {
        size_t n = wcrtomb(e->line + used, text[i], &state);

        used += n == (size_t)-1 ? 0 : n;
    }
    e->line[used] = '\0';
    return e->line;
}

static void remember(struct edit *e, const wchar_t *text)
{
    HistEventW event;

    if (e->line[0] == '\0' || e->line[0] == ' ')
        return;
    history_w(e->history, &event, H_ENTER, text);
    if (e->opts.history)
        history_add(e->opts.history, e->line);
}

/* Takes a line off the screen that has been entered, and the cursor with it
 * gone to the row below. */
static void clear_entered(struct edit *e, const wchar_t *text, size_t len)
{
    size_t text_len = len > 0 && text[len - 1] == L'\n' ? len - 1 : len;

    clear_rows(e,
               1 + screen_rows(text, text_len, PROMPT_COLUMNS, columns_of(e)));
}

static const char *read_line(struct prompt *prompt)
{
    struct edit *e = edit_of(prompt);
    const wchar_t *text;
    int len = 0;

    e->is_reading = true;
    e->is_drawn = true; /* libedit begins with that */
    text = el_wgets(e->el, &len);
    if (!text || len <= 0) {
        hide(prompt);
        e->is_reading = false;
        return NULL;
    }
    e->is_reading = false;
    e->is_drawn = false;
    clear_entered(e, text, (size_t)len);
    if (!keep_line(e, text, (size_t)len))
        return NULL;
    remember(e, text);
    return e->line;
}

/* ---- From beginning to end ----------------------------------------------- */

static void edit_free(struct prompt *prompt)
{
    struct edit *e = edit_of(prompt);

    if (e->el)
        el_end(e->el);
    if (e->history)
        history_wend(e->history);
    tcsetattr(e->opts.in, TCSADRAIN, &e->before);
    free(e->line);
    free(e);
}

static void recall(void *arg, const char *line)
{
    struct edit *e = arg;
    size_t len = strlen(line) + 1;
    wchar_t *text = malloc(len * sizeof(*text));
    HistEventW event;

    if (text && mbstowcs(text, line, len) != (size_t)-1)
        history_w(e->history, &event, H_ENTER, text);
    free(text);
}

static void set_up_history(struct edit *e)
{
    HistEventW event;

    history_w(e->history, &event, H_SETSIZE, HISTORY_MAX);
    history_w(e->history, &event, H_SETUNIQUE, 1);
    if (e->opts.history)
        history_load(e->opts.history, recall, e);
    el_wset(e->el, EL_HIST, history_w, e->history);
}

static void set_up_keys(struct edit *e)
{
    el_wset(e->el, EL_CLIENTDATA, e);
    el_wset(e->el, EL_PROMPT, prompt_text);
    el_wset(e->el, EL_SIGNAL, 0);
    el_wset(e->el, EL_GETCFN, next_key);
    el_wset(e->el, EL_EDITOR, L"emacs");
    el_wset(e->el, EL_BIND, L"^R", L"em-inc-search-prev", NULL);
    el_source(e->el, NULL);
    el_wset(e->el, EL_SETTY, L"-x", L"-icanon", L"-echo", L"-iexten", NULL);
}

/* Characters are UTF-8 here, whatever the user's language is. */
static void set_locale(void)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

static struct prompt *edit_new(const struct prompt_opts *opts)
{
    struct edit *e = calloc(1, sizeof(*e));
    FILE *in = stdin; /* unused: keys come from next_key */

    if (!e)
        return NULL;
    e->opts = *opts;
    if (tcgetattr(opts->in, &e->before) != 0) {
        free(e);
        return NULL;
    }
    set_locale();
    set_raw(e);
    e->el = el_init_fd("weft", in, opts->out, stderr, opts->in,
                       fileno(opts->out), STDERR_FILENO);
    e->history = history_winit();
    if (!e->el || !e->history) {
        edit_free(&e->prompt);
        return NULL;
    }
    set_up_keys(e);
    set_up_history(e);
    return &e->prompt;
}

const struct prompt_ops prompt_edit = {
    .new = edit_new,
    .free = edit_free,
    .read = read_line,
    .hide = hide,
    .draw = draw,
    .resize = resize,
    .suspend = suspend,
};
