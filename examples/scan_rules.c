/* Scan with rules of your own beside the built-in ones. */
#include <aim/scan.h>

#include <stdio.h>
#include <string.h>

static const char rules[] =
	"{\"version\":1,\"rules\":[{\"id\":\"internal-host\",\"threat\":\"description_injection\",\"severity\":\"critical\","
	"\"message\":\"names a host of the internal network\",\"kind\":\"regex\",\"pattern\":\"(files|build)\\\\.corp\\\\.example\","
	"\"fields\":[\"/description\",\"/inputSchema\"]}]}";

static const char definition[] =
	"{\"name\":\"upload\",\"description\":\"Uploads a file to \\uff26iles.corp.example.\",\"inputSchema\":{\"type\":\"object\"}}";

int main(void)
{
	const aim_scan_options options = {.struct_size = sizeof options, .rules = aim_bytes_from(rules, strlen(rules))};
	const aim_scan_tool_input tool = {.struct_size = sizeof tool, .definition = aim_bytes_from(definition, strlen(definition))};
	aim_ctx *ctx = NULL;
	aim_scanner *scanner = NULL;
	aim_scan_result *result = NULL;
	aim_error err = {0};
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = aim_scan_new(ctx, &options, &scanner, &err);
	if (rc == AIM_OK)
		rc = aim_scan_result_new(scanner, &result);
	if (rc == AIM_OK)
		rc = aim_scan_tool(scanner, &tool, result, &err);
	if (rc != AIM_OK)
		fprintf(stderr, "line %u, column %u (%s): %s\n", err.line, err.column, err.pointer, err.message);
	const aim_scan_finding *f = aim_scan_finding_at(result, 0);
	if (f)
		printf("%s %s at %s, %s: %s\n", aim_scan_severity_name(f->severity), f->rule.ptr, f->pointer.ptr, f->view.ptr, f->matched.ptr);
	aim_scan_result_free(result);
	aim_scan_free(scanner);
	aim_ctx_free(ctx);
	return f ? 0 : 1;
}
