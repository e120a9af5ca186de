/* SPDX-License-Identifier: MIT */
/*
 * What a client makes of the server's answer about permessage-deflate (RFC 7692
 * 5 and 7.1): what was not offered, or goes beyond the offer, or is malformed,
 * fails the connection; any other answer is used as it says. Which of them an
 * answer is depends on the offer, and so on the client: "agreed" of script.h.
 */
#include "cases.h"

#include "bytes.h"

#define PMD "permessage-deflate"
#define FIELD "+Sec-WebSocket-Extensions: "

#define AGREED "early ping 'p' text 'Hello' => agreed => pong => echo "
/* As in cases_offer.c. */
#define USED                                                                   \
    AGREED "text z 'Hello' text z 'Hello' bin z 2*@300 => echo "               \
           "bin z 2*@5000 text z &20000 text z &20000 => echo"
#define REFUSED "early ping 'p' text 'Hello' => refused"

#define ANSWERS                                                                \
    "server_no_context_takeover|client_no_context_takeover|"                   \
    "server_no_context_takeover; client_no_context_takeover|"                  \
    "server_max_window_bits=8|server_max_window_bits=9|"                       \
    "server_max_window_bits=10|server_max_window_bits=11|"                     \
    "server_max_window_bits=15|server_max_window_bits=\"10\"|"                 \
    "client_max_window_bits=8|client_max_window_bits=9|"                       \
    "client_max_window_bits=10|client_max_window_bits=11|"                     \
    "client_max_window_bits=15|client_max_window_bits=\"10\"|"                 \
    "server_max_window_bits=8; client_max_window_bits=8|"                      \
    "server_max_window_bits=10; client_max_window_bits=10|"                    \
    "server_max_window_bits=15; client_max_window_bits=15|"                    \
    "server_max_window_bits=10; server_no_context_takeover|"                   \
    "server_max_window_bits=10; client_max_window_bits=10; "                   \
    "server_no_context_takeover; client_no_context_takeover|"                  \
    "client_no_context_takeover; server_no_context_takeover; "                 \
    "client_max_window_bits=9; server_max_window_bits=9"

#define BAD                                                                    \
    "server_max_window_bits|server_max_window_bits=0|"                         \
    "server_max_window_bits=7|server_max_window_bits=16|"                      \
    "server_max_window_bits=08|server_max_window_bits=+9|"                     \
    "server_max_window_bits=-9|server_max_window_bits=0x9|"                    \
    "server_max_window_bits=150|server_max_window_bits=264|"                   \
    "server_max_window_bits=4294967305|server_max_window_bits=x|"              \
    "server_max_window_bits=\"16\"|client_max_window_bits|"                    \
    "client_max_window_bits=0|client_max_window_bits=7|"                       \
    "client_max_window_bits=16|client_max_window_bits=08|"                     \
    "client_max_window_bits=+9|client_max_window_bits=265|"                    \
    "client_max_window_bits=4294967304|client_max_window_bits=true|"           \
    "server_no_context_takeover=1|server_no_context_takeover=true|"            \
    "client_no_context_takeover=1|client_no_context_takeover=\"x\"|"           \
    "server_no_context_takeover; server_no_context_takeover|"                  \
    "client_no_context_takeover; client_no_context_takeover|"                  \
    "server_max_window_bits=10; server_max_window_bits=10|"                    \
    "client_max_window_bits=10; client_max_window_bits=10|"                    \
    "client_max_window_bits=10; client_max_window_bits=9|"                     \
    "unknown|unknown=1|max_window_bits=10|no_context_takeover|"                \
    "server_max_window_bit=10|server_no_context_takeover; unknown"

static const struct row rows[] = {
    {"d7.1", "it offers, if it was told to", "deflate~ text z 'Hello' => echo",
     NULL, "@deflate", "deflate="},
    {"d7.1", "what is worth compressing is compressed",
     "deflate text z &65536 => echo => packed", NULL, "@deflate", "deflate="},
    {"d7.1", "the offer is declined", "text 'Hello' => echo text &5000 => echo",
     NULL, NULL, "deflate="},
    {"d7.1", "the offer is declined; RSV1",
     "! text rsv=4 <f248cdc9c90700> => fail 1002", NULL, NULL, "deflate="},

    {"d7.1", "answer without parameters", USED, NULL, FIELD PMD, "deflate="},
    {"d7.1", "answer with $", USED, ANSWERS, FIELD PMD "; $", "deflate="},
    {"d7.1", "answer with $; it also offered client_max_window_bits", USED,
     ANSWERS, FIELD PMD "; $", "deflate=client_max_window_bits"},
    {"d7.1.1.1", "offer of server_no_context_takeover, answer without", USED,
     NULL, FIELD PMD, "deflate=server_no_context_takeover"},
    {"d7.1.1.1", "offer of server_no_context_takeover, answer with $", USED,
     ANSWERS, FIELD PMD "; $",
     "deflate=server_no_context_takeover;client_max_window_bits"},
    {"d7.1.1.2", "offer of client_no_context_takeover, answer without", USED,
     NULL, FIELD PMD, "deflate=client_no_context_takeover"},
    {"d7.1.1.2", "offer of client_no_context_takeover, answer with $", USED,
     ANSWERS, FIELD PMD "; $",
     "deflate=client_no_context_takeover;client_max_window_bits"},
    {"d7.1.2.1", "offer of server_max_window_bits=10, answer without", USED,
     NULL, FIELD PMD, "deflate=server_max_window_bits=10"},
    {"d7.1.2.1", "offer of server_max_window_bits=10, answer with $", USED,
     ANSWERS, FIELD PMD "; $",
     "deflate=server_max_window_bits=10;client_max_window_bits"},
    {"d7.1.2.1", "offer of server_max_window_bits=$, as answered", USED,
     "8..15", FIELD PMD "; server_max_window_bits=$",
     "deflate=server_max_window_bits=$"},
    {"d7.1.2.1", "offer of server_max_window_bits=$2, answer $1", USED,
     "8/9 8/15 9/8 14/15 15/14 15/8", FIELD PMD "; server_max_window_bits=$1",
     "deflate=server_max_window_bits=$2"},
    {"d7.1.2.2", "offer of client_max_window_bits=10, answer without", USED,
     NULL, FIELD PMD, "deflate=client_max_window_bits=10"},
    {"d7.1.2.2", "offer of client_max_window_bits=10, answer with $", USED,
     ANSWERS, FIELD PMD "; $", "deflate=client_max_window_bits=10"},
    {"d7.1.2.2", "offer of client_max_window_bits=$, as answered", USED,
     "8..15", FIELD PMD "; client_max_window_bits=$",
     "deflate=client_max_window_bits=$"},
    {"d7.1.2.2", "offer of client_max_window_bits, answer with $", USED,
     "8..15", FIELD PMD "; client_max_window_bits=$",
     "deflate=client_max_window_bits"},
    {"d7.1", "offer of everything, answer with everything", USED, NULL,
     "@deflate server_max_window_bits=9; client_max_window_bits=9; "
     "server_no_context_takeover; client_no_context_takeover",
     "deflate=server_max_window_bits=9;client_max_window_bits=9;"
     "server_no_context_takeover;client_no_context_takeover"},
    {"d7.1", "answer without blanks", USED, NULL,
     FIELD PMD ";server_no_context_takeover;server_max_window_bits=12",
     "deflate="},
    {"d7.1", "answer between blanks and tabs", USED, NULL,
     FIELD " \t" PMD " ;\tserver_no_context_takeover ;  "
           "server_max_window_bits=12\t ",
     "deflate="},
    {"d7.1", "answer in a field whose name is in $ case", USED, "lower upper",
     FIELD PMD "\n@$", "deflate="},
    {"d7.1", "compressed message in the segment of the answer",
     "early text z &5000 => echo", NULL, "@deflate", "deflate="},
    {"d7.1", "answer byte by byte", "bytes " USED, NULL, FIELD PMD, "deflate="},

    {"d7.1", "wrong answer with $", REFUSED, BAD, FIELD PMD "; $", "deflate="},
    {"d7.1", "wrong answer with $; it also offered windows", REFUSED, BAD,
     FIELD PMD "; $",
     "deflate=client_max_window_bits;server_max_window_bits=12"},
    {"d5", "wrong answer $", REFUSED,
     PMD ", " PMD "|" PMD "; server_no_context_takeover, " PMD "|" PMD
         ", foo|foo, " PMD "|x" PMD "|" PMD "s|permessage_deflate|"
         "perframe-deflate|x-webkit-deflate-frame|permessage-bzip2",
     FIELD "$", "deflate="},
    {"d5", "two fields with an answer each", REFUSED, NULL,
     FIELD PMD "\n" FIELD PMD, "deflate="},
    {"d5", "two fields, of which one is another extension", REFUSED, NULL,
     FIELD PMD "\n" FIELD "foo", "deflate="},
    {"d7.1", "malformed answer $", REFUSED,
     PMD
     ";|" PMD "; ;|" PMD "; =|" PMD "; =8|" PMD "; server_max_window_bits=|" PMD
     "; server_max_window_bits=\"\"|" PMD "; server_max_window_bits=\"10|" PMD
     "; server_max_window_bits==10|" PMD " client_max_window_bits|" PMD
     "=1|" PMD "; a b|\"" PMD "\"|" PMD "; server_no_context_takeover=|; " PMD,
     FIELD "$", "deflate="},
    {"d7.1", "answer, where nothing was to be offered", AGREED, NULL,
     FIELD PMD},
    {"d7.1", "answer with $, where nothing was to be offered", AGREED, ANSWERS,
     FIELD PMD "; $"},
};

const struct table terms_cases = {rows, COUNT(rows), OF_CLIENTS};
