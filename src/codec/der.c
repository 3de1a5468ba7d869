/* codec/der.c — takes DER apart, item by item. Layer codec; what a structure means is known above.
 *
 * Strict, so that each value has one encoding: no indefinite and no padded lengths (X.690 §10.1), nothing
 * beyond four length bytes, no multi-byte tags. Key bytes pass through and are never looked at. */
#include "codec/der.h"

#define LONG_LENGTH 0x80u

/* Reads the length behind the tag. On success *head is the size of tag and length together. */
static const char *read_length(const aim__der *in, size_t *head, size_t *len)
{
	size_t n = in->at[1];
	*head = 2;
	*len = n;
	if (n < LONG_LENGTH)
		return NULL;
	n -= LONG_LENGTH;
	if (n == 0)
		return "has an indefinite length";
	if (n > 4)
		return "has a length that is too large";
	if (in->left < 2 + n)
		return "is cut short";
	*len = 0;
	for (size_t i = 0; i < n; i++)
		*len = *len << 8 | in->at[2 + i];
	*head = 2 + n;
	if (in->at[2] == 0 || *len < LONG_LENGTH)
		return "has a length that is not minimal";
	return NULL;
}

const char *aim__der_next(aim__der *in, uint8_t *out_tag, aim_bytes *out_content)
{
	size_t head = 0;
	size_t len = 0;
	if (in->left < 2)
		return "is cut short";
	if ((in->at[0] & 0x1Fu) == 0x1Fu)
		return "has a tag of several bytes";
	const char *flaw = read_length(in, &head, &len);
	if (flaw)
		return flaw;
	if (len > in->left - head)
		return "is cut short";
	*out_tag = in->at[0];
	*out_content = (aim_bytes){in->at + head, len};
	in->at += head + len;
	in->left -= head + len;
	return NULL;
}

const char *aim__der_take(aim__der *in, uint8_t tag, aim_bytes *out_content)
{
	aim__der rest = *in;
	aim_bytes content;
	uint8_t found = 0;
	const char *flaw = aim__der_next(&rest, &found, &content);
	if (flaw)
		return flaw;
	if (found != tag)
		return "holds an item of another type";
	*in = rest;
	*out_content = content;
	return NULL;
}

uint8_t aim__der_peek(const aim__der *in)
{
	return in->left > 0 ? in->at[0] : 0;
}
