/* mcp/mask.h — secrets in what is shown of a server. */
#ifndef AIM_MCP_MASK_H
#define AIM_MCP_MASK_H

#include <aim/buf.h>

#define AIM__MASK "***"

/* What the argument before says about the next one. */
#define AIM__MASK_NOTHING 0u
#define AIM__MASK_ALL 1u   /* it is a secret's value: "--token" came before */
#define AIM__MASK_VALUE 2u /* it is NAME=VALUE or Name: value, and only the name is shown: "--env", "--header" */

/* Appends text with every secret replaced by AIM__MASK: values behind names that sound like secrets, user and password of
 * URLs, known forms of keys, and long words that look random. *state carries over from one argument to the next; begin
 * with AIM__MASK_NOTHING. References such as ${NAME} stay. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__mask(aim_buf *out, aim_str text, uint32_t *state);

/* 1 when a variable, parameter, header or flag of this name holds a secret. */
int aim__mask_is_secret_name(aim_str name);

#endif
