/* cli/common/progress.c — a line on stderr that a timer draws, so that no call of the library needs to report. */
#include "progress.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static char line[80];
static volatile sig_atomic_t seconds;

static void put(const char *text)
{
	ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
	(void)ignored;
}

/* Only what is safe in a signal handler. */
static void draw(int number)
{
	char digits[16];
	size_t at = sizeof digits - 1;
	(void)number;
	digits[at] = 0;
	for (int n = ++seconds; n > 0 && at > 0; n /= 10)
		digits[--at] = (char)('0' + n % 10);
	put("\r");
	put(line);
	put(digits + at);
	put(" s");
}

static void set_timer(long every)
{
	struct itimerval timer;
	memset(&timer, 0, sizeof timer);
	timer.it_value.tv_sec = timer.it_interval.tv_sec = every;
	setitimer(ITIMER_REAL, &timer, NULL);
}

void progress_begin(const char *what, int quiet)
{
	struct sigaction action;
	if (quiet || !isatty(STDERR_FILENO))
		return;
	line[0] = 0;
	strncat(line, what, sizeof line - 8);
	strcat(line, " … ");
	seconds = 0;
	memset(&action, 0, sizeof action);
	action.sa_handler = draw;
	action.sa_flags = SA_RESTART;
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	set_timer(1);
}

void progress_end(void)
{
	if (!line[0])
		return;
	set_timer(0);
	if (seconds)
		put("\r\033[K");
	line[0] = 0;
	seconds = 0;
}
