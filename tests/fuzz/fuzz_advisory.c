/* tests/fuzz/fuzz_advisory.c — the first line names a package (ecosystem, name and version between tabs), the rest is a
 * text with records: whatever it holds, loading it ends, says the same twice, makes nothing clean that was refused, and
 * a fetched answer says what a loaded one says of what it affects. The version is compared with itself and the name. */
#include <aim/advisory.h>

#include <stdlib.h>
#include <string.h>

static void check(int holds)
{
	if (!holds)
		abort();
}

static aim_bytes answer;

static aim_status fetch(void *user, const aim_advisory_package *package, aim_buf *out, aim_error *err)
{
	(void)user;
	(void)package;
	(void)err;
	return aim_buf_append(out, answer);
}

static aim_str take(aim_str *line)
{
	const char *tab = line->len ? memchr(line->ptr, '\t', line->len) : NULL;
	aim_str word = {line->ptr, tab ? (size_t)(tab - line->ptr) : line->len};
	size_t used = word.len + (tab != NULL);
	*line = (aim_str){line->ptr + used, line->len - used};
	return word;
}

static void check_versions(const aim_advisory_package *p)
{
	int32_t order = 7, back = 7;
	if (aim_advisory_compare_versions(p->ecosystem, p->version, p->version, &order, NULL) == AIM_OK)
		check(order == 0);
	if (aim_advisory_compare_versions(p->ecosystem, p->version, p->name, &order, NULL) == AIM_OK)
		check(aim_advisory_compare_versions(p->ecosystem, p->name, p->version, &back, NULL) == AIM_OK && order == -back);
	uint32_t score = 0;
	if (aim_advisory_cvss_score(p->version, &score, NULL) == AIM_OK)
		check(score <= 100);
}

static void check_launch(const aim_advisory_package *p)
{
	aim_advisory_package found[AIM_ADVISORY_MAX_OF_LAUNCH];
	const aim_str args[] = {p->name, p->version};
	size_t n = 0;
	if (p->ecosystem.len && aim_advisory_packages_of_launch(p->ecosystem, args, 2, found, AIM_ADVISORY_MAX_OF_LAUNCH, &n, NULL) == AIM_OK)
		check(n > 0 && found[0].name.len > 0 && found[0].ecosystem.len > 0);
}

static uint32_t run(aim_ctx *ctx, const aim_advisory_package *p, int loaded)
{
	aim_advisory_options o = {.struct_size = sizeof o, .fetch = loaded ? NULL : fetch};
	aim_advisory *set = NULL;
	aim_advisory_result *result = NULL;
	uint32_t status = AIM_ADVISORY_UNKNOWN;
	check(aim_advisory_new(ctx, &o, &set, NULL) == AIM_OK && aim_advisory_result_new(set, &result) == AIM_OK);
	aim_status rc = loaded ? aim_advisory_load(set, answer, NULL, NULL, NULL) : AIM_OK;
	for (size_t i = 0; i < 2; i++) {
		if (aim_advisory_check(set, p, 1, result, NULL) != AIM_OK)
			break;
		check(i == 0 || status == aim_advisory_outcome_at(result, 0)->status);
		status = aim_advisory_outcome_at(result, 0)->status;
	}
	check(rc == AIM_OK || rc == AIM_E_ADVISORY || status != AIM_ADVISORY_CLEAN);
	aim_advisory_result_free(result);
	aim_advisory_free(set);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	const uint8_t *cut = size ? memchr(data, '\n', size) : NULL;
	if (!ctx)
		check(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
	if (!cut)
		return 0;
	aim_str line = {(const char *)data, (size_t)(cut - data)};
	aim_advisory_package p = {.flags = 0};
	p.ecosystem = take(&line);
	p.name = take(&line);
	p.version = line;
	answer = aim_bytes_from(cut + 1, size - (size_t)(cut - data) - 1);
	check_versions(&p);
	check_launch(&p);
	if (p.ecosystem.len == 0 || p.name.len == 0)
		return 0;
	uint32_t loaded = run(ctx, &p, 1), fetched = run(ctx, &p, 0);
	check(loaded != AIM_ADVISORY_AFFECTED || fetched == AIM_ADVISORY_AFFECTED);
	return 0;
}
