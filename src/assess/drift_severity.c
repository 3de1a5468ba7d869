/* assess/drift_severity.c — how grave findings are. Layer assess; tables. */
#include "assess/drift.h"

#include <string.h>

#define GRAVE AIM_DRIFT_GRAVE

static const char *const kind_names[AIM__DRIFT_KINDS] = {
	"unknown", "server_unregistered", "capability_undeclared_use", "url_changed", "command_changed", "key_changed",
	"checksum_changed", "env_changed", "transport_changed", "tool_description_changed", "instructions_changed",
	"schema_changed", "annotation_changed", "capability_added", "capability_removed", "capability_renamed",
	"server_missing", "definition_changed", "first_seen", "behaviour",
};

/* The first row that fits counts. Of definition_changed the detail is the weight of the member. */
static const aim_drift_severity defaults[] = {
	{AIM_DRIFT_SERVER_UNREGISTERED, 0, 0, AIM_ALERT_HIGH},
	{AIM_DRIFT_CAPABILITY_UNDECLARED_USE, 0, 0, AIM_ALERT_HIGH},
	{AIM_DRIFT_URL_CHANGED, 0, 0, AIM_ALERT_HIGH},
	{AIM_DRIFT_COMMAND_CHANGED, 0, 0, AIM_ALERT_CRITICAL},
	{AIM_DRIFT_KEY_CHANGED, 0, 0, AIM_ALERT_CRITICAL},
	{AIM_DRIFT_CHECKSUM_CHANGED, 0, 0, AIM_ALERT_CRITICAL},
	{AIM_DRIFT_ENV_CHANGED, 0, 0, AIM_ALERT_HIGH},
	{AIM_DRIFT_TRANSPORT_CHANGED, 0, 0, AIM_ALERT_HIGH},
	{AIM_DRIFT_DESCRIPTION_CHANGED, GRAVE, 0, AIM_ALERT_CRITICAL},
	{AIM_DRIFT_DESCRIPTION_CHANGED, 0, 0, AIM_ALERT_HIGH},
	{AIM_DRIFT_INSTRUCTIONS_CHANGED, GRAVE, 0, AIM_ALERT_CRITICAL},
	{AIM_DRIFT_INSTRUCTIONS_CHANGED, 0, 0, AIM_ALERT_HIGH},
	{AIM_DRIFT_SCHEMA_CHANGED, GRAVE, 0, AIM_ALERT_CRITICAL},
	{AIM_DRIFT_SCHEMA_CHANGED, 0, AIM_SCHEMADIFF_COSMETIC, AIM_ALERT_LOW},
	{AIM_DRIFT_SCHEMA_CHANGED, 0, AIM_SCHEMADIFF_NARROWING, AIM_ALERT_MEDIUM},
	{AIM_DRIFT_SCHEMA_CHANGED, 0, 0, AIM_ALERT_HIGH},
	{AIM_DRIFT_ANNOTATION_CHANGED, GRAVE, 0, AIM_ALERT_HIGH},
	{AIM_DRIFT_ANNOTATION_CHANGED, 0, 0, AIM_ALERT_MEDIUM},
	{AIM_DRIFT_CAPABILITY_ADDED, GRAVE, 0, AIM_ALERT_HIGH},
	{AIM_DRIFT_CAPABILITY_ADDED, 0, 0, AIM_ALERT_MEDIUM},
	{AIM_DRIFT_CAPABILITY_REMOVED, 0, 0, AIM_ALERT_INFO},
	{AIM_DRIFT_CAPABILITY_RENAMED, 0, 0, AIM_ALERT_HIGH},
	{AIM_DRIFT_SERVER_MISSING, 0, 0, AIM_ALERT_INFO},
	{AIM_DRIFT_DEFINITION_CHANGED, GRAVE, 0, AIM_ALERT_CRITICAL},
	{AIM_DRIFT_DEFINITION_CHANGED, 0, AIM_BASELINE_LOW, AIM_ALERT_LOW},
	{AIM_DRIFT_DEFINITION_CHANGED, 0, AIM_BASELINE_MEDIUM, AIM_ALERT_MEDIUM},
	{AIM_DRIFT_DEFINITION_CHANGED, 0, 0, AIM_ALERT_HIGH},
	{AIM_DRIFT_FIRST_SEEN, 0, 0, AIM_ALERT_INFO},
	{AIM_DRIFT_BEHAVIOUR, 0, AIM_BEHAVIOUR_SUSPICIOUS_PARAMETERS, AIM_ALERT_HIGH},
	{AIM_DRIFT_BEHAVIOUR, 0, AIM_BEHAVIOUR_UNEXPECTED_RESPONSE, AIM_ALERT_HIGH},
	{AIM_DRIFT_BEHAVIOUR, 0, 0, AIM_ALERT_MEDIUM},
};

const char *aim_drift_kind_name(uint32_t kind)
{
	return kind_names[kind < AIM__DRIFT_KINDS ? kind : 0];
}

static const aim_drift_severity *first_fit(const aim_drift_severity *rows, size_t n, uint32_t kind, uint32_t flags,
                                           uint32_t detail)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].kind == kind && (rows[i].flags & ~flags) == 0 && (rows[i].detail == 0 || rows[i].detail == detail))
			return &rows[i];
	return NULL;
}

uint32_t aim__drift_severity_of(const aim_drift *d, uint32_t kind, uint32_t flags, uint32_t detail)
{
	const aim_drift_severity *row = first_fit(d->severities, d->options.n_severities, kind, flags, detail);
	if (!row)
		row = first_fit(defaults, sizeof defaults / sizeof *defaults, kind, flags, detail);
	return row ? row->severity : AIM_ALERT_HIGH;
}

/* ---- what a new tool reaches ---- */

/* Words of names, in lower case: programs, files, the network, secrets. */
static const char *const words[] = {
	"exec",   "execute", "command", "cmd",   "shell",   "run",     "eval",     "code",     "script",   "process", "spawn",
	"bash",   "powershell", "sql",  "query", "file",    "files",   "path",     "paths",    "dir",      "directory", "folder",
	"fs",     "read",    "write",   "delete", "remove", "filename", "upload",  "download", "url",      "urls",    "uri",
	"http",   "https",   "host",    "hostname", "fetch", "request", "send",    "post",     "socket",   "port",    "email",
	"mail",   "webhook", "endpoint", "ip",   "proxy",   "browse",  "secret",   "secrets",  "password", "passwd",  "token",
	"tokens", "key",     "keys",    "apikey", "credential", "credentials", "env", "environment", "ssh", "auth", "cookie",
};

#define WORD_MAX 16u

static int is_word(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0)
			return 1;
	return 0;
}

static int is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static int is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* A name falls into words at everything that is no letter or digit, and before a capital that follows a small one:
 * read_file, readFile, READ-FILE. */
static int has_word(aim_str name)
{
	char word[WORD_MAX + 1];
	size_t n = 0;
	for (size_t i = 0; i <= name.len; i++) {
		char c = i < name.len ? name.ptr[i] : ' ';
		int begins = i > 0 && is_upper(c) && !is_upper(name.ptr[i - 1]);
		if (!is_letter(c) || begins) {
			if (n <= WORD_MAX && is_word(word, n))
				return 1;
			n = 0;
		}
		if (is_letter(c)) {
			if (n < WORD_MAX)
				word[n] = (char)(is_upper(c) ? c + ('a' - 'A') : c);
			n++;
		}
	}
	return 0;
}

/* Every name in the schemas is looked at, at any depth: names of properties are among them. */
int aim__drift_reaches(const aim_json *doc, aim_json_value definition, aim_str name)
{
	static const char *const schemas[] = {"inputSchema", "arguments"};
	if (has_word(name))
		return 1;
	for (size_t s = 0; s < sizeof schemas / sizeof *schemas; s++) {
		aim_json_value v = aim__json_member_text(doc, definition, schemas[s]);
		if (v == AIM_JSON_NONE)
			continue;
		for (uint32_t i = v, end = aim__json_skip(doc, v); i < end; i++)
			if (doc->nodes[i].info & AIM__JSON_KEY && has_word(aim__json_node_text(doc, &doc->nodes[i])))
				return 1;
	}
	return 0;
}
