/* SPDX-License-Identifier: MIT */
/*
 * Memory that waits in a free list of ours is not free to the address
 * sanitizer. WEFT_POISON tells it that nobody may touch these bytes,
 * WEFT_UNPOISON that they are in use again. Other builds compile to nothing.
 */
#ifndef WEFT_BASE_POISON_H
#define WEFT_BASE_POISON_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define WEFT_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEFT_HAS_ASAN 1
#endif
#endif

#ifdef WEFT_HAS_ASAN
void __asan_poison_memory_region(const volatile void *ptr, size_t size);
void __asan_unpoison_memory_region(const volatile void *ptr, size_t size);
#define WEFT_POISON(ptr, size) __asan_poison_memory_region((ptr), (size))
#define WEFT_UNPOISON(ptr, size) __asan_unpoison_memory_region((ptr), (size))
#else
#define WEFT_POISON(ptr, size) ((void)(ptr), (void)(size))
#define WEFT_UNPOISON(ptr, size) ((void)(ptr), (void)(size))
#endif

#endif
