/* assess/advisory_launch.c — which packages a command line starts. Layer assess; runs nothing and looks nothing up.
 *
 * A launcher is a row: the words that make it, the options that take a value, and those whose value is a package. What
 * is no option and no package's value is the package itself, unless options have named it. */
#include "assess/advisory.h"

#include "assess/version.h"
#include "base/ctx.h"
#include "base/error.h"
#include "identity/launch.h"

#include <string.h>

#define LAYER AIM_LAYER_ASSESS

typedef struct launching {
	aim_str command;
	const aim_str *args;
	size_t n_args, at; /* at: the next word */
	aim_advisory_package *out;
	size_t cap, n;
	int full;
} launching;

/* Reads one package out of a word; 0: it names none. */
typedef int reader(aim_str word, aim_advisory_package *out);

typedef struct launcher {
	const char *words[3];   /* the command and, in order, its subcommands */
	reader *read;
	const char *valued;     /* options with a value, between spaces */
	const char *packages;   /* options whose value is a package */
	uint32_t only_options;  /* 1: what follows is no package, just those of options are */
	uint32_t reserved;
} launcher;

/* --- words ---------------------------------------------------------------------------------------------------------------- */

static int starts(aim_str text, const char *with)
{
	size_t len = strlen(with);
	return text.len >= len && memcmp(text.ptr, with, len) == 0;
}

static aim_str behind(aim_str text, size_t n)
{
	return (aim_str){text.ptr + n, text.len - n};
}

static size_t find_char(aim_str text, size_t from, char c)
{
	for (size_t i = from; i < text.len; i++)
		if (text.ptr[i] == c)
			return i;
	return text.len;
}

static size_t find_last(aim_str text, char c)
{
	size_t at = text.len;
	for (size_t i = 0; i < text.len; i++)
		at = text.ptr[i] == c ? i : at;
	return at;
}

static int is_in(const char *words, aim_str word)
{
	for (const char *w = words; *w;) {
		size_t len = strcspn(w, " ");
		if (len == word.len && memcmp(w, word.ptr, len) == 0)
			return 1;
		w += len + (w[len] == ' ');
	}
	return 0;
}

/* "/usr/bin/npx", "npx.cmd" → "npx" */
static aim_str program_name(aim_str command)
{
	static const char *const endings[] = {".exe", ".cmd", ".bat", ".ps1"};
	size_t slash = find_last(command, '/'), back = find_last(command, '\\');
	if (slash < command.len)
		command = behind(command, slash + 1);
	else if (back < command.len)
		command = behind(command, back + 1);
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (command.len > 4 && memcmp(command.ptr + command.len - 4, endings[i], 4) == 0)
			command.len -= 4;
	return command;
}

/* --- what packages look like ---------------------------------------------------------------------------------------------- */

/* A path, a URL or an archive names no package of a registry. */
static int is_place(aim_str word)
{
	return word.len == 0 || memchr("./~-\\", *word.ptr, 5) != NULL || find_char(word, 0, ':') < word.len;
}

/* One exact version, or what else was asked for. */
static void set_version(aim_advisory_package *p, aim_str text, int exact)
{
	*(exact ? &p->version : &p->requirement) = text;
}

/* name[@version] with the "@" of a scope in front. */
static int read_npm(aim_str word, aim_advisory_package *p)
{
	if (starts(word, "npm:"))
		word = behind(word, 4);
	if (is_place(word))
		return 0;
	size_t slash = find_char(word, 0, '/');
	if (*word.ptr != '@' && slash < word.len)
		return 0; /* owner/repository of GitHub */
	size_t at = find_char(word, 1, '@');
	p->ecosystem = aim_str_from("npm");
	p->name = (aim_str){word.ptr, at};
	if (at < word.len) {
		aim_str version = behind(word, at + 1);
		set_version(p, version, aim__semver_is_full(version));
	}
	return p->name.len > (size_t)(*word.ptr == '@');
}

static int is_name_end(char c)
{
	return memchr("[=<>!~@;, ", c, 10) != NULL;
}

/* PEP 508: name[extras]==version; and uv's name@version. */
static int read_pypi(aim_str word, aim_advisory_package *p)
{
	size_t n = 0;
	if (word.len == 0 || memchr("./~-\\", *word.ptr, 5) || starts(word, "git+") || starts(word, "http"))
		return 0;
	while (n < word.len && !is_name_end(word.ptr[n]))
		n++;
	p->ecosystem = aim_str_from("PyPI");
	p->name = (aim_str){word.ptr, n};
	if (find_char(p->name, 0, '/') < n || find_char(p->name, 0, ':') < n || find_char(word, n, '/') < word.len)
		return 0;
	aim_str rest = behind(word, n);
	if (rest.len && *rest.ptr == '[') {
		size_t close = find_char(rest, 0, ']');
		rest = close < rest.len ? behind(rest, close + 1) : behind(rest, rest.len);
	}
	while (rest.len && *rest.ptr == ' ')
		rest = behind(rest, 1);
	if (!rest.len)
		return n > 0;
	size_t sign = starts(rest, "===") ? 3 : starts(rest, "==") ? 2 : starts(rest, "@") ? 1 : 0;
	aim_str version = behind(rest, sign);
	set_version(p, sign ? version : rest, sign && aim__pep440_valid(version));
	return n > 0;
}

/* A module's first name, whose package is called alike more often than not. */
static int read_module(aim_str word, aim_advisory_package *p)
{
	static const char standard[] = "http json pip venv uv pipx site asyncio runpy zipapp";
	word.len = find_char(word, 0, '.');
	if (!word.len || is_place(word) || is_in(standard, word))
		return 0;
	p->ecosystem = aim_str_from("PyPI");
	p->name = word;
	p->flags = AIM_ADVISORY_GUESSED;
	return 1;
}

/* [host[:port]/]path[:tag][@digest] */
static int read_image(aim_str word, aim_advisory_package *p)
{
	if (!word.len || memchr("./-", *word.ptr, 3))
		return 0;
	size_t digest = find_char(word, 0, '@');
	aim_str name = {word.ptr, digest};
	size_t slash = find_last(name, '/'), colon = find_last(name, ':');
	int has_tag = colon < name.len && (slash == name.len || colon > slash);
	aim_str tag = has_tag ? behind(name, colon + 1) : (aim_str){NULL, 0};
	p->ecosystem = aim_str_from("Docker");
	p->name = has_tag ? (aim_str){name.ptr, colon} : name;
	if (digest < word.len)
		p->version = behind(word, digest + 1);
	else if (tag.len)
		set_version(p, tag, !aim_str_equal(tag, aim_str_from("latest")));
	return p->name.len > 0;
}

/* path@version; without "@" it is a folder or a module of the place where it runs. */
static int read_go(aim_str word, aim_advisory_package *p)
{
	size_t at = find_char(word, 0, '@');
	if (at == word.len || at == 0 || is_place((aim_str){word.ptr, at}))
		return 0;
	aim_str version = behind(word, at + 1);
	p->ecosystem = aim_str_from("Go");
	p->name = (aim_str){word.ptr, at};
	set_version(p, version, aim__semver_is_full(version));
	return 1;
}

/* npm:name@version/path, jsr:@scope/name@version */
static int read_deno(aim_str word, aim_advisory_package *p)
{
	int jsr = starts(word, "jsr:");
	if (!jsr && !starts(word, "npm:"))
		return 0;
	word = behind(word, 4);
	if (word.len && *word.ptr == '/')
		word = behind(word, 1);
	size_t slash = word.len ? find_char(word, 0, '/') : 0;
	if (word.len && *word.ptr == '@' && slash < word.len)
		slash = find_char(word, slash + 1, '/');
	word.len = slash;
	int is_package = read_npm(word, p);
	if (jsr)
		p->ecosystem = aim_str_from("JSR");
	return is_package;
}

/* --- launchers ------------------------------------------------------------------------------------------------------------ */

#define NPM_VALUED "-c --call -w --workspace --registry --cache --userconfig --loglevel --prefix"
#define UV_VALUED \
	"-p --python --index --index-url -i --default-index --extra-index-url -f --find-links --cache-dir --directory " \
	"--project --env-file -c --constraints --overrides --with-editable --with-requirements --exclude-newer " \
	"--index-strategy --keyring-provider --link-mode --prerelease --resolution --config-file --color -m --module"
#define DOCKER_VALUED \
	"-e --env --env-file -v --volume -p --publish --name --network --net -w --workdir -u --user --mount -l --label " \
	"--entrypoint -h --hostname --add-host --platform --cpus -m --memory --restart --cap-add --cap-drop --security-opt " \
	"--tmpfs --device --dns --log-driver --log-opt --ulimit --pull --gpus --ipc --pid --userns --shm-size --link " \
	"--volumes-from --cidfile --expose -a --attach --stop-signal --stop-timeout --sysctl --annotation --label-file " \
	"--runtime --pids-limit --group-add --cpuset-cpus --cpu-shares -c --memory-swap --mac-address --ip --health-cmd"

static const launcher launchers[] = {
	{{"npx"}, read_npm, NPM_VALUED, "-p --package", 0, 0},
	{{"npm", "exec"}, read_npm, NPM_VALUED, "-p --package", 0, 0},
	{{"npm", "x"}, read_npm, NPM_VALUED, "-p --package", 0, 0},
	{{"pnpm", "dlx"}, read_npm, "-c --shell-mode --reporter --registry -C --dir", "-p --package", 0, 0},
	{{"pnpx"}, read_npm, "", "-p --package", 0, 0},
	{{"yarn", "dlx"}, read_npm, "", "-p --package", 0, 0},
	{{"bunx"}, read_npm, "", "-p --package", 0, 0},
	{{"bun", "x"}, read_npm, "", "-p --package", 0, 0},
	{{"uvx"}, read_pypi, UV_VALUED, "--from --with", 0, 0},
	{{"uv", "tool", "run"}, read_pypi, UV_VALUED, "--from --with", 0, 0},
	{{"uv", "run"}, read_pypi, UV_VALUED " --group --only-group --extra --package", "--with", 1, 0},
	{{"pipx", "run"}, read_pypi, "--python --pip-args --index-url -i --path", "--spec --with", 0, 0},
	{{"docker", "run"}, read_image, DOCKER_VALUED, "", 0, 0},
	{{"docker", "container", "run"}, read_image, DOCKER_VALUED, "", 0, 0},
	{{"podman", "run"}, read_image, DOCKER_VALUED, "", 0, 0},
	{{"nerdctl", "run"}, read_image, DOCKER_VALUED, "", 0, 0},
	{{"go", "run"}, read_go, "-C -exec -mod -modfile -tags -ldflags -gcflags -p", "", 0, 0},
	{{"deno", "run"}, read_deno, "-c --config --import-map --lock --cert --location --seed", "", 0, 0},
	{{"deno"}, read_deno, "-c --config --import-map --lock --cert --location --seed", "", 0, 0},
};

static const launcher python = {{"python"}, read_module, "-W -X --check-hash-based-pycs", "-m", 1, 0};

/* "python", "python3", "python3.12", "py" */
static int is_python(aim_str name)
{
	if (aim_str_equal(name, aim_str_from("py")) || aim_str_equal(name, aim_str_from("pythonw")))
		return 1;
	if (!starts(name, "python"))
		return 0;
	for (size_t i = 6; i < name.len; i++)
		if (!aim__is_digit(name.ptr[i]) && name.ptr[i] != '.')
			return 0;
	return 1;
}

/* 1 when the command and its next words are the row's; then those are behind. */
static int takes(launching *l, const launcher *row, aim_str name)
{
	size_t at = l->at;
	if (!aim_str_equal(name, aim_str_from(row->words[0])))
		return 0;
	for (size_t i = 1; i < 3 && row->words[i]; i++)
		if (at == l->n_args || !aim_str_equal(l->args[at++], aim_str_from(row->words[i])))
			return 0;
	l->at = at;
	return 1;
}

static const launcher *find_launcher(launching *l)
{
	aim_str name = program_name(l->command);
	if (is_python(name))
		return &python;
	for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
		if (takes(l, &launchers[i], name))
			return &launchers[i];
	return NULL;
}

static void add(launching *l, reader *read, aim_str word)
{
	aim_advisory_package p = {.flags = 0};
	if (!read(word, &p))
		return;
	if (l->n == l->cap)
		l->full = 1;
	else
		l->out[l->n++] = p;
}

/* One option with what belongs to it; 1 when its value names a package. */
static int take_option(launching *l, const launcher *row, aim_str word)
{
	size_t equals = find_char(word, 0, '=');
	aim_str name = {word.ptr, equals};
	int package = is_in(row->packages, name), valued = package || is_in(row->valued, name);
	aim_str value = equals < word.len ? behind(word, equals + 1) : (aim_str){NULL, 0};
	if (valued && equals == word.len && l->at < l->n_args)
		value = l->args[l->at++];
	if (package)
		add(l, row->read, value);
	return package;
}

/* uvx --with adds to the package that is run; all other options of packages name it. */
static int names_it(const launcher *row, aim_str word)
{
	return !starts(word, "--with") && row->packages[0] != 0;
}

static void read_words(launching *l, const launcher *row)
{
	int named = 0;
	while (l->at < l->n_args) {
		aim_str word = l->args[l->at++];
		if (word.len > 1 && *word.ptr == '-' && !aim_str_equal(word, aim_str_from("--"))) {
			int package = take_option(l, row, word);
			named |= package && names_it(row, word);
			if (package && row == &python)
				return; /* what follows -m is the module's */
			continue;
		}
		if (aim_str_equal(word, aim_str_from("--")))
			continue;
		if (!named && !row->only_options)
			add(l, row->read, word);
		return;
	}
}

/* --- in front of the launcher --------------------------------------------------------------------------------------------- */

static int next_command(launching *l)
{
	if (l->at == l->n_args)
		return 0;
	l->command = l->args[l->at++];
	return 1;
}

static void skip_guard(launching *l)
{
	size_t at = l->at;
	while (at < l->n_args && !aim_str_equal(l->args[at], aim_str_from("--")))
		at++;
	if (aim__launch_is_guard(l->command) && at < l->n_args) {
		l->at = at + 1;
		(void)next_command(l);
	}
}

/* "env", its options and assignments. */
static void skip_env(launching *l)
{
	if (!aim_str_equal(program_name(l->command), aim_str_from("env")))
		return;
	while (next_command(l))
		if (!starts(l->command, "-") && find_char(l->command, 0, '=') == l->command.len)
			return;
}

static void skip_prefix(launching *l)
{
	for (size_t i = 0; i < 2 && aim__launch_is_prefix(l->command, i);)
		i += next_command(l) ? 1u : 2u;
}

aim_status aim_advisory_packages_of_launch(aim_str command, const aim_str *args, size_t n_args, aim_advisory_package *out,
                                           size_t cap, size_t *out_n, aim_error *err)
{
	if (!command.len || (!args && n_args) || (!out && cap) || !out_n)
		return AIM__MISUSE(NULL, "command, args, out and out_n are required");
	launching l = {.command = command, .args = args, .n_args = n_args, .out = out, .cap = cap};
	skip_guard(&l);
	skip_prefix(&l);
	skip_env(&l);
	const launcher *row = find_launcher(&l);
	if (row)
		read_words(&l, row);
	if (l.full)
		return aim__fail(err, AIM_E_SPACE, LAYER, "the command starts more than %zu packages", cap);
	if (l.n == 0)
		return aim__fail(err, AIM_E_NOT_FOUND, LAYER, "the command names no package of a registry");
	*out_n = l.n;
	return AIM_OK;
}
