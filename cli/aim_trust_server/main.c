/* cli/aim_trust_server/main.c — aim-trust-server: identity, trust, handshakes and delegations as MCP tools. */
#include "program.h"

#include <string.h>

static const char help[] =
	"usage: aim-trust-server [--store FILE] [--key FILE]\n"
	"                        [--http [ADDRESS:]PORT [--token-file FILE] [--origin ORIGIN]]\n"
	"\n"
	"An MCP server with six tools: check_trust, get_trust_score, establish_handshake, verify_delegation,\n"
	"record_interaction and get_identity. It speaks over stdin and stdout, or over Streamable HTTP.\n"
	"\n"
	"  --store FILE         keep trust, registry and audit log in this SQLite file; default: in memory\n"
	"  --key FILE           the server's key; made, for its owner alone, when there is none; default with --store:\n"
	"                       FILE.key beside the store; without: a new key for each run\n"
	"  --http [ADDR:]PORT   listen there, at /mcp; without ADDR on 127.0.0.1; port 0: any, said on stderr\n"
	"  --token-file FILE    HTTP clients must send this bearer token; needed when ADDR is not loopback\n"
	"  --origin ORIGIN      pages of this origin may call, too; default: only those of this machine\n"
	"\n"
	"Environment:\n"
	"  AGENTMESH_AGENT_NAME       name of this server; default: mcp-trust-agent\n"
	"  AGENTMESH_MIN_TRUST_SCORE  from which score on check_trust says trusted, 0 to 1000; default: 500\n"
	"  AGENTMESH_STORAGE_BACKEND  memory or sqlite; default: memory, and sqlite with --store\n"
	"\n"
	"SIGTERM and SIGINT end it in order. Exit status: 0 ended in order; 1 something else failed; 2 usage; 3 store or\n"
	"key file cannot be opened, read or written; 5 the address cannot be listened on.\n";

static int print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
}

static int run(program *p)
{
	int stop_fd = signals_open();
	if (stop_fd < 0) {
		say("cannot start: no pipe for signals");
		return EXIT_FAILED;
	}
	int code = open_all(p);
	if (code != EXIT_OK)
		return code;
	return p->config->http ? http_run(p, stop_fd) : stdio_run(p, stop_fd);
}

int main(int argc, char **argv)
{
	config c;
	program p;
	say_as("aim-trust-server");
	streams_open();
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return print(help);
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return printf("aim-trust-server %s\n", aim_version_text()) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
	int code = config_read(&c, argc, argv);
	if (code == EXIT_OK) {
		memset(&p, 0, sizeof p);
		p.config = &c;
		code = run(&p);
		int closing = close_all(&p);
		code = code == EXIT_OK ? closing : code;
	}
	config_free(&c);
	return code;
}
