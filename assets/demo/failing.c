/* One of the recorded runs: errors that are not looked at, and the end that they come to. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    /* Nobody reads, and nobody minds. */
    int fds[2];
    if (pipe2(fds, O_CLOEXEC)) return 1;
    close(fds[0]);
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 4; i++)
        if (write(fds[1], "a line\n", 7) < 0) continue;

    /* A call that the kernel has no more. */
    syscall(SYS_create_module, "x", 1);

    /* The same file that is not there, again and again. */
    for (int i = 0; i < 12; i++) open("/etc/failing.conf", O_RDONLY);

    /* A file that is opened ten times, and never closed. */
    for (int i = 0; i < 10; i++) open("/etc/passwd", O_RDONLY);

    /* Every line is safe before the next. */
    char name[] = "/tmp/failing.XXXXXX";
    int log = mkostemp(name, O_CLOEXEC);
    unlink(name);
    for (int i = 0; i < 25; i++) {
        if (write(log, "one line of a log, longer than a few bytes\n", 43) != 43) return 1;
        fsync(log);
    }

    /* A pointer that leads nowhere: to the kernel an error, to the program itself the end. */
    char *volatile nowhere = (char *)8;
    if (write(1, nowhere, 5) < 0) *nowhere = 'x';
    return 0;
}
