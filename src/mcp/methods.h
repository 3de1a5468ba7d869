/* mcp/methods.h — the methods of MCP: who may send them, how, and what the guard does with each. */
#ifndef AIM_MCP_METHODS_H
#define AIM_MCP_METHODS_H

#include <aim/guard.h>

/* What the guard does. */
#define AIM__METHOD_PASS 1u       /* forward */
#define AIM__METHOD_GATE 2u       /* decide first */
#define AIM__METHOD_LISTEN 3u     /* decide for each resource that is subscribed to */
#define AIM__METHOD_INITIALIZE 4u /* forward; the reply names the protocol version */
#define AIM__METHOD_TOOLS 5u      /* forward; the reply is a list of tools */
#define AIM__METHOD_CANCEL 6u     /* forward; a request will stay without reply */

#define AIM__METHOD_ENTRIES 7u    /* forward; the reply is a list of prompts, resources or templates */
#define AIM__METHOD_DISCOVER 8u   /* forward; the reply may hold instructions */

#define AIM__METHOD_REQUEST 1u
#define AIM__METHOD_NOTIFICATION 2u

/* Names are looked for in params under subject, then under other. Without either the method is its
 * own subject. */
typedef struct aim__method {
	const char *name;
	uint8_t from;  /* AIM_GUARD_CLIENT, AIM_GUARD_SERVER, or both bits */
	uint8_t shape; /* AIM__METHOD_REQUEST or _NOTIFICATION */
	uint8_t handling;
	uint8_t is_tool;       /* the subject is a tool */
	const char *action;    /* action type in policies and records; gated methods */
	const char *subject;   /* JSON Pointer below params, or NULL */
	const char *other;     /* the same, tried second */
	const char *arguments; /* JSON Pointer below params to what policies look at; NULL: all params */
} aim__method;

/* The method of that name that this side may send, NULL when MCP has none. Notifications that no
 * revision defines but that are named as such are known too. */
const aim__method *aim__method_find(aim_str name, uint32_t from);

/* The same for a message of 2026-07-28 or later, when modern: what that revision took away is unknown in it. */
const aim__method *aim__method_of(aim_str name, uint32_t from, int modern);

/* All of them, sorted by name; for tests. */
const aim__method *aim__method_table(size_t *out_count);

#endif
