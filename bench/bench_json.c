/* bench/bench_json.c — reading and canonicalising JSON, against jansson on the same bytes. */
#include "bench.h"

#include <aim/encoding.h>
#include <aim/hash.h>
#include <aim/json.h>
#include <string.h>
#ifdef HAVE_JANSSON
#include <jansson.h>
#endif

/* A tool as servers describe them: prose, a schema, some escapes. One copy is about 1.3 kB. */
#define TOOL_HEAD                                                                                  \
	"{\"name\":\"search_files\",\"title\":\"Search files\",\"description\":\"Recursively "     \
	"search for files and "                                                                    \
	"directories matching a pattern. Searches through all subdirectories from the starting "   \
	"path.\\n\\nThe "                                                                          \
	"search is case-insensitive and matches partial names. Returns full paths to all "         \
	"matching items. "                                                                         \
	"Great for finding files when you don't know their exact location. Only searches within "  \
	"allowed "                                                                                 \
	"directories.\\n\\nExample: {\\\"path\\\": \\\"/src\\\", \\\"pattern\\\": "                \
	"\\\"*.c\\\"}\",\"inputSchema\":{"                                                         \
	"\"$schema\":\"https://json-schema.org/draft/2020-12/"                                     \
	"schema\",\"type\":\"object\",\"properties\":{"
#define TOOL_PROPERTIES(n)                                                                         \
	"\"path" n "\":{\"type\":\"string\",\"description\":\"Directory in which the search "      \
	           "begins, absolute or "                                                          \
	"relative to the first allowed root\",\"minLength\":1,\"maxLength\":4096},\"pattern" n     \
	"\":{\"type\":"                                                                            \
	"\"string\",\"description\":\"Glob pattern for names; ** crosses "                         \
	"directories\",\"examples\":[\"*.c\","                                                     \
	"\"src/**/*.h\"]},\"excludePatterns" n                                                     \
	"\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"                                  \
	"\"default\":[],\"description\":\"Patterns that are left out of the result\"},\"limit" n   \
	"\":{\"type\":"                                                                            \
	"\"integer\",\"minimum\":1,\"maximum\":10000,\"default\":100,\"description\":\"Most "      \
	"results returned\"},"                                                                     \
	"\"threshold" n                                                                            \
	"\":{\"type\":\"number\",\"default\":0.75,\"exclusiveMinimum\":0},\"mode" n                \
	"\":{\"enum\":"                                                                            \
	"[\"name\",\"content\",\"both\"],\"type\":\"string\"}"
#define TOOL_TAIL                                                                                  \
	"},\"required\":[\"path\",\"pattern\"],\"additionalProperties\":false},\"outputSchema\":{" \
	"\"type\":"                                                                                \
	"\"object\",\"properties\":{\"files\":{\"type\":\"array\",\"items\":{\"type\":\"string\"," \
	"\"description\":"                                                                         \
	"\"A "                                                                                     \
	"path\"}}},\"required\":[\"files\"]},\"annotations\":{\"readOnlyHint\":true,"              \
	"\"destructiveHint\":false,"                                                               \
	"\"idempotentHint\":true,\"openWorldHint\":false}}"

static const char tool[] =
    TOOL_HEAD TOOL_PROPERTIES("") "," TOOL_PROPERTIES("2") "," TOOL_PROPERTIES("3") "," //
    TOOL_PROPERTIES("4") TOOL_TAIL;

static const char call[] = "{\"jsonrpc\":\"2.0\",\"id\":1734,\"method\":\"tools/"
                           "call\",\"params\":{\"name\":\"search_files\",\"arguments\":"
                           "{\"path\":\"/home/user/projects/website\",\"pattern\":\"**/"
                           "*.config.json\",\"excludePatterns\":[\"node_modules\","
                           "\"dist\",\".git\"],\"limit\":250,\"mode\":\"content\",\"query\":\"the "
                           "production database connection settings of "
                           "the new billing "
                           "service\"},\"_meta\":{\"progressToken\":1734,\"io.example/"
                           "trace\":\"4bf92f3577b34da6a3ce929d0e0e47"
                           "36-00f067aa0ba902b7-01\"}}}";

typedef struct state {
	aim_ctx *ctx;
	aim_json *doc;
	aim_buf *out;
	aim_bytes text;
	uint32_t flags;
} state;

static void parse(void *arg, size_t n)
{
	state *s = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(aim_json_parse(s->doc, s->text, s->flags, NULL), "parse");
	bench_keep(s->doc);
}

static void parse_cold(void *arg, size_t n)
{
	state *s = arg;
	for (size_t i = 0; i < n; i++) {
		aim_json *doc = NULL;
		bench_must(aim_json_new(s->ctx, &doc), "new");
		bench_must(aim_json_parse(doc, s->text, s->flags, NULL), "parse");
		aim_json_free(doc);
	}
}

static void canonicalize(void *arg, size_t n)
{
	state *s = arg;
	for (size_t i = 0; i < n; i++) {
		aim_buf_clear(s->out);
		bench_must(aim_json_canonicalize(s->doc, AIM_JSON_ROOT, 0, s->out, NULL),
		           "canonicalize");
	}
}

static void canonicalize_and_hash(void *arg, size_t n)
{
	state *s = arg;
	uint8_t digest[32];
	for (size_t i = 0; i < n; i++) {
		canonicalize(s, 1);
		bench_must(aim_hash_sha256(s->ctx, aim_buf_bytes(s->out), digest), "hash");
	}
	bench_keep(digest);
}

static void encode_base64(void *arg, size_t n)
{
	state *s = arg;
	for (size_t i = 0; i < n; i++) {
		aim_buf_clear(s->out);
		bench_must(aim_encoding_encode(AIM_ENCODING_BASE64, s->text, s->out), "encode");
	}
}

#ifdef HAVE_JANSSON
static void parse_jansson(void *arg, size_t n)
{
	state *s = arg;
	for (size_t i = 0; i < n; i++) {
		json_t *root =
		    json_loadb((const char *)s->text.ptr, s->text.len,
		               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		bench_must(root ? AIM_OK : AIM_E_JSON_SYNTAX, "jansson");
		json_decref(root);
	}
}
#endif

static void use(state *s, const char *text)
{
	s->text = aim_bytes_from(text, strlen(text));
	parse(s, 1);
}

static void run_tool(state *s)
{
	use(s, tool);
	double ours = bench_run("json/parse-4k", parse, s, s->text.len);
	bench_run("json/parse-4k-cold", parse_cold, s, s->text.len);
	bench_run("json/canonical-4k", canonicalize, s, s->text.len);
	bench_run("json/canonical-hash-4k", canonicalize_and_hash, s, s->text.len);
#ifdef HAVE_JANSSON
	bench_ratio("json/parse-per-jansson", ours,
	            bench_run("json/jansson-4k", parse_jansson, s, s->text.len));
#else
	(void)ours;
#endif
	bench_run("encoding/base64-4k", encode_base64, s, s->text.len);
}

static void run_call(state *s)
{
	use(s, call);
	bench_run("json/parse-call", parse, s, s->text.len);
	s->flags = AIM_JSON_BORROW;
	bench_run("json/parse-call-borrowed", parse, s, s->text.len);
	s->flags = 0;
#ifdef HAVE_JANSSON
	bench_run("json/jansson-call", parse_jansson, s, s->text.len);
#endif
}

/* One long string, and numbers that need binary64: the two ends of the range. */
static void run_extremes(state *s)
{
	static char text[65536];
	memset(text, 'x', sizeof text - 1);
	text[0] = text[sizeof text - 2] = '"';
	use(s, text);
	bench_run("json/parse-64k-string", parse, s, s->text.len);
	size_t n = 0;
	text[n++] = '[';
	for (int i = 0; i < 1000; i++, n += 20)
		memcpy(text + n, "0.30000000000000004,", 20);
	text[n - 1] = ']';
	text[n] = '\0';
	use(s, text);
	bench_run("json/parse-1000-numbers", parse, s, s->text.len);
	bench_run("json/canonical-1000-numbers", canonicalize, s, s->text.len);
}

int main(int argc, char **argv)
{
	state s;
	bench_init(argc, argv);
	memset(&s, 0, sizeof s);
	s.ctx = bench_ctx();
	bench_must(aim_json_new(s.ctx, &s.doc), "document");
	bench_must(aim_buf_new(s.ctx, &s.out), "buffer");
	run_tool(&s);
	run_call(&s);
	run_extremes(&s);
	aim_buf_free(s.out);
	aim_json_free(s.doc);
	return 0;
}
