/* Advisories: what a launch command starts, what a record says about a version, and that nothing is clean in doubt. */
#include "support.h"

#include <aim/advisory.h>

#include <string.h>

static aim_str str(const char *text)
{
	return aim_str_from(text);
}

/* --- launches ------------------------------------------------------------------------------------------------------------- */

typedef struct launch {
	const char *words; /* between spaces */
	const char *packages; /* "ecosystem name version requirement", between ";"; NULL: none */
} launch;

static const launch launches[] = {
	{"npx pkg", "npm pkg - -"},
	{"npx -y pkg@1.2.3", "npm pkg 1.2.3 -"},
	{"npx -y pkg@1.2 serve", "npm pkg - 1.2"},
	{"npx --yes @scope/pkg@latest", "npm @scope/pkg - latest"},
	{"npx -y @scope/pkg", "npm @scope/pkg - -"},
	{"npx -y pkg@^1.0.0", "npm pkg - ^1.0.0"},
	{"npx -p one@1.0.0 --package=two@2.0.0 one-server", "npm one 1.0.0 -;npm two 2.0.0 -"},
	{"npx -c x -y pkg@1.0.0-rc.1", "npm pkg 1.0.0-rc.1 -"},
	{"cmd /c npx -y pkg@1.2.3", "npm pkg 1.2.3 -"},
	{"C:\\nodejs\\npx.cmd pkg@1.2.3", "npm pkg 1.2.3 -"},
	{"/usr/bin/env A=b npx pkg@1.2.3", "npm pkg 1.2.3 -"},
	{"/opt/aim-guard --policy p -- npx -y pkg@1.2.3", "npm pkg 1.2.3 -"},
	{"npm exec -y -- pkg@1.2.3", "npm pkg 1.2.3 -"},
	{"npm x pkg@1.2.3", "npm pkg 1.2.3 -"},
	{"npm start pkg", NULL},
	{"npx ./local", NULL},
	{"npx github:owner/repo", NULL},
	{"npx owner/repo", NULL},
	{"bunx pkg@1.2.3", "npm pkg 1.2.3 -"},
	{"bun x pkg@1.2.3", "npm pkg 1.2.3 -"},
	{"pnpm dlx pkg@1.2.3", "npm pkg 1.2.3 -"},
	{"yarn dlx pkg@1.2.3", "npm pkg 1.2.3 -"},
	{"uvx pkg", "PyPI pkg - -"},
	{"uvx pkg==1.0", "PyPI pkg 1.0 -"},
	{"uvx pkg@1.0 --flag", "PyPI pkg 1.0 -"},
	{"uvx pkg@latest", "PyPI pkg - latest"},
	{"uvx pkg>=1,<2", "PyPI pkg - >=1,<2"},
	{"uvx --python 3.12 pkg[extra]==1.0.post1", "PyPI pkg 1.0.post1 -"},
	{"uvx --from pkg==1.0 serve", "PyPI pkg 1.0 -"},
	{"uvx --with extra==2 pkg==1.0", "PyPI extra 2 -;PyPI pkg 1.0 -"},
	{"uvx --from git+https://example.org/x serve", NULL},
	{"uv tool run pkg==1.0", "PyPI pkg 1.0 -"},
	{"uv run --with mcp[cli]==1.9.0 mcp run server.py", "PyPI mcp 1.9.0 -"},
	{"uv run server.py", NULL},
	{"pipx run pkg==1.0", "PyPI pkg 1.0 -"},
	{"pipx run --spec pkg==1.0 serve", "PyPI pkg 1.0 -"},
	{"python -m mcp_server_git --repository /x", "PyPI mcp_server_git - -"},
	{"/usr/bin/python3.12 -X dev -m pkg.server", "PyPI pkg - -"},
	{"python3 server.py -m pkg", NULL},
	{"python -m http.server", NULL},
	{"docker run -i --rm -e KEY mcp/fetch:1.2", "Docker mcp/fetch 1.2 -"},
	{"docker run -i --rm --env=KEY=v ghcr.io:443/a/b", "Docker ghcr.io:443/a/b - -"},
	{"docker run a:latest", "Docker a - latest"},
	{"podman run a:1@sha256:00ff x", "Docker a sha256:00ff -"},
	{"docker ps", NULL},
	{"go run example.org/x/cmd/y@v1.2.3 -a", "Go example.org/x/cmd/y v1.2.3 -"},
	{"go run example.org/x@latest", "Go example.org/x - latest"},
	{"go run ./cmd", NULL},
	{"deno run -A npm:@scope/pkg@1.2.3/bin", "npm @scope/pkg 1.2.3 -"},
	{"deno run --allow-net jsr:@scope/pkg@1.2.3", "JSR @scope/pkg 1.2.3 -"},
	{"deno run https://example.org/x.ts", NULL},
	{"node server.js", NULL},
	{"env", NULL},
	{"npx", NULL},
};

static size_t split(const char *words, aim_str *out, size_t cap)
{
	size_t n = 0;
	for (const char *w = words; *w && n < cap;) {
		size_t len = strcspn(w, " ");
		out[n++] = (aim_str){w, len};
		w += len + (w[len] == ' ');
	}
	return n;
}

static void append(char *text, aim_str part)
{
	strncat(text, part.len ? part.ptr : "-", part.len ? part.len : 1);
}

static void describe(const aim_advisory_package *p, size_t n, char *text)
{
	*text = 0;
	for (size_t i = 0; i < n; i++) {
		const aim_str parts[] = {p[i].ecosystem, p[i].name, p[i].version, p[i].requirement};
		for (size_t k = 0; k < 4; k++) {
			if (k || i)
				strcat(text, k ? " " : ";");
			append(text, parts[k]);
		}
	}
}

static void test_launches(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof launches / sizeof *launches; i++) {
		aim_str words[16];
		aim_advisory_package found[AIM_ADVISORY_MAX_OF_LAUNCH];
		char text[512];
		size_t n = 0, n_words = split(launches[i].words, words, 16);
		aim_status rc = aim_advisory_packages_of_launch(words[0], words + 1, n_words - 1, found, 16, &n, NULL);
		if (!launches[i].packages) {
			if (rc != AIM_E_NOT_FOUND || n != 0)
				fail_msg("%s: %s, %zu", launches[i].words, aim_status_name(rc), n);
			continue;
		}
		describe(found, n, text);
		if (rc != AIM_OK || strcmp(text, launches[i].packages) != 0)
			fail_msg("%s: %s", launches[i].words, text);
	}
}

static void test_launch_of_too_many(void **state)
{
	const aim_str args[] = {str("-p"), str("a"), str("-p"), str("b")};
	aim_advisory_package one;
	size_t n = 7;
	(void)state;
	assert_status(aim_advisory_packages_of_launch(str("npx"), args, 4, &one, 1, &n, NULL), AIM_E_SPACE);
	assert_int_equal(n, 7);
	assert_status(aim_advisory_packages_of_launch(str(""), NULL, 0, &one, 1, &n, NULL), AIM_E_INVALID);
}

/* --- records -------------------------------------------------------------------------------------------------------------- */

static test_heap heap;
static aim_ctx *ctx;
static aim_advisory *set;
static aim_advisory_result *result;

static int setup(void **state)
{
	(void)state;
	ctx = test_ctx(&heap);
	assert_status(aim_advisory_new(ctx, NULL, &set, NULL), AIM_OK);
	assert_status(aim_advisory_result_new(set, &result), AIM_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_advisory_result_free(result);
	aim_advisory_free(set);
	test_ctx_done(ctx, &heap);
	return 0;
}

static aim_status load(const char *text)
{
	return aim_advisory_load(set, aim_bytes_from(text, strlen(text)), NULL, NULL, NULL);
}

static const aim_advisory_outcome *check(const char *ecosystem, const char *name, const char *version)
{
	const aim_advisory_package p = {.ecosystem = str(ecosystem), .name = str(name), .version = str(version)};
	assert_status(aim_advisory_check(set, &p, 1, result, NULL), AIM_OK);
	return aim_advisory_outcome_at(result, 0);
}

static void expect(const char *ecosystem, const char *name, const char *version, uint32_t status, uint32_t reason)
{
	const aim_advisory_outcome *o = check(ecosystem, name, version);
	if (o->status != status || o->reason != reason)
		fail_msg("%s %s %s: %s (%s)", ecosystem, name, version, aim_advisory_status_name(o->status),
		         aim_advisory_reason_text(o->reason));
}

#define AFFECTED AIM_ADVISORY_AFFECTED, AIM_ADVISORY_REASON_NONE
#define CLEAN AIM_ADVISORY_CLEAN, AIM_ADVISORY_REASON_NONE
#define UNKNOWN(why) AIM_ADVISORY_UNKNOWN, AIM_ADVISORY_REASON_##why

#define RECORD(id, eco, name, what) "{\"id\":\"" id "\",\"affected\":[{\"package\":{\"ecosystem\":\"" eco "\",\"name\":\"" name "\"}," what "}]}"
#define RANGE(type, events) "\"ranges\":[{\"type\":\"" type "\",\"events\":[" events "]}]"
#define SEMVER(events) RANGE("SEMVER", events)

static void test_events(void **state)
{
	(void)state;
	assert_status(load(RECORD("A", "npm", "a", SEMVER("{\"introduced\":\"1.0.0\"},{\"fixed\":\"1.2.0\"},"
	                                                  "{\"introduced\":\"2.0.0\"},{\"last_affected\":\"2.1.0\"}"))), AIM_OK);
	assert_status(load(RECORD("B", "npm", "b", SEMVER("{\"introduced\":\"0\"},{\"limit\":\"1.0.0\"},{\"limit\":\"0.5.0\"}"))), AIM_OK);
	assert_status(load(RECORD("C", "npm", "c", SEMVER("{\"fixed\":\"1.0.0\"},{\"introduced\":\"0\"}"))), AIM_OK);
	assert_status(load(RECORD("D", "npm", "d", SEMVER("{\"introduced\":\"0\"},{\"limit\":\"*\"}"))), AIM_OK);
	expect("npm", "a", "0.9.9", CLEAN);
	expect("npm", "a", "1.0.0-rc.1", CLEAN);
	expect("npm", "a", "1.0.0", AFFECTED);
	assert_text(aim_advisory_finding_at(result, 0)->fixed, "1.2.0");
	expect("npm", "a", "1.2.0-beta", AFFECTED);
	expect("npm", "a", "1.2.0", CLEAN);
	expect("npm", "a", "2.1.0", AFFECTED);
	expect("npm", "a", "v2.1.0+build", AFFECTED);
	expect("npm", "a", "2.1.1", CLEAN);
	expect("npm", "b", "0.9.0", AFFECTED);
	expect("npm", "b", "1.0.0", CLEAN);
	expect("npm", "c", "0.0.1", AFFECTED);
	expect("npm", "c", "1.0.0", CLEAN);
	expect("npm", "d", "9.0.0", AFFECTED);
	expect("npm", "other", "1.0.0", CLEAN);
	expect("npm", "A", "1.0.0", CLEAN);
}

static void test_unknown_versions(void **state)
{
	(void)state;
	assert_status(load(RECORD("A", "npm", "a", SEMVER("{\"introduced\":\"0\"},{\"fixed\":\"1.0.0\"}"))), AIM_OK);
	assert_status(load(RECORD("B", "npm", "malware", SEMVER("{\"introduced\":\"0\"}"))), AIM_OK);
	assert_status(load(RECORD("C", "npm", "odd", SEMVER("{\"introduced\":\"0\"},{\"fixed\":\"yes\"}"))), AIM_OK);
	expect("npm", "a", "", UNKNOWN(VERSION));
	assert_int_equal(aim_advisory_finding_at(result, 0)->status, AIM_ADVISORY_UNKNOWN);
	expect("npm", "nothing-known", "", UNKNOWN(VERSION));
	expect("npm", "a", "next", UNKNOWN(VERSION_FORM));
	expect("npm", "malware", "", AFFECTED); /* whatever the version */
	expect("npm", "odd", "1.0.0", UNKNOWN(VERSION_FORM));
	expect("PyPI", "a", "1.0", UNKNOWN(SOURCE));
}

static void test_ecosystems(void **state)
{
	(void)state;
	assert_status(load(RECORD("P", "PyPI", "My.Package", RANGE("ECOSYSTEM", "{\"introduced\":\"0\"},{\"fixed\":\"1.0\"}"))), AIM_OK);
	assert_status(load(RECORD("G", "Go", "example.org/m", SEMVER("{\"introduced\":\"0\"},{\"fixed\":\"1.2.3\"}"))), AIM_OK);
	assert_status(load(RECORD("D", "Debian:12", "curl", RANGE("ECOSYSTEM", "{\"introduced\":\"0\"},{\"fixed\":\"7.88.1-10+deb12u6\"}"))), AIM_OK);
	assert_status(load(RECORD("N", "NuGet", "n", RANGE("ECOSYSTEM", "{\"introduced\":\"0\"},{\"fixed\":\"2.0\"}") ",\"versions\":[\"1.0\"]")), AIM_OK);
	assert_status(load(RECORD("M", "NuGet", "m", RANGE("ECOSYSTEM", "{\"introduced\":\"0\"},{\"fixed\":\"2.0\"}"))), AIM_OK);
	assert_status(load(RECORD("H", "Hex", "h", SEMVER("{\"introduced\":\"0\"},{\"fixed\":\"2.0.0\"}") ",\"versions\":[\"1.0.0\"]")), AIM_OK);
	assert_status(load(RECORD("T", "npm", "t", RANGE("GIT", "{\"introduced\":\"0\"},{\"fixed\":\"abc\"}"))), AIM_OK);
	expect("PyPI", "my_-package", "1.0.dev1", AFFECTED);
	expect("PyPI", "MY-PACKAGE", "1.0.post1", CLEAN);
	expect("Go", "example.org/m/cmd/x", "v1.2.3-0.20240101000000-abcdefabcdef", AFFECTED);
	expect("Go", "example.org/m", "v1.2.3+incompatible", CLEAN);
	expect("Go", "example.org/more", "v1.0.0", CLEAN);
	expect("Debian:12", "curl", "7.88.1-10+deb12u5", AFFECTED);
	expect("Debian", "curl", "7.88.1-10+deb12u6", CLEAN);
	expect("Debian:11", "curl", "7.0-1", CLEAN);
	expect("NuGet", "n", "1.0", AFFECTED);
	expect("NuGet", "n", "1.1", CLEAN);
	expect("NuGet", "m", "1.0", UNKNOWN(ORDER));
	expect("Hex", "h", "1.0.0", AFFECTED);
	expect("Hex", "h", "0.9.0", UNKNOWN(ORDER));
	expect("npm", "t", "1.0.0", UNKNOWN(ORDER));
}

#define SEVERE(id, more) "{\"id\":\"" id "\"," more "\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"a\"}," SEMVER("{\"introduced\":\"0\"}") "}]}"

static void test_severities(void **state)
{
	static const char text[] = "[" SEVERE("C1", "\"severity\":[{\"type\":\"CVSS_V3\",\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H\"}],") ","
		SEVERE("C2", "\"severity\":[{\"type\":\"CVSS_V4\",\"score\":\"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:P/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H\"}],") ","
		SEVERE("H1", "\"severity\":[{\"type\":\"CVSS_V2\",\"score\":\"AV:N/AC:L/Au:N/C:C/I:C/A:C\"}],") ","
		SEVERE("M1", "\"database_specific\":{\"severity\":\"MODERATE\"},") "," SEVERE("L1", "\"database_specific\":{\"severity\":\"low\"},") ","
		SEVERE("U1", "") "," SEVERE("W1", "\"withdrawn\":\"2025-01-01T00:00:00Z\",") "]";
	aim_advisory_summary s = {.struct_size = sizeof s};
	(void)state;
	assert_status(load(text), AIM_OK);
	const aim_advisory_outcome *o = check("npm", "a", "1.0.0");
	assert_int_equal(o->severity, AIM_ADVISORY_CRITICAL);
	assert_int_equal(o->n_findings, 6);
	assert_status(aim_advisory_summarize(result, &s), AIM_OK);
	assert_int_equal(s.critical, 2);
	assert_int_equal(s.high, 1);
	assert_int_equal(s.medium, 1);
	assert_int_equal(s.low, 1);
	assert_int_equal(s.unrated, 1);
	assert_int_equal(s.has_critical, 1);
	assert_int_equal(s.safe, 0);
	for (size_t i = 0; i < aim_advisory_finding_count(result); i++) {
		const aim_advisory_finding *f = aim_advisory_finding_at(result, i);
		if (aim_str_equal(f->id, str("C1")))
			assert_int_equal(f->score, 96);
		if (aim_str_equal(f->id, str("C2")))
			assert_int_equal(f->score, 94);
	}
}

/* The same under its CVE number and its GHSA number is one. */
static void test_aliases(void **state)
{
	(void)state;
	assert_status(load("[{\"id\":\"GHSA-1\",\"aliases\":[\"CVE-9\",\"CVE-1\"],\"affected\":[{\"package\":{\"ecosystem\":\"npm\","
	                   "\"name\":\"a\"}," SEMVER("{\"introduced\":\"0\"}") "}]}," SEVERE("CVE-1", "\"database_specific\":{\"severity\":\"CRITICAL\"},") "]"),
	              AIM_OK);
	const aim_advisory_outcome *o = check("npm", "a", "1.0.0");
	assert_int_equal(o->n_findings, 1);
	assert_int_equal(o->severity, AIM_ADVISORY_CRITICAL);
}

static void test_forms(void **state)
{
	static const char *const texts[] = {
		SEVERE("X", ""),
		"[" SEVERE("X", "") "]",
		SEVERE("Y", "") "\r\n\n" SEVERE("X", "") "\n",
		"{\"vulns\":[" SEVERE("X", "") "]}",
	};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		uint64_t n = 0;
		assert_status(aim_advisory_load(set, aim_bytes_from(texts[i], strlen(texts[i])), NULL, &n, NULL), AIM_OK);
		assert_int_equal(n, i == 2 ? 2 : 1);
		expect("npm", "a", "1.0.0", AFFECTED);
		assert_status(aim_advisory_remove(set, str("X")), AIM_OK);
		(void)aim_advisory_remove(set, str("Y"));
		expect("npm", "a", "1.0.0", CLEAN);
	}
	assert_status(aim_advisory_remove(set, str("X")), AIM_E_NOT_FOUND);
}

static void test_replacing(void **state)
{
	(void)state;
	assert_status(load(SEVERE("X", "")), AIM_OK);
	assert_status(load(SEVERE("X", "\"withdrawn\":\"2025-01-01T00:00:00Z\",")), AIM_OK);
	expect("npm", "a", "1.0.0", CLEAN);
	assert_status(load(RECORD("X", "npm", "b", SEMVER("{\"introduced\":\"0\"}"))), AIM_OK);
	expect("npm", "a", "1.0.0", CLEAN);
	expect("npm", "b", "1.0.0", AFFECTED);
}

typedef struct malformed {
	const char *text, *pointer;
} malformed;

static void test_malformed(void **state)
{
	static const malformed cases[] = {
		{"{\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"bad\"}}]}", ""},
		{RECORD("X", "npm", "bad", "\"ranges\":7"), "/affected/0/ranges"},
		{RECORD("X", "npm", "bad", SEMVER("{\"fixed\":\"1.0.0\"}")), "/affected/0/ranges/0"},
		{RECORD("X", "npm", "bad", SEMVER("{\"introduced\":\"0\",\"fixed\":\"1.0.0\"}")), "/affected/0/ranges/0/events/0"},
		{RECORD("X", "npm", "bad", SEMVER("{\"introduced\":0}")), "/affected/0/ranges/0/events/0"},
		{RECORD("X", "npm", "bad", "\"versions\":[1]"), "/affected/0/versions/0"},
		{"{\"id\":\"X\",\"schema_version\":\"2.0.0\",\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"bad\"}}]}", "/schema_version"},
		{"{\"id\":\"X\",\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"bad\"}}],\"aliases\":\"y\"}", "/aliases"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[1024] = "[" RECORD("GOOD", "npm", "a", SEMVER("{\"introduced\":\"0\"},{\"fixed\":\"2.0.0\"}")) ",\n";
		aim_error err = {0};
		aim_diagnostics *problems = NULL;
		uint64_t n = 0;
		strcat(strcat(text, cases[i].text), "]");
		assert_status(aim_diagnostics_new(ctx, &problems), AIM_OK);
		assert_status(aim_advisory_load(set, aim_bytes_from(text, strlen(text)), problems, &n, &err), AIM_E_ADVISORY);
		assert_string_equal(err.pointer, cases[i].pointer);
		assert_int_equal(err.line, 2);
		assert_int_equal(n, 1);
		assert_int_equal(aim_diagnostics_count(problems), 1);
		aim_diagnostics_free(problems);
		expect("npm", "a", "1.0.0", AFFECTED);
		expect("npm", "bad", "1.0.0", UNKNOWN(RECORD));
	}
}

/* What a broken record is about stays unknown; when not even that can be told, all is. */
static void test_doubt_spreads_no_further(void **state)
{
	(void)state;
	assert_status(load("[" RECORD("A", "npm", "a", SEMVER("{\"introduced\":\"0\"},{\"fixed\":\"1.0.0\"}")) ","
	                   RECORD("X", "npm", "bad", "\"ranges\":7") "]"), AIM_E_ADVISORY);
	expect("npm", "bad", "1.0.0", UNKNOWN(RECORD));
	expect("npm", "a", "1.0.0", CLEAN);
	assert_status(load("[{\"id\":\"Z\",\"affected\":7}]"), AIM_E_ADVISORY);
	expect("npm", "a", "1.0.0", UNKNOWN(RECORD));
	expect("npm", "a", "0.1.0", AFFECTED);
}

static void test_bad_vector(void **state)
{
	aim_error err = {0};
	static const char text[] = SEVERE("X", "\"severity\":[{\"type\":\"CVSS_V3\",\"score\":\"9.8\"}],");
	(void)state;
	assert_status(aim_advisory_load(set, aim_bytes_from(text, strlen(text)), NULL, NULL, &err), AIM_E_ADVISORY);
	assert_string_equal(err.pointer, "/severity/0/score");
	expect("npm", "a", "1.0.0", AFFECTED); /* the record counts without it */
}

static void test_no_json(void **state)
{
	(void)state;
	assert_status(load("[{"), AIM_E_JSON_SYNTAX);
	assert_status(load(""), AIM_E_JSON_SYNTAX);
	expect("npm", "a", "1.0.0", UNKNOWN(SOURCE));
	assert_status(load("7"), AIM_E_ADVISORY);
	assert_status(load("{\"vulns\":[" SEVERE("X", "") "],\"next_page_token\":\"t\"}"), AIM_E_ADVISORY);
	expect("npm", "b", "1.0.0", UNKNOWN(RECORD));
	assert_status(load(SEVERE("Q", "") "\n{\"id\":\n" SEVERE("R", "") "\n"), AIM_E_ADVISORY);
	expect("npm", "a", "1.0.0", AFFECTED);
	assert_int_equal(aim_advisory_finding_count(result), 3);
}

/* --- advisories of the host ----------------------------------------------------------------------------------------------- */

static void test_manual(void **state)
{
	const aim_str versions[] = {str("sha256:00")};
	aim_advisory_entry e = {.struct_size = sizeof e, .id = str("OURS-1"), .ecosystem = str("npm"), .name = str("a"),
	                        .summary = str("Not here"), .fixed = str("1.0.0"), .severity = AIM_ADVISORY_CRITICAL};
	(void)state;
	assert_status(aim_advisory_add(set, &e, NULL), AIM_OK);
	expect("npm", "a", "0.9.0", AFFECTED);
	assert_int_equal(aim_advisory_finding_at(result, 0)->flags, AIM_ADVISORY_MANUAL);
	assert_int_equal(aim_advisory_finding_at(result, 0)->severity, AIM_ADVISORY_CRITICAL);
	expect("npm", "a", "1.0.0", UNKNOWN(SOURCE)); /* one hand-made entry knows nothing of the rest */
	e.fixed = str("one");
	assert_status(aim_advisory_add(set, &e, NULL), AIM_E_ADVISORY_VERSION);
	e = (aim_advisory_entry){.struct_size = sizeof e, .id = str("OURS-2"), .ecosystem = str("Docker"), .name = str("mcp/x"),
	                         .versions = versions, .n_versions = 1};
	assert_status(aim_advisory_add(set, &e, NULL), AIM_OK);
	expect("Docker", "mcp/x", "sha256:00", AFFECTED);
	expect("Docker", "mcp/x", "sha256:01", UNKNOWN(SOURCE));
	e.introduced = str("1");
	assert_status(aim_advisory_add(set, &e, NULL), AIM_E_INVALID);
	e.id = str("");
	assert_status(aim_advisory_add(set, &e, NULL), AIM_E_INVALID);
}

/* --- fetching ------------------------------------------------------------------------------------------------------------- */

typedef struct host {
	const char *answer; /* NULL: fails */
	size_t calls;
	size_t destroyed;
} host;

static aim_status fetch(void *user, const aim_advisory_package *package, aim_buf *out, aim_error *err)
{
	host *h = user;
	(void)package;
	h->calls++;
	if (!h->answer) {
		strcpy(err->message, "no route");
		return AIM_E_IO;
	}
	return aim_buf_append(out, aim_bytes_from(h->answer, strlen(h->answer)));
}

static void destroy(void *user)
{
	((host *)user)->destroyed++;
}

static void use_host(host *h, uint32_t max_answers)
{
	aim_advisory_options o = {.struct_size = sizeof o, .max_answers = max_answers, .fetch = fetch, .user = h, .destroy = destroy};
	aim_advisory_result_free(result);
	aim_advisory_free(set);
	assert_status(aim_advisory_new(ctx, &o, &set, NULL), AIM_OK);
	assert_status(aim_advisory_result_new(set, &result), AIM_OK);
}

static void drop_host(void)
{
	aim_advisory_result_free(result);
	aim_advisory_free(set);
	result = NULL;
	set = NULL;
}

static void test_cache(void **state)
{
	host h = {.answer = "{}"};
	(void)state;
	use_host(&h, 0);
	expect("npm", "a", "1.0.0", CLEAN);
	expect("npm", "a", "1.0.0", CLEAN); /* that there is nothing is remembered too */
	assert_int_equal(h.calls, 1);
	expect("npm", "a", "1.0.1", CLEAN);
	assert_int_equal(h.calls, 2);
	h.answer = "{\"vulns\":[" SEVERE("X", "") "]}";
	test_now_us += INT64_C(3600) * 1000000 - 1;
	expect("npm", "a", "1.0.0", CLEAN);
	test_now_us += 1;
	expect("npm", "a", "1.0.0", AFFECTED);
	assert_int_equal(h.calls, 3);
	test_now_us -= INT64_C(7200) * 1000000; /* a clock put back */
	expect("npm", "a", "1.0.0", AFFECTED);
	assert_int_equal(h.calls, 4);
	drop_host();
	assert_int_equal(h.destroyed, 1);
}

static void test_failed_fetch(void **state)
{
	static const char *const answers[] = {NULL, "", "<html>", "7", "{\"vulns\":7}", "{\"vulns\":[],\"next_page_token\":\"x\"}", "[{}]"};
	host h = {.answer = NULL};
	(void)state;
	use_host(&h, 0);
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		h.answer = answers[i];
		h.calls = 0;
		for (size_t k = 0; k < 2; k++) {
			const aim_advisory_outcome *o = check("npm", "a", "1.0.0");
			if (o->status != AIM_ADVISORY_UNKNOWN)
				fail_msg("%s: %s", h.answer ? h.answer : "(failed)", aim_advisory_status_name(o->status));
			if (i == 0)
				assert_text(o->details, "no route");
		}
		assert_int_equal(h.calls, 2); /* asked again */
	}
	h.answer = "[]";
	expect("npm", "a", "1.0.0", CLEAN);
	drop_host();
}

static void test_cache_is_bounded(void **state)
{
	host h = {.answer = "[]"};
	(void)state;
	use_host(&h, 2);
	expect("npm", "a", "1.0.0", CLEAN);
	test_now_us++;
	expect("npm", "b", "1.0.0", CLEAN);
	test_now_us++;
	expect("npm", "c", "1.0.0", CLEAN);
	expect("npm", "b", "1.0.0", CLEAN);
	assert_int_equal(h.calls, 3);
	expect("npm", "a", "1.0.0", CLEAN); /* the oldest made room */
	assert_int_equal(h.calls, 4);
	drop_host();
}

/* --- limits and failures -------------------------------------------------------------------------------------------------- */

static void test_limits(void **state)
{
	aim_advisory_options o = {.struct_size = sizeof o, .max_records = 1, .max_findings = 1};
	aim_advisory_summary s = {.struct_size = sizeof s};
	const aim_advisory_package p = {.ecosystem = str("npm"), .name = str("a"), .version = str("1.0.0")};
	(void)state;
	drop_host();
	assert_status(aim_advisory_new(ctx, &o, &set, NULL), AIM_OK);
	assert_status(aim_advisory_result_new(set, &result), AIM_OK);
	assert_status(load(SEVERE("X", "")), AIM_OK);
	assert_status(load(SEVERE("X", "")), AIM_OK);
	assert_status(load(SEVERE("Y", "")), AIM_E_LIMIT);
	expect("npm", "b", "1.0.0", UNKNOWN(RECORD)); /* what was refused may be about it */
	assert_status(aim_advisory_check(set, &p, 10001, result, NULL), AIM_E_LIMIT);
	assert_status(aim_advisory_summarize(result, &s), AIM_OK);
	assert_int_equal(s.safe, 0);
	assert_null(aim_advisory_outcome_at(result, 0));
	assert_status(aim_advisory_check(set, &p, 0, result, NULL), AIM_OK);
	assert_status(aim_advisory_summarize(result, &s), AIM_OK);
	assert_int_equal(s.safe, 0);
	o.flags = 1;
	assert_status(aim_advisory_new(ctx, &o, &(aim_advisory *){NULL}, NULL), AIM_E_VERSION);
}

static aim_status whole_run(aim_ctx *c, void *arg)
{
	host h = {.answer = "[" SEVERE("F", "\"aliases\":[\"G\"],") "]"};
	aim_advisory_options o = {.struct_size = sizeof o, .fetch = fetch, .user = &h, .destroy = destroy};
	static const char text[] = "[" SEVERE("X", "") "," RECORD("Y", "PyPI", "b", SEMVER("{\"introduced\":\"0\"}")) "]";
	const aim_advisory_package p[] = {{.ecosystem = str("npm"), .name = str("a"), .version = str("1.0.0")},
	                                  {.ecosystem = str("PyPI"), .name = str("B"), .version = str("1")}};
	const aim_advisory_entry e = {.struct_size = sizeof e, .id = str("X"), .ecosystem = str("npm"), .name = str("a")};
	aim_advisory *s = NULL;
	aim_advisory_result *r = NULL;
	(void)arg;
	aim_status rc = aim_advisory_new(c, &o, &s, NULL);
	if (rc == AIM_OK)
		rc = aim_advisory_load(s, aim_bytes_from(text, strlen(text)), NULL, NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_advisory_add(s, &e, NULL);
	if (rc == AIM_OK)
		rc = aim_advisory_result_new(s, &r);
	if (rc == AIM_OK)
		rc = aim_advisory_check(s, p, 2, r, NULL);
	for (size_t i = 0; rc == AIM_OK && i < 2; i++)
		if (aim_advisory_outcome_at(r, i)->status == AIM_ADVISORY_CLEAN)
			rc = AIM_E_INTERNAL;
	if (rc == AIM_OK)
		rc = aim_advisory_remove(s, str("X"));
	aim_advisory_result_free(r);
	aim_advisory_free(s);
	assert_int_equal(h.destroyed, 1);
	return rc;
}

static void test_allocations(void **state)
{
	(void)state;
	test_each_allocation_fails(whole_run, NULL);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(aim_advisory_status_name(9), "unknown");
	assert_string_equal(aim_advisory_reason_text(9), "");
	assert_string_equal(aim_advisory_severity_name(AIM_ADVISORY_CRITICAL), "critical");
	assert_string_equal(aim_advisory_severity_name(9), "unrated");
	for (uint32_t i = AIM_ADVISORY_REASON_SOURCE; i <= AIM_ADVISORY_REASON_RECORD; i++)
		assert_true(*aim_advisory_reason_text(i) != 0);
}

#define IN_SET(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_launches), cmocka_unit_test(test_launch_of_too_many), IN_SET(test_events),
		IN_SET(test_unknown_versions), IN_SET(test_ecosystems), IN_SET(test_severities), IN_SET(test_aliases),
		IN_SET(test_forms), IN_SET(test_replacing), IN_SET(test_malformed), IN_SET(test_doubt_spreads_no_further),
		IN_SET(test_bad_vector), IN_SET(test_no_json), IN_SET(test_manual), IN_SET(test_cache), IN_SET(test_failed_fetch),
		IN_SET(test_cache_is_bounded), IN_SET(test_limits), cmocka_unit_test(test_allocations), cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
