/* assess/server.c — a whole server, and its names and texts beside the tools of other servers. Layer assess.
 *
 * Names are compared as what they look like (the skeleton of UTS #39, case folded). Near names are found without
 * comparing each with each: of two names at most two edits apart, cut in three, one third stands unchanged in the other
 * at most two places away. */
#include "assess/scan.h"
#include "assess/unicode.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/sized.h"

#include <string.h>

AIM__NO_PADDING(aim_scan_known_tool, 3 * sizeof(aim_str));
AIM__NO_PADDING(aim_scan_server_input, 8 + 2 * sizeof(aim_str) + 4 * sizeof(void *));

#define NAME_BYTES 128u /* of a skeleton; longer names are compared by their beginning */
#define PIECES 3u
#define EDITS 2u
#define SHORT_NAME 5u   /* below: one edit */
#define CANDIDATES 256u /* looked at for one name */
#define DISTINCTIVE 6u  /* bytes of a name that a text does not hold by chance */
#define OVERLAP_WORDS 32u
#define KNOWN_PER_TOOL 8u

typedef struct known {
	const aim_scan_known_tool *tool;
	uint8_t *skeleton;
	uint32_t len;
	uint32_t next[PIECES]; /* known + 1 with the same bucket */
} known;

typedef struct index {
	aim_scan_result *r;
	const aim_scan_server_input *in;
	aim__arena arena;
	known *items;
	uint32_t n;
	uint32_t mask;
	uint32_t *buckets; /* of pieces */
	aim__map exact;    /* skeleton → known */
	aim__map names;    /* name as it stands → known */
} index;

/* ---- names ---- */

static int is_ascii(aim_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((uint8_t)text.ptr[i] >= 0x80)
			return 0;
	return 1;
}

/* What a name looks like, in lower case; at most NAME_BYTES. first: case is folded before, so that SEARCH is search and not
 * what its letters look like. */
static uint32_t skeleton(aim_str name, int first, uint8_t out[NAME_BYTES])
{
	const uint8_t *p = (const uint8_t *)name.ptr, *end = p + name.len;
	uint32_t n = 0, look[AIM__UNICODE_IMAGE_MAX], folded[AIM__UNICODE_IMAGE_MAX];
	while (p < end) {
		size_t used;
		uint32_t cp = aim__unicode_read(p, end, &used);
		p += used;
		if (aim__unicode_flags(cp) & AIM__UNICODE_INVISIBLE)
			continue;
		size_t n_look = aim__unicode_look_one(first && cp >= 'A' && cp <= 'Z' ? cp | 0x20 : cp, look);
		for (size_t i = 0; i < n_look; i++) {
			size_t n_folded = aim__unicode_fold_one(look[i], folded);
			for (size_t k = 0; k < n_folded; k++) {
				if (n + 4 > NAME_BYTES)
					return n;
				n += (uint32_t)aim__unicode_write(folded[k], out + n);
			}
		}
	}
	return n;
}

/* As it stands, in lower case: 1 when both are. */
static int is_same_name(aim_str a, aim_str b)
{
	if (a.len != b.len)
		return 0;
	for (size_t i = 0; i < a.len; i++) {
		uint8_t x = (uint8_t)a.ptr[i], y = (uint8_t)b.ptr[i];
		x = x >= 'A' && x <= 'Z' ? x | 0x20 : x;
		y = y >= 'A' && y <= 'Z' ? y | 0x20 : y;
		if (x != y)
			return 0;
	}
	return 1;
}

static int is_common(aim_str name)
{
	for (const char *const *p = aim__rule_common_names; *p; p++)
		if (is_same_name(name, aim_str_from(*p)))
			return 1;
	return 0;
}

/* Edits (insert, delete, replace, swap of neighbours) between a and b; more than EDITS when there are more. */
static uint32_t distance(const uint8_t *a, uint32_t n, const uint8_t *b, uint32_t m)
{
	uint8_t rows[3][NAME_BYTES + 1];
	if (n > m + EDITS || m > n + EDITS)
		return EDITS + 1;
	for (uint32_t k = 0; k <= m; k++)
		rows[0][k] = (uint8_t)k;
	for (uint32_t i = 1; i <= n; i++) {
		uint8_t *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3], least = row[0] = (uint8_t)i;
		for (uint32_t k = 1; k <= m; k++) {
			uint8_t best = (uint8_t)(up[k - 1] + (a[i - 1] != b[k - 1]));
			best = up[k] + 1 < best ? (uint8_t)(up[k] + 1) : best;
			best = row[k - 1] + 1 < best ? (uint8_t)(row[k - 1] + 1) : best;
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] && up2[k - 2] + 1 < best)
				best = (uint8_t)(up2[k - 2] + 1);
			row[k] = best;
			least = best < least ? best : least;
		}
		if (least > EDITS)
			return EDITS + 1;
	}
	return rows[n % 3][m];
}

/* ---- the index ---- */

static uint32_t piece_start(uint32_t len, uint32_t piece)
{
	return len * piece / PIECES;
}

static uint32_t bucket_of(const index *x, const uint8_t *p, uint32_t n, uint32_t len, uint32_t piece)
{
	uint64_t h = aim__hash(x->r->ctx, aim_bytes_from(p, n));
	/* A table for each piece: a name is once in each. */
	return ((uint32_t)(h ^ (uint64_t)len * 0x9E3779B97F4A7C15u) & x->mask) * PIECES + piece;
}

/* The skeleton of the name as it is written, where that is another. */
static aim_status add_look(index *x, const aim_scan_known_tool *tool)
{
	uint8_t buffer[NAME_BYTES];
	uint32_t n = skeleton(tool->name, 0, buffer);
	uint8_t *copy = aim__arena_bytes(&x->arena, n ? n : 1);
	if (!copy)
		return AIM_E_NOMEM;
	memcpy(copy, buffer, n);
	return aim__map_put(&x->exact, aim_bytes_from(copy, n), x->n);
}

static aim_status add_known(index *x, const aim_scan_known_tool *tool)
{
	uint8_t buffer[NAME_BYTES];
	known *k = &x->items[x->n];
	if (!tool->name.len || aim_str_equal(tool->server, x->in->server))
		return AIM_OK;
	k->tool = tool;
	k->len = skeleton(tool->name, 1, buffer);
	k->skeleton = aim__arena_bytes(&x->arena, k->len ? k->len : 1);
	if (!k->skeleton)
		return AIM_E_NOMEM;
	memcpy(k->skeleton, buffer, k->len);
	for (uint32_t i = 0; i < PIECES; i++) {
		uint32_t from = piece_start(k->len, i), to = piece_start(k->len, i + 1);
		uint32_t *bucket = &x->buckets[bucket_of(x, k->skeleton + from, to - from, k->len, i)];
		k->next[i] = *bucket;
		*bucket = x->n + 1;
	}
	aim_status rc = aim__map_put(&x->exact, aim_bytes_from(k->skeleton, k->len), x->n);
	if (rc == AIM_OK)
		rc = add_look(x, tool);
	if (rc == AIM_OK)
		rc = aim__map_put(&x->names, aim_bytes_from_str(tool->name), x->n);
	x->n++;
	return rc;
}

static aim_status build(index *x)
{
	size_t n = x->in->n_known, size = 16;
	while (size < n)
		size *= 2;
	x->items = aim__arena_array(&x->arena, n ? n : 1, sizeof *x->items);
	x->buckets = aim__arena_array(&x->arena, size, PIECES * sizeof *x->buckets);
	if (!x->items || !x->buckets)
		return AIM_E_NOMEM;
	memset(x->buckets, 0, size * PIECES * sizeof *x->buckets);
	x->mask = (uint32_t)size - 1;
	aim_status rc = AIM_OK;
	for (size_t i = 0; i < n && rc == AIM_OK; i++)
		rc = add_known(x, &x->in->known[i]);
	return rc;
}

/* ---- what is found ---- */

static void report(index *x, const aim__scan_place *place, uint32_t rule, uint32_t severity, const known *k)
{
	char details[2 * NAME_BYTES + 2];
	size_t n = 0;
	const aim_str parts[3] = {k->tool->server, {"/", 1}, k->tool->name};
	for (size_t i = 0; i < 3; i++) {
		size_t room = sizeof details - n, len = parts[i].len < room ? parts[i].len : room;
		if (len)
			memcpy(details + n, parts[i].ptr, len);
		n += len;
	}
	aim_str text = {details, n};
	aim__found found = {.rule = rule, .severity = severity, .place = *place, .details = text};
	aim__finding_add(x->r, &found);
}

/* Whether two descriptions speak of the same: a third of the longer words of the shorter one stand in the other. */
static int overlap(aim_str a, aim_str b)
{
	uint32_t hashes[2][OVERLAP_WORDS], n[2] = {0, 0}, shared = 0;
	aim_str texts[2] = {a, b};
	for (int t = 0; t < 2; t++) {
		uint32_t h = 0, len = 0;
		for (size_t i = 0; i <= texts[t].len && n[t] < OVERLAP_WORDS; i++) {
			uint8_t c = i < texts[t].len ? (uint8_t)texts[t].ptr[i] : ' ';
			if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') {
				h = h * 31 + (c | 0x20);
				len++;
				continue;
			}
			if (len >= 4)
				hashes[t][n[t]++] = h;
			h = len = 0;
		}
	}
	for (uint32_t i = 0; i < n[0]; i++)
		for (uint32_t k = 0; k < n[1]; k++)
			if (hashes[0][i] == hashes[1][k]) {
				shared++;
				break;
			}
	uint32_t fewer = n[0] < n[1] ? n[0] : n[1];
	return fewer > 0 && shared * 3 >= fewer;
}

typedef struct query {
	const aim__scan_place *place;
	aim_str name;
	aim_str description;
	uint8_t skeleton[NAME_BYTES];
	uint32_t len;
	uint32_t looked_at;
	uint32_t best_distance;
	const known *best;
} query;

static void look_at(index *x, query *q, const known *k)
{
	uint32_t edits = distance(q->skeleton, q->len, k->skeleton, k->len);
	uint32_t most = (q->len < k->len ? q->len : k->len) < SHORT_NAME ? 1 : EDITS;
	x->r->work += q->len;
	q->looked_at++;
	if (edits > most || edits >= q->best_distance)
		return;
	q->best_distance = edits;
	q->best = k;
}

/* Candidates of length len whose piece stands at most EDITS places away. */
static void look_for(index *x, query *q, uint32_t len, uint32_t piece)
{
	uint32_t from = piece_start(len, piece), n = piece_start(len, piece + 1) - from;
	uint32_t first = from > EDITS ? from - EDITS : 0;
	for (uint32_t at = first; at <= from + EDITS && at + n <= q->len; at++) {
		uint32_t i = x->buckets[bucket_of(x, q->skeleton + at, n, len, piece)];
		for (; i && q->looked_at < CANDIDATES; i = x->items[i - 1].next[piece])
			if (x->items[i - 1].len == len)
				look_at(x, q, &x->items[i - 1]);
	}
}

static void find_near(index *x, query *q)
{
	uint32_t shortest = q->len > EDITS ? q->len - EDITS : 1;
	for (uint32_t len = shortest; len <= q->len + EDITS; len++)
		for (uint32_t piece = 0; piece < PIECES; piece++)
			look_for(x, q, len, piece);
	if (q->looked_at >= CANDIDATES)
		aim__finding_limit(x->r, "names near this one");
}

/* A name that is, or looks, the same. Leaves q->skeleton as near names are compared. */
static const uintptr_t *find_same(const index *x, query *q)
{
	q->len = skeleton(q->name, 0, q->skeleton);
	const uintptr_t *look = aim__map_find(&x->exact, aim_bytes_from(q->skeleton, q->len));
	q->len = skeleton(q->name, 1, q->skeleton);
	const uintptr_t *same = aim__map_find(&x->exact, aim_bytes_from(q->skeleton, q->len));
	return same ? same : look;
}

static void check_name(index *x, const aim_json *doc, aim_json_value tool)
{
	query q = {.best_distance = EDITS + 1};
	aim__scan_place place = {doc, aim__json_member_text(doc, tool, "name"), AIM__PART_TEXT};
	int approved = (x->in->flags & AIM_SCAN_APPROVED) != 0;
	q.place = &place;
	q.name = aim__json_string(doc, place.value);
	q.description = aim__json_string(doc, aim__json_member_text(doc, tool, "description"));
	if (!q.name.len)
		return;
	const uintptr_t *same = find_same(x, &q);
	if (same) {
		const known *k = &x->items[*same];
		if (!is_same_name(q.name, k->tool->name))
			report(x, &place, AIM__RULE_CONFUSABLE_NAME, AIM_SCAN_CRITICAL, k);
		else if (!is_common(q.name))
			report(x, &place, AIM__RULE_SAME_NAME, approved ? AIM_SCAN_INFO : AIM_SCAN_CRITICAL, k);
		return;
	}
	find_near(x, &q);
	if (!q.best)
		return;
	if (!is_ascii(q.name) && is_ascii(q.best->tool->name))
		report(x, &place, AIM__RULE_CONFUSABLE_NAME, AIM_SCAN_CRITICAL, q.best);
	else
		report(x, &place, AIM__RULE_NEAR_NAME,
		       !approved && overlap(q.description, q.best->tool->description) ? AIM_SCAN_WARNING : AIM_SCAN_INFO, q.best);
}

static int is_name_byte(uint8_t c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Names of other servers' tools in a text, as they stand. One finding for each text; critical where the text also presses
 * the model to something. */
static int check_text(index *x, const aim__scan_place *place, aim_str text, int pressing)
{
	const uint8_t *p = (const uint8_t *)text.ptr;
	x->r->work += text.len;
	for (size_t i = 0; i < text.len;) {
		size_t start = i;
		while (i < text.len && is_name_byte(p[i]))
			i++;
		if (i - start >= DISTINCTIVE) {
			aim_str word = {text.ptr + start, i - start};
			const uintptr_t *at = aim__map_find(&x->names, aim_bytes_from_str(word));
			int whole = memchr(word.ptr, '_', word.len) || memchr(word.ptr, '-', word.len) || pressing;
			if (at && whole && !is_common(word)) {
				report(x, place, AIM__RULE_NAMES_OTHER_TOOL, pressing ? AIM_SCAN_CRITICAL : AIM_SCAN_INFO,
				       &x->items[*at]);
				return 1;
			}
		}
		if (i == start)
			i++;
	}
	return 0;
}

static void check_texts(index *x, const aim_json *doc, aim_json_value tool)
{
	uint32_t pressing = 0, found = 0, end = aim__json_skip(doc, tool);
	aim_json_value name = aim__json_member_text(doc, tool, "name");
	for (uint32_t c = 0; c < AIM__RULE_CATEGORIES; c++)
		pressing += x->r->weights[c];
	for (uint32_t i = tool; i < end && found < KNOWN_PER_TOOL; i++) {
		aim_str text = aim__json_string(doc, i);
		aim__scan_place place = {doc, i, AIM__PART_TEXT};
		if (text.len >= DISTINCTIVE && i != name)
			found += (uint32_t)check_text(x, &place, text, pressing >= 40);
	}
}

/* ---- the scan ---- */

static aim_status scan_one(index *x, aim_bytes definition, aim_error *err)
{
	aim_scan_result *r = x->r;
	aim_status rc = aim_json_parse(&r->doc, definition, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = aim__definition_scan(r, x->in->server, &r->doc, AIM_JSON_ROOT, err);
	if (rc != AIM_OK)
		return rc;
	uint32_t before = r->worst;
	if (x->n) {
		check_name(x, &r->doc, AIM_JSON_ROOT);
		check_texts(x, &r->doc, AIM_JSON_ROOT);
	}
	r->summary.tools_flagged += before < AIM_SCAN_WARNING && r->worst >= AIM_SCAN_WARNING;
	if (r->worst > r->summary.severity)
		r->summary.severity = r->worst;
	return AIM_OK;
}

static void scan_instructions(aim_scan_result *r, const aim_scan_server_input *in)
{
	aim__scan_place place = {NULL, 0, AIM__PART_TEXT};
	aim__result_begin_tool(r, in->server, aim_str_from("instructions"));
	aim__field_scan(r, in->instructions, place);
	aim__result_end_tool(r);
	r->summary.tools_scanned--;
	r->summary.tools_flagged -= r->worst >= AIM_SCAN_WARNING;
}

static aim_status scan_all(index *x, aim_error *err)
{
	aim_status rc = build(x);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	if (x->in->instructions.len)
		scan_instructions(x->r, x->in);
	for (size_t i = 0; i < x->in->n_definitions && rc == AIM_OK; i++)
		rc = scan_one(x, x->in->definitions[i], err);
	return rc;
}

static aim_status take_input(const aim_scanner *scanner, const aim_scan_server_input *input, aim_scan_server_input *in,
                             aim_error *err)
{
	uint64_t most = scanner->ctx->limits.max_tools;
	aim_status rc = aim__sized_in(in, sizeof *in, input, sizeof *in, "aim_scan_server_input", err);
	if (rc != AIM_OK)
		return rc;
	if (in->flags & ~AIM_SCAN_APPROVED)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_scan_server_input.flags holds an unknown flag");
	if ((in->n_definitions && !in->definitions) || (in->n_known && !in->known))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "definitions and known are required where they are counted");
	if (in->n_definitions > most || in->n_known > 8 * most)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ASSESS, "%zu definitions and %zu known tools, the limits are %llu and %llu",
		                 in->n_definitions, in->n_known, (unsigned long long)most, (unsigned long long)(8 * most));
	return AIM_OK;
}

aim_status aim_scan_server(const aim_scanner *scanner, const aim_scan_server_input *input, aim_scan_result *result,
                           aim_error *err)
{
	aim_scan_server_input in = {.struct_size = sizeof in};
	if (!scanner || !input || !result || result->scanner != scanner)
		return AIM__MISUSE(scanner ? scanner->ctx : NULL, "scanner, input and a result of scanner are required");
	aim__result_begin(result);
	aim_status rc = take_input(scanner, input, &in, err);
	if (rc != AIM_OK)
		return rc;
	index x = {.r = result, .in = &in};
	aim__arena_init(&x.arena, result->ctx, 4096, 0);
	aim__map_init(&x.exact, result->ctx, 0);
	aim__map_init(&x.names, result->ctx, 0);
	rc = scan_all(&x, err);
	aim__map_dispose(&x.names);
	aim__map_dispose(&x.exact);
	aim__arena_dispose(&x.arena);
	if (rc != AIM_OK) {
		aim__result_begin(result);
		return rc;
	}
	return aim__result_end(result, err);
}
