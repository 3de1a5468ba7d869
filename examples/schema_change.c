/* schema_change — a tool's schema is another: which property is new, and how grave that is. */
#include <aim/aim.h>
#include <stdio.h>

static const char before[] =
	"{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"}},\"required\":[\"path\"]}";
static const char after[] =
	"{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"},"
	"\"note\":{\"type\":\"string\",\"description\":\"what you know\"}},\"required\":[\"path\"]}";

static void print(aim_str text)
{
	fwrite(text.ptr, 1, text.len, stdout);
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_schemadiff *diff = NULL;
	aim_error err = {0};
	if (aim_ctx_new(NULL, &ctx, NULL) != AIM_OK)
		return 1;
	if (aim_schemadiff_new(ctx, aim_bytes_from_str(aim_str_from(before)), aim_bytes_from_str(aim_str_from(after)), NULL,
	                       &diff, &err) != AIM_OK) {
		fprintf(stderr, "%s\n", err.message);
		aim_ctx_free(ctx);
		return 1;
	}
	for (size_t i = 0; i < aim_schemadiff_count(diff); i++) {
		const aim_schemadiff_change *c = aim_schemadiff_at(diff, i);
		printf("%s (%s) at ", aim_schemadiff_class_name(c->change_class), aim_alert_severity_name(c->severity));
		print(c->pointer);
		printf(": property \"");
		print(c->property);
		printf("\"\n");
	}
	int widens = aim_schemadiff_class(diff) == AIM_SCHEMADIFF_WIDENING;
	aim_schemadiff_free(diff);
	aim_ctx_free(ctx);
	return widens ? 0 : 1;
}
