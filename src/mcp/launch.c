/* mcp/launch.c — ways to start or reach a server, normalised. Layer mcp. */
#include "mcp/launch.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "crypto/provider.h"

#include <aim/discovery.h>
#include <string.h>

/* --- command lines ---------------------------------------------------------------------------------------------------- */

aim_status aim__launch_add(aim_buf *words, aim_str word)
{
	aim_status rc = aim__buf_add_str(words, word);
	return rc == AIM_OK ? aim__buf_add_byte(words, 0) : rc;
}

aim_status aim__launch_hash(const aim_buf *normal, uint32_t transport, uint8_t id[32])
{
	const uint8_t kind = transport == AIM_TRANSPORT_STDIO ? 's' : 'u';
	const aim_bytes parts[] = {aim_bytes_from(&kind, 1), aim_bytes_from(normal->ptr, normal->len)};
	return aim__sha256(normal->ctx, parts, 2, id);
}

/* --- URLs --------------------------------------------------------------------------------------------------------------- */

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

aim_status aim__launch_url(aim_buf *out, aim_str url)
{
	static const char *const ports[][2] = {{"http://", ":80"}, {"https://", ":443"}, {"ws://", ":80"}, {"wss://", ":443"}};
	const char *fragment = url.len ? memchr(url.ptr, '#', url.len) : NULL;
	if (fragment)
		url.len = (size_t)(fragment - url.ptr);
	while (url.len && url.ptr[url.len - 1] == '/')
		url.len--;
	aim_buf_clear(out);
	aim_status rc = aim__buf_add_str(out, url);
	if (rc != AIM_OK)
		return rc;
	size_t end = 0; /* of the authority */
	for (size_t slashes = 0; end < out->len && (slashes < 2 || !strchr("/?", out->ptr[end])); end++) {
		slashes += out->ptr[end] == '/';
		out->ptr[end] = lower(out->ptr[end]);
	}
	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
		size_t scheme = strlen(ports[i][0]);
		size_t port = strlen(ports[i][1]);
		if (end < scheme + port || memcmp(out->ptr, ports[i][0], scheme) != 0 ||
		    memcmp(out->ptr + end - port, ports[i][1], port) != 0)
			continue;
		memmove(out->ptr + end - port, out->ptr + end, out->len - end);
		aim__buf_truncate(out, out->len - port);
		break;
	}
	return AIM_OK;
}
