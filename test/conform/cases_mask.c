/* SPDX-License-Identifier: MIT */
/*
 * Masking (RFC 6455 5.3): every key and every phase must come out right,
 * wherever the payload was cut. Lengths run over several vector widths.
 */
#include "cases.h"

#include "bytes.h"

static const struct row rows[] = {
    {"5.3", "key $, binary of 0 to 70 bytes", "bin key=$ #0..70 => echo",
     "00000000 ffffffff 01020304 80000000 00000080 00ff00ff 37fa213d "
     "deadbeef"},
    {"5.3", "key $, text of 0 to 70 bytes", "text key=$ #0..70 => echo",
     "00000000 ffffffff 20202020 a5c3f09f"},
    {"5.3", "a new key for each frame", "bin #0..140 => echo"},
    {"5.3", "the RFC's own example", "text key=37fa213d 'Hello' => echo"},
    {"5.3", "the key covers $", "$ key=0f1e2d3c #125 => pong", "ping"},
    {"5.3", "the key begins anew in each fragment",
     "bin- key=01020304 #3 cont- key=05060708 #5 cont key=090a0b0c #7 "
     "=> echo"},
    {"5.3", "one key for all fragments of odd lengths",
     "bin- key=11223344 #1 cont- key=11223344 #2 cont- key=11223344 #3 "
     "cont- key=11223344 #5 cont key=11223344 #6 => echo"},
    {"5.3", "ping with another key inside a message",
     "text- key=11223344 'abc' ping key=99aabbcc 'defgh' => pong "
     "cont key=11223344 'ijk' => echo"},
    /* The header takes 6 bytes, so the payload is cut at each phase. */
    {"5.3", "payload cut after byte $ of the frame",
     "bin key=37fa213d cut=$ #100 => echo",
     "7 8 9 10 11 12 13 14 15 16 21 22 23 24 37 38 39 40 71 105"},
    {"5.3", "larger payload cut after byte $ of the frame",
     "bin key=80c1f2a3 cut=$ #70000 => echo",
     "15 16 17 18 79 4097 32770 65549 70013"},
    {"5.3", "key with the bytes of a frame header",
     "bin key=81848184 <81848184818481848184> => echo"},
    {"5.3", "payload equal to its key comes as zeros",
     "bin key=aabbccdd 64*<aabbccdd> => echo"},
    {"5.3", "cut before the key, with the key 0",
     "text key=00000000 cut=2 'abc' => echo"},
};

const struct table mask_cases = {rows, COUNT(rows), OF_SERVERS};
