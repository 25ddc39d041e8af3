/* Runs a program under a seccomp filter.
 *
 *   under FILTER PROGRAM [ARG]...
 *
 * FILTER holds struct sock_filter records. Exits with 125 if the filter cannot be installed, 127 without the program. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static struct sock_filter code[BPF_MAXINSNS];
    struct sock_fprog program = { 0, code };
    FILE *file = argc > 2 ? fopen(argv[1], "r") : NULL;
    if (!file)
        return 125;
    program.len = fread(code, sizeof code[0], BPF_MAXINSNS, file);
    fclose(file);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
        return 125;
    execvp(argv[2], argv + 2);
    return 127;
}
