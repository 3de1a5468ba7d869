/* cli/aim/help.c — help texts, made from the table. */
#include "program.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define INDENT 4u
#define LINE_MAX_COLUMNS 100u

static unsigned line_width(void)
{
	unsigned width = screen_width();
	return width >= 40 && width < LINE_MAX_COLUMNS ? width : LINE_MAX_COLUMNS;
}

/* Words in lines that begin at column `indent`; the first line begins at column at. */
static void wrap(const char *text, unsigned at, unsigned indent)
{
	unsigned reached = at;
	while (*text) {
		size_t n = strcspn(text, " \n");
		if (reached > indent && reached + n + 1 > line_width()) {
			printf("\n%*s", (int)indent, "");
			reached = indent;
		} else if (reached > indent) {
			putchar(' ');
			reached++;
		}
		printf("%.*s", (int)n, text);
		reached += (unsigned)n;
		text += n;
		if (*text == '\n') { /* a paragraph */
			printf("\n%*s", (int)indent, "");
			reached = indent;
		}
		text += *text != 0;
	}
	putchar('\n');
}

static void title(const char *text)
{
	printf("\n%s%s%s\n", style(STYLE_BOLD), text, style(STYLE_NONE));
}

static unsigned put_option_name(const option *o)
{
	return (unsigned)printf("%*s%s%s%s%s%s", (int)INDENT, "", o->letter ? o->letter : "", o->letter ? ", " : "", o->name,
	                        o->value ? " " : "", o->value ? o->value : "");
}

static void put_words(const option *o, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "%s", o->help);
	for (size_t i = 0; o->words && o->words[i] && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : ": ", o->words[i]);
}

static void put_options(const option *options, size_t n)
{
	const unsigned indent = 30;
	char text[600];
	for (size_t i = 0; i < n; i++) {
		unsigned at = put_option_name(&options[i]);
		if (at + 2 > indent)
			putchar('\n'), at = 0;
		printf("%*s", (int)(indent - at), "");
		put_words(&options[i], text, sizeof text);
		wrap(text, indent, indent);
	}
}

static unsigned put_command_name(const group *g, const command *c)
{
	return (unsigned)printf("%*saim %s%s%s", (int)INDENT, "", g->name ? g->name : "", g->name ? " " : "", c->name);
}

static void put_commands(const group *g)
{
	const unsigned indent = 30;
	title(g->title);
	for (size_t i = 0; i < g->n; i++) {
		unsigned at = put_command_name(g, &g->commands[i]);
		printf("%*s", (int)(indent - at), "");
		wrap(g->commands[i].summary, indent, indent);
	}
}

static void put_exit_status(void)
{
	title("Exit status");
	printf("    0 done, or yes     1 no: not intact, not valid, not found     2 usage\n"
	       "    3 a store, a file or the output cannot be opened, read or written\n"
	       "    4 refused: wrong passphrase, already there, wrong purpose or state     5 anything else\n"
	       "    6 warned: aim detect or aim mcp verify found what neither passes nor fails, or could not read a file\n"
	       "    7 aim mcp attest: the server cannot be started, or does not answer\n");
}

int help_overview(void)
{
	printf("%saim%s — identity, policy and evidence of AI agents\n\nusage: aim COMMAND [ARGUMENT…] [OPTION…]\n",
	       style(STYLE_BOLD), style(STYLE_NONE));
	for (size_t i = 0; i < n_groups; i++)
		put_commands(groups[i]);
	title("Options of every command");
	put_options(global_options, n_global_options);
	put_exit_status();
	printf("\n'aim help COMMAND' shows a command, 'man aim' the manual.\n");
	return EXIT_OK;
}

int help_group(const group *g)
{
	printf("usage: aim %s COMMAND [ARGUMENT…] [OPTION…]\n", g->name);
	put_commands(g);
	printf("\n'aim help %s COMMAND' shows one of them.\n", g->name);
	return EXIT_OK;
}

int help_command(const group *g, const command *c)
{
	char summary[200];
	printf("usage: aim %s%s%s%s%s%s\n\n", g->name ? g->name : "", g->name ? " " : "", c->name, *c->arguments ? " " : "",
	       c->arguments, c->n_options ? " [OPTION…]" : "");
	snprintf(summary, sizeof summary, "%s", c->summary);
	summary[0] = (char)toupper((unsigned char)summary[0]);
	wrap(summary, 0, 0);
	if (c->text) {
		putchar('\n');
		wrap(c->text, 0, 0);
	}
	if (c->n_options) {
		title("Options");
		put_options(c->options, c->n_options);
	}
	putchar('\n');
	wrap("'aim help' lists the options of every command and the exit statuses.", 0, 0);
	return EXIT_OK;
}

static int no_such(const char *what, const char *name, const char *meant)
{
	if (meant)
		say("'%s' is not a %s; did you mean '%s'?", name, what, meant);
	else
		say("'%s' is not a %s; see aim help", name, what);
	return EXIT_USAGE;
}

int run_help(program *p)
{
	if (p->n_args == 0)
		return help_overview();
	const group *g = find_group(p->args[0]);
	if (!g && p->n_args == 1) {
		const command *alone = find_alone(p->args[0], &g);
		return alone ? help_command(g, alone) : no_such("command", p->args[0], NULL);
	}
	if (!g)
		return no_such("command", p->args[0], NULL);
	if (p->n_args == 1)
		return help_group(g);
	const command *c = find_command(g, p->args[1]);
	return c ? help_command(g, c) : no_such("command of its group", p->args[1], NULL);
}
