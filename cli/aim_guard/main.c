/* cli/aim_guard/main.c — aim-guard: an MCP server behind libaim's guard. */
#include "program.h"

#include <string.h>

static const char help[] =
	"usage: aim-guard stdio [OPTIONS] -- COMMAND [ARG…]\n"
	"       aim-guard http  --upstream URL [OPTIONS]\n"
	"       aim-guard log     --store FILE [--limit N]\n"
	"       aim-guard verify  --store FILE\n"
	"       aim-guard approve --store FILE --server NAME [--actor WHO] [TOOL]\n"
	"\n"
	"stdio starts the MCP server COMMAND and stands between it and the client on stdin and stdout. Every call is\n"
	"decided, compared with what was approved, and recorded before it is passed on, byte for byte.\n"
	"\n"
	"http does the same between clients and a server that speak Streamable HTTP: it listens, and asks URL.\n"
	"\n"
	"  --policy FILE          decide by this policy; without one the preset decides alone\n"
	"  --store FILE           keep registry, baselines and audit log in this SQLite file; default: in memory\n"
	"  --agent NAME           whom the client acts for; registered at first use; default: local\n"
	"  --server NAME          what the server is called; default: the name of what COMMAND runs\n"
	"  --preset PRESET        pinned   deny tools that changed; without a policy also deny tools that were never\n"
	"                                  listed and ask for destructive ones (default)\n"
	"                         observe  record what would be denied, and let it pass\n"
	"                         locked   deny all but approved tools\n"
	"  --responses POLICY     of results that carry instructions, credentials, personal data or URLs that take data\n"
	"                         along: log (default), off, sanitize or block\n"
	"  --monitor              decide and record, withhold nothing, whatever preset and policy say\n"
	"  --allow-unknown        let methods pass that are not MCP's\n"
	"  --approvals            keep in the store what a person is asked for: the client is told an id, and the same\n"
	"                         call, made again after `aim approve allow ID`, passes once; needs --store\n"
	"  --mark                 show what scans as critical, with a mark, instead of hiding it\n"
	"  --no-learn             do not count what comes of calls, and raise no behaviour drift\n"
	"  --audit durable        each record is on disk before its call goes on (default)\n"
	"  --audit buffered       records may wait 200 ms: faster, and a crash can lose that much\n"
	"  --max-message BYTES    longest line; default 4194304\n"
	"  --quiet, --verbose     say less, say more\n"
	"\n"
	"http only:\n"
	"  --upstream URL         the server\n"
	"  --upstream-ca FILE     trust these certificates for it instead of the system's (PEM)\n"
	"  --upstream-timeout SECONDS   how long it may say nothing before or within an answer; default 300; streams may\n"
	"  --listen HOST:PORT     default 127.0.0.1:8808; port 0 takes a free one\n"
	"  --path PATH            where clients ask; default: the path of URL\n"
	"  --tls-cert, --tls-key FILE   speak TLS to clients (PEM)\n"
	"  --plain                listen without TLS where others can reach it\n"
	"  --allow-origin LIST    pages in browsers that may ask, separated by commas; loopback may when only it is listened to\n"
	"  --max-sessions N, --max-connections N   default 1024 each\n"
	"  --session-idle SECONDS forget a session that was not used for so long; default 3600\n"
	"\n"
	"SIGHUP reads the policy again. When it has mistakes, they are said, and the one in force stays.\n"
	"\n"
	"log prints the last records, verify rebuilds the log's Merkle tree and compares, approve makes what a server\n"
	"showed last (or one TOOL of it) the approved baseline.\n"
	"\n"
	"Exit status: 0 ended in order; 1 something else failed, or the log is not intact; 2 usage; 3 the store cannot\n"
	"be opened, read or written; 4 the policy has errors; 5 the server cannot be started; 6 the server ended with a\n"
	"failure; 128+N ended by signal N.\n";

static int run_stdio(program *p)
{
	int (*const steps[])(program *) = {open_policy, open_log, open_subjects, open_guard, stdio_run};
	int code = open_store(p, 0);
	for (size_t i = 0; code == EXIT_OK && i < sizeof steps / sizeof *steps; i++)
		code = steps[i](p);
	return code;
}

static int run_http(program *p)
{
	int (*const steps[])(program *) = {open_policy, open_log, open_subjects, http_run};
	int code = open_store(p, 0);
	for (size_t i = 0; code == EXIT_OK && i < sizeof steps / sizeof *steps; i++)
		code = steps[i](p);
	return code;
}

static int run(program *p)
{
	int code = open_context(p);
	if (code != EXIT_OK)
		return code;
	switch (p->options->verb[0]) {
	case 's': return run_stdio(p);
	case 'h': return run_http(p);
	case 'l': return run_log(p);
	case 'v': return run_verify(p);
	default: return run_approve(p);
	}
}

int main(int argc, char **argv)
{
	options o;
	program p;
	say_as("aim-guard");
	streams_open();
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0))
		return fputs(help, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return printf("aim-guard %s\n", aim_version_text()) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
	int code = options_read_guard(&o, argc, argv);
	if (code != EXIT_OK)
		return code;
	memset(&p, 0, sizeof p);
	p.options = &o;
	code = run(&p);
	int closing = close_all(&p);
	return code == EXIT_OK ? closing : code;
}
