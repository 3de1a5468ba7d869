/* tests/fuzz/replay.c — feeds files to a fuzz target without a fuzzer: every file of the folders on
 * the command line, and every prefix of the short ones. Each input lies alone in a block of its
 * exact size, so that the address sanitizer sees a read past its end. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SHORT_FILE 512u
#define PATH_SIZE 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t n_inputs;

static void die(const char *what, const char *path)
{
	fprintf(stderr, "replay: %s: %s\n", what, path);
	exit(2);
}

static void feed(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	if (!exact)
		die("out of memory", "");
	if (size)
		memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	n_inputs++;
}

static uint8_t *read_all(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1);
	if (!file || !data)
		die("cannot read", path);
	if (fread(data, 1, size, file) != size)
		die("short read", path);
	fclose(file);
	return data;
}

static void replay_file(const char *path, size_t size)
{
	uint8_t *data = read_all(path, size);
	feed(data, size);
	if (size <= SHORT_FILE)
		for (size_t n = 0; n < size; n++)
			feed(data, n);
	free(data);
}

static void replay_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	if (!dir)
		die("cannot open", folder);
	for (struct dirent *entry; (entry = readdir(dir));) {
		char path[PATH_SIZE];
		struct stat info;
		int n = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		if (n < 0 || (size_t)n >= sizeof path || stat(path, &info) != 0)
			die("cannot look at", entry->d_name);
		if (S_ISREG(info.st_mode))
			replay_file(path, (size_t)info.st_size);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t before = n_inputs;
		replay_folder(argv[i]);
		if (n_inputs == before)
			die("no seed in", argv[i]);
	}
	printf("%zu inputs\n", n_inputs);
	return n_inputs == 0;
}
