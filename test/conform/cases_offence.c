/* SPDX-License-Identifier: MIT */
/*
 * Compressed messages that are not right. RSV1 where it may not stand is a
 * breach of the protocol (RFC 7692 6): 1002. Bytes that cannot be inflated are
 * none of what the type of the message says: 1007 (RFC 6455 7.4.1; 1002 is no
 * lie). What inflates to more than somebody takes is 1009 (RFC 7692 8), and has
 * to be found out before it is all there.
 */
#include "cases.h"

#include "bytes.h"

#define FREE "@deflate client_max_window_bits", "deflate=client_max_window_bits"
#define WITH(terms) "@deflate " terms, "deflate=" terms

#define BROKEN "=> fail 1007,?1002"
#define TOO_BIG "=> fail 1009,?1007,?1002"

/* In the order of RFC 1951 3.2.3 to 3.2.7. */
#define GARBAGE                                                                \
    /* a type that is none; a length whose complement is wrong */              \
    "07 ff 0fff 000500000048656c6c6f00 00ffffff00 " /* fixed codes: lengths    \
                                                       286 and 287, distances  \
                                                       30 and 31 */            \
    "4a1c03 4a1c07 4a043e 4a047e " /* more codes than there are; code lengths  \
                                      for too many or too few */               \
    "f4008004 041e8004 04c003040000000010 04c001080000000020 " /* lengths that \
                                                                  repeat none, \
                                                                  or go on too \
                                                                  long; no end \
                                                                  of a block   \
                                                                */             \
    "04000224 040080e4ff1f 04c0810800000000a0f7b706 " /* distances to before   \
                                                         the beginning */      \
    "020200 4a0442 4a04deff0f f200110000"

static const struct row rows[] = {
    {"d6", "RSV1 on a continuation of a compressed message",
     "deflate text- z 'a' ! cont rsv=4 'b' => fail 1002", NULL, FREE},
    {"d6", "RSV1 on each fragment",
     "deflate text- rsv=4 <f248cd> ! cont rsv=4 <c9c90700> => fail 1002", NULL,
     FREE},
    {"d6", "RSV1 on a continuation of another message",
     "deflate text- 'a' ! cont rsv=4 <f248cdc9c90700> => fail 1002", NULL,
     FREE},
    {"d6", "RSV1 on a continuation in the middle",
     "deflate bin- z 'a' cont- 'b' ! cont- rsv=4 'c' cont 'd' => fail 1002",
     NULL, FREE},
    {"d6", "RSV1 on an empty continuation",
     "deflate text- z 'a' ! cont rsv=4 => fail 1002", NULL, FREE},
    {"d6", "RSV1 on a continuation of nothing",
     "deflate ! cont rsv=4 <f248cdc9c90700> => fail 1002", NULL, FREE},
    {"d6", "RSV1 on a $", "deflate ! $ rsv=4 'x' => fail 1002", "ping pong",
     FREE},
    {"d6", "RSV1 on an empty $", "deflate ! $ rsv=4 => fail 1002",
     "ping pong close", FREE},
    {"d6", "RSV1 on a Close", "deflate ! close rsv=4 1000 => fail 1002", NULL,
     FREE},
    {"d6", "RSV1 on a ping inside a compressed message",
     "deflate text- z 'a' ! ping rsv=4 'p' cont 'b' => fail 1002", NULL, FREE},
    {"d6", "reserved bits $ on a text frame",
     "deflate ! text rsv=$ <f248cdc9c90700> => fail 1002", "1 2 3 5 6 7", FREE},
    {"d6", "reserved bits $ on a continuation",
     "deflate text- z 'a' ! cont rsv=$ 'b' => fail 1002", "1 2 3 5 6 7", FREE},
    {"d6", "reserved bits $ on a ping", "deflate ! ping rsv=$ => fail 1002",
     "1 2 3 5 6 7", FREE},
    {"d6", "a compressed message inside another one",
     "deflate text- z 'a' ! text rsv=4 <f248cdc9c90700> => fail 1002", NULL,
     FREE},
    {"d6", "a compressed message with the wrong mask bit",
     "deflate ! text rsv=4 nomask <f248cdc9c90700> => drop 1002", NULL, FREE},
    {"d6", "RSV1 on a reserved opcode $",
     "deflate ! op=$ rsv=4 <f248cdc9c90700> => fail 1002", "3 7 11 15", FREE},

    {"d7.2.2", "garbage $", "deflate ! text rsv=4 <$> " BROKEN, GARBAGE, FREE},
    {"d7.2.2", "garbage $ behind good messages",
     "deflate text z 'Hello' text z &500 => echo ! bin rsv=4 <$> " BROKEN,
     "07 ff 000500000048656c6c6f00 4a1c03 04000224", FREE},
    {"d7.2.2", "garbage $ in fragments",
     "deflate ! bin rsv=4 frag=1 <$> " BROKEN, "07 0fff 4a1c03 04000224", FREE},
    {"d7.2.2", "garbage behind BFINAL",
     "deflate ! text rsv=4 <f348cdc9c90700ff> " BROKEN, NULL, FREE},
    {"d7.2.2", "text that was not compressed",
     "deflate ! text rsv=4 'This is no compressed message' " BROKEN, NULL,
     FREE},
    {"d7.2.2", "noise", "deflate ! bin rsv=4 <07> @5000 " BROKEN, NULL, FREE},
    {"d7.2.2", "garbage behind 64 KiB that are right",
     "deflate ! bin rsv=4 ^1 <0000ffff07> " BROKEN ",?1009", NULL, FREE},
    {"d7.2.2", "nothing behind garbage is answered",
     "deflate ! text rsv=4 <07> text 'a' ping 'p' " BROKEN, NULL, FREE},
    {"d7.2.2", "garbage that is never at its end",
     "deflate ! text- rsv=4 <07> => maybe 1007,1002", NULL, FREE},
    /* A message is whole blocks, the last one completed by 00 00 ff ff. */
    {"d7.2.2", "a message that ends inside a block: $",
     "deflate ! text rsv=4 <$> => fail~ 1007,1002",
     "f248cdc9c9 000600f9ff48656c6c6f 4d8e410ac2301045f73dc5d0b5 "
     "0400",
     FREE},
    /* Such have no first byte to complete; but what they mean is clear. */
    {"d7.2.2", "a message without a byte",
     "deflate ! text rsv=4 => fail? 1007,1002", NULL, FREE},
    {"d7.2.2", "a message with BFINAL and nothing behind it",
     "deflate ! text rsv=4 <f348cdc9c90700> => fail? 1007,1002", NULL, FREE},

    /* Nobody has to find out who takes more than was agreed on. */
    {"d7.1.1", "distances into earlier messages, against what was agreed on",
     "bin z=keep @5000 bin z=keep @5000 => echo or 1007,1002", NULL,
     WITH("server_no_context_takeover;client_no_context_takeover")},
    {"d7.1.2", "distances of 300 bytes in a window of 8 bits",
     "bin z=wide 2*@300 => echo or 1007,1002", NULL,
     WITH("server_max_window_bits=8;client_max_window_bits=8")},
    {"d7.1.2", "distances of 20000 bytes in a window of $ bits",
     "bin z=wide 2*@20000 => echo or 1007,1002", "8 9 11 14",
     WITH("server_max_window_bits=$;client_max_window_bits=$")},

    {"d7.2.2", "compressed text that is no UTF-8: $",
     "deflate ! text z <$> => fail 1007",
     "ff 80 c0af e282 eda080 f4908080 f0808080 48656c6c6f80", FREE},
    {"d7.2.2", "compressed text that is no UTF-8, in fragments",
     "deflate ! text z frag=1 'Hello' <ff> => fail 1007", NULL, FREE},
    {"d7.2.2", "compressed text whose last character is cut",
     "deflate ! text- z 'Hello' <e2> cont <82> => fail 1007", NULL, FREE},
    {"d7.2.2", "compressed text that is no UTF-8 at byte 70000",
     "deflate ! text z #70000 <ff> #1000 => fail 1007", NULL, FREE},
    {"d7.2.2", "compressed text that is no UTF-8, behind good messages",
     "deflate text z 'Hello' bin z <ff> => echo ! text z <ff> => fail 1007",
     NULL, FREE},
    {"d7.2.2", "characters cut by fragments that hold others",
     "deflate text- z <e2> cont- <82> cont <ac> => echo", NULL, FREE},

    {"d8", "1 MiB that inflates to 1 GiB",
     "slow deflate ! bin rsv=4 ^1024 " TOO_BIG, NULL, FREE},
    {"d8", "1 MiB that inflates to 1 GiB of text",
     "slow deflate ! text rsv=4 ^1024 " TOO_BIG, NULL, FREE},
    {"d8", "1 MiB that inflates to 1 GiB, without contexts",
     "slow deflate ! bin rsv=4 ^1024 " TOO_BIG, NULL,
     WITH("server_no_context_takeover;client_no_context_takeover")},
    {"d8", "1 MiB that inflates to 1 GiB, in fragments of $ bytes",
     "slow deflate ! bin rsv=4 frag=$ ^1024 " TOO_BIG, "256 4096 65536", FREE},
    {"d8", "1 MiB that inflates to 1 GiB, and is not at its end",
     "slow deflate ! bin- rsv=4 ^1024 " TOO_BIG, NULL, FREE},
    {"d8", "1 MiB that inflates to 1 GiB, behind good messages",
     "slow deflate text z 'Hello' bin z &5000 => echo ! bin rsv=4 "
     "^1024 " TOO_BIG,
     NULL, FREE},
    {"d8", "30 MB of empty blocks, which inflate to nothing",
     "slow deflate bin rsv=4 3000000*<000000ffff> 3000000*<000000ffff> <00> => "
     "echo "
     "or 1009",
     NULL, FREE},
    {"d8", "30 MB of empty blocks in fragments of 64 KiB",
     "slow deflate bin rsv=4 frag=65536 3000000*<000000ffff> "
     "3000000*<000000ffff><00> => echo or 1009",
     NULL, FREE},
    {"d8", "a compressed message that announces $ bytes",
     "deflate bin rsv=4 claim=$ 'abcd' => maybe 1009,1007",
     "2147483648 4294967296 0x7fffffffffffffff", FREE},
    {"d8", "a compressed message that announces $ bytes, which nobody may",
     "deflate ! bin rsv=4 claim=$ 'abcd' => fail 1002,?1009",
     "0x8000000000000000 0xffffffffffffffff", FREE},
};

const struct table offence_cases = {rows, COUNT(rows), BOTH_SIDES};
