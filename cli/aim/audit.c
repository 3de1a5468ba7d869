/* cli/aim/audit.c — aim audit: the commands. */
#include "audit.h"

#include <errno.h>
#include <stdio.h>

#define AT(member) offsetof(audit_options, member)
#define LOG {"--log", NULL, "NAME", OPTION_TEXT, 0, AT(log), NULL, "which log of the store, default main"}
#define OUTPUT(text) {"--output", "-o", "FILE", OPTION_TEXT, 0, AT(out), NULL, text}
#define FORCE {"--force", NULL, NULL, OPTION_FLAG, AUDIT_FORCE, AT(flags), NULL, "replace FILE when it is there"}
#define VKEY(text) {"--key", NULL, "VKEY", OPTION_TEXT, 0, AT(key), NULL, text}

static const option verify_options[] = {
	LOG,
	{"--remember", NULL, "FILE", OPTION_TEXT, 0, AT(remember), NULL,
	 "compare with the head that FILE remembers, and remember the new one there"},
	{"--checkpoint", NULL, "FILE", OPTION_TEXT, 0, AT(checkpoint), NULL,
	 "compare with this signed checkpoint; needs --key"},
	{"--receipt", NULL, "FILE", OPTION_TEXT, 0, AT(receipt), NULL,
	 "verify this receipt instead of a log, without a store; needs --key"},
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

static const command commands[] = {
	{"verify", "", 0, 0, "rebuild the log's Merkle tree and say whether it is intact",
	 "Every record is read and hashed; the first bad one is named. That nobody rewrote the whole log takes something "
	 "that was kept elsewhere: a remembered head or a signed checkpoint.",
	 verify_options, N(verify_options), sizeof(audit_options), run_audit_verify},
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
