/* cli/aim/main.c — aim: reads the command line and runs one command. */
#include "program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 64u

static int no_command(const char *text, const group *g)
{
	const char *names[NAMES_MAX];
	size_t n = 0;
	for (size_t i = 0; g && i < g->n && n < NAMES_MAX; i++)
		names[n++] = g->commands[i].name;
	for (size_t i = 0; !g && i < n_groups; i++)
		for (size_t j = 0; j < (groups[i]->name ? 1 : groups[i]->n) && n < NAMES_MAX; j++)
			names[n++] = groups[i]->name ? groups[i]->name : groups[i]->commands[j].name;
	const char *meant = nearest(text, names, n);
	const char *in = g ? g->name : "";
	if (meant)
		say("'%s%s%s' is not a command; did you mean 'aim %s%s%s'?", in, *in ? " " : "", text, in, *in ? " " : "", meant);
	else
		say("'%s%s%s' is not a command; see aim help %s", in, *in ? " " : "", text, in);
	return EXIT_USAGE;
}

/* The first word that is no global option, taken out of the line; NULL when there is none. */
static char *take_word(char **argv, int *argc)
{
	for (int at = 0; at < *argc; at++) {
		if (strcmp(argv[at], "--store") == 0) {
			at++;
			continue;
		}
		if (argv[at][0] == '-')
			continue;
		char *word = argv[at];
		memmove(argv + at, argv + at + 1, (size_t)(*argc - at) * sizeof *argv); /* with the NULL at the end */
		(*argc)--;
		return word;
	}
	return NULL;
}

static int find(program *p, char **argv, int *argc)
{
	char *first = take_word(argv, argc);
	p->group = &group_own;
	if (!first)
		return EXIT_OK;
	p->command = find_alone(first, &p->group);
	if (p->command)
		return EXIT_OK;
	p->group = find_group(first);
	if (!p->group)
		return no_command(first, NULL);
	char *second = take_word(argv, argc);
	if (second && strcmp(second, "help") == 0)
		p->global.flags |= GLOBAL_HELP;
	if (!second || p->global.flags & GLOBAL_HELP)
		return EXIT_OK;
	p->command = find_command(p->group, second);
	return p->command ? EXIT_OK : no_command(second, p->group);
}

static int read_line(program *p, int argc, char **argv)
{
	char name[80];
	option_list lists[2] = {{NULL, 0, NULL}, {global_options, n_global_options, &p->global}};
	const command *c = p->command;
	if (c && c->options_size && !(p->options = calloc(1, c->options_size))) {
		say("out of memory");
		return EXIT_FAILED;
	}
	if (c)
		lists[0] = (option_list){c->options, c->n_options, p->options};
	snprintf(name, sizeof name, "aim%s%s%s%s", p->group->name ? " " : "", p->group->name ? p->group->name : "", c ? " " : "",
	         c ? c->name : "");
	p->args = argv;
	return options_read(lists, 2, name, "aim help", 0, argc, argv, &p->n_args);
}

static int count_is_wrong(const program *p)
{
	const command *c = p->command;
	const char *in = p->group->name ? p->group->name : "";
	if (p->n_args >= c->least && (c->most < 0 || p->n_args <= c->most))
		return 0;
	if (p->n_args > c->least)
		say("%s: unexpected argument; usage: aim %s%s%s%s%s", p->args[c->most], in, *in ? " " : "", c->name,
		    *c->arguments ? " " : "", c->arguments);
	else
		say("usage: aim %s%s%s %s; see aim help %s%s%s", in, *in ? " " : "", c->name, c->arguments, in, *in ? " " : "",
		    c->name);
	return 1;
}

static int run(program *p)
{
	if (p->global.flags & GLOBAL_VERSION)
		return printf("aim %s\n", aim_version_text()) < 0 ? EXIT_FILE : EXIT_OK;
	if (p->command && p->global.flags & GLOBAL_HELP)
		return help_command(p->group, p->command);
	if (p->command)
		return count_is_wrong(p) ? EXIT_USAGE : p->command->run(p);
	if (p->group->name && p->global.flags & GLOBAL_HELP)
		return help_group(p->group);
	if (p->global.flags & GLOBAL_HELP)
		return help_overview();
	if (p->group->name)
		say("which command? see aim help %s", p->group->name);
	else
		say("which command? see aim help");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	program p;
	memset(&p, 0, sizeof p);
	say_as("aim");
	streams_open();
	signal(SIGPIPE, SIG_IGN); /* writing then fails, and everything is closed in order */
	signal(SIGXFSZ, SIG_IGN);
	char **words = argv + (argc > 0);
	int n = argc - (argc > 0);
	int code = find(&p, words, &n);
	if (code == EXIT_OK)
		code = read_line(&p, n, words);
	screen_open((p.global.flags & GLOBAL_JSON) != 0, (p.global.flags & GLOBAL_NO_COLOR) != 0);
	if (code == EXIT_OK)
		code = run(&p);
	int closing = close_all(&p);
	int writing = screen_finish(EXIT_FILE);
	free(p.options);
	return code != EXIT_OK ? code : closing != EXIT_OK ? closing : writing;
}
