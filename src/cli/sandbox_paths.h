/* SPDX-License-Identifier: MIT */
/* Which files handlers and compilers need. false with errno, each. */
#ifndef WEFT_CLI_SANDBOX_PATHS_H
#define WEFT_CLI_SANDBOX_PATHS_H

#include "cli/sandbox_files.h"

/* What any program needs: the system's programs and libraries, and what those
 * read to find names, times and certificates. Nothing that is secret. */
bool sandbox_allow_system(struct sandbox_files *files);

/* A compiler with what is installed beside it, and the folders that its flags
 * name. command NULL or "": $CC, or cc. flags may be NULL. */
bool sandbox_allow_compiler(struct sandbox_files *files, const char *command,
                            const char *flags);

/* The folder that a file lies in, its links followed: for files that others
 * will take the place of. */
bool sandbox_allow_folder(struct sandbox_files *files,
                          enum sandbox_access access, const char *file);

#endif
