/* backends/pcre2.c — the engine of pattern sets over PCRE2's interpreter: it locates. Layer backends; knows tables and
 * spans, no context.
 *
 * Bytes, not characters: texts need not be UTF-8, and no setting inside a pattern changes that. Just-in-time code is
 * not used: it would need memory that is both written and run. PCRE2 counts steps anew for each place where a match could
 * begin, so each place gets a share of what the whole search may take, and the few that need more get that by turns.
 *
 * A step may run over any number of bytes: [a-z]+ that nothing can follow is one. From every place of a long text on that
 * is its length squared, so long texts are searched by code that reports before each item of the pattern, and the bytes
 * between reports are counted. */
#include <aim/plugin/matcher.h>

#include "codec/glob.h"

#include <stdalign.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define STEPS_LEAST 128u /* at each place */
#define NESTED_MOST 100u /* parentheses */
#define LONG_TEXT 4096u /* bytes; what shorter ones take at most is not worth counting */
#define BYTES_PER_STEP 16u

typedef struct entry {
	uint32_t kind;
	uint32_t flags;
	uint32_t is_steered; /* may hold verbs that say where to begin next */
	pcre2_code *code; /* NULL: a glob */
	pcre2_code *metered; /* the same for long texts; NULL: a literal, which runs over nothing */
	char *text;       /* of a glob */
	size_t len;
} entry;

typedef struct database {
	const aim_allocator *memory;
	aim_matcher_limits limits;
	pcre2_general_context *general;
	entry *entries;
	size_t n;
} database;

/* How far a search has run over its text. */
typedef struct meter {
	size_t start, at; /* of the match that is tried, and how far it has come */
	uint64_t left;    /* bytes */
} meter;

typedef struct scratch {
	pcre2_match_data *data;
	pcre2_match_context *context;
	meter meter;
} scratch;

typedef struct search {
	const entry *entry;
	scratch *scratch;
	aim_str text;
	uint64_t steps;
} search;

/* ---- memory: PCRE2 does not say how large a block is that it gives back ---- */

typedef union block {
	size_t size;
	max_align_t align;
} block;

static void *take(size_t size, void *memory)
{
	const aim_allocator *a = memory;
	if (size > PTRDIFF_MAX - sizeof(block))
		return NULL;
	block *b = a->alloc(a->user, sizeof *b + size);
	if (!b)
		return NULL;
	b->size = sizeof *b + size;
	return b + 1;
}

static void give(void *ptr, void *memory)
{
	const aim_allocator *a = memory;
	block *b = ptr;
	if (b)
		a->free(a->user, b - 1, b[-1].size);
}

static void *allocator_of(const aim_allocator *memory)
{
	return (void *)(uintptr_t)memory;
}

/* ---- compiling ---- */

static aim_status fault(aim_matcher_fault *out, aim_status rc, size_t index, size_t offset, const char *message)
{
	size_t len = strlen(message);
	len = len < sizeof out->message ? len : sizeof out->message - 1;
	out->index = index;
	out->offset = offset;
	memcpy(out->message, message, len);
	out->message[len] = 0;
	return rc;
}

/* What PCRE2 would take and this library does not: settings of the engine in front, properties of Unicode. */
static const char *refused(aim_str text, size_t *out_offset)
{
	*out_offset = 0;
	if (text.len > 2 && memcmp(text.ptr, "(*", 2) == 0)
		return "(* at the beginning sets how the engine works, which a pattern may not";
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.ptr[i] != '\\')
			continue;
		char c = text.ptr[++i];
		if (c == 'Q')
			while (i + 1 < text.len && !(text.ptr[i] == '\\' && text.ptr[i + 1] == 'E'))
				i++;
		if (c != 'p' && c != 'P' && c != 'X')
			continue;
		*out_offset = i - 1;
		return "\\p, \\P and \\X are classes of Unicode, which patterns over bytes do not have";
	}
	return NULL;
}

static int holds_verb(aim_str text)
{
	for (size_t i = 0; i + 1 < text.len; i++)
		if (text.ptr[i] == '(' && text.ptr[i + 1] == '*')
			return 1;
	return 0;
}

static aim_status compile_failed(int code, size_t index, size_t offset, aim_matcher_fault *out)
{
	char message[200] = "";
	if (code == PCRE2_ERROR_HEAP_FAILED)
		return AIM_E_NOMEM;
	(void)pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof message);
	return fault(out, AIM_E_PATTERN, index, offset, message);
}

/* Adds up what the patterns take; a set may not grow without bound. */
static aim_status check_code(const pcre2_code *code, const aim_pattern *p, size_t index, uint64_t *left,
                             aim_matcher_fault *out)
{
	size_t size = 0;
	uint32_t empty = 1;
	(void)pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size);
	(void)pcre2_pattern_info(code, PCRE2_INFO_MATCHEMPTY, &empty);
	if (empty && !(p->flags & AIM_PATTERN_EMPTY))
		return fault(out, AIM_E_PATTERN, index, 0, "can match the empty text, so it would match everywhere");
	if (size > *left)
		return fault(out, AIM_E_LIMIT, index, 0, "the compiled patterns take more than max_database_bytes");
	*left -= size;
	return AIM_OK;
}

static aim_status compile_code(entry *e, const aim_pattern *p, size_t index,
                               pcre2_compile_context *context, aim_matcher_fault *out)
{
	int code = 0;
	size_t offset = 0;
	uint32_t options = p->kind == AIM_PATTERN_LITERAL ? PCRE2_LITERAL
	                                                  : PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C;
	const char *wrong = p->kind == AIM_PATTERN_REGEX ? refused(p->text, &offset) : NULL;
	if (wrong)
		return fault(out, AIM_E_PATTERN, index, offset, wrong);
	if (p->flags & AIM_PATTERN_CASELESS)
		options |= PCRE2_CASELESS;
	e->is_steered = p->kind == AIM_PATTERN_REGEX && holds_verb(p->text);
	e->code = pcre2_compile((PCRE2_SPTR)p->text.ptr, p->text.len, options, &code, &offset, context);
	if (!e->code)
		return compile_failed(code, index, offset, out);
	if (p->kind == AIM_PATTERN_LITERAL)
		return AIM_OK;
	options |= PCRE2_AUTO_CALLOUT;
	e->metered = pcre2_compile((PCRE2_SPTR)p->text.ptr, p->text.len, options, &code, &offset, context);
	return e->metered ? AIM_OK : compile_failed(code, index, offset, out);
}

static aim_status keep_glob(const database *d, entry *e, aim_str text)
{
	e->text = take(text.len, allocator_of(d->memory));
	if (!e->text)
		return AIM_E_NOMEM;
	memcpy(e->text, text.ptr, text.len);
	e->len = text.len;
	return AIM_OK;
}

static aim_status compile_entries(database *d, const aim_pattern *patterns, pcre2_compile_context *context,
                                  aim_matcher_fault *out)
{
	uint64_t left = d->limits.max_database_bytes;
	size_t step = d->n ? patterns->struct_size : 0;
	for (size_t i = 0; i < d->n; i++) {
		const aim_pattern *p = (const void *)((const uint8_t *)patterns + i * step);
		entry *e = &d->entries[i];
		e->kind = p->kind;
		e->flags = p->flags;
		aim_status rc = p->kind == AIM_PATTERN_GLOB ? keep_glob(d, e, p->text)
		                                            : compile_code(e, p, i, context, out);
		if (rc == AIM_OK && e->code)
			rc = check_code(e->code, p, i, &left, out);
		if (rc == AIM_OK && e->metered)
			rc = check_code(e->metered, p, i, &left, out);
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

static void free_database(void *user, void *ptr)
{
	database *d = ptr;
	void *memory = allocator_of(d->memory);
	(void)user;
	for (size_t i = 0; d->entries && i < d->n; i++) {
		pcre2_code_free(d->entries[i].code);
		pcre2_code_free(d->entries[i].metered);
		give(d->entries[i].text, memory);
	}
	pcre2_general_context_free(d->general);
	give(d->entries, memory);
	give(d, memory);
}

static aim_status fill(database *d, const aim_pattern *patterns, aim_matcher_fault *out)
{
	void *memory = allocator_of(d->memory);
	size_t size = (d->n ? d->n : 1) * sizeof *d->entries;
	d->entries = take(size, memory);
	d->general = pcre2_general_context_create(take, give, memory);
	if (d->entries)
		memset(d->entries, 0, size);
	if (!d->entries || !d->general)
		return AIM_E_NOMEM;
	pcre2_compile_context *context = pcre2_compile_context_create(d->general);
	if (!context)
		return AIM_E_NOMEM;
	(void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	(void)pcre2_set_bsr(context, PCRE2_BSR_UNICODE);
	(void)pcre2_set_parens_nest_limit(context, NESTED_MOST);
	aim_status rc = compile_entries(d, patterns, context, out);
	pcre2_compile_context_free(context);
	return rc;
}

static aim_status compile(void *user, const aim_allocator *memory, const aim_pattern *patterns, size_t n,
                          const aim_matcher_limits *limits, void **out_database, aim_matcher_fault *out)
{
	(void)user;
	if (n > PTRDIFF_MAX / sizeof(entry))
		return AIM_E_NOMEM;
	database *d = take(sizeof *d, allocator_of(memory));
	if (!d)
		return AIM_E_NOMEM;
	memset(d, 0, sizeof *d);
	d->memory = memory;
	d->limits = *limits;
	d->n = n;
	aim_status rc = fill(d, patterns, out);
	if (rc == AIM_OK)
		*out_database = d;
	else
		free_database(NULL, d);
	return rc;
}

/* ---- searching ---- */

static void free_scratch(void *user, const void *db, void *ptr)
{
	const database *d = db;
	scratch *s = ptr;
	(void)user;
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->context);
	give(s, allocator_of(d->memory));
}

static uint32_t narrow(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static uint64_t bytes_for(uint64_t steps)
{
	return steps < UINT64_MAX / BYTES_PER_STEP ? steps * BYTES_PER_STEP : UINT64_MAX;
}

/* Before each item of a metered pattern. Going back counts like going on. */
static int on_item(pcre2_callout_block *now, void *user)
{
	meter *m = user;
	size_t from = now->start_match == m->start ? m->at : now->start_match, at = now->current_position;
	uint64_t run = at > from ? at - from : from - at;
	m->start = now->start_match;
	m->at = at;
	if (run > m->left)
		return PCRE2_ERROR_CALLOUT;
	m->left -= run;
	return 0;
}

static aim_status new_scratch(void *user, const void *db, void **out_scratch)
{
	const database *d = db;
	scratch *s = take(sizeof *s, allocator_of(d->memory));
	if (!s)
		return AIM_E_NOMEM;
	s->data = pcre2_match_data_create(1, d->general);
	s->context = pcre2_match_context_create(d->general);
	if (!s->data || !s->context) {
		free_scratch(user, db, s);
		return AIM_E_NOMEM;
	}
	s->meter = (meter){PCRE2_UNSET, 0, bytes_for(d->limits.max_steps)};
	(void)pcre2_set_callout(s->context, on_item, &s->meter);
	(void)pcre2_set_depth_limit(s->context, d->limits.max_depth);
	(void)pcre2_set_heap_limit(s->context, narrow((d->limits.max_heap_bytes + 1023) / 1024));
	*out_scratch = s;
	return AIM_OK;
}

/* A third of the steps is for a first look, a third for a second look at each place by itself, a third for the places
 * that take more than their share. */
static uint32_t share(uint64_t steps, size_t places)
{
	uint64_t each = steps / 3 / (places + 1);
	return each < STEPS_LEAST ? STEPS_LEAST : narrow(each);
}

/* A glob is held against the whole text, so it can match but once. */
static aim_status locate_glob(const database *d, const entry *e, aim_str text, uint64_t from, uint64_t *out_start,
                              uint64_t *out_end)
{
	aim_str glob = {e->text, e->len};
	if (from > 0)
		return AIM_E_NOT_FOUND;
	int found = aim__glob_match_within(glob, text, (e->flags & AIM_PATTERN_CASELESS) != 0, d->limits.max_steps);
	if (found <= 0)
		return found == 0 ? AIM_E_NOT_FOUND : AIM_E_LIMIT;
	*out_start = 0;
	*out_end = text.len;
	return AIM_OK;
}

static aim_status outcome(int found)
{
	switch (found) {
	case PCRE2_ERROR_NOMATCH:
		return AIM_E_NOT_FOUND;
	case PCRE2_ERROR_NOMEMORY:
		return AIM_E_NOMEM;
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
	case PCRE2_ERROR_RECURSELOOP:
	case PCRE2_ERROR_CALLOUT:
		return AIM_E_LIMIT;
	default:
		return found < 0 ? AIM_E_CALLBACK : AIM_OK;
	}
}

/* At from and later, or there alone. steps: most at each place. */
static aim_status look(const search *q, size_t from, uint32_t options, uint32_t steps)
{
	const pcre2_code *code = q->text.len > LONG_TEXT && q->entry->metered ? q->entry->metered : q->entry->code;
	q->scratch->meter.start = PCRE2_UNSET;
	(void)pcre2_set_match_limit(q->scratch->context, steps);
	int found = pcre2_match(code, (PCRE2_SPTR)q->text.ptr, q->text.len, from, options, q->scratch->data,
	                        q->scratch->context);
	return found == PCRE2_ERROR_MATCHLIMIT ? AIM_E_SPACE : outcome(found);
}

/* A place that takes more than its share: twice as much again and again, while the left steps last. */
static aim_status look_harder(const search *q, size_t place, uint32_t steps, uint64_t *left)
{
	aim_status rc = AIM_E_SPACE;
	uint64_t most = steps;
	while (rc == AIM_E_SPACE) {
		most *= 2;
		if (most > *left || most > UINT32_MAX)
			return AIM_E_LIMIT;
		*left -= most;
		rc = look(q, place, PCRE2_ANCHORED, (uint32_t)most);
	}
	return rc;
}

static aim_status look_at_each(const search *q, size_t from, uint32_t steps)
{
	uint64_t left = q->steps / 3;
	for (size_t place = from; place <= q->text.len; place++) {
		aim_status rc = look(q, place, PCRE2_ANCHORED, steps);
		if (rc == AIM_E_SPACE)
			rc = look_harder(q, place, steps, &left);
		if (rc != AIM_E_NOT_FOUND)
			return rc;
	}
	return AIM_E_NOT_FOUND;
}

static aim_status locate(void *user, const void *db, void *ptr, size_t index, aim_str text, uint64_t from,
                         uint64_t *out_start, uint64_t *out_end)
{
	const database *d = db;
	const entry *e = &d->entries[index];
	const search q = {e, ptr, text, d->limits.max_steps};
	(void)user;
	if (!e->code)
		return locate_glob(d, e, text, from, out_start, out_end);
	if (from == 0) /* what follows is of the same text */
		q.scratch->meter.left = bytes_for(q.steps);
	uint32_t steps = share(q.steps, text.len);
	aim_status rc = look(&q, (size_t)from, 0, steps);
	if (rc == AIM_E_SPACE)
		rc = e->is_steered ? AIM_E_LIMIT : look_at_each(&q, (size_t)from, steps);
	if (rc != AIM_OK)
		return rc;
	const size_t *span = pcre2_get_ovector_pointer(q.scratch->data);
	*out_start = span[0];
	*out_end = span[1];
	return AIM_OK;
}

static const aim_matcher table = {
	.struct_size = sizeof(aim_matcher),
	.name = "PCRE2",
	.compile = compile,
	.free_database = free_database,
	.new_scratch = new_scratch,
	.free_scratch = free_scratch,
	.locate = locate,
};

const aim_matcher *aim_matcher_pcre2(void)
{
	return &table;
}
