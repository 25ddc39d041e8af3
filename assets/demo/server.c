/* One of the recorded runs: a server with a client of its own, and much to point out. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in address(const char *ip, in_port_t port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = port};
    inet_pton(AF_INET, ip, &a.sin_addr);
    return a;
}

/* Tries the addresses of the server in turn; at the first nobody listens. */
static void client(in_port_t port) {
    const char *ips[] = {"127.0.0.2", "127.0.0.1"};
    usleep(150000);
    for (int i = 0; i < 2; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in a = address(ips[i], port);
        if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0) {
            dprintf(fd, "GET /a/path/that/is/long/enough/to/be/read/one/byte/at/a/time/ HTTP/1.0\r\n\r\n");
            char answer[99];
            while (read(fd, answer, sizeof answer) > 0) {}
            _exit(0);
        }
        close(fd);
    }
    _exit(1);
}

int main(void) {
    /* Without SOCK_CLOEXEC: the program that it starts below gets it. */
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = address("127.0.0.1", 0);
    socklen_t len = sizeof a;
    if (bind(listener, (struct sockaddr *)&a, len) || listen(listener, 5)) return 1;
    getsockname(listener, (struct sockaddr *)&a, &len);
    if (fork() == 0) client(a.sin_port);

    /* Looks after the client every 10 ms. */
    struct pollfd p = {.fd = listener, .events = POLLIN};
    while (poll(&p, 1, 10) == 0) {}
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    /* Once there is something, reads it byte by byte, then tries again at once until it gives up. */
    char c;
    int tries = 0;
    p.fd = fd;
    poll(&p, 1, -1);
    while (tries < 20) tries = read(fd, &c, 1) == 1 ? 0 : tries + 1;

    struct stat st;
    for (int i = 0; i < 24; i++) stat("/etc/passwd", &st);
    if (fork() == 0) {
        execl("/bin/true", "true", NULL);
        _exit(1);
    }
    wait(NULL);
    dprintf(fd, "hello\n");
    close(fd);
    wait(NULL);
    return 0;
}
