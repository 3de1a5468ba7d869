/* cli/aim/completion.c — shell completion, made from the table. Words in it are ours: none needs quoting. */
#include "program.h"

#include <stdio.h>
#include <string.h>

static const char prologue[] =
	"# bash completion of aim; made by: aim completion bash\n"
	"_aim() {\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} group= command= words= i\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t--store) ((i++)) ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*) if [ -z \"$group\" ]; then group=${COMP_WORDS[i]}; else command=${COMP_WORDS[i]}; break; fi ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tCOMPREPLY=()\n"
	"\tcompopt +o default 2>/dev/null\n";

static const char epilogue[] =
	"\tesac\n"
	"\t[[ $current == -* ]] && words=\"$words $globals\"\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
	"\t[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
	"}\n"
	"complete -o filenames -F _aim aim\n";

static void put_names(const option *options, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i ? " " : "", options[i].name);
}

/* What may follow an option that takes a value. */
static void put_values(const char *where, const option *options, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const option *o = &options[i];
		if (!o->value)
			continue;
		printf("\t\"%s%s\"", where, o->name);
		if (o->letter)
			printf("|\"%s%s\"", where, o->letter);
		if (o->words) {
			fputs(") words=\"", stdout);
			for (size_t j = 0; o->words[j]; j++)
				printf("%s%s", j ? " " : "", o->words[j]);
			puts("\" ;;");
		} else if (strcmp(o->value, "FILE") == 0 || strcmp(o->value, "DIR") == 0) {
			printf(") mapfile -t COMPREPLY < <(compgen -%c -- \"$current\"); return ;;\n", o->value[0] == 'D' ? 'd' : 'f');
		} else {
			puts(") return ;;");
		}
	}
}

static void put_all_values(void)
{
	char where[80];
	puts("\tcase \"$group $command $previous\" in");
	for (size_t i = 0; i < n_groups; i++)
		for (size_t j = 0; j < groups[i]->n; j++) {
			const command *c = &groups[i]->commands[j];
			if (groups[i]->name)
				snprintf(where, sizeof where, "%s %s ", groups[i]->name, c->name);
			else
				snprintf(where, sizeof where, "%s \"*\" ", c->name); /* its first argument is taken for a command */
			put_values(where, c->options, c->n_options);
		}
	puts("\t*\" --store\") mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); return ;;");
	puts("\tesac");
	puts("\tif [ -n \"$words\" ]; then mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\"); return; fi");
}

static void put_alone(const group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		if (!g->commands[i].n_options)
			continue;
		printf("\t\"%s \"*) [[ $current == -* ]] && words=\"", g->commands[i].name);
		put_names(g->commands[i].options, g->commands[i].n_options);
		puts("\" ;;");
	}
}

static void put_group(const group *g)
{
	printf("\t\"%s \") words=\"", g->name);
	for (size_t i = 0; i < g->n; i++)
		printf("%s%s", i ? " " : "", g->commands[i].name);
	puts("\" ;;");
	for (size_t i = 0; i < g->n; i++) {
		printf("\t\"%s %s\") [[ $current == -* ]] && words=\"", g->name, g->commands[i].name);
		put_names(g->commands[i].options, g->commands[i].n_options);
		puts("\" ;;");
	}
}

static void put_top(void)
{
	fputs("\t\" \"|\"help \") words=\"", stdout);
	for (size_t i = 0; i < n_groups; i++)
		for (size_t j = 0; j < (groups[i]->name ? 1 : groups[i]->n); j++)
			printf("%s%s", i + j ? " " : "", groups[i]->name ? groups[i]->name : groups[i]->commands[j].name);
	puts("\" ;;");
	puts("\t\"completion \") words=bash ;;");
}

int run_completion(program *p)
{
	if (strcmp(p->args[0], "bash") != 0) {
		say("'%s' is not a shell that aim completes for; expected bash", p->args[0]);
		return EXIT_USAGE;
	}
	fputs(prologue, stdout);
	fputs("\tlocal globals=\"", stdout);
	put_names(global_options, n_global_options);
	puts("\"");
	put_all_values();
	puts("\tcase \"$group $command\" in");
	put_top();
	for (size_t i = 0; i < n_groups; i++)
		if (groups[i]->name)
			put_group(groups[i]);
		else
			put_alone(groups[i]);
	fputs(epilogue, stdout);
	return EXIT_OK;
}
