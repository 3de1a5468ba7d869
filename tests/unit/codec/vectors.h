/* tests/unit/codec/vectors.h — reading the files of tests/vectors. */
#ifndef AIM_TESTS_CODEC_VECTORS_H
#define AIM_TESTS_CODEC_VECTORS_H

#include "support.h"

#include <stdio.h>
#include <string.h>

/* The whole file, at most 64 kB, NUL-terminated in static memory; the next call overwrites it. */
static inline aim_str vectors_read(const char *name)
{
	static char text[65536];
	char path[1024];
	snprintf(path, sizeof path, "%s/vectors/%s", TESTS_DIR, name);
	FILE *file = fopen(path, "rb");
	if (!file)
		fail_msg("cannot open %s", path);
	size_t len = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[len] = '\0';
	aim_str span = {text, len};
	return span;
}

/* Cuts the next line from *rest and its tab-separated fields (empty ones too); their number, 0 at
 * the end. */
static inline size_t vectors_fields(char **rest, char *fields[], size_t max)
{
	char *line = *rest;
	if (!*line)
		return 0;
	char *end = strchr(line, '\n');
	*rest = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	size_t n = 0;
	for (char *p = line; p && n < max; n++) {
		fields[n] = p;
		p = strchr(p, '\t');
		if (p)
			*p++ = '\0';
	}
	return n;
}

#endif
