/* One of the recorded runs: threads, and what goes wrong among them. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

static atomic_int turn;

/* Waits for its turn by asking for it. */
static void *waits(void *yields) {
    for (int i = 0; i < *(int *)yields; i++) sched_yield();
    while (!turn) sched_yield();
    return NULL;
}

static void *nothing(void *unused) { return unused; }

static void tick(int unused) { (void)unused; }

int main(void) {
    pthread_t thread;
    int yields = 60;
    pthread_create(&thread, NULL, waits, &yields);

    /* Closed twice while another thread runs. */
    int fds[2];
    if (pipe(fds)) return 1;
    close(fds[0]);
    close(fds[0]);

    /* A buffer that is made anew for each of forty pieces of work. */
    for (int i = 0; i < 40; i++) {
        char *buffer = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        buffer[0] = 1;
        munmap(buffer, 1 << 20);
    }
    turn = 1;
    pthread_join(thread, NULL);

    /* A thread for each of sixty pieces of work. */
    for (int i = 0; i < 60; i++) {
        pthread_create(&thread, NULL, nothing, NULL);
        pthread_join(thread, NULL);
    }

    /* A clock that interrupts: without SA_RESTART, read fails. */
    struct sigaction action = {.sa_handler = tick};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval every = {.it_interval = {0, 5000}, .it_value = {0, 5000}};
    int full[2];
    char c;
    if (pipe(full)) return 1;
    setitimer(ITIMER_REAL, &every, NULL);
    for (int i = 0; i < 4; i++)
        if (read(full[0], &c, 1) == 1) break;
    return 0;
}
