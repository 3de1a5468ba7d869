/* mcp/message.h — what a parsed JSON text is as a JSON-RPC 2.0 message of MCP. */
#ifndef AIM_MCP_MESSAGE_H
#define AIM_MCP_MESSAGE_H

#include "codec/json.h"
#include "mcp/methods.h"

#define AIM__MESSAGE_INVALID 0u
#define AIM__MESSAGE_REQUEST 1u
#define AIM__MESSAGE_NOTIFICATION 2u
#define AIM__MESSAGE_RESULT 3u
#define AIM__MESSAGE_ERROR 4u

/* Longest key of a request id: a tag and a string of at most this many bytes. */
#define AIM__MESSAGE_ID_MAX 256u

/* All spans and values borrow from the document. */
typedef struct aim__message {
	uint32_t kind;
	aim_json_value value;  /* the message's object */
	aim_json_value id;     /* AIM_JSON_NONE when there is none */
	aim_json_value params; /* AIM_JSON_NONE or an object */
	aim_json_value result; /* of RESULT */
	aim_json_value error;  /* of ERROR */
	aim_str method;        /* of REQUEST and NOTIFICATION */
	int64_t id_number;     /* when id is a number */
	int modern;            /* its _meta names a protocol version: 2026-07-28 or later */
	const char *problem;   /* of INVALID: stable reason code */
	int32_t error_code;    /* of INVALID: what to answer */
} aim__message;

/* Sorts a value of doc. out->kind is AIM__MESSAGE_INVALID with problem set when it is no message; id is
 * then set when it can be answered to. */
void aim__message_classify(const aim_json *doc, aim_json_value value, aim__message *out);

/* A member of a result, or of a request inside one, that some readers would take for a member that the guard looks at:
 * they fold case, and the last of two is what they see. */
int aim__message_result_is_ambiguous(const aim_json *doc, aim_json_value result);

/* The id as written ("null" when there is none), to answer with. */
aim_bytes aim__message_id_raw(const aim_json *doc, const aim__message *message);

/* The id as a key that is equal for equal ids: 's' and the text, or 'n' and the number's digits. dst has
 * room for AIM__MESSAGE_ID_MAX + 1 bytes. */
aim_bytes aim__message_id_key(const aim_json *doc, aim_json_value id, uint8_t *dst);

/* The id as text for records and events: the string, or the number's digits. */
aim_str aim__message_id_text(aim_bytes key);

/* The member a JSON Pointer names below params, AIM_JSON_NONE when absent. */
aim_json_value aim__message_at(const aim_json *doc, aim_json_value params, const char *pointer);

#endif
