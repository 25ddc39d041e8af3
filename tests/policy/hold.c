/* Says that it is up and waits for the end of its input: whoever runs it can look at the filter that it runs under. */
#include <unistd.h>

int main(void)
{
    char byte;

    if (write(STDOUT_FILENO, "up\n", 3) != 3)
        return 1;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    return 0;
}
