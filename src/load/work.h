/* SPDX-License-Identifier: MIT */
/* What a connection of a load sends, and what its answers are counted as. */
#ifndef WEFT_LOAD_WORK_H
#define WEFT_LOAD_WORK_H

#include "load/load_conn.h"

/* The run begins, or an open connection joins it. */
void load_work_begin(struct load_conn *conn);

/* Messages came, of which own bear its tag. May fail the connection. */
void load_work_heard(struct load_conn *conn, size_t count, size_t own);

/* Its closing handshake is done. */
void load_work_left(struct load_conn *conn);

/* With a rate: sends what has become due by thread->now. */
void load_work_due(struct load_thread *thread);

#endif
