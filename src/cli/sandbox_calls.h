/* SPDX-License-Identifier: MIT */
/* Which system calls are refused, by seccomp. */
#ifndef WEFT_CLI_SANDBOX_CALLS_H
#define WEFT_CLI_SANDBOX_CALLS_H

#include <stdbool.h>

/* Whether the program was built with libseccomp, and the kernel has seccomp. */
bool sandbox_calls_can(void);

/* Binds the calling thread, and all that it starts from now on. Needs
 * no_new_privs. Only where it can be done. false with errno. */
bool sandbox_calls_enter(void);

#endif
