/* SPDX-License-Identifier: MIT */
/*
 * Text is UTF-8 (RFC 6455 5.6 and 8.1, RFC 3629): each class of well-formed
 * and of ill-formed sequences, alone and among others, also across the blocks
 * in which a vectored validator works.
 */
#include "cases.h"

#include "bytes.h"

/* The ends of each range of RFC 3629 4, and characters that look suspicious
 * but are not: noncharacters, the byte order mark, private use. */
#define VALID                                                                  \
    "00 7f c280 c2bf c380 dfbf e0a080 e0bfbf e18080 ecbfbf ed8080 ed9fbf "     \
    "ee8080 efbfbd efbfbe efbfbf efb790 efbbbf f0908080 f0bfbfbf f1808080 "    \
    "f3bfbfbf f4808080 f48fbfbf f09f9880 f0908d88 f3a08081"

#define LONELY "80 bf 9f a0 8080 80bf80 80bf80bf 80bf80bf80bf"
/* Encoded in more bytes than needed (3629 3). */
#define OVERLONG                                                               \
    "c080 c0af c0bf c180 c1bf e08080 e080af e09fbf f0808080 f08080af "         \
    "f08fbfbf f8808080af f887bfbfbf fc80808080af fc83bfbfbfbf"
#define SURROGATES                                                             \
    "eda080 edadbf edae80 edafbf edb080 edbe80 edbfbf eda080edb080 "           \
    "edaebfedbfbf edafbfedb080"
#define TOO_HIGH                                                               \
    "f4908080 f4bfbfbf f5808080 f6808080 f7bfbfbf f888808080 fbbfbfbfbf "      \
    "fc8480808080 fdbfbfbfbfbf"
#define NEVER "c0 c1 f5 f6 f7 f8 f9 fa fb fc fd fe ff fefeffff"
#define TRUNCATED                                                              \
    "c2 df e0 e0a0 e1 e180 ec ed ed9f ee ee80 ef efbf f0 f090 f09080 f1 "      \
    "f180 f18080 f3 f4 f48f f48fbf"
/* A byte that is no continuation where one must be, at each place. */
#define BROKEN                                                                 \
    "c220 c2c2 c27f c2c0 e02080 e0a020 e18020 e180c0 e1c080 e17f80 ed9f20 "    \
    "ee7f80 eec080 f0902080 f0908020 f09080c0 f1c08080 f17f8080 f180c080 "     \
    "f18080ff f48f8020 c3c3a9 e2e282ac e282e282ac f09f98f09f9880"

static const struct row rows[] = {
    {"5.6", "character $", "text <$> => echo", VALID},
    {"5.6", "all of them",
     "text 3*<"
     "007fc280dfbfe0a080ed9fbfee8080efbfbf"
     "f0908080f48fbfbf> => echo"},
    {"5.6", "Greek", "text 'κόσμε' => echo"},
    {"5.6", "sentences in several scripts",
     "text 'Grüße, Ελλάδα, Россия, 日本語, العربية, 😀' => echo"},
    {"5.6", "10000 characters of 4 bytes", "text 10000*<f09f9880> => echo"},
    {"5.6", "character of 4 bytes at offset $",
     "text #$ <f09f9880> #40 => echo",
     "11 12 13 14 15 16 27 28 29 30 31 32 59 60 61 62 63 64 125 4093"},

    {"8.1", "lonely continuation $", "! text <$> => fail 1007", LONELY},
    {"8.1", "overlong $", "! text <$> => fail 1007", OVERLONG},
    {"8.1", "surrogate $", "! text <$> => fail 1007", SURROGATES},
    {"8.1", "above U+10FFFF $", "! text <$> => fail 1007", TOO_HIGH},
    {"8.1", "byte that never occurs $", "! text <$> => fail 1007", NEVER},
    {"8.1", "message ends inside a character $", "! text <$> => fail 1007",
     TRUNCATED},
    {"8.1", "broken sequence $", "! text <$> => fail 1007", BROKEN},

    {"8.1", "$ between good characters",
     "! text 'Hello-' <c2b54dc39fc3b6> <$> 'edited' => fail 1007",
     "80 bf c0af c1bf e080af e09fbf f08080af f08fbfbf eda080 edbfbf f4908080 "
     "f5808080 ff fe c2 df e2 e282 f09f98 f0"},
    {"8.1", "surrogate at offset $", "! text #$ <eda080> #70 => fail 1007",
     "1 7 13 14 15 16 29 30 31 32 33 61 62 63 64 65 125 4093 65530"},
    {"8.1", "0xff at offset $", "! text #$ <ff> #70 => fail 1007",
     "0 1 7 8 15 16 17 31 32 33 63 64 65 127 128 4095 4096 65535"},
    {"8.1", "overlong at offset $ behind characters of 3 bytes",
     "! text $*<e282ac> <e080af> 30*<e282ac> => fail 1007",
     "1 4 5 9 10 20 21 22"},
    {"8.1", "message of $ letters ends inside a character",
     "! text #$ <f09f98> => fail 1007",
     "12 13 14 15 28 29 30 31 60 61 62 63 64 65533"},
    {"8.1", "1 MiB of letters, then 0xff",
     "! text #1048576 <ff> => fail 1007,?1009"},
    {"8.1", "ill-formed text behind a good one",
     "text 'good' => echo ! text <ff> => fail 1007"},
    {"8.1", "messages before an ill-formed one are echoed",
     "text 'a' bin <ff> ! text <ff> => echo~ => fail 1007"},
    {"8.1", "nothing behind ill-formed text is answered",
     "! text <ff> text 'good' ping 'p' => fail 1007"},
    {"8.1", "a character may not go over two messages",
     "! text <e282> text <ac> => fail 1007"},
    {"8.1", "ill-formed text, then Close",
     "! text <c0> close 1000 => fail 1007"},

    {"5.6", "ill-formed sequence $ in a binary message", "bin <$> => echo",
     "ff c0af eda080 f4908080 e282"},
    {"5.6", "binary between texts is not looked at",
     "text <e282ac> bin <e282> text <e282ac> => echo"},
};

const struct table utf8_cases = {rows, COUNT(rows), BOTH_SIDES};
