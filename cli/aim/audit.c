/* cli/aim/audit.c — aim audit: the commands. */
#include "audit.h"

#include <errno.h>
#include <stdio.h>

#define AT(member) offsetof(audit_options, member)
#define LOG {"--log", NULL, "NAME", OPTION_TEXT, 0, AT(log), NULL, "which log of the store, default main"}
#define OUTPUT(text) {"--output", "-o", "FILE", OPTION_TEXT, 0, AT(out), NULL, text}
#define FORCE {"--force", NULL, NULL, OPTION_FLAG, AUDIT_FORCE, AT(flags), NULL, "replace FILE when it is there"}
#define VKEY(text) {"--key", NULL, "VKEY", OPTION_TEXT, 0, AT(key), NULL, text}

#define FILTER \
	{"--agent", NULL, "AGENT", OPTION_TEXT, 0, AT(agent), NULL, "by this agent: its name or id"}, \
	{"--server", NULL, "SERVER", OPTION_TEXT, 0, AT(server), NULL, "about this server: its name or id"}, \
	{"--tool", NULL, "NAME", OPTION_TEXT, 0, AT(tool), NULL, "of this tool or operation"}, \
	{"--kind", NULL, "KIND", OPTION_TEXT, 0, AT(kind), NULL, "of this kind, as tool_call"}, \
	{"--decision", NULL, "WORD", OPTION_WORD, 0, AT(decision), decisions, "decided so"}, \
	{"--code", NULL, "CODE", OPTION_TEXT, 0, AT(code), NULL, "with this reason code"}, \
	{"--request", NULL, "ID", OPTION_TEXT, 0, AT(request), NULL, "of this request"}, \
	{"--session", NULL, "ID", OPTION_TEXT, 0, AT(session), NULL, "in this session"}, \
	{"--user", NULL, "USER", OPTION_TEXT, 0, AT(user), NULL, "on behalf of this user"}, \
	{"--did", NULL, "DID", OPTION_TEXT, 0, AT(did), NULL, "by the agent with this DID"}, \
	{"--since", NULL, "TIME", OPTION_TIME, 0, AT(since_us), NULL, "at or after, as 2026-11-24T08:30:00Z, or 15m, 2h, 7d ago"}, \
	{"--before", NULL, "TIME", OPTION_TIME, 0, AT(before_us), NULL, "before this time"}

static const char *const decisions[] = {"allow", "deny", "ask", NULL};
static const char *const formats[] = {"jsonl", "cloudevents", "otel", NULL}; /* as AIM_TRAIL_JSON_LINES … */

static const option verify_options[] = {
	LOG,
	{"--remember", NULL, "FILE", OPTION_TEXT, 0, AT(remember), NULL,
	 "compare with the head that FILE remembers, and remember the new one there"},
	{"--checkpoint", NULL, "FILE", OPTION_TEXT, 0, AT(checkpoint), NULL,
	 "compare with this signed checkpoint; needs --key"},
	{"--receipt", NULL, "FILE", OPTION_TEXT, 0, AT(receipt), NULL,
	 "verify this receipt instead of a log, without a store; needs --key"},
	{"--export", NULL, "FILE", OPTION_TEXT, 0, AT(export), NULL,
	 "verify this export (jsonl) instead of a log, without a store; with --key its checkpoint too"},
	{"--arguments", NULL, "FILE", OPTION_TEXT, 0, AT(arguments), NULL,
	 "with --receipt: the canonical arguments of the call, as disclosed"},
	VKEY("the log's verifier key; alone: compare with the newest checkpoint in the store"),
};
static const option checkpoint_options[] = {
	LOG,
	{"--key", NULL, "FILE", OPTION_TEXT, 0, AT(key), NULL, "keystore of the log's key (purpose log); required"},
	{"--origin", NULL, "NAME", OPTION_TEXT, 0, AT(origin), NULL,
	 "the log's name for others, as example.com/log; required the first time"},
	{"--new-key", NULL, NULL, OPTION_FLAG, AUDIT_NEW_KEY, AT(flags), NULL, "the log's key was replaced by this one"},
	OUTPUT("write the checkpoint to FILE"),
	FORCE,
	{"--passphrase-file", NULL, "FILE", OPTION_TEXT, 0, AT(passphrase_file), NULL,
	 "the passphrase is the first line of FILE; default: ask on the terminal"},
	{"--passphrase-fd", NULL, "N", OPTION_TEXT, 0, AT(passphrase_fd), NULL,
	 "the passphrase is the next line of descriptor N"},
};
static const option receipt_options[] = {
	LOG,
	OUTPUT("write the receipt to FILE"),
	FORCE,
	{"--without-salt", NULL, NULL, OPTION_FLAG, AUDIT_WITHOUT_SALT, AT(flags), NULL,
	 "nobody can check arguments against this receipt"},
};

static const option query_options[] = {
	LOG,
	FILTER,
	{"--from", NULL, "POSITION", OPTION_COUNT, 0, AT(from), NULL,
	 "begin at this position; with --newest: in front of it"},
	{"--limit", "-n", "N", OPTION_NUMBER, 0, AT(limit), NULL, "at most so many; default: all"},
	{"--newest", NULL, NULL, OPTION_FLAG, AUDIT_NEWEST, AT(flags), NULL, "the newest first"},
};
static const option tail_options[] = {
	LOG,
	{"--follow", "-f", NULL, OPTION_FLAG, AUDIT_FOLLOW, AT(flags), NULL, "go on, and show records as they are written"},
	{"--limit", "-n", "N", OPTION_NUMBER, 0, AT(limit), NULL, "the last N; default 20"},
	FILTER,
};
static const option export_options[] = {
	LOG,
	{"--format", "-f", "FORMAT", OPTION_CHOICE, 0, AT(format), formats, "default jsonl, which verifies without the log"},
	OUTPUT("write to FILE"),
	FORCE,
	{"--controls", NULL, NULL, OPTION_FLAG, AUDIT_CONTROLS, AT(flags), NULL,
	 "grouped by family of controls: access, change, identity, monitoring; evidence, no certification"},
	{"--checkpoint", NULL, NULL, OPTION_FLAG, AUDIT_CHECKPOINT, AT(flags), NULL,
	 "jsonl: with the newest signed checkpoint"},
	{"--salts", NULL, NULL, OPTION_FLAG, AUDIT_SALTS, AT(flags), NULL,
	 "jsonl: disclose the salts, so that arguments can be checked, and guessed at"},
	{"--source", NULL, "NAME", OPTION_TEXT, 0, AT(source), NULL,
	 "source of cloudevents, service.name of otel; default: log/ and the log's name"},
	{"--from", NULL, "POSITION", OPTION_COUNT, 0, AT(from), NULL, "begin at this position"},
	FILTER,
};
static const option stats_options[] = {LOG, FILTER};

static const command commands[] = {
	{"verify", "", 0, 0, "rebuild the log's Merkle tree and say whether it is intact",
	 "Every record is read and hashed; the first bad one is named. That nobody rewrote the whole log takes something "
	 "that was kept elsewhere: a remembered head or a signed checkpoint.",
	 verify_options, N(verify_options), sizeof(audit_options), run_audit_verify},
	{"query", "", 0, 0, "list the records that match",
	 "All that is given must hold. Every record looked at is hashed; a damaged one is named, and ends the list.",
	 query_options, N(query_options), sizeof(audit_options), run_audit_query},
	{"tail", "", 0, 0, "list the newest records, and follow", NULL, tail_options, N(tail_options), sizeof(audit_options),
	 run_audit_tail},
	{"stats", "", 0, 0, "count records, decisions and latencies by tool, server and agent", NULL, stats_options,
	 N(stats_options), sizeof(audit_options), run_audit_stats},
	{"export", "", 0, 0, "write records for other systems",
	 "jsonl is lossless and verifies without the log: aim audit verify --export FILE. cloudevents is CloudEvents 1.0, one "
	 "event a line; otel is OTLP/JSON.",
	 export_options, N(export_options), sizeof(audit_options), run_audit_export},
	{"checkpoint", "", 0, 0, "sign how far the log goes, for others to keep",
	 "Signs size and root of the log (C2SP checkpoint), keeps the checkpoint in the store and prints it. It is not signed "
	 "when the log does not continue the newest one. Receipts need a checkpoint that covers their record.",
	 checkpoint_options, N(checkpoint_options), sizeof(audit_options), run_audit_checkpoint},
	{"receipt", "POSITION", 1, 1, "make a receipt of one record, which verifies offline",
	 "The record, the proof that it is in the log, and the signed checkpoint: who has the log's verifier key checks it with "
	 "aim audit verify --receipt FILE --key VKEY.",
	 receipt_options, N(receipt_options), sizeof(audit_options), run_audit_receipt},
};

const group group_audit = {"audit", "Audit log", commands, N(commands)};

int audit_write(const audit_options *o, aim_str text)
{
	if (o->out)
		return file_write(o->out, aim_bytes_from_str(text), (o->flags & AUDIT_FORCE) != 0) == 0 ? EXIT_OK
		       : errno == EEXIST                                                                ? EXIT_REFUSED
		                                                                                        : EXIT_FILE;
	fwrite(text.ptr, 1, text.len, stdout);
	return EXIT_OK;
}
