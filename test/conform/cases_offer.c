/* SPDX-License-Identifier: MIT */
/*
 * What the server makes of offers of permessage-deflate (RFC 7692 5 and 7.1).
 * It may decline any of them, which is noted, and has to where an offer is not
 * right. Whatever it answers is judged against the offers in bargain.c, and
 * what it then sends against its answer.
 */
#include "cases.h"

#include "bytes.h"

#define PMD "permessage-deflate"
#define FIELD "+Sec-WebSocket-Extensions: "

/* Twice the same, so that a context that was kept against what was agreed on
 * shows; with distances of all sizes. */
#define USED                                                                   \
    "deflate text z 'Hello' text z 'Hello' bin z 2*@300 => echo "              \
    "bin z 2*@5000 text z &20000 text z &20000 => echo"
#define FALLBACK "=> http 101 ~4xx " USED
#define DECLINED "=> http 101 ~4xx text 'Hello' => echo"

#define TEN(text) text text text text text text text text text text

/* Offers that a server has to decline: 7.1, and what each parameter says. */
#define BAD                                                                    \
    "server_max_window_bits|server_max_window_bits=0|"                         \
    "server_max_window_bits=7|server_max_window_bits=16|"                      \
    "server_max_window_bits=08|server_max_window_bits=+9|"                     \
    "server_max_window_bits=-9|server_max_window_bits=9.0|"                    \
    "server_max_window_bits=0x9|server_max_window_bits=010|"                   \
    "server_max_window_bits=150|server_max_window_bits=264|"                   \
    "server_max_window_bits=4294967305|server_max_window_bits=x|"              \
    "server_max_window_bits=\"7\"|server_max_window_bits=\"09\"|"              \
    "client_max_window_bits=0|client_max_window_bits=7|"                       \
    "client_max_window_bits=16|client_max_window_bits=08|"                     \
    "client_max_window_bits=+9|client_max_window_bits=-1|"                     \
    "client_max_window_bits=150|client_max_window_bits=265|"                   \
    "client_max_window_bits=4294967304|client_max_window_bits=true|"           \
    "client_max_window_bits=\"16\"|"                                           \
    "server_no_context_takeover=1|server_no_context_takeover=\"1\"|"           \
    "server_no_context_takeover=true|client_no_context_takeover=1|"            \
    "client_no_context_takeover=8|client_no_context_takeover=\"x\"|"           \
    "server_no_context_takeover; server_no_context_takeover|"                  \
    "client_no_context_takeover; client_no_context_takeover|"                  \
    "server_max_window_bits=10; server_max_window_bits=10|"                    \
    "server_max_window_bits=10; server_max_window_bits=11|"                    \
    "client_max_window_bits; client_max_window_bits|"                          \
    "client_max_window_bits; client_max_window_bits=10|"                       \
    "client_max_window_bits=9; server_max_window_bits=9; "                     \
    "client_max_window_bits=9|"                                                \
    "unknown|unknown=1|unknown=\"x\"|max_window_bits=10|"                      \
    "no_context_takeover|mem_level=9|server_max_window_bit=10|"                \
    "server_max_window_bitss=10|Xserver_no_context_takeover|"                  \
    "client_max_window_bits; unknown|unknown; client_max_window_bits"

static const struct row rows[] = {
    {"d7", "permessage-deflate alone", "deflate~ text z 'Hello' => echo", NULL,
     "@deflate"},
    {"d7", "permessage-deflate alone is used", USED, NULL, "@deflate"},
    {"d7", "what is worth compressing comes compressed",
     "deflate text z &65536 => echo => packed", NULL, "@deflate"},
    {"d7", "not offered", "! text rsv=4 <f248cdc9c90700> => fail 1002"},
    {"d7", "not offered, but another extension",
     "! text rsv=4 <f248cdc9c90700> => fail 1002", NULL, FIELD "foo"},

    {"d7.1.1.1", "server_no_context_takeover", USED, NULL,
     "@deflate server_no_context_takeover"},
    {"d7.1.1.2", "client_no_context_takeover", USED, NULL,
     "@deflate client_no_context_takeover"},
    {"d7.1.1", "both no_context_takeover", USED, NULL,
     "@deflate server_no_context_takeover; client_no_context_takeover"},
    {"d7.1.2.1", "server_max_window_bits=$", USED, "8..15",
     "@deflate server_max_window_bits=$"},
    {"d7.1.2.1", "server_max_window_bits=\"$\"", USED, "8 9 10 15",
     "@deflate server_max_window_bits=\"$\""},
    {"d7.1.2.1", "server_max_window_bits=$ and no context", USED, "8..15",
     "@deflate server_max_window_bits=$; server_no_context_takeover"},
    {"d7.1.2.2", "client_max_window_bits", USED, NULL,
     "@deflate client_max_window_bits"},
    {"d7.1.2.2", "client_max_window_bits=$", USED, "8..15",
     "@deflate client_max_window_bits=$"},
    {"d7.1.2.2", "client_max_window_bits=\"$\"", USED, "8 9 10 15",
     "@deflate client_max_window_bits=\"$\""},
    {"d7.1.2.2", "client_max_window_bits=$ and no context", USED, "8..15",
     "@deflate client_max_window_bits=$; client_no_context_takeover"},
    {"d7.1.2", "windows of $1 bits (server) and $2 (client)", USED,
     "8/8 8/15 15/8 9/9 9/15 15/9 10/12 12/10 15/15",
     "@deflate server_max_window_bits=$1; client_max_window_bits=$2"},
    {"d7.1", "all parameters, $1 bits (server) and $2 (client)", USED,
     "8/8 9/15 15/9 11/11 15/15",
     "@deflate client_no_context_takeover; server_max_window_bits=$1; "
     "server_no_context_takeover; client_max_window_bits=$2"},
    {"d7.1", "all parameters without blanks", USED, NULL,
     FIELD PMD ";server_no_context_takeover;client_no_context_takeover;"
               "server_max_window_bits=11;client_max_window_bits"},
    {"d7.1", "all parameters between blanks and tabs", USED, NULL,
     FIELD PMD " \t;  server_no_context_takeover\t; "
               "client_no_context_takeover ;\tserver_max_window_bits=11 ; "
               "client_max_window_bits \t"},
    {"d7.1", "offer in a field whose name is in $ case", USED, "lower upper",
     FIELD PMD "; client_max_window_bits\n@$"},
    {"d7.1", "offer byte by byte", "bytes " USED, NULL,
     "@deflate client_max_window_bits; server_no_context_takeover"},

    /* 5: in the order of preference. */
    {"d5", "two offers: $", USED,
     PMD "; server_max_window_bits=10, " PMD "|" PMD
         "; client_max_window_bits, " PMD "|" PMD
         "; server_no_context_takeover; client_max_window_bits, " PMD
         "; client_max_window_bits|" PMD "; server_max_window_bits=8, " PMD
         "; server_max_window_bits=9|" PMD ", " PMD "|" PMD "," PMD
         "; client_max_window_bits=8|"
         "foo, " PMD "|" PMD ", foo|foo; bar=\"" PMD "\", " PMD "|,," PMD ",,",
     FIELD "$"},
    {"d5", "first offer with $ is bad, the second good", FALLBACK, BAD,
     FIELD PMD "; $, " PMD},
    {"d5", "second offer with $ is bad, the first good", FALLBACK, BAD,
     FIELD PMD ", " PMD "; $"},
    {"d5", "offers in two fields, of which the first is bad", FALLBACK, NULL,
     FIELD PMD "; unknown\n" FIELD PMD},
    {"d5", "offers in two fields, of which the second is bad", FALLBACK, NULL,
     FIELD PMD "; client_max_window_bits\n" FIELD PMD "; unknown"},
    {"d5", "offers in three fields with others between", USED, NULL,
     FIELD "foo\n" FIELD PMD "; server_max_window_bits=9, bar\n" FIELD PMD},
    {"d5", "100 offers in one field", "=> http 101 ?4xx " USED, NULL,
     FIELD TEN(TEN(PMD ", ")) PMD},
    {"d5", "50 bad offers in one field, then a good one",
     "=> http 101 ~4xx " USED, NULL,
     FIELD TEN(PMD "; x, " PMD "; y=1, " PMD "; x, " PMD "; y=1, " PMD "; x, ")
         PMD},
    {"d5", "20 offers in 20 fields", "=> http 101 ?4xx " USED, NULL,
     "20" FIELD PMD},
    {"d5", "1000 offers in one field", "=> http 101 4xx " USED, NULL,
     FIELD TEN(TEN(TEN(PMD ","))) PMD},
    {"d5", "1000 offers in 1000 fields", "=> http 101 4xx ~end " USED, NULL,
     "1000" FIELD PMD},
    {"d5", "an offer of 100 parameters",
     "=> http 101 ?4xx text 'Hello' => echo", NULL,
     FIELD PMD TEN(TEN("; a=1"))},
    {"d5", "an offer with a name of 1000 letters", DECLINED, NULL,
     FIELD PMD "; %(1000)=1"},
    {"d5", "an offer with a value of 1000 digits", DECLINED, NULL,
     FIELD PMD "; server_max_window_bits=" TEN(TEN("1010101010"))},

    {"d7.1", "offer with $ is declined", DECLINED, BAD, FIELD PMD "; $"},
    {"d7.1", "offers with $, twice, are declined", DECLINED,
     "unknown|server_max_window_bits=16|client_max_window_bits=7",
     FIELD PMD "; $\n" FIELD PMD "; $"},
    {"d7.1", "RSV1 behind a declined offer",
     "=> http 101 ~4xx ! text rsv=4 <f248cdc9c90700> => fail 1002", NULL,
     FIELD PMD "; server_max_window_bits=7"},
    {"d7.1", "extension $ is another one", DECLINED,
     "permessage-deflat|permessage-deflates|xpermessage-deflate|"
     "permessage_deflate|perframe-deflate|x-webkit-deflate-frame|"
     "permessage-bzip2|permessage",
     FIELD "$"},
    /* RFC 6455 9.1, which makes it no offer but a request that is malformed. */
    {"d7.1", "malformed offer $", "=> http 4xx end",
     PMD
     ";|" PMD ";;|" PMD "; ;|" PMD "; =|" PMD "; =8|" PMD
     "; server_max_window_bits=|" PMD "; server_max_window_bits=\"\"|" PMD
     "; server_max_window_bits=\"10|" PMD "; server_max_window_bits=10\"|" PMD
     "; server_max_window_bits=\"1 0\"|" PMD "; server_max_window_bits=1 0|" PMD
     "; server_max_window_bits==10|" PMD "; client_max_window_bits=,|" PMD
     " client_max_window_bits|" PMD "; client max window bits|" PMD "=1|" PMD
     "; a b|" PMD "; (a)|" PMD "; a=(b)|\"" PMD "\"|" PMD
     "; server_no_context_takeover=|" PMD ", ;|; " PMD "|" PMD
     "; client_max_window_bits=%01",
     FIELD "$"},
};

const struct table offer_cases = {rows, COUNT(rows), OF_SERVERS};
