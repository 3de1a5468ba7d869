/* identity/subject.h — what agents and servers have in common: an id, a name, a key, a status, and the
 * way each is registered, found, listed and moved. agent.c and server.c add their own fields. */
#ifndef AIM_IDENTITY_SUBJECT_H
#define AIM_IDENTITY_SUBJECT_H

#include "identity/batch.h"
#include "store/id.h"
#include "identity/keyring.h"

/* A kind of subject: how its keys begin and what its record holds. */
typedef struct aim__subject_kind {
	const char *noun;     /* for messages: "agent" */
	char id_prefix[4];    /* "agt_" */
	const char *by_id;    /* "agent/": the record */
	const char *by_name;  /* "agent-name/": <namespace>/<name>, {"id":…} */
	uint32_t kind;        /* AIM_KEYRING_AGENT, AIM_KEYRING_SERVER */
	size_t size;          /* of the handle, which begins with an aim__subject */
	aim__fields fields;   /* of the handle */
} aim__subject_kind;

/* First member of struct aim_agent and struct aim_server. */
typedef struct aim__subject {
	aim_ctx *ctx; /* referenced by handles, NULL in drafts */
	const aim__subject_kind *kind;
	aim__arena arena; /* owns all text of a handle */
	uint64_t version; /* of the record in the store */
	aim_str id, name, name_space, display_name, description, owner;
	aim_str did;        /* derived from the first key: the stable name */
	aim_str key_id;     /* of the active key, empty without one; key below is it */
	aim_str newest_key; /* id of the key registered last, whatever became of it; empty without any */
	aim_str status_reason;
	aim__text_list capabilities;
	aim__text_list aliases; /* foreign DIDs and SPIFFE ids */
	aim__optional_key key;
	uint32_t status;
	uint32_t security; /* suspended for a security reason */
	int64_t created_us, updated_us, expires_at_s;
} aim__subject;

/* The rows of a field table that every subject has; type is the handle's. */
#define AIM__SUBJECT_FIELD(type, name, member, field_type, required)                               \
	{name, offsetof(type, subject.member), field_type, required, NULL}
#define AIM__SUBJECT_HEAD(type)                                                                    \
	AIM__SUBJECT_FIELD(type, "id", id, AIM__FIELD_TEXT, 1),                                        \
	AIM__SUBJECT_FIELD(type, "name", name, AIM__FIELD_TEXT, 1),                                    \
	AIM__SUBJECT_FIELD(type, "namespace", name_space, AIM__FIELD_TEXT, 1),                         \
	AIM__SUBJECT_FIELD(type, "display_name", display_name, AIM__FIELD_TEXT, 0),                    \
	AIM__SUBJECT_FIELD(type, "description", description, AIM__FIELD_TEXT, 0),                      \
	AIM__SUBJECT_FIELD(type, "owner", owner, AIM__FIELD_TEXT, 0),                                  \
	AIM__SUBJECT_FIELD(type, "capabilities", capabilities, AIM__FIELD_LIST, 0),                    \
	AIM__SUBJECT_FIELD(type, "did", did, AIM__FIELD_TEXT, 0),                                      \
	AIM__SUBJECT_FIELD(type, "aliases", aliases, AIM__FIELD_LIST, 0),                              \
	AIM__SUBJECT_FIELD(type, "public_key", key, AIM__FIELD_KEY, 0),                                \
	AIM__SUBJECT_FIELD(type, "key_id", key_id, AIM__FIELD_TEXT, 0),                                \
	AIM__SUBJECT_FIELD(type, "newest_key", newest_key, AIM__FIELD_TEXT, 0),                        \
	{"status", offsetof(type, subject.status), AIM__FIELD_NAME, 1, aim__status_names},             \
	AIM__SUBJECT_FIELD(type, "status_reason", status_reason, AIM__FIELD_TEXT, 0),                  \
	AIM__SUBJECT_FIELD(type, "security", security, AIM__FIELD_BOOL, 0),                            \
	AIM__SUBJECT_FIELD(type, "created_at", created_us, AIM__FIELD_TIME_US, 1),                     \
	AIM__SUBJECT_FIELD(type, "updated_at", updated_us, AIM__FIELD_TIME_US, 1),                     \
	AIM__SUBJECT_FIELD(type, "expires_at", expires_at_s, AIM__FIELD_TIME_S, 0)

/* Registers what draft describes (a handle of its kind with borrowed text; its name, owner, key … are
 * checked here, its own fields by the caller). above (may be NULL) is a subject as it was read: AIM_E_CONFLICT when
 * it was changed since, and the caller may look at it again. out may be NULL. */
aim_status aim__subject_register(aim_registry *registry, const aim__subject_kind *kind,
                                 aim__subject *draft, const aim__subject *above, aim_str actor,
                                 aim__subject **out, aim_error *err);
/* Checks and takes over a public key: key, key id and DID. ids must outlive draft. */
typedef struct aim__subject_key_text {
	char key_id[AIM_KEY_ID_SIZE];
	char did[9 + 32 + 1];
} aim__subject_key_text;
aim_status aim__subject_set_key(const aim_ctx *ctx, aim__subject *draft, const aim_public_key *key,
                                aim__subject_key_text *text, aim_error *err);

/* Says whose a key is that cannot be registered: AIM_E_EXISTS, AIM_E_NOT_FOUND (err untouched) when
 * nobody has it after all, or what reading it returned. */
aim_status aim__subject_key_taken(aim_registry *registry, aim_str key_id, aim_error *err);

/* The kind of an id by its prefix, NULL when it is no agent's or server's. */
const aim__subject_kind *aim__subject_kind_of(aim_str id);
/* The same, or AIM_E_INVALID. */
aim_status aim__subject_kind_needed(aim_str id, const aim__subject_kind **out, aim_error *err);

/* Adds the subject's record to a batch: the first time, or in place of the version it was read as. */
aim_status aim__subject_put(aim__batch *batch, const aim__subject *subject, aim_error *err);

aim_status aim__subject_find(aim_registry *registry, const aim__subject_kind *kind, aim_str id,
                             aim__subject **out, aim_error *err);
aim_status aim__subject_find_name(aim_registry *registry, const aim__subject_kind *kind, aim_str name,
                                  aim__subject **out, aim_error *err);
aim_status aim__subject_find_key(aim_registry *registry, const aim__subject_kind *kind,
                                 const aim_public_key *key, aim__subject **out, aim_error *err);

/* The handle of a record that was loaded under key. AIM_OK, AIM_E_NOMEM, AIM_E_STORE_CORRUPT. */
aim_status aim__subject_read(const aim__record *record, const aim__subject_kind *kind, aim_bytes key,
                             aim__subject **out, aim_error *err);

/* Follows a key of an index to the id it holds. AIM_E_NOT_FOUND leaves err untouched. */
aim_status aim__subject_index(aim_registry *registry, aim_bytes key, char out_id[AIM__ID_SIZE],
                              aim_error *err);

/* The handle is borrowed for the call. */
typedef aim_status (*aim__subject_visit)(void *user, const aim__subject *subject);
aim_status aim__subject_list(aim_registry *registry, const aim__subject_kind *kind, aim_str after,
                             size_t limit, aim__subject_visit visit, void *user, aim_error *err);

/* A change of fields. apply checks what is asked for, makes the change in the subject and adds the names of what
 * differs from before: none means that there is nothing to do. Its texts live as long as `asked`. */
#define AIM__UPDATE_MAX 8u
typedef struct aim__subject_changes {
	const char *names[AIM__UPDATE_MAX];
	size_t n;
} aim__subject_changes;
typedef aim_status (*aim__subject_apply)(aim__subject *subject, const void *asked, aim__subject_changes *changes,
                                         aim_error *err);
/* Replaces a text when flag is among flags and it differs. */
void aim__subject_set(aim__subject_changes *changes, uint32_t flags, uint32_t flag, const char *name, aim_str *field,
                      aim_str text);
aim_status aim__subject_update(aim_registry *registry, const aim__subject_kind *kind, aim_str id,
                               aim__subject_apply apply, const void *asked, aim_str actor, aim_str reason,
                               aim_error *err);

aim_status aim__subject_move(aim_registry *registry, const aim__subject_kind *kind, aim_str id,
                             const aim_registry_move *move, aim_error *err);

void aim__subject_free(aim__subject *subject);

/* For links and grants: AIM_OK with the id in its stored form when there is such a subject in the
 * namespace and it is not revoked; AIM_E_INVALID, AIM_E_NOT_FOUND, AIM_E_ID_STATUS, … */
aim_status aim__subject_usable(aim_registry *registry, const aim__subject_kind *kind, aim_str id,
                               char out_id[AIM__ID_SIZE], aim_error *err);

/* 1 when text names the subject: its id in either form, its DID, an alias or the id of its key. */
int aim__subject_is(const aim__subject *subject, aim_str text);
/* Whether it may use its keys: pending or verified, and not expired. AIM_OK, AIM_E_ID_STATUS, AIM_E_EXPIRED. */
aim_status aim__subject_in_order(const aim__subject *subject, int64_t now_us, aim_error *err);

aim_str aim__list_at(const aim__text_list *list, size_t index);

extern const aim__subject_kind aim__agent_kind;
extern const aim__subject_kind aim__server_kind;

#endif
