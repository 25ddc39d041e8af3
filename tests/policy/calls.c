/* Makes system calls under a seccomp filter, each in a process of its own, and says how each ended.
 *
 *   calls FILTER... < LIST
 *
 * FILTER holds struct sock_filter records; "-" means no filter. Several are installed in the order given. A line of LIST is `native|i386 NR ARG0 ... ARG5`, all
 * numbers in hexadecimal. A line of output is the errno (0: no error), `SIGSYS` (killed), or `trap` (SIGSYS that a handler got). */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_FILTERS 4

/* Shared with the child, which may be unable to make any call that would tell. */
static volatile struct { long result; int returned, trapped; } *report;

static void on_sigsys(int signal)
{
    (void)signal;
    report->trapped = 1;
    __builtin_trap();
}

#ifdef __x86_64__
static long call(unsigned long nr, const unsigned long *a)
{
    register unsigned long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* Five arguments are enough: the sixth is in ebp, which compilers keep for themselves. */
static long call_i386(unsigned long nr, const unsigned long *a)
{
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "0"(nr), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                     : "r8", "r9", "r10", "r11", "memory");
    return (int)result;
}
#else
static long call(unsigned long nr, const unsigned long *a)
{
    long result = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    return result == -1 ? -errno : result;
}

static long call_i386(unsigned long nr, const unsigned long *a)
{
    (void)nr, (void)a;
    return -ENOSYS;
}
#endif

int main(int argc, char **argv)
{
    static struct sock_filter code[MAX_FILTERS][BPF_MAXINSNS];
    struct sock_fprog programs[MAX_FILTERS];
    int count = 0;
    if (argc < 2 || argc > MAX_FILTERS + 1)
        return 2;
    for (int at = 1; at < argc && strcmp(argv[at], "-") != 0; at++, count++) {
        FILE *file = fopen(argv[at], "rb");
        if (!file)
            return 2;
        programs[count].filter = code[count];
        programs[count].len = fread(code[count], sizeof *code[count], BPF_MAXINSNS, file);
        fclose(file);
    }
    /* Most children end by a signal on purpose: no core files, no crash reports. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (report == MAP_FAILED)
        return 2;
    char abi[16];
    unsigned long nr, a[6];
    while (scanf("%15s %lx %lx %lx %lx %lx %lx %lx", abi, &nr, a, a + 1, a + 2, a + 3, a + 4, a + 5) == 8) {
        memset((void *)report, 0, sizeof *report);
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            signal(SIGSYS, on_sigsys);
            if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
                _exit(3);
            for (int at = 0; at < count; at++)
                if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &programs[at]))
                    _exit(4);
            report->result = strcmp(abi, "i386") ? call(nr, a) : call_i386(nr, a);
            report->returned = 1;
            __builtin_trap();
        }
        int status;
        if (child < 0 || waitpid(child, &status, 0) != child)
            return 2;
        if (WIFEXITED(status))
            printf("exit %d\n", WEXITSTATUS(status));
        else if (report->returned)
            printf("%ld\n", report->result < 0 && report->result > -4096 ? -report->result : 0L);
        else if (report->trapped)
            printf("trap\n");
        else
            printf("%s\n", WTERMSIG(status) == SIGSYS ? "SIGSYS" : strsignal(WTERMSIG(status)));
    }
    return 0;
}
