/* cli/common/passphrase.c — passphrases and confirmations. */
#include "passphrase.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

aim_bytes passphrase_bytes(const passphrase *p)
{
	return aim_bytes_from(p->bytes, p->len);
}

void passphrase_wipe(passphrase *p)
{
	aim_key_wipe(p, sizeof *p);
}

/* Waits for a byte, or for a signal: they are blocked everywhere else, so that none comes between looking and
 * waiting. 0 when there is something to read. */
static int await(int fd, const sigset_t *open_mask)
{
	fd_set fds;
	FD_ZERO(&fds);
	FD_SET(fd, &fds);
	return caught || pselect(fd + 1, &fds, NULL, NULL, NULL, open_mask) < 0 ? -1 : 0;
}

/* The bytes up to the line's end, and none behind it. open_mask: for a terminal, else NULL. Returns 0, or −1 with
 * errno. */
static int read_line(int fd, const sigset_t *open_mask, passphrase *out)
{
	out->len = 0;
	while (out->len <= PASSPHRASE_MAX) {
		if (open_mask && await(fd, open_mask) != 0)
			return -1;
		ssize_t n = read(fd, out->bytes + out->len, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0 || out->bytes[out->len] == '\n')
			break;
		out->len++;
	}
	if (out->len && out->bytes[out->len - 1] == '\r')
		out->len--;
	return 0;
}

static int check(const char *from, const passphrase *p)
{
	if (p->len > 0 && p->len <= PASSPHRASE_MAX)
		return PASSPHRASE_OK;
	say("the passphrase from %s %s", from, p->len ? "is longer than 1024 bytes" : "is empty");
	return PASSPHRASE_NONE;
}

static int from_descriptor(int fd, const char *from, passphrase *out)
{
	if (read_line(fd, NULL, out) == 0)
		return check(from, out);
	say("cannot read the passphrase from %s: %s", from, strerror(errno));
	return PASSPHRASE_FILE;
}

static int from_file(const char *path, passphrase *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		say("cannot read the passphrase from %s: %s", path, strerror(errno));
		return PASSPHRASE_FILE;
	}
	int result = from_descriptor(fd, path, out);
	close(fd);
	return result;
}

static int from_number(const char *text, passphrase *out)
{
	char name[40];
	char *end = NULL;
	long fd = strtol(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || fd > 1000000) {
		say("--passphrase-fd: '%s' is not the number of a descriptor", text);
		return PASSPHRASE_NONE;
	}
	snprintf(name, sizeof name, "descriptor %ld", fd);
	return from_descriptor((int)fd, name, out);
}

/* --- the terminal ---------------------------------------------------------------------------------------------- */

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define N_SIGNALS (sizeof signals / sizeof *signals)

static void on_signal(int number)
{
	caught = number;
}

static void put(int tty, const char *text)
{
	ssize_t ignored = write(tty, text, strlen(text));
	(void)ignored;
}

/* Catches what would end the program while the terminal is without echo. */
static void catch_signals(struct sigaction *old, sigset_t *old_mask)
{
	sigset_t blocked;
	struct sigaction action;
	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	sigemptyset(&action.sa_mask);
	sigemptyset(&blocked);
	caught = 0;
	for (size_t i = 0; i < N_SIGNALS; i++) {
		sigaddset(&blocked, signals[i]);
		sigaction(signals[i], &action, &old[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, old_mask);
}

static void release_signals(const struct sigaction *old, const sigset_t *old_mask)
{
	int number = caught;
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i], &old[i], NULL);
	sigprocmask(SIG_SETMASK, old_mask, NULL);
	if (number)
		raise(number);
}

/* One line without echo. The terminal is as before afterwards, also when a signal ends the program. */
static int read_hidden(int tty, const char *prompt, passphrase *out)
{
	struct termios before, hidden;
	struct sigaction old[N_SIGNALS];
	sigset_t old_mask;
	if (tcgetattr(tty, &before) != 0)
		return -1;
	catch_signals(old, &old_mask);
	hidden = before;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	hidden.c_lflag |= ICANON | ISIG;
	int rc = tcsetattr(tty, TCSAFLUSH, &hidden);
	put(tty, prompt); /* nothing that is typed from here on is shown, or lost */
	if (rc == 0)
		rc = read_line(tty, &old_mask, out);
	tcsetattr(tty, TCSADRAIN, &before);
	put(tty, "\n");
	if (rc != 0)
		passphrase_wipe(out);
	release_signals(old, &old_mask);
	return rc;
}

static int same(const passphrase *a, const passphrase *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static int ask_again(int tty, const passphrase *first)
{
	passphrase again;
	int result = PASSPHRASE_FILE;
	if (read_hidden(tty, "The same once more: ", &again) == 0)
		result = same(first, &again) ? PASSPHRASE_OK : PASSPHRASE_DIFFERS;
	passphrase_wipe(&again);
	if (result == PASSPHRASE_DIFFERS)
		say("the two passphrases differ; nothing was done");
	return result;
}

static int ask(int tty, const char *prompt, int is_new, passphrase *out)
{
	if (read_hidden(tty, prompt, out) != 0) {
		say("cannot read from the terminal: %s", strerror(errno));
		return PASSPHRASE_FILE;
	}
	int result = check("the terminal", out);
	return result == PASSPHRASE_OK && is_new ? ask_again(tty, out) : result;
}

int passphrase_read(const char *file, const char *fd, const char *prompt, int is_new, passphrase *out)
{
	out->len = 0;
	if (file)
		return from_file(file, out);
	if (fd)
		return from_number(fd, out);
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (tty < 0) {
		say("a passphrase is needed, and there is no terminal to ask: give --passphrase-file or --passphrase-fd");
		return PASSPHRASE_NONE;
	}
	int result = ask(tty, prompt, is_new, out);
	close(tty);
	return result;
}

int confirm(const char *question)
{
	char answer[8] = "";
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (tty < 0)
		return 0;
	put(tty, question);
	ssize_t n = read(tty, answer, sizeof answer - 1);
	close(tty);
	return n == 4 && memcmp(answer, "yes\n", 4) == 0;
}
