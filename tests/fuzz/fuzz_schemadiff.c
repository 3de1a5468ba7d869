/* tests/fuzz/fuzz_schemadiff.c — two schemas, each a line of the input: whatever they hold, comparing ends, says the
 * same twice, says nothing of a schema and itself, and as many changes when they are exchanged. */
#include <aim/schemadiff.h>

#include <stdlib.h>
#include <string.h>

static void check(int holds)
{
	if (!holds)
		abort();
}

static int is_sound(const aim_schemadiff *d)
{
	uint32_t worst = 0, severity = 0;
	for (size_t i = 0; i < aim_schemadiff_count(d); i++) {
		const aim_schemadiff_change *c = aim_schemadiff_at(d, i);
		if (c->old_fragment.len == 0 && c->new_fragment.len == 0)
			return 0;
		worst = c->change_class > worst ? c->change_class : worst;
		severity = c->severity > severity ? c->severity : severity;
	}
	return aim_schemadiff_class(d) >= worst && aim_schemadiff_severity(d) >= severity &&
	       (aim_schemadiff_total(d) == 0) == (aim_schemadiff_class(d) == AIM_SCHEMADIFF_SAME);
}

/* What narrows widens the other way. Not all that widens narrows: a property that a branch names anew is a widening, and one
 * that goes from it may have been a bound, which is incompatible. */
static void check_exchange(const aim_schemadiff *d, const aim_schemadiff *x)
{
	size_t n[6] = {0}, m[6] = {0};
	if (aim_schemadiff_count(d) < aim_schemadiff_total(d) || aim_schemadiff_class(d) == AIM_SCHEMADIFF_UNKNOWN)
		return; /* not all are listed, or one side gave up earlier */
	for (size_t i = 0; i < aim_schemadiff_count(d); i++)
		n[aim_schemadiff_at(d, i)->change_class]++;
	for (size_t i = 0; i < aim_schemadiff_count(x); i++)
		m[aim_schemadiff_at(x, i)->change_class]++;
	check(aim_schemadiff_count(d) == aim_schemadiff_count(x) && n[AIM_SCHEMADIFF_COSMETIC] == m[AIM_SCHEMADIFF_COSMETIC]);
	check(n[AIM_SCHEMADIFF_NARROWING] <= m[AIM_SCHEMADIFF_WIDENING] && m[AIM_SCHEMADIFF_NARROWING] <= n[AIM_SCHEMADIFF_WIDENING]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	const uint8_t *cut = size ? memchr(data, '\n', size) : NULL;
	aim_schemadiff_options o = {.struct_size = sizeof o, .max_work = 20000};
	aim_schemadiff *d = NULL, *x = NULL, *self = NULL;
	if (!ctx)
		check(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
	if (!cut)
		return 0;
	aim_bytes a = aim_bytes_from(data, (size_t)(cut - data));
	aim_bytes b = aim_bytes_from(cut + 1, size - (size_t)(cut - data) - 1);
	if (aim_schemadiff_new(ctx, a, b, &o, &d, NULL) != AIM_OK)
		return 0;
	check(is_sound(d));
	check(aim_schemadiff_new(ctx, b, a, &o, &x, NULL) == AIM_OK && is_sound(x));
	check(aim_schemadiff_new(ctx, a, a, &o, &self, NULL) == AIM_OK);
	check(aim_schemadiff_class(self) == AIM_SCHEMADIFF_SAME || aim_schemadiff_class(self) == AIM_SCHEMADIFF_UNKNOWN);
	check_exchange(d, x);
	aim_schemadiff_free(self);
	aim_schemadiff_free(x);
	aim_schemadiff_free(d);
	return 0;
}
