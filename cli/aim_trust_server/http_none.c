/* cli/aim_trust_server/http_none.c — where libmicrohttpd was not there when the program was built. */
#include "program.h"

int http_run(program *p, int stop_fd)
{
	(void)p;
	(void)stop_fd;
	say("--http is not in this build: it needs libmicrohttpd");
	return EXIT_USAGE;
}
