/* SPDX-License-Identifier: MIT */
/*
 * The dynamic linker trusts what it loads, and so must we, for it is code; but
 * a file that is cut short, by a copy that was broken off, is a mistake that
 * happens, and would end the server with SIGBUS. So its extent is checked
 * first. What weft_handler claims as its size is checked against the size that
 * the object's symbol table gives it.
 */
#include "handler/so/module.h"
#include "base/mem.h"
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_at(int fd, void *to, size_t len, uint64_t offset)
{
    return pread(fd, to, len, (off_t)offset) == (ssize_t)len;
}

/* Whether every loaded part of the object lies in the file. */
static bool has_segments(int fd, const ElfW(Ehdr) * head, uint64_t file_size)
{
    ElfW(Phdr) part;

    for (unsigned i = 0; i < head->e_phnum; i++) {
        uint64_t at = head->e_phoff + (uint64_t)i * sizeof(part);

        if (!read_at(fd, &part, sizeof(part), at))
            return false;
        if (part.p_type == PT_LOAD &&
            (part.p_offset > file_size ||
             part.p_filesz > file_size - part.p_offset))
            return false;
    }
    return head->e_phnum > 0;
}

/* NULL, or what is wrong with the file. */
static const char *judge_file(int fd)
{
    const char *not_object = "it is not a shared object for this machine";
    ElfW(Ehdr) head;
    struct stat st;

    if (fstat(fd, &st) || !read_at(fd, &head, sizeof(head), 0) ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_type != ET_DYN ||
        head.e_ident[EI_CLASS] !=
            (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
        head.e_phentsize != sizeof(ElfW(Phdr)))
        return not_object;
    if (!has_segments(fd, &head, (uint64_t)st.st_size))
        return "it is cut short";
    return NULL;
}

static const char *judge_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    const char *wrong;

    if (fd < 0)
        return "it cannot be opened";
    wrong = judge_file(fd);
    close(fd);
    return wrong;
}

/* Whether all bytes from first on are zero. */
static bool is_zero(const void *bytes, size_t first, size_t len)
{
    const uint8_t *p = bytes;

    for (size_t i = first; i < len; i++)
        if (p[i])
            return false;
    return true;
}

/* NULL, or what is wrong with the symbol weft_handler. */
static const char *judge_handler(const void *symbol)
{
    const struct weft_handler *handler = symbol;
    ElfW(Sym) *entry = NULL;
    Dl_info info;

    if (!dladdr1(symbol, &info, (void **)&entry, RTLD_DL_SYMENT) || !entry ||
        entry->st_size < sizeof(handler->size) ||
        handler->size < sizeof(handler->size) || handler->size > entry->st_size)
        return "its weft_handler is not one that WEFT_HANDLER makes";
    if (!is_zero(symbol, sizeof(*handler), handler->size))
        return "it uses what this version of Weft does not have yet";
    return NULL;
}

static const char *load(struct weft_module *module, const char *path)
{
    const char *wrong = judge_path(path);
    const void *symbol;

    if (wrong)
        return wrong;
    module->object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!module->object)
        return dlerror();
    symbol = dlsym(module->object, "weft_handler");
    if (!symbol)
        return "it has no WEFT_HANDLER";
    module->handler = symbol;
    return judge_handler(symbol);
}

int weft_module_new(struct weft_module **out, const struct weft_mem *mem,
                    const char *path, char why[WEFT_MODULE_WHY])
{
    struct weft_module *module = weft_zalloc(mem, sizeof(*module));
    const char *wrong;

    if (!module) {
        snprintf(why, WEFT_MODULE_WHY, "%s", weft_strerror(WEFT_ERR_NOMEM));
        return WEFT_ERR_NOMEM;
    }
    module->mem = mem;
    wrong = load(module, path);
    if (wrong) {
        snprintf(why, WEFT_MODULE_WHY, "%s", wrong);
        weft_module_free(module);
        return WEFT_ERR_INVALID;
    }
    *out = module;
    return 0;
}

void weft_module_free(struct weft_module *module)
{
    if (!module)
        return;
    if (module->object)
        dlclose(module->object);
    weft_free(module->mem, module, sizeof(*module));
}
