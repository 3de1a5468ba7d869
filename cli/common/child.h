/* cli/common/child.h — a server process with pipes at its stdin and stdout, in a process group of its own. */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct child {
	pid_t pid; /* 0: none, or reaped */
	int to;    /* its stdin, without blocking; −1 when closed */
	int from;  /* its stdout, without blocking; −1 when closed */
	int status; /* of waitpid */
	int asked_to_end;
} child;

/* is_quiet: what it writes to stderr is dropped. Returns 0, or −1 after saying what is wrong. */
int child_start(child *c, char **command, int is_quiet);
void child_signal(child *c, int signal);
/* 1 when it is gone. Never blocks. */
int child_reap(child *c);
/* Asks, waits, insists: afterwards it is gone. */
void child_end(child *c, int64_t grace_ms);
void child_close_input(child *c);
/* Returns 0, or −1 after saying how it ended with a failure of its own. */
int child_verdict(const child *c);

/* What a command runs, without launcher and path: the name of a server that was given none. */
void child_name(char **command, char *out, size_t size);

/* Of a clock that is never set. */
int64_t now_ms(void);

#endif
