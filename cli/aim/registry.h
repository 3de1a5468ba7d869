/* cli/aim/registry.h — what aim mcp and aim agent share. */
#ifndef AIM_REGISTRY_COMMANDS_H
#define AIM_REGISTRY_COMMANDS_H

#include "program.h"

typedef struct registry_options {
	const char *display_name;
	const char *description;
	const char *owner;
	const char *capabilities; /* names, separated by commas; and so are the other lists */
	const char *public_key;
	const char *key_file;
	const char *actor;
	const char *reason;
	/* of servers */
	const char *url;
	const char *version;
	const char *verification_url;
	const char *env_names;
	const char *home;
	const char *cwd;
	/* of agents */
	const char *organization;
	const char *parent;
	const char *aliases;
	const char *resource;
	uint64_t days;
	/* of lists */
	const char *after;
	uint64_t offset;
	uint64_t limit;
	uint32_t status; /* AIM_REGISTRY_*; 0: all */
	uint32_t type;   /* AIM_AGENT_* */
	uint32_t flags;  /* REGISTRY_* */
	uint32_t reserved;
} registry_options;

#define REGISTRY_VERIFIED 1u
#define REGISTRY_ALL 2u
#define REGISTRY_SECURITY 4u
#define REGISTRY_OVERRIDE 8u
#define REGISTRY_DENY 16u
#define REGISTRY_APPROVED 32u

#define REGISTRY_AT(member) offsetof(registry_options, member)
#define REGISTRY_ACTOR \
	{"--actor", NULL, "WHO", OPTION_TEXT, 0, REGISTRY_AT(actor), NULL, "who decided, for the audit record; default operator"}
#define REGISTRY_REASON(text) {"--reason", NULL, "TEXT", OPTION_TEXT, 0, REGISTRY_AT(reason), NULL, text}
#define REGISTRY_PAGING \
	{"--status", NULL, "STATUS", OPTION_CHOICE, 0, REGISTRY_AT(status), status_names, "only those in this status"}, \
	{"--limit", "-n", "N", OPTION_NUMBER, 0, REGISTRY_AT(limit), NULL, "at most N; default: all"}, \
	{"--offset", NULL, "N", OPTION_COUNT, 0, REGISTRY_AT(offset), NULL, "leave out the first N"}, \
	{"--after", NULL, "ID", OPTION_TEXT, 0, REGISTRY_AT(after), NULL, "begin behind this id: the way to the next page"}

/* "any", then those of AIM_REGISTRY_*. */
extern const char *const status_names[];

/* Store, log and registry; how: TO_READ … */
int registry_open(program *p, int how);
/* The same, and the id of the subject that the first argument names, as subject_id(). */
int registry_open_for(program *p, int how, uint32_t kinds, char *out_id, size_t size);

/* When --days are over, in Unix seconds; 0: never. EXIT_OK or EXIT_USAGE. */
int read_days(const registry_options *o, int64_t *out_s);
aim_str actor_of(const registry_options *o);
/* failed(), and bad text on the command line is bad usage. */
int refused(const char *what, aim_status rc, const aim_error *err);

/* --- lists ------------------------------------------------------------------------------------------------------------- */

#define TEXTS_MAX 256u

typedef struct texts {
	size_t n;
	aim_str items[TEXTS_MAX];
} texts;

/* The parts of text between commas; they point into it. EXIT_OK or EXIT_USAGE. */
int texts_split(const char *option_name, const char *text, texts *out);
/* As a JSON array, and as "a, b". Returns out. */
aim_str texts_json(const texts *t, aim_buf *out);
aim_str texts_line(const texts *t, aim_buf *out);

/* --- pages ------------------------------------------------------------------------------------------------------------- */

typedef struct page {
	program *p;
	table *table;
	uint32_t status; /* to show; 0: all */
	int is_cut;      /* there is more than the limit */
	uint64_t to_skip;
	uint64_t to_show; /* UINT64_MAX: all */
	char last[40];    /* the last id shown */
} page;

int page_begin(program *p, const column *columns, size_t n, page *out);
/* Whether to show the next one. When it says no at the limit, the walk may end with PAGE_ENOUGH. */
int page_takes(page *g, uint32_t status, aim_str id);
#define PAGE_ENOUGH AIM_ASK
/* Prints the rest, says where the next page begins. rc of the walk. EXIT_*. */
int page_end(page *g, aim_status rc, const aim_error *err, const char *nothing);

/* --- keys -------------------------------------------------------------------------------------------------------------- */

/* The public key that the options give. *out_has: whether they do. EXIT_OK or another, after saying what is wrong. */
int read_public_key(program *p, const registry_options *o, aim_public_key *out, int *out_has);

/* --- the rest ---------------------------------------------------------------------------------------------------------- */

/* What the options say of a move to a status. */
aim_registry_move move_of(const registry_options *o, uint32_t status);
int run_link(program *p);
int run_unlink(program *p);

int show_server(program *p, const aim_server *server);
/* A text that may be absent: then nothing is shown. A list is an array in JSON, also an empty one. */
void show_some(answer *a, const char *name, const char *label, aim_str text);
void show_texts(answer *a, const char *name, const char *label, const texts *t, aim_buf *buf);
/* The style of a status. */
int status_style(uint32_t status);
/* A time for people; empty for 0. */
aim_str when_text(int64_t us, char *out, size_t size);

int run_mcp_register(program *p);
int run_agent_grant(program *p);
int run_agent_revoke_grant(program *p);
int run_agent_grants(program *p);

#endif
