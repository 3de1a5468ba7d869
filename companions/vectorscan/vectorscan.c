/* companions/vectorscan/vectorscan.c — the engine of pattern sets over Vectorscan: it scans. Knows libaim by its public
 * headers only.
 *
 * Every pattern that matches is reported, some that do not are: libaim confirms each. So patterns are compiled to report
 * once, and without the start of a match, which would cost most. */
#include <aim/vectorscan.h>

#include "expression.h"

#include <hs.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "aimvs01"

typedef struct database {
	const aim_allocator *memory;
	hs_database_t *compiled; /* NULL: every pattern is left */
	uint32_t *left;          /* indexes of patterns that are always reported */
	size_t n_left;
	size_t n;
} database;

/* One try of compiling: arrays by pattern. */
typedef struct work {
	const aim_allocator *memory;
	const char **expressions; /* NULL: left */
	unsigned int *flags;
	char *text;
	size_t n;
	size_t text_size;
	/* Those that are not left, as Vectorscan takes them. */
	const char **chosen;
	unsigned int *chosen_flags;
	unsigned int *chosen_ids;
} work;

static void *take(const aim_allocator *memory, size_t n, size_t size)
{
	void *ptr = size && n > PTRDIFF_MAX / size ? NULL : memory->alloc(memory->user, n * size + 1);
	if (ptr)
		memset(ptr, 0, n * size + 1);
	return ptr;
}

static void give(const aim_allocator *memory, void *ptr, size_t n, size_t size)
{
	if (ptr)
		memory->free(memory->user, ptr, n * size + 1);
}

static aim_status fault(aim_matcher_fault *out, aim_status rc, size_t index, const char *message)
{
	size_t len = strlen(message);
	len = len < sizeof out->message ? len : sizeof out->message - 1;
	out->index = index;
	out->offset = 0;
	memcpy(out->message, message, len);
	out->message[len] = 0;
	return rc;
}

/* ---- what to compile ---- */

static const aim_pattern *pattern_at(const aim_pattern *patterns, size_t i)
{
	return (const void *)((const uint8_t *)patterns + i * patterns->struct_size);
}

static int is_taken(const char *expression, unsigned int flags)
{
	hs_expr_info_t *info = NULL;
	hs_compile_error_t *error = NULL;
	hs_error_t rc = hs_expression_info(expression, flags, &info, &error);
	free(info);
	(void)hs_free_compile_error(error);
	return rc == HS_SUCCESS;
}

/* Exactly, else loosely, else not at all. */
static void choose(work *w, size_t i, const aim_pattern *p, char *text)
{
	unsigned int flags = HS_FLAG_SINGLEMATCH | (p->flags & AIM_PATTERN_CASELESS ? HS_FLAG_CASELESS : 0u);
	if (!aim__expression_write(p, text))
		return;
	if (!is_taken(text, flags))
		flags |= HS_FLAG_PREFILTER;
	if (flags & HS_FLAG_PREFILTER && !is_taken(text, flags))
		return;
	w->expressions[i] = text;
	w->flags[i] = flags;
}

static void free_work(work *w)
{
	give(w->memory, w->expressions, w->n, sizeof *w->expressions);
	give(w->memory, w->flags, w->n, sizeof *w->flags);
	give(w->memory, w->chosen, w->n, sizeof *w->chosen);
	give(w->memory, w->chosen_flags, w->n, sizeof *w->chosen_flags);
	give(w->memory, w->chosen_ids, w->n, sizeof *w->chosen_ids);
	give(w->memory, w->text, w->text_size, 1);
}

static aim_status make_work(work *w, const aim_pattern *patterns)
{
	for (size_t i = 0; i < w->n; i++)
		w->text_size += aim__expression_size(pattern_at(patterns, i));
	w->expressions = take(w->memory, w->n, sizeof *w->expressions);
	w->flags = take(w->memory, w->n, sizeof *w->flags);
	w->chosen = take(w->memory, w->n, sizeof *w->chosen);
	w->chosen_flags = take(w->memory, w->n, sizeof *w->chosen_flags);
	w->chosen_ids = take(w->memory, w->n, sizeof *w->chosen_ids);
	w->text = take(w->memory, w->text_size, 1);
	if (!w->expressions || !w->flags || !w->chosen || !w->chosen_flags || !w->chosen_ids || !w->text)
		return AIM_E_NOMEM;
	char *text = w->text;
	for (size_t i = 0; i < w->n; i++) {
		choose(w, i, pattern_at(patterns, i), text);
		text += aim__expression_size(pattern_at(patterns, i));
	}
	return AIM_OK;
}

/* ---- compiling ---- */

static unsigned int collect(work *w)
{
	unsigned int n = 0;
	for (size_t i = 0; i < w->n; i++) {
		if (!w->expressions[i])
			continue;
		w->chosen[n] = w->expressions[i];
		w->chosen_flags[n] = w->flags[i];
		w->chosen_ids[n++] = (unsigned int)i;
	}
	return n;
}

/* A pattern that turns out to be too much is taken loosely, and then left; each turn changes one, so turns end. */
static int give_way(work *w, const hs_compile_error_t *error, unsigned int n)
{
	if (error->expression < 0 || (unsigned int)error->expression >= n)
		return 0;
	unsigned int i = w->chosen_ids[error->expression];
	if (w->flags[i] & HS_FLAG_PREFILTER)
		w->expressions[i] = NULL;
	w->flags[i] |= HS_FLAG_PREFILTER;
	return 1;
}

/* No features of this processor: the database is good for any, and two machines scan alike. */
static aim_status compile_chosen(work *w, hs_database_t **out, aim_matcher_fault *out_fault)
{
	const hs_platform_info_t any = {.tune = HS_TUNE_FAMILY_GENERIC};
	for (;;) {
		hs_compile_error_t *error = NULL;
		unsigned int n = collect(w);
		if (n == 0)
			return AIM_OK;
		if (hs_compile_multi(w->chosen, w->chosen_flags, w->chosen_ids, n, HS_MODE_BLOCK, &any, out, &error) == HS_SUCCESS)
			return AIM_OK;
		int again = error && give_way(w, error, n);
		if (!again)
			(void)fault(out_fault, AIM_E_LIMIT, 0, error ? error->message : "Vectorscan cannot compile the patterns");
		(void)hs_free_compile_error(error);
		if (!again)
			return AIM_E_LIMIT;
	}
}

static void free_database(void *user, void *ptr)
{
	database *d = ptr;
	const aim_allocator *memory = d->memory;
	(void)user;
	(void)hs_free_database(d->compiled);
	give(memory, d->left, d->n, sizeof *d->left);
	give(memory, d, 1, sizeof *d);
}

static database *new_database(const aim_allocator *memory, size_t n)
{
	database *d = take(memory, 1, sizeof *d);
	uint32_t *left = take(memory, n, sizeof *left);
	if (!d || !left) {
		give(memory, d, 1, sizeof *d);
		give(memory, left, n, sizeof *left);
		return NULL;
	}
	d->memory = memory;
	d->left = left;
	d->n = n;
	return d;
}

static aim_status fill(database *d, work *w, const aim_pattern *patterns, const aim_matcher_limits *limits,
                       aim_matcher_fault *out_fault)
{
	size_t size = 0;
	aim_status rc = make_work(w, patterns);
	if (rc == AIM_OK)
		rc = compile_chosen(w, &d->compiled, out_fault);
	if (rc != AIM_OK)
		return rc;
	if (d->compiled && (hs_database_size(d->compiled, &size) != HS_SUCCESS || size > limits->max_database_bytes))
		return fault(out_fault, AIM_E_LIMIT, 0, "the compiled patterns take more than max_database_bytes");
	for (size_t i = 0; i < w->n; i++)
		if (!w->expressions[i])
			d->left[d->n_left++] = (uint32_t)i;
	return AIM_OK;
}

static aim_status compile(void *user, const aim_allocator *memory, const aim_pattern *patterns, size_t n,
                          const aim_matcher_limits *limits, void **out_database, aim_matcher_fault *out_fault)
{
	work w = {.memory = memory, .n = n};
	database *d = new_database(memory, n);
	if (!d)
		return AIM_E_NOMEM;
	aim_status rc = fill(d, &w, patterns, limits, out_fault);
	free_work(&w);
	if (rc == AIM_OK)
		*out_database = d;
	else
		free_database(user, d);
	return rc;
}

/* ---- scanning ---- */

typedef struct telling {
	aim_matcher_hit hit;
	void *arg;
} telling;

static int on_match(unsigned int id, unsigned long long from, unsigned long long to, unsigned int flags, void *context)
{
	const telling *t = context;
	(void)from;
	(void)flags;
	t->hit(t->arg, id, to);
	return 0;
}

/* A scratch of none is one, too: the address of a thing that is never used. */
static char no_scratch;

static aim_status new_scratch(void *user, const void *db, void **out_scratch)
{
	const database *d = db;
	hs_scratch_t *scratch = NULL;
	(void)user;
	*out_scratch = &no_scratch;
	if (!d->compiled)
		return AIM_OK;
	if (hs_alloc_scratch(d->compiled, &scratch) != HS_SUCCESS)
		return AIM_E_NOMEM;
	*out_scratch = scratch;
	return AIM_OK;
}

static void free_scratch(void *user, const void *db, void *scratch)
{
	(void)user;
	(void)db;
	if (scratch != &no_scratch)
		(void)hs_free_scratch(scratch);
}

static aim_status scan(void *user, const void *db, void *scratch, aim_str text, aim_matcher_hit hit, void *arg)
{
	const database *d = db;
	telling t = {hit, arg};
	(void)user;
	for (size_t i = 0; i < d->n_left; i++)
		hit(arg, d->left[i], AIM_MATCHER_NO_END);
	if (!d->compiled)
		return AIM_OK;
	if (text.len > UINT32_MAX)
		return AIM_E_LIMIT;
	hs_error_t rc = hs_scan(d->compiled, text.ptr, (unsigned int)text.len, 0, scratch, on_match, &t);
	return rc == HS_SUCCESS ? AIM_OK : AIM_E_LIMIT;
}

/* ---- databases as bytes: a head, the patterns that are left, what Vectorscan writes ---- */

typedef struct head {
	char format[8];
	uint64_t n;
	uint64_t n_left;
	uint64_t compiled_len;
} head;

static aim_status serialize(void *user, const void *db, const aim_allocator *memory, uint8_t **out, size_t *out_len)
{
	const database *d = db;
	char *bytes = NULL;
	size_t len = 0;
	(void)user;
	if (d->compiled && hs_serialize_database(d->compiled, &bytes, &len) != HS_SUCCESS)
		return AIM_E_NOMEM;
	head h = {.format = FORMAT, .n = d->n, .n_left = d->n_left, .compiled_len = len};
	size_t left = d->n_left * sizeof *d->left, total = sizeof h + left + len;
	uint8_t *all = memory->alloc(memory->user, total);
	if (all) {
		memcpy(all, &h, sizeof h);
		memcpy(all + sizeof h, d->left, left);
		if (len)
			memcpy(all + sizeof h + left, bytes, len);
		*out = all;
		*out_len = total;
	}
	free(bytes);
	return all ? AIM_OK : AIM_E_NOMEM;
}

static int is_head(const head *h, size_t len)
{
	return memcmp(h->format, FORMAT, sizeof h->format) == 0 && h->n <= UINT32_MAX && h->n_left <= h->n &&
	       h->compiled_len <= len && sizeof *h + h->n_left * sizeof(uint32_t) + h->compiled_len == len;
}

static aim_status deserialize(void *user, const aim_allocator *memory, aim_bytes bytes, void **out_database)
{
	head h;
	if (bytes.len < sizeof h)
		return AIM_E_VERSION;
	memcpy(&h, bytes.ptr, sizeof h);
	if (!is_head(&h, bytes.len))
		return AIM_E_VERSION;
	database *d = new_database(memory, (size_t)h.n);
	if (!d)
		return AIM_E_NOMEM;
	d->n_left = (size_t)h.n_left;
	memcpy(d->left, bytes.ptr + sizeof h, d->n_left * sizeof *d->left);
	const char *compiled = (const char *)bytes.ptr + sizeof h + d->n_left * sizeof *d->left;
	hs_error_t rc = h.compiled_len ? hs_deserialize_database(compiled, (size_t)h.compiled_len, &d->compiled) : HS_SUCCESS;
	if (rc == HS_SUCCESS) {
		*out_database = d;
		return AIM_OK;
	}
	d->compiled = NULL;
	free_database(user, d);
	return rc == HS_NOMEM ? AIM_E_NOMEM : AIM_E_VERSION;
}

static const aim_matcher table = {
	.struct_size = sizeof(aim_matcher),
	.name = "Vectorscan",
	.compile = compile,
	.free_database = free_database,
	.new_scratch = new_scratch,
	.free_scratch = free_scratch,
	.scan = scan,
	.serialize = serialize,
	.deserialize = deserialize,
};

const aim_matcher *aim_vectorscan_matcher(void)
{
	return hs_valid_platform() == HS_SUCCESS ? &table : NULL;
}
