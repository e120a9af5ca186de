/* SPDX-License-Identifier: MIT */
#ifndef WEFT_CLI_SERVE_H
#define WEFT_CLI_SERVE_H

/* `weft serve`; argv[0] is "serve". The exit status. */
int serve_main(int argc, char **argv);

#endif
