/* cli/aim_verify/main.c — aim-verify: what an audit log gave out, checked without the log. */
#include "program.h"

#include "base/ctx.h"
#include "crypto/provider.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
	"usage: aim-verify receipt     --key VKEY [--arguments FILE] [--record] FILE…\n"
	"       aim-verify checkpoint  --key VKEY FILE…\n"
	"       aim-verify inclusion   --key VKEY --checkpoint FILE --position N --proof FILE RECORD\n"
	"       aim-verify consistency --key VKEY --older FILE --proof FILE NEWER\n"
	"\n"
	"receipt      one record of an audit log, proved by what it carries\n"
	"checkpoint   a signed size and root of a log\n"
	"inclusion    a record is at a position of a checkpoint's log\n"
	"consistency  an older checkpoint's log is the beginning of a newer one's\n"
	"\n"
	"  --key VKEY         the log's verifier key, name+id+base64\n"
	"  --origin ORIGIN    the log that it must be of; default: the name in VKEY\n"
	"  --witness VKEY     this witness must have cosigned the checkpoint, too; up to 16 times\n"
	"  --arguments FILE   receipt: the canonical arguments that the record must commit to\n"
	"  --record           receipt: print the record behind the verdict\n"
	"  --checkpoint FILE  inclusion: the checkpoint\n"
	"  --position N       inclusion: the record's position, from 0\n"
	"  --proof FILE       one hash in hex on each line, from the leaf up\n"
	"  --older FILE       consistency: the older checkpoint\n"
	"  --quiet            say nothing; the exit status is the answer\n"
	"\n"
	"A FILE of - is standard input.\n"
	"\n"
	"Exit status: 0 all are valid; 1 one is not; 2 usage, a key or file cannot be read, or memory ran out.\n";

static aim_status open_crypto(aim_ctx *ctx, const aim_crypto *table, void **out_provider, aim_error *err)
{
	return aim__provider_open(ctx, table, aim_crypto_sodium(), out_provider, err);
}

static const aim__crypto_slot slot = {open_crypto, aim__provider_close, aim__provider_discard, NULL, NULL, NULL};

static const struct {
	const char *name;
	int (*run)(const program *p, const char *file);
} verbs[] = {
	{"receipt", verify_receipt},
	{"checkpoint", verify_checkpoint},
	{"inclusion", verify_inclusion},
	{"consistency", verify_consistency},
};

static int run(program *p)
{
	int code = EXIT_VALID;
	size_t verb = 0;
	while (strcmp(verbs[verb].name, p->options.verb) != 0)
		verb++;
	if (verify_keys(p) != EXIT_VALID)
		return EXIT_TROUBLE;
	for (int i = 0; i < p->options.n_files; i++) {
		int one = verbs[verb].run(p, p->options.files[i]);
		if (one > code)
			code = one;
	}
	return code;
}

int main(int argc, char **argv)
{
	program p = {.ctx = NULL};
	aim_error err;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(help, stdout) < 0 || fflush(stdout) != 0 ? EXIT_TROUBLE : EXIT_VALID;
	if (options_read(&p.options, argc, argv) != EXIT_VALID)
		return EXIT_TROUBLE;
	if (p.options.is_quiet && !freopen("/dev/null", "w", stdout))
		return EXIT_TROUBLE;
	if (aim__ctx_build(NULL, &slot, &p.ctx, &err) != AIM_OK) {
		say("%s", err.message);
		return EXIT_TROUBLE;
	}
	int code = run(&p);
	aim__ctx_unref(p.ctx);
	/* A verdict that nobody could read is none. */
	return fflush(stdout) != 0 || ferror(stdout) ? EXIT_TROUBLE : code;
}
