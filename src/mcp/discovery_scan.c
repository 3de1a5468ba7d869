/* mcp/discovery_scan.c — the known places, one after the other, through the caller's reader. Nothing here opens, lists
 * or starts anything. Layer mcp. */
#include "mcp/discovery.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"

#include <string.h>

/* Names taken from one folder. */
#define MAX_NAMES 1024u

#define WORD sizeof(uint32_t)
#define TEXT sizeof(aim_str)
AIM__NO_PADDING(aim_discovery_variable, TEXT * 2);
AIM__NO_PADDING(aim_discovery_place, WORD * 2 + TEXT * 2 + sizeof(void *) + sizeof(size_t));
AIM__NO_PADDING(aim_discovery_reader, WORD * 2 + sizeof(void *) * 3);

typedef struct scan {
	aim_discovery *found;
	const aim_discovery_place *place;
	const aim_discovery_reader *reader;
	const aim__client_file *row;
	aim_buf bytes; /* of the file being read; wiped with each */
	aim_error *err;
} scan;

/* --- paths ----------------------------------------------------------------------------------------------------------- */

static aim_str variable(const aim_discovery_place *place, const char *name)
{
	aim_str none = {NULL, 0};
	for (size_t i = 0; i < place->n_variables; i++)
		if (aim_str_equal(place->variables[i].name, aim_str_from(name)))
			return place->variables[i].value;
	return none;
}

/* Appends a part behind a separator of the platform, whose separators '/' in the part become too. */
static aim_status add_part(const scan *s, aim_buf *path, aim_str part)
{
	const uint8_t separator = s->place->platform == AIM_PLATFORM_WINDOWS ? '\\' : '/';
	if (!part.len)
		return AIM_OK;
	aim_status rc = AIM_OK;
	if (path->len && path->ptr[path->len - 1] != separator && path->ptr[path->len - 1] != '/')
		rc = aim__buf_add_byte(path, separator);
	for (size_t i = 0; i < part.len && rc == AIM_OK; i++)
		rc = aim__buf_add_byte(path, part.ptr[i] == '/' ? separator : (uint8_t)part.ptr[i]);
	return rc;
}

static aim_status add_text(const scan *s, aim_buf *path, const char *part)
{
	return add_part(s, path, aim_str_from(part));
}

/* The folder of user settings of this platform; empty without one. */
static aim_status config_base(const scan *s, aim_buf *path)
{
	static const struct {
		const char *variable;
		const char *under_home;
	} bases[] = {{"XDG_CONFIG_HOME", ".config"}, {NULL, "Library/Application Support"}, {"APPDATA", "AppData/Roaming"}};
	size_t i = s->place->platform - AIM_PLATFORM_LINUX;
	aim_str set = {NULL, 0};
	if (bases[i].variable)
		set = variable(s->place, bases[i].variable);
	if (set.len)
		return aim__buf_add_str(path, set);
	if (!s->place->home.len)
		return AIM_OK;
	aim_status rc = aim__buf_add_str(path, s->place->home);
	return rc == AIM_OK ? add_text(s, path, bases[i].under_home) : rc;
}

/* The folder that the row's path begins at; path stays empty when this user or project has none. */
static aim_status begin_path(const scan *s, aim_buf *path)
{
	const aim__client_file *row = s->row;
	aim_str set = {NULL, 0};
	if (row->variable)
		set = variable(s->place, row->variable);
	if (set.len)
		return aim__buf_add_str(path, set);
	aim_status rc = AIM_OK;
	switch (row->base) {
	case AIM__BASE_HOME: rc = aim__buf_add_str(path, s->place->home); break;
	case AIM__BASE_CWD: rc = aim__buf_add_str(path, s->place->cwd); break;
	case AIM__BASE_CONFIG: rc = config_base(s, path); break;
	default: return add_text(s, path, row->under);
	}
	return rc == AIM_OK && path->len ? add_text(s, path, row->under) : rc;
}

/* --- files ----------------------------------------------------------------------------------------------------------- */

static aim_str text_of(const aim_buf *buf)
{
	aim_str text = {(const char *)buf->ptr, buf->len};
	return text;
}

static aim_status count_file(scan *s)
{
	if (s->found->n_files++ < s->found->options.max_files)
		return AIM_OK;
	return aim__fail(s->err, AIM_E_LIMIT, AIM_LAYER_MCP, "more than %u files and folders to look at",
	                 s->found->options.max_files);
}

/* The reader could not: a problem of this path, unless memory is out. said holds the reader's own words, or none. */
static aim_status note_unread(const scan *s, aim_str path, aim_status why, const aim_error *said)
{
	aim_error problem = {0};
	if (why == AIM_E_NOT_FOUND)
		return AIM_OK;
	if (why != AIM_E_NOMEM) {
		aim__fail(&problem, why, AIM_LAYER_MCP, "cannot be read: %s",
		          said->status == why && said->message[0] ? said->message : aim_status_text(why));
		why = aim__discovery_problem(s->found, aim_str_from(s->row->client), path, &problem);
	}
	return why == AIM_OK ? why : aim__fail_plain(s->err, why, AIM_LAYER_MCP);
}

/* A failure of ours ends the scan; what is wrong with the file was noted. */
static int ends_scan(aim_status rc)
{
	return rc == AIM_E_NOMEM || rc == AIM_E_CALLBACK || rc == AIM_E_INVALID || rc == AIM_E_VERSION;
}

static aim_status read_file(scan *s, const aim_buf *path)
{
	aim_str name = text_of(path);
	uint64_t max = s->found->options.max_file_bytes;
	aim_status rc = count_file(s);
	if (rc != AIM_OK)
		return rc;
	aim_buf_clear(&s->bytes);
	aim_error problem = {0};
	rc = s->reader->read(s->reader->user, name, max, &s->bytes, &problem);
	if (rc == AIM_OK && s->bytes.len > max)
		rc = AIM_E_JSON_SIZE;
	if (rc != AIM_OK)
		return note_unread(s, name, rc, &problem);
	aim_discovery_file file = {.struct_size = sizeof file, .client = aim_str_from(s->row->client), .path = name};
	file.bytes = aim_bytes_from(s->bytes.ptr, s->bytes.len);
	rc = aim__discovery_read(s->found, &file, s->row->keys, &problem);
	if (!ends_scan(rc))
		return AIM_OK;
	if (s->err)
		*s->err = problem;
	return rc;
}

/* --- folders ---------------------------------------------------------------------------------------------------------- */

typedef struct names {
	const aim_ctx *ctx;
	aim_discovery *found;
	aim__texts texts;
	aim_status status;
	uint32_t reserved;
} names;

/* A name that leads elsewhere is none. */
static int is_plain_name(aim_str name)
{
	if (!name.len || !name.ptr || memchr(name.ptr, '/', name.len) || memchr(name.ptr, '\\', name.len) ||
	    memchr(name.ptr, '\0', name.len))
		return 0;
	return !aim_str_equal(name, aim_str_from(".")) && !aim_str_equal(name, aim_str_from(".."));
}

static aim_status take_name(void *user, aim_str name)
{
	names *n = user;
	aim_str copy;
	if (!is_plain_name(name) || n->status != AIM_OK)
		return n->status;
	n->status = n->texts.n == MAX_NAMES ? AIM_E_LIMIT : aim__discovery_copy(n->found, name, &copy);
	if (n->status == AIM_OK)
		n->status = aim__texts_add(n->ctx, &n->texts, copy);
	return n->status;
}

static aim_status walk(scan *s, aim_buf *path, const char *rest);

static aim_status walk_names(scan *s, aim_buf *path, const names *n, const char *rest)
{
	aim_status rc = AIM_OK;
	size_t before = path->len;
	for (size_t i = 0; i < n->texts.n && rc == AIM_OK; i++) {
		rc = add_part(s, path, n->texts.items[i]);
		rc = rc == AIM_OK ? walk(s, path, rest) : aim__fail_plain(s->err, rc, AIM_LAYER_MCP);
		aim__buf_truncate(path, before);
	}
	return rc;
}

/* Every name in the folder takes the place of '*'; rest begins behind it. */
static aim_status walk_folder(scan *s, aim_buf *path, const char *rest)
{
	names n = {.ctx = s->found->ctx, .found = s->found, .status = AIM_OK};
	if (!s->reader->list)
		return AIM_OK;
	aim_status rc = count_file(s);
	if (rc != AIM_OK)
		return rc;
	aim_error problem = {0};
	rc = s->reader->list(s->reader->user, text_of(path), take_name, &n, &problem);
	if (n.status != AIM_OK)
		rc = n.status;
	if (rc != AIM_OK)
		rc = note_unread(s, text_of(path), rc, &problem);
	if (rc == AIM_OK)
		rc = walk_names(s, path, &n, rest);
	aim__texts_dispose(s->found->ctx, &n.texts);
	return rc;
}

/* Appends rest up to its next '*' and goes on there, or reads the file. */
static aim_status walk(scan *s, aim_buf *path, const char *rest)
{
	const char *star = strchr(rest, '*');
	size_t len = star ? (size_t)(star - rest) : strlen(rest);
	aim_str part = {rest, len};
	while (part.len && part.ptr[0] == '/')
		part.ptr++, part.len--;
	while (star && part.len && part.ptr[part.len - 1] == '/')
		part.len--;
	aim_status rc = add_part(s, path, part);
	if (rc != AIM_OK)
		return aim__fail_plain(s->err, rc, AIM_LAYER_MCP);
	return star ? walk_folder(s, path, star + 1) : read_file(s, path);
}

static aim_status scan_row(scan *s, const aim__client_file *row)
{
	aim_buf path;
	s->row = row;
	if (!(row->platforms & 1u << (s->place->platform - AIM_PLATFORM_LINUX)))
		return AIM_OK;
	aim__buf_init(&path, s->found->ctx);
	aim_status rc = begin_path(s, &path);
	if (rc != AIM_OK)
		rc = aim__fail_plain(s->err, rc, AIM_LAYER_MCP);
	else if (path.len)
		rc = walk(s, &path, row->path);
	aim__buf_dispose(&path);
	return rc;
}

static aim_status scan_all(scan *s)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; i < aim__n_client_files && rc == AIM_OK; i++)
		rc = scan_row(s, &aim__client_files[i]);
	for (size_t i = 0; i < s->place->n_variables && rc == AIM_OK; i++)
		rc = aim__discovery_variable(s->found, &s->place->variables[i], s->err);
	return rc;
}

/* --- public ------------------------------------------------------------------------------------------------------------ */

static aim_status check_place(const aim_discovery_place *place, aim_error *err)
{
	if (place->platform < AIM_PLATFORM_LINUX || place->platform > AIM_PLATFORM_WINDOWS)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "aim_discovery_place.platform is none of AIM_PLATFORM_*");
	if (place->n_variables && !place->variables)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "aim_discovery_place.variables is required");
	return AIM_OK;
}

aim_status aim_discovery_scan(aim_discovery *found, const aim_discovery_place *place, const aim_discovery_reader *reader,
                              aim_error *err)
{
	aim_discovery_place where = {.struct_size = sizeof where};
	aim_discovery_reader how = {.struct_size = sizeof how};
	if (!found || !place || !reader)
		return AIM__MISUSE(found ? found->ctx : NULL, "found, place and reader are required");
	aim_status rc = aim__sized_in(&where, sizeof where, place, sizeof where, "aim_discovery_place", err);
	if (rc == AIM_OK)
		rc = check_place(&where, err);
	if (rc == AIM_OK)
		rc = aim__sized_table(&how, sizeof how, reader, sizeof how, "aim_discovery_reader", err);
	if (rc == AIM_OK && !how.read)
		rc = aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "aim_discovery_reader.read is required");
	if (rc != AIM_OK)
		return rc;
	scan s = {.found = found, .place = &where, .reader = &how, .err = err};
	found->n_files = 0;
	aim__buf_init(&s.bytes, found->ctx);
	rc = scan_all(&s);
	aim__buf_dispose(&s.bytes);
	aim__discovery_sort(found);
	return rc;
}

/* The keys of every row of a client, one after the other. */
static aim_status parse_as_client(aim_discovery *found, const aim_discovery_file *file, aim_error *err)
{
	const char *done = NULL;
	aim_status rc = AIM_E_NOT_FOUND;
	for (size_t i = 0; i < aim__n_client_files; i++) {
		const aim__client_file *row = &aim__client_files[i];
		if (!aim_str_equal(file->client, aim_str_from(row->client)) || (done && strcmp(done, row->keys) == 0))
			continue;
		rc = aim__discovery_read(found, file, row->keys, err);
		if (rc != AIM_OK)
			return rc;
		done = row->keys;
	}
	if (rc == AIM_E_NOT_FOUND)
		return aim__fail(err, rc, AIM_LAYER_MCP, "'%.*s' is no client that is known", (int)(file->client.len < 64 ? file->client.len : 64),
		                 file->client.ptr);
	return rc;
}

aim_status aim_discovery_parse(aim_discovery *found, const aim_discovery_file *file, aim_error *err)
{
	aim_discovery_file f = {.struct_size = sizeof f};
	if (!found || !file)
		return AIM__MISUSE(found ? found->ctx : NULL, "found and file are required");
	aim_status rc = aim__sized_in(&f, sizeof f, file, sizeof f, "aim_discovery_file", err);
	if (rc != AIM_OK)
		return rc;
	if (f.format > AIM_CONFIG_YAML || (f.bytes.len && !f.bytes.ptr))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "aim_discovery_file has an unknown format, or no bytes");
	rc = f.client.len ? parse_as_client(found, &f, err) : aim__discovery_read(found, &f, NULL, err);
	aim__discovery_sort(found);
	return rc;
}
