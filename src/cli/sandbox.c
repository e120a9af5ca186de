/* SPDX-License-Identifier: MIT */
/*
 * The parts in their order: no_new_privs first, for the others need it, and
 * system calls last, for the others are made of some.
 *
 * Root without capabilities still owns what root owns, but can do none of the
 * things that only root can. Two stay: without them files that belong to others
 * could not be served, and which files are in reach is Landlock's business.
 */
#include "cli/sandbox.h"

#include "cli/sandbox_calls.h"
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEPT (UINT32_C(1) << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH)

/* Those at hand among `kept`, for an unprivileged user none, are left. */
static bool drop_capabilities(uint32_t kept)
{
    struct __user_cap_header_struct head = {.version =
                                                _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    uint32_t left;

    if (syscall(SYS_capget, &head, sets) != 0)
        return false;
    left = geteuid() == 0 ? sets[0].permitted & kept : 0;
    sets[0] =
        (struct __user_cap_data_struct){.effective = left, .permitted = left};
    sets[1] = (struct __user_cap_data_struct){0};
    return syscall(SYS_capset, &head, sets) == 0;
}

bool sandbox_enter(struct sandbox_files *files)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           sandbox_files_enter(files) && drop_capabilities(KEPT) &&
           (!sandbox_calls_can() || sandbox_calls_enter());
}

void sandbox_describe(const struct sandbox_files *files,
                      char text[SANDBOX_TEXT])
{
    int n = snprintf(text, SANDBOX_TEXT, "no_new_privs, capabilities dropped");

    if (files->abi > 0)
        n += snprintf(text + n, SANDBOX_TEXT - (size_t)n,
                      ", Landlock (version %d)", files->abi);
    if (sandbox_calls_can())
        n += snprintf(text + n, SANDBOX_TEXT - (size_t)n, ", seccomp");
    if (files->abi == 0)
        snprintf(text + n, SANDBOX_TEXT - (size_t)n,
                 "; all files stay in reach: this kernel has no Landlock");
}
