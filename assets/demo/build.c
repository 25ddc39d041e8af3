/* One of the recorded runs: `cc -c build.c`, a compiler at work. */
#include <errno.h>

int check(void) { return errno == ENOENT; }
