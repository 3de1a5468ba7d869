/* Does what a server is started from have known vulnerabilities? */
#include <aim/advisory.h>

#include <stdio.h>
#include <string.h>

static const char records[] =
	"{\"id\":\"GHSA-6xpm-ggf7-wc3p\",\"aliases\":[\"CVE-2025-6514\"],\"summary\":\"OS command injection\",\"severity\":[{\"type\":"
	"\"CVSS_V3\",\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H\"}],\"affected\":[{\"package\":{\"ecosystem\":\"npm\","
	"\"name\":\"mcp-remote\"},\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0.0.5\"},{\"fixed\":\"0.1.16\"}]}]}]}";

/* A program would ask a mirror of OSV here. */
static aim_status fetch(void *user, const aim_advisory_package *package, aim_buf *out, aim_error *err)
{
	(void)user;
	(void)err;
	printf("fetching %.*s\n", (int)package->name.len, package->name.ptr);
	return aim_buf_append(out, aim_bytes_from(records, strlen(records)));
}

static void show(const aim_advisory_result *result)
{
	const aim_advisory_outcome *o = aim_advisory_outcome_at(result, 0);
	printf("%s %s: %s %s\n", o->name.ptr, o->version.ptr, aim_advisory_status_name(o->status), aim_advisory_reason_text(o->reason));
	for (size_t i = 0; i < aim_advisory_finding_count(result); i++) {
		const aim_advisory_finding *f = aim_advisory_finding_at(result, i);
		printf("  %s %u.%u %s (%s), fixed in %s\n", aim_advisory_severity_name(f->severity), f->score / 10, f->score % 10,
		       f->id.ptr, f->aliases.ptr, f->fixed.ptr);
	}
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_advisory *set = NULL;
	aim_advisory_result *result = NULL;
	aim_error err = {0};
	aim_advisory_package package;
	size_t n = 0;
	const aim_str args[] = {aim_str_from("-y"), aim_str_from("mcp-remote@0.1.15"), aim_str_from("https://example.org/mcp")};
	aim_advisory_options options = {.struct_size = sizeof options, .fetch = fetch};
	aim_advisory_summary summary = {.struct_size = sizeof summary};
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = aim_advisory_new(ctx, &options, &set, &err);
	if (rc == AIM_OK)
		rc = aim_advisory_result_new(set, &result);
	if (rc == AIM_OK)
		rc = aim_advisory_packages_of_launch(aim_str_from("npx"), args, 3, &package, 1, &n, &err);
	for (int round = 0; rc == AIM_OK && round < 2; round++) { /* the second answer is cached */
		rc = aim_advisory_check(set, &package, n, result, &err);
		if (rc == AIM_OK)
			show(result);
	}
	if (rc == AIM_OK)
		rc = aim_advisory_summarize(result, &summary);
	aim_advisory_result_free(result);
	aim_advisory_free(set);
	aim_ctx_free(ctx);
	return rc == AIM_OK && summary.has_critical ? 0 : 1;
}
