/* However the bytes are cut, the same comes out on both sides. */
#include "rig.h"
#include "talk.h"

#include <stdlib.h>
#include <string.h>

#define OUT_SIZE 65536u

/* Decision ids are new in every run. */
static void blank_ids(char *text)
{
	for (char *p = text; *p; p++)
		if (strspn(p, "0123456789abcdef") >= 32)
			memset(p, '-', 32);
}

typedef size_t (*cutter)(size_t left, unsigned *seed);

static size_t all(size_t left, unsigned *seed)
{
	(void)seed;
	return left;
}

static size_t fixed(size_t left, unsigned *seed)
{
	return left < *seed ? left : *seed;
}

static size_t any(size_t left, unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	size_t n = (*seed >> 16) % 17;
	return n < left ? n : left; /* 0 as well: an empty read */
}

static void feed_cut(rig *r, uint32_t from, const char *bytes, size_t len, cutter cut, unsigned *seed)
{
	for (size_t at = 0; at < len;) {
		size_t n = cut(len - at, seed);
		rig_feed(r, from, bytes + at, n);
		at += n;
	}
}

static void run(cutter cut, unsigned seed, char *to_client, char *to_server)
{
	rig r;
	char line[2048];
	rig_start(&r, NULL);
	to_client[0] = to_server[0] = 0;
	for (size_t i = 0; i < TALK_N; i++) {
		size_t len = strlen(talk[i].text);
		memcpy(line, talk[i].text, len);
		line[len++] = '\n';
		feed_cut(&r, talk[i].from, line, len, cut, &seed);
		strcat(to_client, rig_taken(&r, AIM_GUARD_CLIENT));
		strcat(to_server, rig_taken(&r, AIM_GUARD_SERVER));
	}
	assert_true(strlen(to_client) < OUT_SIZE / 2 && strlen(to_server) < OUT_SIZE / 2);
	blank_ids(to_client);
	blank_ids(to_server);
	rig_stop(&r);
}

static void every_cut_gives_the_same_output(void **state)
{
	(void)state;
	char *text = malloc(4 * OUT_SIZE);
	assert_non_null(text);
	char *client = text, *server = text + OUT_SIZE, *client2 = text + 2 * OUT_SIZE, *server2 = text + 3 * OUT_SIZE;
	run(all, 0, client, server);
	assert_non_null(strstr(client, "tool_unlisted"));
	assert_non_null(strstr(server, "tools/call"));
	for (unsigned seed = 1; seed < 60; seed++) {
		run(fixed, seed, client2, server2);
		assert_string_equal(client2, client);
		assert_string_equal(server2, server);
		run(any, seed, client2, server2);
		assert_string_equal(client2, client);
		assert_string_equal(server2, server);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_cut_gives_the_same_output)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
