/* SPDX-License-Identifier: MIT */
/*
 * How large each buffer, batch and first allocation is, and the least with
 * which it still works. A build with -Dsmall_buffers=true takes the least of
 * all of them: there every path for what does not fit runs all the time, and
 * the same tests must pass (script/build small). What bytes go through could
 * be one byte long and is a prime: megabytes still pass in seconds, and
 * nothing falls on a border.
 *
 * What others can see is not here: limits, lengths of lines and texts, what a
 * digest is made of.
 */
#ifndef WEFT_BASE_SIZES_H
#define WEFT_BASE_SIZES_H

#include <stddef.h>
#include <stdint.h>

#ifdef WEFT_SMALL_BUFFERS
#define WEFT_SIZE(usual, least) (least)
#else
#define WEFT_SIZE(usual, least) (usual)
#endif

/* ---- base ---------------------------------------------------------------- */

/* Bytes of an arena's block, its header included. */
#define WEFT_ARENA_BLOCK_SIZE WEFT_SIZE(1024, 32)

/* Bytes of a buffer's first growth: the smallest block the pool deals in. */
#define WEFT_BUF_FIRST_CAP WEFT_SIZE(64, 1)

/* Text up to this, which is nearly all, is formatted in one go. */
#define WEFT_BUF_PRINTF_LOCAL WEFT_SIZE(256, 1)

/* Buckets of a map that is no longer empty; a power of two. */
#define WEFT_MAP_FIRST_BUCKETS WEFT_SIZE(16, 1)

/* What one chunk of a queue takes from the allocator, header included: a class
 * of base/pool.h. Longer pieces get a chunk of their own length. Behind
 * something sealed, where there is seldom much, it is the small one. */
#define WEFT_CHUNK_SIZE WEFT_SIZE(16384, 64)
#define WEFT_CHUNK_SMALL_SIZE WEFT_SIZE(256, 64)

/* And the first of a queue that may get little more: a few short messages. */
#define WEFT_CHUNK_FEW_SIZE WEFT_SIZE(1024, 64)

/* Objects of one block of a slab: 58 KiB of the slots of connections. */
#define WEFT_SLAB_BLOCK_SLOTS WEFT_SIZE(256u, 1u)

/* Slots of a timer wheel, a multiple of 64: spans of 34 s and 4 s. */
#define WEFT_WHEEL_SLOTS WEFT_SIZE(512, 64)

/* ---- ws ------------------------------------------------------------------ */

/* Of a message below this no more than twice what came is held. */
#define WEFT_AHEAD_MIN WEFT_SIZE(16384u, 1u)

/* What is left of a frame is received where its message is gathered, if there
 * is room for as much as this, or for all of it. */
#define WEFT_ROOM_MIN WEFT_SIZE(16384u, 61u)

/* From here on a payload is worth a chunk and a vector of its own: copying
 * less costs no more than that. What is below waits for the end of the turn,
 * which a program may count on for its small messages. */
#define WEFT_BORROW_MIN WEFT_SIZE(16384, 4096)

/* A smaller frame that others share is copied beside what waits, which costs
 * less than a chunk of its own and its place in the vector. */
#define WEFT_SHARE_MIN WEFT_SIZE(1024, 1)

/* Bytes by which the buffers of compression grow; more than zlib's flush. */
#define WEFT_DEFLATE_STEP WEFT_SIZE((size_t)4096, (size_t)16)

/* Room in which a message is unpacked first. */
#define WEFT_DEFLATE_FIRST WEFT_SIZE((size_t)131072, (size_t)1)

/* A buffer of a pool that has grown beyond is given back at its next use, and
 * so many streams wait for theirs. */
#define WEFT_DEFLATE_KEPT WEFT_SIZE((size_t)262144, (size_t)0)
#define WEFT_DEFLATE_IDLE WEFT_SIZE(8u, 0u)

/* What one block of our own compressor takes: sequences, and bytes that it
 * stands for, with which no sequence begins (deflate_find.c). */
#define WEFT_BLOCK_SEQUENCES WEFT_SIZE(8192, 3)
#define WEFT_BLOCK_TEXT WEFT_SIZE((size_t)64000, (size_t)701)

/* Bytes of a message that zlib is given at once, whose lengths are unsigned,
 * and those of a text that is looked through. */
#define WEFT_DEFLATE_PIECE WEFT_SIZE((size_t)1 << 30, (size_t)61)
#define WEFT_DEFLATE_SKIP WEFT_SIZE(8192, 61)

/* ---- loop ---------------------------------------------------------------- */

/* One receive call can take all that a socket's buffer commonly holds. */
#define WEFT_LOOP_READ_SIZE WEFT_SIZE((size_t)512 << 10, (size_t)61)

/* Events taken in one turn; the kernel gives the others next time, in turn. */
#define WEFT_EVENT_BATCH WEFT_SIZE(256, 1)

/* Connections that a listener accepts in one turn. */
#define WEFT_ACCEPT_BATCH WEFT_SIZE(64, 1)

/* Pieces given to one system call: IOV_MAX of Linux. */
#define WEFT_IOV_BATCH WEFT_SIZE(1024, 1)

/* Places for posts: at first, and the most that are kept when they have run,
 * 64 KiB. One is always kept, so that posting goes on without memory. */
#define WEFT_POSTS_FIRST WEFT_SIZE((size_t)64, (size_t)1)
#define WEFT_POSTS_KEPT WEFT_SIZE((size_t)4096, (size_t)1)

/* ---- tls ----------------------------------------------------------------- */

/* Bytes of the owner that are encrypted before the kernel is asked to take what
 * they have become: what it does not take has to be kept. The least is more
 * than one, as each batch takes a turn and 30 bytes of its own on the wire. */
#define WEFT_TLS_WRITE_BATCH WEFT_SIZE((size_t)128 << 10, (size_t)64)

/* Steps of servers' handshakes in one turn of a loop. One takes 0.1 ms with a
 * key on P-256 and 1 ms with one of 2048 bits for RSA. */
#define WEFT_TLS_STEP_BATCH WEFT_SIZE(4u, 1u)

/* Records that are encrypted with the same keys; with fewer than the least a
 * peer of ours would take it for a flood. */
#define WEFT_TLS_KEY_RECORDS WEFT_SIZE(UINT32_C(1) << 24, UINT32_C(1000))

/* Sessions that a client keeps. */
#define WEFT_TLS_SESSIONS WEFT_SIZE(32u, 1u)

/* Contexts of clients that a loop keeps. */
#define WEFT_TLS_CLIENTS WEFT_SIZE(8u, 1u)

/* What is received at once where each byte may stand for a thousand. */
#define WEFT_READ_SHORT WEFT_SIZE((size_t)32768, (size_t)61)

/* ---- net ----------------------------------------------------------------- */

/* Bytes of work that all streams which rest are forgiven in a turn, and those
 * after which none has to rest. */
#define WEFT_REST_TURN WEFT_SIZE((size_t)4 << 20, (size_t)1024)
#define WEFT_REST_FREE WEFT_SIZE((size_t)256 << 10, (size_t)1024)

/* ---- tls ----------------------------------------------------------------- */

/* Bytes that go into one record: as many as fit. */
#define WEFT_TLS_RECORD WEFT_SIZE((size_t)16384, (size_t)61)

/* ---- session ------------------------------------------------------------- */

/* Pieces offered to the kernel at once: 64 chunks of 16 KiB are more than a
 * socket takes. A write in progress holds fewer, as it keeps the vector. */
#define WEFT_TRY_BATCH WEFT_SIZE(64, 1)
#define WEFT_START_BATCH WEFT_SIZE(16, 1)

/* ---- server -------------------------------------------------------------- */

/* Bytes of free blocks kept by a worker. */
#define WEFT_WORKER_KEEP WEFT_SIZE((size_t)8 << 20, (size_t)0)

/* Bytes read from a file at once: with the chunk's head, within the pool's
 * class of 64 KiB. And how many of these go out in one turn of the loop. */
#define WEFT_FILE_CHUNK WEFT_SIZE(65408, 61)
#define WEFT_FILE_BATCH WEFT_SIZE(16, 1)

/* ---- client -------------------------------------------------------------- */

/* Entries of a ledger that has one. */
#define WEFT_LEDGER_ROOM WEFT_SIZE(16, 1)

/* ---- handler/so ---------------------------------------------------------- */

/* Bytes of events of inotify: at least one with the longest name. */
#define WEFT_WATCH_BLOCK WEFT_SIZE(4096, 272)

#endif
