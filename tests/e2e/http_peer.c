/* http_peer — one side of the exchange with another implementation of HTTP Message Signatures (http_signatures.py).
 *
 *     http_peer sign CREATED LABEL [COMPONENT…]   prints the values of Signature-Input and Signature, a line each
 *     http_peer verify NOW [COMPONENT…]           exit status 0 when valid
 *
 * The message stands on standard input: "METHOD SCHEME AUTHORITY PATH [QUERY]" or a status, lines "Name: value", a line
 * "=body"; after a line "--" follows the request that a response answers. The key is that of RFC 9421 B.1.4. */
#include <aim/aim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 32
#define MAX_COMPONENTS 32

static const uint8_t seed[32] = {0x9f, 0x83, 0x62, 0xf8, 0x7a, 0x48, 0x4a, 0x95, 0x4e, 0x6e, 0x74, 0x0c, 0x5b, 0x4c, 0x0e, 0x84,
                                 0x22, 0x91, 0x39, 0xa2, 0x0a, 0xa8, 0xab, 0x56, 0xff, 0x66, 0x58, 0x6f, 0x6a, 0x7d, 0x29, 0xc5};

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

static aim_str word(char **rest)
{
	char *start = *rest;
	if (!start)
		return (aim_str){NULL, 0};
	char *end = strchr(start, ' ');
	*rest = end ? end + 1 : NULL;
	return (aim_str){start, end ? (size_t)(end - start) : strlen(start)};
}

static void read_start(char *line, aim_rfc9421_message *message)
{
	if (line[0] >= '1' && line[0] <= '9') {
		message->status = (uint32_t)(line[0] - '0') * 100 + (uint32_t)(line[1] - '0') * 10 + (uint32_t)(line[2] - '0');
		return;
	}
	message->method = word(&line);
	message->scheme = word(&line);
	message->authority = word(&line);
	message->path = word(&line);
	message->query = word(&line);
}

/* One block of lines; *rest moves behind its "--". */
static void read_message(char **rest, aim_rfc9421_field *fields, aim_rfc9421_message *message)
{
	size_t n = 0;
	char *line = *rest;
	for (int first = 1; line && *line; first = 0) {
		char *end = strchr(line, '\n');
		*rest = end ? end + 1 : line + strlen(line);
		if (end)
			*end = '\0';
		if (strcmp(line, "--") == 0)
			break;
		char *colon = strchr(line, ':');
		if (first)
			read_start(line, message);
		else if (line[0] == '=')
			message->body = aim_bytes_from(line + 1, strlen(line + 1));
		else if (colon && n < MAX_FIELDS)
			fields[n++] = (aim_rfc9421_field){{line, (size_t)(colon - line)}, aim_str_from(colon + 1), 0, 0};
		line = *rest;
	}
	message->struct_size = sizeof *message;
	message->fields = fields;
	message->n_fields = n;
}

int main(int argc, char **argv)
{
	static char text[65536];
	aim_rfc9421_field fields[MAX_FIELDS], request_fields[MAX_FIELDS];
	aim_rfc9421_message message = {0}, request = {0};
	aim_str components[MAX_COMPONENTS];
	aim_ctx *ctx = NULL;
	aim_key *key = NULL;
	aim_public_key public_key;
	aim_buf *input = NULL, *signature = NULL;
	char *rest = text;
	if (argc < 3 || argc - 3 > MAX_COMPONENTS)
		return 2;
	text[fread(text, 1, sizeof text - 1, stdin)] = '\0';
	read_message(&rest, fields, &message);
	if (*rest) {
		read_message(&rest, request_fields, &request);
		message.request = &request;
	}
	const int signs = strcmp(argv[1], "sign") == 0;
	const int first = signs ? 4 : 3;
	size_t n = 0;
	for (int i = first; i < argc; i++)
		components[n++] = aim_str_from(argv[i]);
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, &err));
	check(aim_key_public(key, &public_key));
	check(aim_buf_new(ctx, &input));
	check(aim_buf_new(ctx, &signature));
	if (signs && argc > 3) {
		const aim_rfc9421_sign_options options = {.struct_size = sizeof options,
		                                          .components = n ? components : NULL,
		                                          .n_components = n,
		                                          .label = aim_str_from(argv[3]),
		                                          .keyid = aim_str_from("test-key-ed25519"),
		                                          .created_s = strtoll(argv[2], NULL, 10)};
		check(aim_rfc9421_sign(key, &message, &options, input, signature, &err));
		printf("%s\n%s\n", aim_buf_str(input).ptr, aim_buf_str(signature).ptr);
	} else {
		const aim_rfc9421_policy policy = {.struct_size = sizeof policy,
		                                   .required = n ? components : NULL,
		                                   .n_required = n,
		                                   .now_s = strtoll(argv[2], NULL, 10)};
		check(aim_rfc9421_verify(ctx, &message, &public_key, &policy, &err));
	}
	aim_buf_free(input);
	aim_buf_free(signature);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return 0;
}
