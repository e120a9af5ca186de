/* SPDX-License-Identifier: MIT */
/* Which files the program may still reach, by the kernel's Landlock. */
#ifndef WEFT_CLI_SANDBOX_FILES_H
#define WEFT_CLI_SANDBOX_FILES_H

#include <stdbool.h>
#include <stddef.h>

#define SANDBOX_HELD 16

/* What may be done with a file, or with a folder and all below it. */
enum sandbox_access {
    SANDBOX_READ,   /* read files, list folders */
    SANDBOX_RUN,    /* that, and start programs */
    SANDBOX_DEVICE, /* read, write and control what is there */
    SANDBOX_WRITE,  /* everything, but start programs and make devices */
    SANDBOX_APPEND, /* make files and write to them, as for logs */
    SANDBOX_UNLINK, /* remove files, as for sockets */
    SANDBOX_RMDIR,  /* remove empty folders */
};

struct sandbox_files {
    int abi;                /* version of Landlock; 0: the kernel has none */
    int rules;              /* descriptor, while abi > 0; -1 once entered */
    int held[SANDBOX_HELD]; /* descriptors: see sandbox_files.c */
    size_t held_count;
};

/* false with errno when the kernel has Landlock and it cannot be used. */
bool sandbox_files_begin(struct sandbox_files *files);

/* Allows it from enter on; what is nowhere allowed is denied there. What does
 * not exist, or is no file, is passed over. false with errno. */
bool sandbox_files_allow(struct sandbox_files *files,
                         enum sandbox_access access, const char *path);

/* Binds the calling thread, and all that it starts from now on. Needs
 * no_new_privs. Nothing where there is no Landlock. false with errno. */
bool sandbox_files_enter(struct sandbox_files *files);

/* At the end of the program, also for one that was not entered or is zeroed. */
void sandbox_files_end(struct sandbox_files *files);

#endif
