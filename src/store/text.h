/* store/text.h — what text from outside must look like before it is kept. `what` begins the message ("agent
 * name"). Nothing allocates. */
#ifndef AIM_STORE_TEXT_H
#define AIM_STORE_TEXT_H

#include <aim/ctx.h>

#define AIM__CHECK_REQUIRED 1u   /* empty is refused, else it passes */
#define AIM__CHECK_LINES 2u      /* tabs and line ends may be in it */

/* UTF-8 without control characters and characters that cannot be seen. AIM_OK, AIM_E_INVALID. */
aim_status aim__check_text(const char *what, aim_str text, size_t max, uint32_t flags, aim_error *err);
/* The same as a name: ≤ limits.max_name_bytes, no space at its ends. AIM_OK, AIM_E_ID_NAME. */
aim_status aim__check_name(const aim_ctx *ctx, const char *what, aim_str text, uint32_t flags,
                           aim_error *err);
/* Whether it is 1 to max of a-z, 0-9 and the characters of others. */
int aim__is_word(aim_str text, size_t max, const char *others);

#endif
