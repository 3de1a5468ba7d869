/* bench/bench_discovery.c — finding servers: a home with the configuration of every known client on disk, read, parsed, masked,
 * put together and ordered. */
#define _XOPEN_SOURCE 700
#include "bench.h"

#include "../tests/unit/mcp/discovery_home.h"

#include <aim/discoveryfile.h>

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct finding {
	aim_discovery_place place;
	aim_discovery_reader reader;
	char root[64];
	char home[80];
	char cwd[80];
} finding;

static void scan(void *arg, size_t n)
{
	const finding *f = arg;
	for (size_t i = 0; i < n; i++) {
		aim_discovery *found = NULL;
		bench_must(aim_discovery_new(bench_ctx(), NULL, &found, NULL), "collection");
		bench_must(aim_discovery_scan(found, &f->place, &f->reader, NULL), "scan");
		bench_must(aim_discovery_count(found) > 30 ? AIM_OK : AIM_E_NOT_FOUND, "servers");
		aim_discovery_free(found);
	}
}

static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		bench_must(mkdir(path, 0700) == 0 || errno == EEXIST ? AIM_OK : AIM_E_IO, path);
		*slash = '/';
	}
}

static void put(const finding *f, const home_file *file)
{
	char path[400];
	snprintf(path, sizeof path, "%s%s", f->root, file->path);
	make_folders(path);
	FILE *out = fopen(path, "w");
	bench_must(out ? AIM_OK : AIM_E_IO, path);
	if (!out)
		return;
	fputs(file->text, out);
	fclose(out);
}

static int forget(const char *path, const struct stat *s, int type, struct FTW *where)
{
	(void)s, (void)type, (void)where;
	return remove(path);
}

int main(int argc, char **argv)
{
	finding f = {.place = {.struct_size = sizeof f.place, .platform = AIM_PLATFORM_LINUX},
	             .reader = {.struct_size = sizeof f.reader}};
	bench_init(argc, argv);
	strcpy(f.root, "/tmp/aim-bench-XXXXXX");
	bench_must(mkdtemp(f.root) ? AIM_OK : AIM_E_IO, "folder");
	for (size_t i = 0; i < N_HOME_FILES; i++)
		put(&f, &home_files[i]);
	snprintf(f.home, sizeof f.home, "%s/h", f.root);
	snprintf(f.cwd, sizeof f.cwd, "%s/p", f.root);
	f.place.home = aim_str_from(f.home);
	f.place.cwd = aim_str_from(f.cwd);
	bench_must(aim_discoveryfile_reader(&f.reader), "reader");
	bench_run("discovery/full-home", scan, &f, 0);
	nftw(f.root, forget, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}
