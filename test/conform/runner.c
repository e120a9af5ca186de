/* SPDX-License-Identifier: MIT */
/*
 * Judges many cases at the same time. Threads take the next case until none is
 * left; whoever finishes the case that is the next to be told tells it and
 * those behind it, so the order of the report is that of the table.
 */
#include "runner.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct pool {
    const struct runner *r;
    pthread_mutex_t lock; /* of what follows */
    struct verdict *verdicts;
    bool *ready;
    size_t next; /* case to be judged */
    size_t told; /* cases that were told */
};

static bool take_case(struct pool *p, size_t *i)
{
    bool more;

    pthread_mutex_lock(&p->lock);
    more = p->next < p->r->count;
    if (more)
        *i = p->next++;
    pthread_mutex_unlock(&p->lock);
    return more;
}

static void tell(struct pool *p, size_t i)
{
    pthread_mutex_lock(&p->lock);
    p->ready[i] = true;
    while (p->told < p->r->count && p->ready[p->told]) {
        struct verdict *v = &p->verdicts[p->told];

        p->r->done(p->r->user, &p->r->cases[p->told], v);
        bytes_release(&v->trace);
        p->told++;
    }
    pthread_mutex_unlock(&p->lock);
}

static void *work(void *arg)
{
    struct pool *p = arg;
    size_t i;

    while (take_case(p, &i)) {
        p->verdicts[i].tracing = p->r->trace;
        p->r->judge(p->r->arg, &p->r->cases[i], &p->verdicts[i]);
        tell(p, i);
    }
    return NULL;
}

void runner_run(const struct runner *r)
{
    struct pool p = {.r = r, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t *threads = grow(NULL, (size_t)r->jobs * sizeof(*threads));
    int started = 0;

    p.verdicts = grow(NULL, (r->count + 1) * sizeof(*p.verdicts));
    memset(p.verdicts, 0, (r->count + 1) * sizeof(*p.verdicts));
    p.ready = grow(NULL, r->count + 1);
    memset(p.ready, 0, r->count + 1);
    while (started < r->jobs - 1 &&
           pthread_create(&threads[started], NULL, work, &p) == 0)
        started++;
    work(&p); /* this thread is one of them */
    while (started > 0)
        pthread_join(threads[--started], NULL);
    free(threads);
    free(p.ready);
    free(p.verdicts);
}
