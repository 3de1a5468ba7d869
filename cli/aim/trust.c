/* cli/aim/trust.c — aim trust: scores of agents and servers, their reasons and their history. */
#include "program.h"

#include <aim/trustmesh.h>

#include <stdio.h>
#include <string.h>

typedef struct trust_options {
	const char *profile;
	uint64_t limit;
} trust_options;

#define AT(member) offsetof(trust_options, member)
#define PROFILE {"--profile", NULL, "NAME", OPTION_WORD, 0, AT(profile), profile_names, "the rules to score by, default aim-8"}

static const char *const profile_names[] = {"aim-8", "aim-8-plain", "beta", NULL};

static const char *const shown_names[] = {"aim-8", "aim-8-plain", "beta", "mesh-5", NULL};

static const option score_options[] = {PROFILE};
static const option show_options[] = {
	{"--profile", NULL, "NAME", OPTION_WORD, 0, AT(profile), shown_names,
	 "the rules to score by, default aim-8; mesh-5: the counters of interactions"},
};
static const option history_options[] = {
	{"--limit", "-n", "N", OPTION_NUMBER, 0, AT(limit), NULL, "the newest N; default: all that are kept"},
};

static int run_show(program *p);
static int run_explain(program *p);
static int run_history(program *p);
static int run_export(program *p);

static const command commands[] = {
	{"show", "SUBJECT", 1, 1, "show the trust score of an agent or server, and what it is made of",
	 "With --profile mesh-5 the subject may also be the DID of somebody who is not registered.", show_options,
	 N(show_options), sizeof(trust_options), run_show},
	{"explain", "SUBJECT", 1, 1, "show what would raise the score, and by how much",
	 "Each line alone; what is open comes first. --json adds the score with its factors and limits.", score_options,
	 N(score_options), sizeof(trust_options), run_explain},
	{"history", "SUBJECT", 1, 1, "show how the score changed, and by what", NULL, history_options, N(history_options),
	 sizeof(trust_options), run_history},
	{"export", "SUBJECT", 1, 1, "print the evidence behind the score",
	 "Anybody who has it computes the same score and the same root (aim_trustscore_evidence_read).", NULL, 0, 0, run_export},
};

const group group_trust = {"trust", "Trust", commands, N(commands)};

static int open_subject(program *p, char *out, size_t size)
{
	int code = open_log(p, NULL, 0);
	if (code == EXIT_OK)
		code = open_registry(p);
	return code == EXIT_OK ? subject_id(p, SUBJECT_AGENT | SUBJECT_SERVER, p->args[0], out, size) : code;
}

static const aim_trustscore_profile *profile_of(const trust_options *o)
{
	return aim_trustscore_profile_named(aim_str_from(o->profile ? o->profile : "aim-8"));
}

/* 0.592500, or +0.075000 with a sign. */
static aim_str micro_text(int64_t micro, int with_sign, char *out, size_t size)
{
	long long whole = micro < 0 ? -micro : micro;
	const char *sign = micro < 0 ? "-" : with_sign ? "+" : "";
	snprintf(out, size, "%s%lld.%06lld", sign, whole / AIM_TRUSTSCORE_ONE, whole % AIM_TRUSTSCORE_ONE);
	return aim_str_from(out);
}

/* A score of 0 or more, for programs and for people. */
static void micro_cells(table *t, int64_t micro)
{
	char text[32];
	table_number(t, (uint64_t)micro);
	table_text(t, micro_text(micro, 0, text, sizeof text));
}

/* --- show ------------------------------------------------------------------------------------------------------------ */

static const column factor_columns[] = {
	{NULL, "FACTOR", 0},        {NULL, "VALUE", COLUMN_NUMBER},         {NULL, "WEIGHT", COLUMN_NUMBER},
	{NULL, "CONTRIBUTION", COLUMN_NUMBER}, {NULL, "SAMPLES", COLUMN_NUMBER},
};

static const char *vetoes_text(uint32_t vetoes)
{
	static const char *const texts[] = {"", "a critical alert is open", "unapproved drift is open",
	                                    "a critical alert and unapproved drift are open"};
	return texts[vetoes & 3];
}

static int show_summary(const aim_trustscore_summary *s)
{
	answer a;
	char text[32], time[40];
	answer_begin(&a);
	answer_text(&a, NULL, "subject", s->subject);
	answer_styled(&a, NULL, "score", micro_text(s->score_micro, 0, text, sizeof text),
	              s->band >= AIM_TRUSTSCORE_GOOD ? STYLE_GOOD : s->band == AIM_TRUSTSCORE_POOR ? STYLE_BAD : STYLE_NONE);
	answer_text(&a, NULL, "band", aim_str_from(aim_trustscore_band_name(s->band)));
	answer_text(&a, NULL, "provisional", aim_str_from(s->flags & AIM_TRUSTSCORE_PROVISIONAL ? "yes" : "no"));
	answer_text(&a, NULL, "profile", s->profile);
	answer_text(&a, NULL, "as of", aim_str_from(time_text(s->as_of_us, time, sizeof time)));
	if (s->vetoes)
		answer_styled(&a, NULL, "veto", aim_str_from(vetoes_text(s->vetoes)), STYLE_BAD);
	answer_hex(&a, NULL, "evidence", s->root, sizeof s->root);
	answer_end(&a);
	return EXIT_OK;
}

static void show_row(table *t, const aim_trustscore_row *row)
{
	char text[32];
	table_text(t, row->name);
	table_text(t, micro_text(row->value_micro, 0, text, sizeof text));
	if (row->kind == AIM_TRUSTSCORE_FACTOR)
		table_text(t, micro_text(row->weight_micro, 0, text, sizeof text));
	else
		table_none(t);
	table_text(t, micro_text(row->contribution_micro, 0, text, sizeof text));
	table_number(t, row->samples);
	table_row_end(t);
}

static int show_score(const aim_trustscore *score)
{
	aim_trustscore_summary s = {.struct_size = sizeof s};
	aim_status rc = aim_trustscore_summarize(score, &s);
	int code = rc == AIM_OK ? show_summary(&s) : failed("the score", rc, NULL);
	table *t = code == EXIT_OK ? table_new(factor_columns, N(factor_columns)) : NULL;
	if (!t)
		return code == EXIT_OK ? EXIT_FAILED : code;
	printf("\n");
	for (size_t i = 0; i < s.n_rows; i++)
		show_row(t, aim_trustscore_row_at(score, i));
	table_free(t, NULL);
	return EXIT_OK;
}

/* The library's own explanation is the answer in JSON. */
static int explain_json(program *p, const char *subject)
{
	aim_error err = {0};
	aim_buf *out = new_buf(p);
	if (!out)
		return EXIT_FAILED;
	aim_status rc = aim_trust_explain(p->registry, aim_str_from(subject), profile_of(p->options), out, &err);
	int code = EXIT_OK;
	if (rc == AIM_OK) {
		json_again(aim_buf_str(out));
		printf("\n");
	} else {
		code = failed(p->args[0], rc, &err);
	}
	aim_buf_free(out);
	return code;
}

static int is_mesh(const trust_options *o)
{
	return o->profile && strcmp(o->profile, "mesh-5") == 0;
}

static int show_mesh(const char *subject, const aim_trustinterop_mesh *m)
{
	answer a;
	uint32_t tier = aim_trustinterop_mesh_tier(m);
	const uint32_t counters[] = {m->overall,      m->competence,     m->integrity,
	                             m->availability, m->predictability, m->transparency};
	answer_begin(&a);
	answer_text(&a, "subject", "subject", aim_str_from(subject));
	answer_text(&a, "profile", "profile", aim_str_from("mesh-5"));
	answer_styled(&a, "tier", "tier", aim_str_from(aim_trustinterop_tier_name(tier)),
	              tier >= AIM_TRUSTINTEROP_TRUSTED       ? STYLE_GOOD
	              : tier <= AIM_TRUSTINTEROP_UNTRUSTED ? STYLE_BAD
	                                                     : STYLE_NONE);
	answer_bool(&a, "known", "known", m->known != 0);
	for (uint32_t i = 0; m->known && i < N(counters); i++)
		answer_number(&a, aim_trustmesh_counter_name(i), aim_trustmesh_counter_name(i), counters[i]);
	answer_end(&a);
	return EXIT_OK;
}

/* A DID is taken as it is: whoever is not registered can have counters, too. */
static int run_show_mesh(program *p)
{
	char id[64];
	const char *subject = p->args[0];
	aim_error err = {0};
	aim_trustinterop_mesh mesh = {.struct_size = sizeof mesh};
	int is_did = strncmp(subject, "did:", 4) == 0;
	int code = is_did ? open_log(p, NULL, 0) : open_subject(p, id, sizeof id);
	if (code == EXIT_OK && is_did)
		code = open_registry(p);
	if (code != EXIT_OK)
		return code;
	subject = is_did ? subject : id;
	aim_status rc = aim_trustmesh_score(p->registry, aim_str_from(subject), NULL, &mesh, &err);
	return rc == AIM_OK ? show_mesh(subject, &mesh) : failed("trust", rc, &err);
}

static int run_show(program *p)
{
	char subject[64];
	aim_error err = {0};
	aim_trustscore *score = NULL;
	if (is_mesh(p->options))
		return run_show_mesh(p);
	int code = open_subject(p, subject, sizeof subject);
	if (code != EXIT_OK || screen_is_json())
		return code == EXIT_OK ? explain_json(p, subject) : code;
	aim_status rc = aim_trustscore_new(p->ctx, &score, &err);
	if (rc == AIM_OK)
		rc = aim_trust_score(p->registry, aim_str_from(subject), profile_of(p->options), score, &err);
	code = rc == AIM_OK ? show_score(score) : failed(p->args[0], rc, &err);
	aim_trustscore_free(score);
	return code;
}

/* --- explain --------------------------------------------------------------------------------------------------------- */

static const column hint_columns[] = {{NULL, "GAIN", COLUMN_NUMBER}, {NULL, "WHAT WOULD RAISE IT", 0}};

static aim_status list_hint(void *user, const aim_trust_hint *hint)
{
	char text[32];
	table *t = user;
	table_text(t, micro_text(hint->gain_micro, 1, text, sizeof text));
	table_text(t, hint->action);
	table_row_end(t);
	return screen_failed() ? AIM_E_IO : AIM_OK;
}

static int run_explain(program *p)
{
	char subject[64];
	aim_error err = {0};
	int code = open_subject(p, subject, sizeof subject);
	if (code != EXIT_OK || screen_is_json())
		return code == EXIT_OK ? explain_json(p, subject) : code;
	table *t = table_new(hint_columns, N(hint_columns));
	if (!t)
		return EXIT_FAILED;
	aim_status rc = aim_trust_hints(p->registry, aim_str_from(subject), profile_of(p->options), list_hint, t, &err);
	table_free(t, rc == AIM_OK ? "nothing would raise it" : NULL);
	return rc == AIM_OK || screen_failed() ? EXIT_OK : failed(p->args[0], rc, &err);
}

/* --- history --------------------------------------------------------------------------------------------------------- */

static const column change_columns[] = {
	{"number", "#", COLUMN_NUMBER},
	{"time_us", NULL, COLUMN_NUMBER | COLUMN_HIDDEN},
	{NULL, "TIME", 0},
	{"old_micro", NULL, COLUMN_NUMBER | COLUMN_HIDDEN},
	{NULL, "OLD", COLUMN_NUMBER},
	{"new_micro", NULL, COLUMN_NUMBER | COLUMN_HIDDEN},
	{NULL, "NEW", COLUMN_NUMBER},
	{"cause", "CAUSE", COLUMN_SHRINKS},
	{"event", "EVENT", COLUMN_SHRINKS},
	{"source", "SOURCE", COLUMN_SHRINKS},
};

static aim_status list_change(void *user, const aim_trust_moment *m)
{
	char text[40];
	table *t = user;
	table_number(t, m->number);
	table_number(t, (uint64_t)m->time_us);
	table_text(t, aim_str_from(time_text(m->time_us, text, sizeof text)));
	micro_cells(t, m->old_micro);
	micro_cells(t, m->new_micro);
	table_text(t, m->cause);
	table_text(t, m->event);
	table_text(t, m->source);
	table_row_end(t);
	return screen_failed() ? AIM_E_IO : AIM_OK;
}

static int run_history(program *p)
{
	char subject[64];
	aim_error err = {0};
	const trust_options *o = p->options;
	int code = open_subject(p, subject, sizeof subject);
	table *t = code == EXIT_OK ? table_new(change_columns, N(change_columns)) : NULL;
	if (!t)
		return code == EXIT_OK ? EXIT_FAILED : code;
	aim_status rc = aim_trust_history(p->registry, aim_str_from(subject), (size_t)o->limit, list_change, t, &err);
	table_free(t, rc == AIM_OK ? "its score never changed" : NULL);
	return rc == AIM_OK || screen_failed() ? EXIT_OK : failed(p->args[0], rc, &err);
}

/* --- export ---------------------------------------------------------------------------------------------------------- */

static int run_export(program *p)
{
	char subject[64];
	aim_error err = {0};
	int code = open_subject(p, subject, sizeof subject);
	aim_buf *out = code == EXIT_OK ? new_buf(p) : NULL;
	if (!out)
		return code == EXIT_OK ? EXIT_FAILED : code;
	aim_status rc = aim_trust_export(p->registry, aim_str_from(subject), out, &err);
	if (rc == AIM_OK) {
		json_again(aim_buf_str(out));
		printf("\n");
	} else {
		code = failed(p->args[0], rc, &err);
	}
	aim_buf_free(out);
	return code;
}
