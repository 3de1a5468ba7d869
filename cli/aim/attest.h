/* cli/aim/attest.h — what aim attest, aim mcp sign, aim mcp attest and aim mcp verify share. */
#ifndef AIM_ATTEST_COMMANDS_H
#define AIM_ATTEST_COMMANDS_H

#include "program.h"

typedef struct attest_options {
	const char *server;
	const char *agent;
	const char *key;        /* a keystore */
	const char *public_key; /* a file */
	const char *file;
	const char *out;
	const char *passphrase_file;
	const char *passphrase_fd;
	const char *reason;
	const char *actor;
	const char *after;
	uint64_t limit;
	uint64_t days;
	uint64_t timeout; /* seconds */
	uint32_t flags;       /* ATTEST_* */
	uint32_t unreachable; /* ATTEST_REFUSE, ATTEST_SIGN */
} attest_options;

#define ATTEST_ALL 1u
#define ATTEST_ROBUST 2u
#define ATTEST_FORCE 4u
#define ATTEST_YES 8u

/* What becomes of a server that cannot be reached: places in the words of --unreachable. */
#define ATTEST_REFUSE 0u
#define ATTEST_SIGN 1u

#define ATTEST_AT(member) offsetof(attest_options, member)

/* Of commands in the table of aim mcp. */
extern const option sign_options[8], live_options[11], verify_options[3];

/* Who signs, and how: rows that aim mcp sign and aim mcp attest have in common. */
#define ATTEST_SIGNER_OPTIONS                                                                                                \
	{"--key", "-k", "FILE", OPTION_TEXT, 0, ATTEST_AT(key), NULL, "the agent's keystore; default agent.key"},                 \
	{"--agent", NULL, "AGENT", OPTION_TEXT, 0, ATTEST_AT(agent), NULL, "the agent; default: the one whose key it is"},        \
	{"--days", NULL, "N", OPTION_NUMBER, 0, ATTEST_AT(days), NULL, "how long it counts; default 30 days"},                    \
	{"--output", "-o", "FILE", OPTION_TEXT, 0, ATTEST_AT(out), NULL, "also write the signed envelope to FILE"},               \
	{"--actor", NULL, "WHO", OPTION_TEXT, 0, ATTEST_AT(actor), NULL, "who submits, for the audit record; default operator"},  \
	{"--passphrase-file", NULL, "FILE", OPTION_TEXT, 0, ATTEST_AT(passphrase_file), NULL,                                     \
	 "the passphrase is the first line of FILE; default: ask on the terminal"},                                               \
	{"--passphrase-fd", NULL, "N", OPTION_TEXT, 0, ATTEST_AT(passphrase_fd), NULL,                                            \
	 "the passphrase is the next line of descriptor N"}

int run_mcp_sign(program *p);
int run_mcp_attest(program *p);
int run_mcp_verify(program *p);

/* A ledger over the open registry; NULL after saying what is wrong, with *out_code. aim_ledger_free(). */
aim_ledger *ledger_open(program *p, int *out_code);

/* What is known of a server. */
typedef struct judgement {
	aim_confidence *confidence; /* judgement_free() */
	aim_confidence_summary summary;
	uint64_t n_open_drift;
	uint32_t verdict; /* AIM_CONFIDENCE_PASS … */
	uint32_t reserved;
} judgement;

/* AIM_OK, or what could not be read. */
aim_status judge(aim_ledger *ledger, const char *server_id, uint32_t flags, judgement *out, aim_error *err);
void judgement_free(judgement *j);

/* An attestation on its way. */
typedef struct signing {
	program *p;
	const attest_options *o;
	aim_key *key;
	aim_public_key public_key;
	aim_agent *agent;
	aim_server *server;
	aim_baseline *baseline;
	aim_ledger *ledger;
	aim_str *tools; /* into baseline */
	size_t n_tools;
	size_t n_shown;     /* what the server showed of itself: launch and key come from its registration */
	aim_str version;    /* that the server said; empty: that of its record */
	int64_t latency_us; /* 0: not known */
	uint32_t is_unreached; /* the server did not answer: nothing was seen */
	uint32_t reserved;
	aim_buf *envelope;
	int64_t before, after; /* confidence */
	aim_ledger_receipt receipt;
} signing;

#define ATTEST_DAYS_MAX 366u

/* Each is EXIT_OK, or another after saying what is wrong. The key, and the agent whose it is. */
int signing_key(signing *s);
int signing_agent(signing *s);
/* That the agent has used the server. */
int signing_link(const signing *s);
/* What the baseline holds, unless something differs from it. */
int signing_surface(signing *s);
/* Signs, submits, shows, and writes --output. */
int signing_end(signing *s);
void signing_dispose(signing *s);
aim_str signing_actor(const signing *s);

#endif
