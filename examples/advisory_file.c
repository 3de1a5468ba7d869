/* A file of advisories, one of the host's own, versions and scores. */
#include <aim/advisory.h>

#include <stdio.h>
#include <string.h>

static const char file[] =
	"{\"id\":\"EX-1\",\"affected\":[{\"package\":{\"ecosystem\":\"PyPI\",\"name\":\"example-server\"},\"versions\":[\"1.0\"]}]}\n"
	"{\"id\":\"EX-2\",\"affected\":[{\"package\":{\"ecosystem\":\"PyPI\",\"name\":\"other-server\"},\"versions\":\"1.0\"}]}\n";

static aim_status fill(aim_ctx *ctx, aim_advisory *set, aim_error *err)
{
	aim_diagnostics *problems = NULL;
	uint64_t n = 0;
	const aim_advisory_entry ours = {.struct_size = sizeof ours, .id = aim_str_from("OURS-1"), .ecosystem = aim_str_from("PyPI"),
	                                 .name = aim_str_from("example-server"), .introduced = aim_str_from("2.0"),
	                                 .severity = AIM_ADVISORY_HIGH};
	aim_status rc = aim_diagnostics_new(ctx, &problems);
	if (rc == AIM_OK)
		rc = aim_advisory_load(set, aim_bytes_from(file, strlen(file)), problems, &n, err);
	for (size_t i = 0; i < aim_diagnostics_count(problems); i++)
		printf("line %u, %s: %s\n", aim_diagnostics_at(problems, i)->line, aim_diagnostics_at(problems, i)->pointer,
		       aim_diagnostics_at(problems, i)->message);
	aim_diagnostics_free(problems);
	printf("%llu records\n", (unsigned long long)n);
	return rc == AIM_E_ADVISORY ? aim_advisory_add(set, &ours, err) : rc; /* the second record is malformed */
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_advisory *set = NULL;
	aim_advisory_result *result = NULL;
	aim_error err = {0};
	uint32_t score = 0;
	int32_t order = 0;
	const aim_advisory_package packages[] = {
		{.ecosystem = aim_str_from("PyPI"), .name = aim_str_from("Example_Server"), .version = aim_str_from("1.0.0")},
		{.ecosystem = aim_str_from("PyPI"), .name = aim_str_from("example-server"), .version = aim_str_from("2.0rc1")},
		{.ecosystem = aim_str_from("PyPI"), .name = aim_str_from("other-server"), .version = aim_str_from("1.0")},
	};
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = aim_advisory_new(ctx, NULL, &set, &err);
	if (rc == AIM_OK)
		rc = fill(ctx, set, &err);
	if (rc == AIM_OK)
		rc = aim_advisory_result_new(set, &result);
	if (rc == AIM_OK)
		rc = aim_advisory_check(set, packages, 3, result, &err);
	for (size_t i = 0; rc == AIM_OK && i < 3; i++) {
		const aim_advisory_outcome *o = aim_advisory_outcome_at(result, i);
		printf("%s %s: %s %s\n", o->name.ptr, o->version.ptr, aim_advisory_status_name(o->status), aim_advisory_reason_text(o->reason));
	}
	if (rc == AIM_OK)
		rc = aim_advisory_remove(set, aim_str_from("OURS-1"));
	if (rc == AIM_OK)
		rc = aim_advisory_compare_versions(aim_str_from("PyPI"), aim_str_from("2.0rc1"), aim_str_from("2.0"), &order, &err);
	if (rc == AIM_OK)
		rc = aim_advisory_cvss_score(aim_str_from("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), &score, &err);
	printf("2.0rc1 is %s 2.0; %s is %u.%u\n", order < 0 ? "before" : "behind", aim_advisory_severity_name(AIM_ADVISORY_CRITICAL),
	       score / 10, score % 10);
	aim_advisory_result_free(result);
	aim_advisory_free(set);
	aim_ctx_free(ctx);
	return rc == AIM_OK && order < 0 && score == 98 ? 0 : 1;
}
