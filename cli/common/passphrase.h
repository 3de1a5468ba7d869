/* cli/common/passphrase.h — passphrases: from a file, a descriptor, or the terminal without echo. Never from the
 * command line, where every process of the machine reads it. */
#ifndef CLI_PASSPHRASE_H
#define CLI_PASSPHRASE_H

#include <aim/aim.h>

#define PASSPHRASE_MAX 1024u

typedef struct passphrase {
	size_t len;
	char bytes[PASSPHRASE_MAX + 2];
} passphrase;

enum {
	PASSPHRASE_OK,
	PASSPHRASE_NONE,   /* nowhere to get it from, or it is empty */
	PASSPHRASE_FILE,   /* the file or descriptor cannot be read */
	PASSPHRASE_DIFFERS /* typed twice, and not the same */
};

/* The first line of file, or of descriptor fd (a number as text), or what is typed on the terminal at the prompt, twice
 * when it is a new one. PASSPHRASE_*; says what is wrong. */
int passphrase_read(const char *file, const char *fd, const char *prompt, int is_new, passphrase *out);
aim_bytes passphrase_bytes(const passphrase *p);
void passphrase_wipe(passphrase *p);

/* Asks a question on the terminal. 1 only when the answer is "yes". */
int confirm(const char *question);

#endif
