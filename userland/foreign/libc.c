/* libc: what a program of somebody else's C library needs of a kernel: memory, streams, floating point, signals, other
 * programs. Built by musl-gcc -static; nothing in it knows of Trapline. The last line is "libc: ok" or says what failed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void check(int condition, const char* what) {
    if (condition) return;
    printf("libc: FAILED: %s (errno: %s)\n", what, strerror(errno));
    exit(1);
}

static int by_value(const void* left, const void* right) {
    return *(const int*)left - *(const int*)right;
}

static void memory(void) {
    enum { kCount = 200000 };
    int* numbers = malloc(kCount * sizeof(int));
    check(numbers != NULL, "malloc");
    for (int i = 0; i < kCount; i++) numbers[i] = (int)((unsigned)i * 2654435761u >> 1);
    qsort(numbers, kCount, sizeof(int), by_value);
    for (int i = 1; i < kCount; i++) check(numbers[i - 1] <= numbers[i], "qsort");
    numbers = realloc(numbers, 10 * sizeof(int));
    check(numbers != NULL, "realloc");
    free(numbers);
}

static void streams(void) {
    char line[80];
    FILE* file = fopen("/tmp/libc.txt", "w+");
    check(file != NULL, "fopen");
    for (int i = 0; i < 1000; i++) fprintf(file, "line %d: %.10f\n", i, sqrt(i));
    rewind(file);
    for (int i = 0; i <= 2; i++) check(fgets(line, sizeof line, file) != NULL, "fgets");
    check(strcmp(line, "line 2: 1.4142135624\n") == 0, line);
    check(fclose(file) == 0 && unlink("/tmp/libc.txt") == 0, "fclose, unlink");
}

static sigjmp_buf after_fault;
static volatile sig_atomic_t seen;
static int* volatile nowhere = (int*)16;

static void on_signal(int signal) {
    seen = signal;
}
static void on_fault(int signal, siginfo_t* info, void* context) {
    (void)context;
    seen = signal;
    siglongjmp(after_fault, info->si_addr == nowhere ? 1 : 2);
}

static void signals(void) {
    struct sigaction action = {0};
    action.sa_handler = on_signal;
    check(sigaction(SIGUSR1, &action, NULL) == 0 && raise(SIGUSR1) == 0 && seen == SIGUSR1, "a handler");
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    check(sigaction(SIGSEGV, &action, NULL) == 0, "sigaction");
    for (int round = 0; round < 3; round++) {
        const int jump = sigsetjmp(after_fault, 1);
        if (jump == 0) *nowhere = 1;
        check(jump == 1 && seen == SIGSEGV, "a fault, and a jump out of its handler");
    }
    /* A sum in floating-point registers over thousands of interrupted sleeps would be long; over a handler will do. */
    double sum = 0;
    for (int i = 1; i <= 100; i++) {
        sum += 1.0 / i;
        raise(SIGUSR1);
    }
    check(fabs(sum - 5.187377517639621) < 1e-12, "floating point over a handler");
}

static void programs(void) {
    char text[32] = "";
    FILE* pipe = popen("echo a b c | wc -w", "r");
    check(pipe != NULL && fgets(text, sizeof text, pipe) != NULL && atoi(text) == 3, "popen");
    check(pclose(pipe) == 0, "pclose");
    check(WEXITSTATUS(system("exit 7")) == 7, "system");

    pid_t pid;
    int status;
    char* arguments[] = {"no-such-program", NULL};
    check(posix_spawn(&pid, "/no-such-program", NULL, NULL, arguments, environ) == ENOENT, "posix_spawn");

    pid = fork();
    if (pid == 0) abort();
    check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "abort");
}

int main(int argc, char** argv) {
    check(argc >= 1 && argv[argc] == NULL && getenv("PATH") != NULL, "arguments and environment");
    memory();
    streams();
    signals();
    programs();
    struct timespec before, after, span = {0, 20000000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    check(nanosleep(&span, NULL) == 0, "nanosleep");
    clock_gettime(CLOCK_MONOTONIC, &after);
    check((after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec >= 20000000, "the clock");
    puts("libc: ok");
    return 0;
}
