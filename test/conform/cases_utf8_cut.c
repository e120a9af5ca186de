/* SPDX-License-Identifier: MIT */
/*
 * Text whose characters are cut: between fragments, which may hold parts of
 * characters (RFC 6455 5.6), and between segments. When ill-formed text is
 * noticed is left to the server: at the first impossible byte or at the end
 * of the message. Which it does is noted.
 */
#include "cases.h"

#include "bytes.h"

#define GOOD_CUTS                                                              \
    "c2/80 df/bf e0/a080 e0a0/80 ed/9fbf ed9f/bf e2/82ac e282/ac ef/bfbf "     \
    "efbf/bf f0/908080 f090/8080 f09080/80 f0/9f9880 f09f/9880 f09f98/80 "     \
    "f4/8fbfbf f48f/bfbf f48fbf/bf"
/* The first part is the beginning of a character; the second cannot go on. */
#define BAD_CUTS                                                               \
    "c2/41 c2/c280 e0/8080 e0/9fbf e0a0/41 ed/a080 ed/bfbf e2/28a1 e282/28 "   \
    "e282/e282ac f0/808080 f0/8fbfbf f090/2880 f09f98/41 f4/908080 f4/bfbfbf " \
    "f09f98/f09f9880"
/* The first part cannot begin a character. */
#define BAD_STARTS                                                             \
    "80/80 c0/80 c1/bf e080/80 eda0/80 f080/8080 f490/8080 f5/808080 ff/ff"
#define OPEN_ENDS "c2 e2 e282 ed9f f0 f09f f09f98 f48fbf"

static const struct row rows[] = {
    {"5.6", "character cut between fragments: $",
     "text- 'a' <$1> cont <$2> 'z' => echo", GOOD_CUTS},
    {"5.6", "character cut between fragments, a ping between: $",
     "text- <$1> ping <ff> => pong cont <$2> => echo",
     "c2/80 e2/82ac e282/ac f0/9f9880 f09f/9880 f09f98/80"},
    {"5.6", "character cut by an empty fragment: $",
     "text- <$1> cont- cont <$2> => echo", "c2/80 e282/ac f09f98/80"},
    {"5.6", "a fragment for each byte of a text",
     "text- <ce> cont- <ba> cont- <e1> cont- <bd> cont- <b9> cont- <cf> "
     "cont- <83> cont- <f0> cont- <9f> cont- <98> cont <80> => echo"},
    {"5.6", "character cut by a large fragment",
     "text- #65533 <e282> cont <ac> #65533 => echo"},
    {"5.6", "character cut between segments, byte $ of the frame",
     "text cut=$ <e282acf09f9880c3a9> => echo", "7 8 9 10 11 12 13 14"},
    {"5.6", "characters byte by byte",
     "bytes text <e282acf09f9880c3a9> => echo"},
    {"5.6", "fragments of characters, byte by byte",
     "bytes text- <e2> cont- <82acf09f> cont <9880> => echo"},
    {"5.6", "character cut at 64 KiB of a frame",
     "text #65535 <f09f9880> => echo"},

    {"8.1", "second fragment makes it ill-formed: $",
     "text- 'a' <$1> ! cont <$2> => fail 1007", BAD_CUTS},
    {"8.1", "ill-formed in the first fragment: $",
     "! text- 'a' <$1> cont <$2> => fail 1007", BAD_STARTS},
    {"8.1", "ill-formed in the middle fragment: $",
     "text- 'a' ! cont- <$> cont 'z' => fail 1007", "80 c0 e080 eda0 f490 ff"},
    {"8.1", "last fragment ends inside a character: $",
     "text- 'a' ! cont <$> => fail 1007", OPEN_ENDS},
    {"8.1", "empty last fragment inside a character: $",
     "text- <$> ! cont => fail 1007", OPEN_ENDS},
    {"8.1", "the beginning of a character is all there is: $",
     "text- <$> cont- ! cont => fail 1007", "c2 e282 f09f98"},
    {"8.1", "continuation in place of a character's beginning",
     "text- 'a' ! cont <80> => fail 1007"},
    {"8.1", "cut character, ping, then something else",
     "text- <e282> ping 'p' => pong ! cont <41> => fail 1007"},
    {"8.1", "state is forgotten between messages",
     "text- <e282> cont <ac> => echo ! text <ac> => fail 1007"},
    {"8.1", "ill-formed byte by byte: $", "bytes ! text <$> => fail 1007",
     "80 c080 e080af eda080 f4908080 ff e282 f09f98"},
    {"8.1", "ill-formed fragments byte by byte: $",
     "bytes text- <$1> ! cont <$2> => fail 1007",
     "e0/8080 ed/a080 f4/908080 e282/28"},
    {"8.1", "surrogate cut after byte $ of the frame",
     "! text cut=$ 'ab' <eda080> 'yz' => fail 1007", "7 8 9 10 11 12"},

    /* The message goes on; the ping shows whether the server does. */
    {"8.1", "told early, fragment that ends in $",
     "text- 'a' <$> ping 'p' => maybe 1007 ! cont 'z' => fail 1007",
     "ff 80 c0 e080 eda0 f080 f490 e228 f09f28"},
    {"8.1", "told early, second fragment",
     "text- <e0> cont- <80> ping 'p' => maybe 1007 ! cont <80> => fail 1007"},
    {"8.1", "told early, inside a frame",
     "text key=00000000 claim=10 'ab' <ff> => maybe 1007 ! raw 7*'c' "
     "=> fail 1007"},
    {"8.1", "told early, inside a frame of 64 KiB",
     "text key=00000000 claim=16384 'ab' <eda080> => maybe 1007"},
};

const struct table utf8_cut_cases = {rows, COUNT(rows), BOTH_SIDES};
