/* SPDX-License-Identifier: MIT */
#include "load/process.h"

#include "support.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void test_own(void **state)
{
    const struct load_process once = {.pids = {getpid()}, .count = 1};
    const struct load_process twice = {.pids = {getpid(), getpid()},
                                       .count = 2};
    struct load_usage before, after, both;
    struct timespec own;

    (void)state;
    assert_int_equal(load_process_usage(&once, &before), 0);
    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    while ((uint64_t)own.tv_sec * 1000000000 + (uint64_t)own.tv_nsec <
           before.cpu_ns + 1000000);
    assert_int_equal(load_process_usage(&once, &after), 0);
    assert_true(after.cpu_ns >= before.cpu_ns + 1000000);
    assert_int_equal(load_process_usage(&twice, &both), 0);
    assert_true(both.cpu_ns >= 2 * after.cpu_ns);
}

static void test_memory(void **state)
{
    const struct load_process process = {.pids = {getpid()}, .count = 1};
    const size_t size = (size_t)64 << 20;
    uint64_t before, after;
    void *room;

    (void)state;
    assert_int_equal(load_process_rss(&process, &before), 0);
    room = mmap(NULL, size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    assert_true(room != MAP_FAILED);
    assert_int_equal(load_process_rss(&process, &after), 0);
    munmap(room, size);
    assert_true(after >= before + size / 2);
}

/* One that has ended and was waited for. */
static void test_missing(void **state)
{
    struct load_process process = {.count = 1};
    struct load_usage usage;
    uint64_t bytes;
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(0);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    process.pids[0] = pid;
    assert_int_equal(load_process_usage(&process, &usage), WEFT_ERR_MISSING);
    assert_int_equal(load_process_rss(&process, &bytes), WEFT_ERR_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
