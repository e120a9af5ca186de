/* SPDX-License-Identifier: MIT */
#ifndef WEFT_CLI_CONNECT_H
#define WEFT_CLI_CONNECT_H

/* `weft connect`; argv[0] is "connect". The exit status. */
int connect_main(int argc, char **argv);

#endif
