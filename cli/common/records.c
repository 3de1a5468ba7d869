/* cli/common/records.c — records of the audit log as a list. */
#include "records.h"
#include "options.h"
#include "say.h"

#include <string.h>

static const column columns[] = {
	{"position", "#", COLUMN_NUMBER},
	{NULL, "TIME", 0},
	{NULL, "AGENT", COLUMN_SHRINKS},
	{NULL, "KIND", COLUMN_SHRINKS},
	{NULL, "ACTION", COLUMN_SHRINKS},
	{NULL, "DECISION", 0},
	{NULL, "CODE", COLUMN_SHRINKS},
	{NULL, "RULE", COLUMN_SHRINKS},
	{NULL, "REASON", COLUMN_SHRINKS},
	{"record", NULL, COLUMN_RAW},
};

int records_open(records *r, aim_ctx *ctx)
{
	*r = (records){NULL, NULL, 0};
	if (aim_json_new(ctx, &r->doc) != AIM_OK) {
		say("out of memory");
		return -1;
	}
	r->table = table_new(columns, sizeof columns / sizeof *columns);
	return r->table ? 0 : -1;
}

static aim_str member(const records *r, const char *pointer)
{
	return aim_json_string(r->doc, aim_json_at(r->doc, AIM_JSON_ROOT, aim_str_from(pointer)));
}

static aim_str when(const records *r, char *out, size_t size)
{
	int64_t us = 0;
	if (aim_json_int64(r->doc, aim_json_at(r->doc, AIM_JSON_ROOT, aim_str_from("/time_us")), &us) != AIM_OK)
		return aim_str_from("?");
	return aim_str_from(time_text(us, out, size));
}

/* The agent's id in its short form, or whoever acted. */
static aim_str actor(const records *r)
{
	static const char *const pointers[] = {"/actor/agent", "/actor/did", "/actor/user", "/actor/session"};
	aim_str text = {NULL, 0};
	for (size_t i = 0; i < sizeof pointers / sizeof *pointers && text.len == 0; i++)
		text = member(r, pointers[i]);
	if (text.len == 36 && memcmp(text.ptr, "agt_", 4) == 0)
		text.len = 12;
	return text;
}

static int style_of(aim_str decision)
{
	if (aim_str_equal(decision, aim_str_from("deny")))
		return STYLE_BAD;
	return aim_str_equal(decision, aim_str_from("allow")) ? STYLE_GOOD : STYLE_NONE;
}

static void add_json(records *r, uint64_t position, aim_str record)
{
	table_number(r->table, position);
	for (size_t i = 2; i < sizeof columns / sizeof *columns; i++)
		table_none(r->table);
	table_text(r->table, record);
	table_row_end(r->table);
}

static void add_row(records *r, uint64_t position)
{
	static const char *const rest[] = {"/reason_code", "/rule", "/reason"};
	char text[40];
	table_number(r->table, position);
	table_text(r->table, when(r, text, sizeof text));
	table_text(r->table, actor(r));
	table_text(r->table, member(r, "/kind"));
	table_text(r->table, member(r, "/action"));
	table_styled(r->table, member(r, "/decision"), style_of(member(r, "/decision")));
	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
		table_text(r->table, member(r, rest[i]));
	table_none(r->table);
	table_row_end(r->table);
}

aim_status records_visit(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	records *r = user;
	(void)salt;
	if (aim_json_parse(r->doc, aim_bytes_from_str(record), 0, NULL) != AIM_OK)
		r->broken = 1;
	else if (screen_is_json())
		add_json(r, position, record);
	else
		add_row(r, position);
	return screen_failed() ? AIM_E_IO : AIM_OK;
}

aim_status records_visit_trail(void *user, const aim_trail_record *record)
{
	return records_visit(user, aim_trail_record_position(record), aim_trail_record_json(record),
	                     aim_trail_record_salt(record));
}

void records_close(records *r, const char *nothing)
{
	table_free(r->table, nothing);
	aim_json_free(r->doc);
}
