/* cli/aim/registry.c — what aim mcp and aim agent share: opening, lists of texts, pages, public keys, links. */
#include "registry.h"
#include "key.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400
#define DAYS_MAX 36500u

const char *const status_names[] = {"any", "pending", "verified", "suspended", "revoked", NULL};

int registry_open(program *p, int how)
{
	int code = open_log(p, NULL, how);
	return code == EXIT_OK ? open_registry(p) : code;
}

int registry_open_for(program *p, int how, uint32_t kinds, char *out_id, size_t size)
{
	int code = registry_open(p, how);
	return code == EXIT_OK ? subject_id(p, kinds, p->args[0], out_id, size) : code;
}

aim_str actor_of(const registry_options *o)
{
	return aim_str_from(o->actor ? o->actor : "operator");
}

int refused(const char *what, aim_status rc, const aim_error *err)
{
	int code = failed(what, rc, err);
	return rc == AIM_E_INVALID || rc == AIM_E_ID_CAPABILITY || rc == AIM_E_ID_DID ? EXIT_USAGE : code;
}

int read_days(const registry_options *o, int64_t *out_s)
{
	if (o->days > DAYS_MAX) {
		say("--days is at most %u", DAYS_MAX);
		return EXIT_USAGE;
	}
	*out_s = o->days ? (int64_t)time(NULL) + (int64_t)o->days * DAY_S : 0;
	return EXIT_OK;
}

int status_style(uint32_t status)
{
	static const int styles[] = {STYLE_NONE, STYLE_NONE, STYLE_GOOD, STYLE_BAD, STYLE_BAD};
	return status < N(styles) ? styles[status] : STYLE_NONE;
}

aim_str when_text(int64_t us, char *out, size_t size)
{
	return aim_str_from(us ? time_text(us, out, size) : NULL);
}

aim_registry_move move_of(const registry_options *o, uint32_t status)
{
	aim_registry_move move = {.struct_size = sizeof move, .status = status};
	move.reason = aim_str_from(o->reason);
	move.actor = actor_of(o);
	move.flags = (o->flags & REGISTRY_SECURITY ? AIM_REGISTRY_SECURITY : 0) |
	             (o->flags & REGISTRY_OVERRIDE ? AIM_REGISTRY_OVERRIDE : 0);
	return move;
}

void show_some(answer *a, const char *name, const char *label, aim_str text)
{
	if (text.len)
		answer_text(a, name, label, text);
}

void show_texts(answer *a, const char *name, const char *label, const texts *t, aim_buf *buf)
{
	answer_json(a, name, texts_json(t, buf));
	if (t->n)
		answer_text(a, NULL, label, texts_line(t, buf));
}

/* --- lists ------------------------------------------------------------------------------------------------------------- */

int texts_split(const char *option_name, const char *text, texts *out)
{
	out->n = 0;
	while (text && *text) {
		size_t len = strcspn(text, ",");
		if (out->n == TEXTS_MAX) {
			say("%s: more than %u of them", option_name, TEXTS_MAX);
			return EXIT_USAGE;
		}
		if (len)
			out->items[out->n++] = (aim_str){text, len};
		text += len + (text[len] == ',');
	}
	return EXIT_OK;
}

/* Appending can fail for lack of memory only; what is shown is then shorter. */
static void add(aim_buf *out, aim_str text)
{
	aim_status rc = aim_buf_append(out, aim_bytes_from_str(text));
	(void)rc;
}

static void add_quoted(aim_buf *out, aim_str text)
{
	char escape[8];
	add(out, aim_str_from("\""));
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c < 0x20)
			snprintf(escape, sizeof escape, "\\u%04x", c);
		else
			snprintf(escape, sizeof escape, "%s%c", c == '"' || c == '\\' ? "\\" : "", c);
		add(out, aim_str_from(escape));
	}
	add(out, aim_str_from("\""));
}

aim_str texts_json(const texts *t, aim_buf *out)
{
	aim_buf_clear(out);
	add(out, aim_str_from("["));
	for (size_t i = 0; i < t->n; i++) {
		add(out, aim_str_from(i ? "," : ""));
		add_quoted(out, t->items[i]);
	}
	add(out, aim_str_from("]"));
	return aim_buf_str(out);
}

aim_str texts_line(const texts *t, aim_buf *out)
{
	aim_buf_clear(out);
	for (size_t i = 0; i < t->n; i++) {
		add(out, aim_str_from(i ? ", " : ""));
		add(out, t->items[i]);
	}
	return aim_buf_str(out);
}

/* --- pages ------------------------------------------------------------------------------------------------------------- */

int page_begin(program *p, const column *columns, size_t n, page *out)
{
	const registry_options *o = p->options;
	memset(out, 0, sizeof *out);
	out->p = p;
	out->status = o->status;
	out->to_skip = o->offset;
	out->to_show = o->limit ? o->limit : UINT64_MAX;
	out->table = table_new(columns, n);
	return out->table ? EXIT_OK : EXIT_FAILED;
}

int page_takes(page *g, uint32_t status, aim_str id)
{
	if (g->status && g->status != status)
		return 0;
	if (g->to_skip) {
		g->to_skip--;
		return 0;
	}
	if (g->to_show == 0) {
		g->is_cut = 1;
		return 0;
	}
	g->to_show--;
	snprintf(g->last, sizeof g->last, "%.*s", (int)id.len, id.ptr);
	return 1;
}

int page_end(page *g, aim_status rc, const aim_error *err, const char *nothing)
{
	int is_good = rc == AIM_OK || rc == PAGE_ENOUGH;
	table_free(g->table, is_good ? nothing : NULL);
	if (screen_failed())
		return EXIT_FILE;
	if (!is_good)
		return refused("the list", rc, err);
	fflush(stdout);
	if (g->is_cut && !is_quiet(g->p))
		say("there is more: --after %s", g->last);
	return EXIT_OK;
}

/* --- keys -------------------------------------------------------------------------------------------------------------- */

int read_public_key(program *p, const registry_options *o, aim_public_key *out, int *out_has)
{
	key_file f;
	aim_error err = {0};
	*out_has = o->public_key || o->key_file;
	if (o->public_key && o->key_file) {
		say("give one of --public-key and --key-file");
		return EXIT_USAGE;
	}
	if (o->public_key) {
		aim_status rc = aim_key_public_parse(p->ctx, aim_bytes_from_str(aim_str_from(o->public_key)), out, &err);
		return rc == AIM_OK ? EXIT_OK : failed("--public-key", rc, &err);
	}
	if (!o->key_file)
		return EXIT_OK;
	int code = key_file_open(p, o->key_file, 0, &f);
	if (code == EXIT_OK)
		*out = f.public_key;
	key_file_close(&f);
	return code;
}

/* --- links ------------------------------------------------------------------------------------------------------------- */

static int open_both(program *p, char *agent, char *server, size_t size)
{
	int code = registry_open(p, TO_WRITE);
	if (code == EXIT_OK)
		code = subject_id(p, SUBJECT_AGENT, p->args[0], agent, size);
	return code == EXIT_OK ? subject_id(p, SUBJECT_SERVER, p->args[1], server, size) : code;
}

static int show_link(const char *word, const char *agent, const char *server, const aim_link *link)
{
	answer a;
	char text[40];
	answer_begin(&a);
	answer_text(&a, NULL, "link", aim_str_from(word));
	answer_text(&a, "agent", "agent", aim_str_from(agent));
	answer_text(&a, "server", "server", aim_str_from(server));
	answer_bool(&a, "linked", NULL, link != NULL);
	if (link) {
		answer_text(&a, "first_seen", "first seen", when_text(link->first_seen_us, text, sizeof text));
		answer_text(&a, "last_seen", "last seen", when_text(link->last_seen_us, text, sizeof text));
	}
	answer_end(&a);
	return EXIT_OK;
}

int run_link(program *p)
{
	aim_error err = {0};
	aim_link link = {.struct_size = sizeof link};
	char agent[64], server[64];
	int code = open_both(p, agent, server, sizeof agent);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_link_add(p->registry, aim_str_from(agent), aim_str_from(server), actor_of(p->options), &err);
	if (rc == AIM_OK)
		rc = aim_link_check(p->registry, aim_str_from(agent), aim_str_from(server), &link, &err);
	return rc == AIM_OK ? show_link("made", agent, server, &link) : refused("the link", rc, &err);
}

int run_unlink(program *p)
{
	aim_error err = {0};
	char agent[64], server[64];
	int code = open_both(p, agent, server, sizeof agent);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_link_remove(p->registry, aim_str_from(agent), aim_str_from(server), actor_of(p->options), &err);
	return rc == AIM_OK ? show_link("removed", agent, server, NULL) : refused("the link", rc, &err);
}
