/* cli/common/child.c — the server process. It leads a process group of its own, so that launchers such as
 * npx and what they start are ended together. */
#include "child.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void nap_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	nanosleep(&t, NULL);
}

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

/* In the new process: only async-signal-safe calls. The parent learns of a failed exec through told. */
static void become(char **command, int in, int out, int told, int is_quiet)
{
	int nowhere = is_quiet ? open("/dev/null", O_WRONLY) : -1;
	sigset_t none;
	sigemptyset(&none);
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	int placed = dup2(in, 0) == 0 && dup2(out, 1) == 1 && (!is_quiet || dup2(nowhere, 2) == 2);
	if (nowhere > 2)
		close(nowhere);
	if (placed)
		execvp(command[0], command);
	int why = errno;
	ssize_t ignored = write(told, &why, sizeof why);
	(void)ignored;
	_exit(127);
}

static int make_pipes(int in[2], int out[2], int told[2])
{
	in[0] = in[1] = out[0] = out[1] = told[0] = told[1] = -1;
	if (pipe(in) != 0 || pipe(out) != 0 || pipe(told) != 0)
		return -1;
	int *all[] = {in, out, told};
	for (int i = 0; i < 6; i++)
		if (fcntl(all[i / 2][i % 2], F_SETFD, FD_CLOEXEC) != 0)
			return -1;
	return fcntl(in[1], F_SETFL, O_NONBLOCK) != 0 || fcntl(out[0], F_SETFL, O_NONBLOCK) != 0 ? -1 : 0;
}

/* errno of the failed exec; 0 when it succeeded: then the pipe closes without a word. */
static int exec_error(int told)
{
	int why = 0;
	ssize_t n;
	do
		n = read(told, &why, sizeof why);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof why ? why : 0;
}

static int start_failed(const char *command, int why)
{
	say("cannot start the server %s: %s", command, strerror(why));
	return -1;
}

int child_start(child *c, char **command, int is_quiet)
{
	int in[2], out[2], told[2];
	memset(c, 0, sizeof *c);
	c->to = c->from = -1;
	if (make_pipes(in, out, told) != 0 || (c->pid = fork()) < 0) {
		int why = errno;
		close_pair(in), close_pair(out), close_pair(told);
		c->pid = 0;
		return start_failed(command[0], why);
	}
	if (c->pid == 0)
		become(command, in[0], out[1], told[1], is_quiet);
	setpgid(c->pid, c->pid); /* here too: whichever comes first */
	close(in[0]), close(out[1]), close(told[1]);
	int why = exec_error(told[0]);
	close(told[0]);
	c->to = in[1];
	c->from = out[0];
	if (why == 0)
		return 0;
	waitpid(c->pid, &c->status, 0);
	c->pid = 0;
	close(c->to), close(c->from);
	c->to = c->from = -1;
	return start_failed(command[0], why);
}

void child_signal(child *c, int signal_number)
{
	if (!c->pid)
		return;
	c->asked_to_end = 1;
	kill(-c->pid, signal_number);
}

void child_close_input(child *c)
{
	if (c->to >= 0)
		close(c->to);
	c->to = -1;
	c->asked_to_end = 1;
}

int child_reap(child *c)
{
	if (c->pid && waitpid(c->pid, &c->status, WNOHANG) == c->pid) {
		kill(-c->pid, SIGTERM); /* what it leaves behind in its group */
		c->pid = 0;
	}
	return c->pid == 0;
}

static void wait_for(child *c, int64_t ms)
{
	for (int64_t until = now_ms() + ms; !child_reap(c) && now_ms() < until;)
		nap_ms(5);
}

void child_end(child *c, int64_t grace_ms)
{
	if (c->to >= 0)
		close(c->to);
	c->to = -1;
	wait_for(c, grace_ms);
	child_signal(c, SIGTERM);
	if (c->pid)
		wait_for(c, 2000);
	child_signal(c, SIGKILL);
	while (!child_reap(c))
		nap_ms(5);
	if (c->from >= 0)
		close(c->from);
	c->from = -1;
}

int child_verdict(const child *c)
{
	if (c->asked_to_end || (WIFEXITED(c->status) && WEXITSTATUS(c->status) == 0))
		return 0;
	if (WIFSIGNALED(c->status))
		say("the server was ended by signal %d", WTERMSIG(c->status));
	else
		say("the server ended with status %d", WEXITSTATUS(c->status));
	return -1;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

static int is_launcher(const char *command)
{
	static const char *const names[] = {"npx", "node", "bun", "bunx", "deno", "python", "python3", "uv", "uvx", "env", "sh", "bash", "run", "exec", "x"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(base_name(command), names[i]) == 0)
			return 1;
	return 0;
}

void child_name(char **command, char *out, size_t size)
{
	while (command[1] && (is_launcher(*command) || (*command)[0] == '-'))
		command++;
	snprintf(out, size, "%s", base_name(*command));
}
