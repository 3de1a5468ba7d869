/* tests/unit/evidence/http_kit.h — messages and short hands for the tests of HTTP signatures. */
#ifndef AIM_TESTS_EVIDENCE_HTTP_KIT_H
#define AIM_TESTS_EVIDENCE_HTTP_KIT_H

#include "support.h"

#include <aim/rfc9421.h>
#include <stdio.h>
#include <string.h>

#define S(text) {(text), sizeof(text) - 1}
#define LINE(name, value) {S(name), S(value), 0, 0}
#define N_OF(array) (sizeof(array) / sizeof *(array))

/* The whole file, NUL-terminated in static memory; the next call overwrites it. */
static inline char *http_kit_read(const char *name)
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
	return text;
}

/* Cuts the next line off *rest; NULL at the end. */
static inline char *http_kit_line(char **rest)
{
	char *line = *rest;
	if (!*line)
		return NULL;
	char *end = strchr(line, '\n');
	*rest = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

#endif
