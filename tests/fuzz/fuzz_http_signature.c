/* A message from outside: "METHOD PATH?QUERY" or "STATUS", then fields, a line each. Its signatures are read and verified
 * under the standard's test key and without any requirement, and as Web Bot Auth. What a signature covers has one base,
 * whose lines begin with the components and whose last is the parameters. */
#include <aim/webbotauth.h>

#include "base/buf.h"
#include "evidence/rfc9421.h"

#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static aim_str cut(aim_str *rest, char at)
{
	const char *end = rest->len ? memchr(rest->ptr, at, rest->len) : NULL;
	const aim_str piece = {rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len};
	*rest = end ? (aim_str){end + 1, rest->len - piece.len - 1} : (aim_str){NULL, 0};
	return piece;
}

static void read_start(aim_rfc9421_message *message, aim_str line)
{
	if (line.len >= 3 && line.ptr[0] >= '0' && line.ptr[0] <= '9') {
		message->status = (uint32_t)(line.ptr[0] - '0') * 100 + 4;
		return;
	}
	message->method = cut(&line, ' ');
	message->path = cut(&line, '?');
	message->query = line;
}

static void read_fields(aim_rfc9421_message *message, aim_rfc9421_field *fields, aim_str rest)
{
	size_t n = 0;
	while (rest.len > 0 && n < MAX_FIELDS) {
		aim_str line = cut(&rest, '\n');
		aim_str name = cut(&line, ':');
		fields[n] = (aim_rfc9421_field){name, line, n % 7 == 6 ? AIM_RFC9421_TRAILER : 0, (uint32_t)n % 4};
		n++;
	}
	message->fields = fields;
	message->n_fields = n;
}

static void check_base(aim_ctx *ctx, const aim__http *http, const aim_rfc9421 *signatures, const aim__sf_node *node)
{
	static const char last[] = "\"@signature-params\": (";
	aim__rfc9421_cover cover;
	aim_buf base;
	uint32_t lines = 1;
	aim__buf_init(&base, ctx);
	if (aim__rfc9421_cover_read(&signatures->input, node, &cover, NULL) == AIM_OK &&
	    aim__rfc9421_base(ctx, http, &signatures->input, node, &cover, &base, NULL) == AIM_OK) {
		const char *start = (const char *)base.ptr;
		for (size_t i = 0; i < base.len; i++) {
			must(base.ptr[i] < 0x7F && (base.ptr[i] >= 0x20 || base.ptr[i] == '\n' || base.ptr[i] == '\t'));
			must(i > 0 || base.ptr[i] == '"');
			if (base.ptr[i] == '\n') {
				lines++;
				start = (const char *)base.ptr + i + 1;
			}
		}
		must(lines == cover.n + 1);
		must(strncmp(start, last, sizeof last - 1) == 0);
	}
	aim__buf_dispose(&base);
}

static void check_read(aim_ctx *ctx, const aim_rfc9421_message *message)
{
	aim__http http;
	aim_rfc9421 signatures;
	if (aim__http_read(message, &http, NULL) != AIM_OK)
		return;
	if (aim__rfc9421_open(ctx, &http.message, &signatures, NULL) == AIM_OK) {
		must(aim_rfc9421_count(&signatures) <= AIM_RFC9421_MAX_SIGNATURES);
		for (uint32_t i = 0; i < aim_rfc9421_count(&signatures); i++)
			check_base(ctx, &http, &signatures, aim__sf_at(&signatures.input, i));
	}
	aim__rfc9421_close(&signatures);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const aim_public_key test_key = {{0x26, 0xb4, 0x0b, 0x8f, 0x93, 0xff, 0xf3, 0xd8, 0x97, 0x11, 0x2f,
	                                         0x7e, 0xbc, 0x58, 0x2b, 0x23, 0x2d, 0xbd, 0x72, 0x51, 0x7d, 0x08,
	                                         0x2f, 0xe8, 0x3c, 0xfb, 0x30, 0xdd, 0xce, 0x43, 0xd1, 0xbb}};
	static const aim_str nothing[1];
	static aim_ctx *ctx;
	aim_rfc9421_field fields[MAX_FIELDS];
	aim_rfc9421_message message = {.struct_size = sizeof message, .scheme = {"https", 5}, .authority = {"example.com", 11}};
	const aim_rfc9421_policy policy = {.struct_size = sizeof policy,
	                                   .flags = AIM_RFC9421_CREATED_OPTIONAL,
	                                   .required = nothing,
	                                   .now_s = 1735689700,
	                                   .max_age_s = UINT32_MAX};
	const aim_webbotauth_policy bot = {.struct_size = sizeof bot, .now_s = 1735689700};
	aim_str rest = {(const char *)data, size};
	if (!ctx)
		must(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
	read_start(&message, cut(&rest, '\n'));
	read_fields(&message, fields, rest);
	check_read(ctx, &message);
	aim_status rc = aim_rfc9421_verify(ctx, &message, &test_key, &policy, NULL);
	must(rc <= AIM_OK && rc != AIM_E_INTERNAL);
	/* What is good as Web Bot Auth is a good signature of its label. */
	if (aim_webbotauth_verify(ctx, &message, &test_key, &bot, NULL, NULL, NULL) == AIM_OK)
		must(rc == AIM_OK || rc == AIM_E_HEADER);
	return 0;
}
