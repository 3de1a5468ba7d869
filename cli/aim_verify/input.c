/* cli/aim_verify/input.c — files, read whole and never beyond a limit. */
#include "program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int trouble(const char *path, const char *what)
{
	say("%s: %s", path, what);
	return EXIT_TROUBLE;
}

static int read_stream(FILE *file, const char *path, size_t limit, input *out)
{
	/* One byte more, so that what is too long is seen to be, by whoever judges it. */
	char *bytes = malloc(limit + 1);
	if (!bytes)
		return trouble(path, "out of memory");
	size_t len = fread(bytes, 1, limit + 1, file);
	if (ferror(file)) {
		free(bytes);
		return trouble(path, strerror(errno));
	}
	out->bytes = bytes;
	out->text = (aim_str){bytes, len};
	return EXIT_VALID;
}

int input_read(const char *path, size_t limit, int drops_newline, input *out)
{
	int is_stdin = strcmp(path, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(path, "rbe");
	if (!file)
		return trouble(path, strerror(errno));
	int code = read_stream(file, path, limit, out);
	if (!is_stdin)
		(void)fclose(file);
	if (code == EXIT_VALID && drops_newline && out->text.len && out->bytes[out->text.len - 1] == '\n')
		out->text.len--;
	return code;
}

void input_free(input *in)
{
	free(in->bytes);
}
