/* cli/aim_guard/http_none.c — aim-guard http where libmicrohttpd or libcurl is missing. */
#include "program.h"

int http_run(program *p)
{
	(void)p;
	say("this aim-guard was built without libmicrohttpd and libcurl: it has no http");
	return EXIT_FAILED;
}
