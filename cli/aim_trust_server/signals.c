/* cli/aim_trust_server/signals.c — SIGTERM and SIGINT end the server in order: as a pipe that becomes readable. */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t came;
static int ends[2] = {-1, -1};

static void on_signal(int number)
{
	int saved = errno;
	(void)number;
	came = 1;
	ssize_t ignored = write(ends[1], "", 1);
	(void)ignored;
	errno = saved;
}

int signals_open(void)
{
	struct sigaction action;
	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	sigemptyset(&action.sa_mask);
	if (pipe(ends) != 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
		fcntl(ends[i], F_SETFL, O_NONBLOCK);
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a full quota is an error of the store, not the end */
	return ends[0];
}

int signals_came(void)
{
	return came;
}
