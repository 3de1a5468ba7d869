/* cli/aim/policy.c — aim policy: check documents, explain decisions, run tests of policies, compare policies. */
#include "policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)64 << 20)

static int run_check(program *p);
static int run_explain(program *p);
static int run_test(program *p);
static int run_diff(program *p);
static int run_dry_run(program *p);

typedef struct dry_options {
	const char *log;
} dry_options;

static const option dry_run_options[] = {
	{"--log", NULL, "NAME", OPTION_TEXT, 0, offsetof(dry_options, log), NULL, "which log of the store, default main"},
};

static const command commands[] = {
	{"check", "FILE…", 1, -1, "check policies: mistakes, and rules that are odd",
	 "Each FILE is a policy in JSON or YAML (- is standard input). The exit status is 1 for a mistake, and 6 when there are only "
	 "warnings.",
	 NULL, 0, 0, run_check},
	{"explain", "FILE REQUEST", 2, 2, "say why a policy decides a request as it does",
	 "REQUEST is a file, in JSON or YAML, such as {tool: read_file, agent: bot, trust: 800000}. The answer is JSON: it names the "
	 "deciding rule, and the smallest change that would turn the decision. The exit status is 0 for allow and 1 otherwise.",
	 NULL, 0, 0, run_explain},
	{"test", "FILE…", 1, -1, "decide requests as tests expect",
	 "Each FILE (by custom NAME.policy-test.yaml) names a policy beside it and requests with the effect, and the rule, that is "
	 "expected. The exit status is 1 when one differs.",
	 NULL, 0, 0, run_test},
	{"diff", "BEFORE AFTER", 2, 2, "show what two policies decide otherwise",
	 "The answer is JSON: classes of requests that are decided otherwise, with one request each that both policies decided. The "
	 "exit status is 1 when there is one.",
	 NULL, 0, 0, run_diff},
	{"dry-run", "FILE", 1, 1, "decide again what the audit log recorded",
	 "Every recorded call whose decision would be another one is shown, by its position in the log. Arguments and capabilities "
	 "are not in the log: conditions on them are unknown. The exit status is 1 when a call is decided otherwise.",
	 dry_run_options, N(dry_run_options), sizeof(dry_options), run_dry_run},
};

const group group_policy = {"policy", "Policies", commands, N(commands)};

static int is_json(const program *p)
{
	return (p->global.flags & GLOBAL_JSON) != 0;
}

/* --- files ---------------------------------------------------------------------------------------------------------------- */

typedef struct loaded {
	char *bytes;
	size_t len;
	aim_json *doc;
	aim_policy *policy;
	aim_diagnostics *problems;
} loaded;

static void unload(loaded *l)
{
	aim_policy_unref(l->policy);
	aim_diagnostics_free(l->problems);
	aim_json_free(l->doc);
	if (l->bytes)
		file_free(l->bytes, l->len);
}

/* 1 for warnings. */
static int is_warning(aim_status rc)
{
	return rc == AIM_POLICY_COVERED || rc == AIM_POLICY_DUPLICATE || rc == AIM_POLICY_UNDECLARED ||
	       rc == AIM_POLICY_UNDECIDED;
}

void policy_put_string(const char *text)
{
	fputc('"', stdout);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if (*c < 0x20)
			printf("\\u%04x", *c);
		else
			fputc(*c, stdout);
	}
	fputc('"', stdout);
}

static void show_problem(const program *p, const char *path, const aim_error *e)
{
	const char *severity = is_warning(e->status) ? "warning" : "error";
	char shown[600];
	if (!is_json(p)) {
		printf("%s:%u:%u: %s: %s%s%s\n", printable(aim_str_from(path), shown, sizeof shown), e->line, e->column, severity,
		       e->message, e->pointer[0] ? " at " : "", e->pointer);
		return;
	}
	printf("{\"file\":");
	policy_put_string(path);
	printf(",\"line\":%u,\"column\":%u,\"pointer\":", e->line, e->column);
	policy_put_string(e->pointer);
	printf(",\"severity\":\"%s\",\"status\":\"%s\",\"message\":", severity, aim_status_name(e->status));
	policy_put_string(e->message);
	printf("}\n");
}

/* The policy of a file; problems are shown when show is set, else said. EXIT_OK, EXIT_FILE, EXIT_NO, EXIT_FAILED. */
static int load(program *p, const char *path, int show, loaded *out)
{
	aim_error err = {0};
	memset(out, 0, sizeof *out);
	out->bytes = file_read("policy", path, FILE_MAX, &out->len);
	if (!out->bytes)
		return EXIT_FILE;
	aim_status rc = aim_diagnostics_new(p->ctx, &out->problems);
	if (rc == AIM_OK)
		rc = aim_policy_compile(p->ctx, aim_bytes_from(out->bytes, out->len), NULL, &out->policy, out->problems, &err);
	for (size_t i = 0; show && i < aim_diagnostics_count(out->problems); i++)
		show_problem(p, path, aim_diagnostics_at(out->problems, i));
	if (rc == AIM_OK)
		return EXIT_OK;
	if (!show || aim_diagnostics_count(out->problems) == 0) {
		char what[400];
		snprintf(what, sizeof what, "%.300s:%u:%u", path, err.line, err.column);
		failed(what, rc, &err);
	}
	return rc == AIM_E_NOMEM ? EXIT_FAILED : EXIT_NO;
}

/* A document in JSON or YAML: what begins with a bracket is JSON. */
static int load_document(program *p, const char *path, loaded *out)
{
	aim_error err = {0};
	memset(out, 0, sizeof *out);
	out->bytes = file_read("file", path, FILE_MAX, &out->len);
	if (!out->bytes)
		return EXIT_FILE;
	size_t i = strspn(out->bytes, " \t\r\n");
	uint32_t format = i < out->len && (out->bytes[i] == '{' || out->bytes[i] == '[') ? AIM_CONFIG_JSON : AIM_CONFIG_YAML;
	aim_bytes text = aim_bytes_from(out->bytes, out->len);
	aim_status rc = aim_json_new(p->ctx, &out->doc);
	if (rc == AIM_OK)
		rc = aim_config_parse(out->doc, text, format, &err);
	if (rc != AIM_OK && format == AIM_CONFIG_JSON) /* {tool: x} is YAML too */
		rc = aim_config_parse(out->doc, text, AIM_CONFIG_YAML, &err);
	if (rc == AIM_OK)
		return EXIT_OK;
	char what[400];
	snprintf(what, sizeof what, "%.300s:%u:%u", path, err.line, err.column);
	failed(what, rc, &err);
	return rc == AIM_E_NOMEM ? EXIT_FAILED : EXIT_NO;
}

/* --- check ---------------------------------------------------------------------------------------------------------------- */

static void show_policy(const program *p, const char *path, const aim_policy *policy, size_t n_warnings)
{
	char shown[600];
	aim_str hash = aim_policy_hash(policy);
	if (is_json(p)) {
		printf("{\"file\":");
		policy_put_string(path);
		printf(",\"rules\":%zu,\"warnings\":%zu,\"hash\":\"%.*s\"}\n", aim_policy_rule_count(policy), n_warnings, (int)hash.len,
		       hash.ptr);
	} else if (!is_quiet(p)) {
		printf("%s: %zu rules, %zu warnings, %.*s\n", printable(aim_str_from(path), shown, sizeof shown),
		       aim_policy_rule_count(policy), n_warnings, (int)hash.len, hash.ptr);
	}
}

static int run_check(program *p)
{
	int worst = open_context(p);
	int warned = 0;
	for (int i = 0; i < p->n_args && (worst == EXIT_OK || worst == EXIT_NO); i++) {
		loaded l;
		int code = load(p, p->args[i], 1, &l);
		if (code == EXIT_OK) {
			size_t n = aim_diagnostics_count(l.problems) + aim_diagnostics_dropped(l.problems);
			warned |= n != 0;
			show_policy(p, p->args[i], l.policy, n);
		}
		if (code != EXIT_OK)
			worst = code;
		unload(&l);
	}
	return worst == EXIT_OK && warned ? EXIT_WARN : worst;
}

/* --- explain -------------------------------------------------------------------------------------------------------------- */

static int explain(program *p, const loaded *policy, const loaded *request)
{
	aim_error err = {0};
	written *w = malloc(sizeof *w);
	aim_buf *out = new_buf(p);
	int code = EXIT_FAILED;
	if (w && out && written_read(request->doc, AIM_JSON_ROOT, p->args[1], w) != 0) {
		code = EXIT_NO;
	} else if (w && out) {
		aim_status rc = aim_policy_explain(policy->policy, &w->request, out, &err);
		aim_str text = aim_buf_str(out);
		if (rc != AIM_OK)
			failed(p->args[1], rc, &err);
		else
			printf("%.*s\n", (int)text.len, text.ptr);
		if (rc == AIM_OK)
			code = text.len > 18 && memcmp(text.ptr, "{\"effect\":\"allow\"", 17) == 0 ? EXIT_OK : EXIT_NO;
	}
	aim_buf_free(out);
	free(w);
	return code;
}

static int run_explain(program *p)
{
	loaded policy = {0}, request = {0};
	int code = open_context(p);
	if (code == EXIT_OK)
		code = load(p, p->args[0], 0, &policy);
	if (code == EXIT_OK)
		code = load_document(p, p->args[1], &request);
	if (code == EXIT_OK)
		code = explain(p, &policy, &request);
	unload(&policy);
	unload(&request);
	return code;
}

/* --- test ----------------------------------------------------------------------------------------------------------------- */

typedef struct testing {
	program *p;
	const char *path;
	const aim_json *doc;
	aim_policy *policy;
	aim_decision *decision;
	written *w;
	size_t n_failed;
	size_t n;
} testing;

static aim_json_value member(const aim_json *doc, aim_json_value object, const char *name)
{
	return aim_json_member(doc, object, aim_str_from(name));
}

static void show_test(const testing *t, aim_str name, int passed, aim_str rule)
{
	const char *effect = aim_decision_effect_name(aim_decision_would_be(t->decision));
	char a[200], b[200];
	if (is_json(t->p)) {
		printf("{\"test\":");
		policy_put_string(printable(name, a, sizeof a));
		printf(",\"passed\":%s,\"effect\":\"%s\",\"rule\":", passed ? "true" : "false", effect);
		policy_put_string(printable(rule, b, sizeof b));
		printf("}\n");
	} else if (!passed || !is_quiet(t->p)) {
		printf("%s  %s: %s%s%s\n", passed ? "ok  " : "FAIL", printable(name, a, sizeof a), effect, rule.len ? " by " : "",
		       printable(rule, b, sizeof b));
	}
}

/* 0, or −1 after saying that the test itself is wrong. */
static int run_one(testing *t, aim_json_value test)
{
	const aim_json *doc = t->doc;
	aim_json_value expect = member(doc, test, "expect");
	aim_str name = aim_json_string(doc, member(doc, test, "name"));
	aim_str effect = aim_json_string(doc, member(doc, expect, "effect"));
	aim_str wanted = aim_json_string(doc, member(doc, expect, "rule"));
	aim_error err = {0};
	if (!effect.ptr || !name.ptr) {
		say("%.300s: a test must have a name, a request, and an effect that is expected", t->path);
		return -1;
	}
	if (written_read(doc, member(doc, test, "request"), t->path, t->w) != 0)
		return -1;
	aim_status rc = aim_policy_decide(t->policy, &t->w->request, t->decision, &err);
	if (rc != AIM_OK && rc != AIM_DENIED && rc != AIM_ASK) {
		say_error(t->path, rc, &err);
		return -1;
	}
	aim_str rule = aim_decision_rule(t->decision);
	int passed = aim_str_equal(effect, aim_str_from(aim_decision_effect_name(aim_decision_would_be(t->decision)))) &&
	             (!wanted.ptr || aim_str_equal(wanted, rule));
	show_test(t, name, passed, rule);
	t->n++;
	t->n_failed += !passed;
	return 0;
}

/* The policy's path, seen from the test file. */
static int policy_path(const testing *t, aim_str named, char *out, size_t size)
{
	const char *slash = strrchr(t->path, '/');
	int folder = slash && named.len && named.ptr[0] != '/' ? (int)(slash - t->path) + 1 : 0;
	int n = snprintf(out, size, "%.*s%.*s", folder, t->path, (int)named.len, named.ptr);
	if (named.len && n > 0 && (size_t)n < size)
		return 0;
	say("%.300s: must have a member 'policy', the path of a policy", t->path);
	return -1;
}

static int run_tests(testing *t)
{
	const aim_json *doc = t->doc;
	aim_error err = {0};
	aim_status rc = aim_decision_new(t->p->ctx, &t->decision, &err);
	if (rc != AIM_OK)
		return failed(t->path, rc, &err);
	aim_json_value tests = member(doc, AIM_JSON_ROOT, "tests");
	if (aim_json_count(doc, tests) == 0) {
		say("%.300s: must have a list 'tests' with at least one", t->path);
		return EXIT_NO;
	}
	for (aim_json_value v = aim_json_first(doc, tests); v != AIM_JSON_NONE; v = aim_json_next(doc, v))
		if (run_one(t, v) != 0)
			return EXIT_NO;
	if (!is_json(t->p) && !is_quiet(t->p))
		printf("%zu tests, %zu failed\n", t->n, t->n_failed);
	return t->n_failed ? EXIT_NO : EXIT_OK;
}

static int test_file(program *p, const char *path)
{
	char beside[4096];
	loaded tests = {0}, policy = {0};
	testing t = {.p = p, .path = path, .w = malloc(sizeof *t.w)};
	int code = t.w ? load_document(p, path, &tests) : EXIT_FAILED;
	t.doc = tests.doc;
	if (code == EXIT_OK && policy_path(&t, aim_json_string(t.doc, member(t.doc, AIM_JSON_ROOT, "policy")), beside,
	                                   sizeof beside) != 0)
		code = EXIT_NO;
	if (code == EXIT_OK)
		code = load(p, beside, 0, &policy);
	t.policy = policy.policy;
	if (code == EXIT_OK)
		code = run_tests(&t);
	aim_decision_free(t.decision);
	free(t.w);
	unload(&policy);
	unload(&tests);
	return code;
}

static int run_test(program *p)
{
	int worst = open_context(p);
	for (int i = 0; i < p->n_args && (worst == EXIT_OK || worst == EXIT_NO); i++) {
		int code = test_file(p, p->args[i]);
		if (code != EXIT_OK)
			worst = code;
	}
	return worst;
}

/* --- diff ----------------------------------------------------------------------------------------------------------------- */

static int run_diff(program *p)
{
	loaded before = {0}, after = {0};
	aim_error err = {0};
	aim_buf *out = NULL;
	size_t n = 0;
	int code = open_context(p);
	if (code == EXIT_OK)
		code = load(p, p->args[0], 0, &before);
	if (code == EXIT_OK)
		code = load(p, p->args[1], 0, &after);
	if (code == EXIT_OK && !(out = new_buf(p)))
		code = EXIT_FAILED;
	if (code == EXIT_OK) {
		aim_status rc = aim_policy_diff(before.policy, after.policy, out, &n, &err);
		aim_str text = aim_buf_str(out);
		if (rc != AIM_OK)
			code = failed(p->args[1], rc, &err);
		else
			printf("%.*s\n", (int)text.len, text.ptr);
	}
	aim_buf_free(out);
	unload(&before);
	unload(&after);
	return code == EXIT_OK && n ? EXIT_NO : code;
}

static int run_dry_run(program *p)
{
	const dry_options *o = p->options;
	loaded policy = {0};
	int code = open_context(p);
	if (code == EXIT_OK)
		code = load(p, p->args[0], 0, &policy);
	if (code == EXIT_OK)
		code = policy_dry_run(p, policy.policy, o->log);
	unload(&policy);
	return code;
}
