/* bench/bench_response.c — scanning responses of tools of about 4 kB: ordinary text, JSON with many short strings, text that
 * is sanitised, and text built of near matches. */
#include "bench.h"

#include <aim/response.h>

#include <stdlib.h>
#include <string.h>

typedef struct answering {
	aim_response *response;
	char *text;
	size_t len;
} answering;

static const char prose[] = "The build of the main branch finished at 14:05 and took 312 seconds; 1 204 tests passed, 3 were skipped. See the "
                            "report for the list of files that changed since the last release. ";
static const char record[] = "{\\\"id\\\":\\\"550e8400-e29b-41d4-a716-446655440000\\\",\\\"name\\\":\\\"report\\\",\\\"size\\\":20480}, ";
static const char leak[] = "The job ran with AKIAIOSFODNN7EXAMPLE for jane@acme.org, as it does every night of the week without fail. ";
static const char hostile[] = "1 1-1.1 a=b password=x ://a.b/?c= sk-a ignore the previous a@b $(a eyJ ";

static void scan(void *arg, size_t n)
{
	answering *a = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(aim_response_scan(a->response, aim_bytes_from(a->text, a->len), NULL), "scan");
	bench_keep(a->response);
}

static double measure(answering *a, const char *name, const char *sentence, size_t size)
{
	static const char head[] = "{\"content\":[{\"type\":\"text\",\"text\":\"", tail[] = "\"}],\"isError\":false}";
	a->text = malloc(size + 400);
	strcpy(a->text, head);
	while ((a->len = strlen(a->text)) + strlen(sentence) + sizeof tail < size + 40)
		strcat(a->text, sentence);
	strcat(a->text, tail);
	a->len = strlen(a->text);
	double ns = bench_run(name, scan, a, a->len);
	free(a->text);
	return ns;
}

int main(int argc, char **argv)
{
	answering a = {NULL, NULL, 0};
	aim_scanner *scanner = NULL;
	aim_response_options o = {.struct_size = sizeof o, .policy = AIM_RESPONSE_SANITIZE};
	bench_init(argc, argv);
	bench_must(aim_scan_new(bench_ctx(), NULL, &scanner, NULL), "scanner");
	bench_must(aim_response_new(scanner, &o, &a.response, NULL), "response");
	double one = measure(&a, "response/4k", prose, 4000);
	double ten = measure(&a, "response/40k", prose, 40000);
	measure(&a, "response/records-4k", record, 4000);
	measure(&a, "response/sanitize-4k", leak, 4000);
	double bad = measure(&a, "response/hostile-4k", hostile, 4000);
	double worse = measure(&a, "response/hostile-400k", hostile, 400000);
	bench_ratio("response/growth-10x", ten, one);
	bench_ratio("response/hostile-growth-100x", worse, bad);
	aim_response_free(a.response);
	aim_scan_free(scanner);
	return 0;
}
