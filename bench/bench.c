/* bench/bench.c — see bench.h. Floating point is fine here: these programs measure, they decide
 * nothing. */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES 31
#define BATCH_NS 4e6
#define TAIL_SAMPLES 20000
#define TAIL_OPS 8

static char **wanted;
static int n_wanted;
static size_t n_allocs;
static aim_ctx *shared_ctx;

static void *count_alloc(void *user, size_t size)
{
	(void)user;
	__atomic_add_fetch(&n_allocs, 1, __ATOMIC_RELAXED);
	return malloc(size);
}

static void *count_resize(void *user, void *ptr, size_t old_size, size_t new_size)
{
	(void)user;
	(void)old_size;
	__atomic_add_fetch(&n_allocs, 1, __ATOMIC_RELAXED);
	return realloc(ptr, new_size);
}

static void count_free(void *user, void *ptr, size_t size)
{
	(void)user;
	(void)size;
	free(ptr);
}

static void free_ctx(void)
{
	aim_ctx_free(shared_ctx);
}

void bench_init(int argc, char **argv)
{
	wanted = argv + 1;
	n_wanted = argc - 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
}

aim_ctx *bench_ctx(void)
{
	if (shared_ctx)
		return shared_ctx;
	aim_allocator allocator = {sizeof allocator, 0, count_alloc, count_resize, count_free, NULL, NULL};
	aim_ctx_options options = {.struct_size = sizeof options, .allocator = &allocator};
	aim_error err = {0};
	bench_must(aim_ctx_new(&options, &shared_ctx, &err), err.message);
	atexit(free_ctx);
	return shared_ctx;
}

size_t bench_allocs(void)
{
	return __atomic_load_n(&n_allocs, __ATOMIC_RELAXED);
}

double bench_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int bench_wanted(const char *name)
{
	for (int i = 0; i < n_wanted; i++)
		if (strncmp(name, wanted[i], strlen(wanted[i])) == 0)
			return 1;
	return n_wanted == 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

static double time_batch(bench_work work, void *arg, size_t n)
{
	double start = bench_now_ns();
	work(arg, n);
	return (bench_now_ns() - start) / (double)n;
}

static size_t calibrate(bench_work work, void *arg)
{
	size_t n = 1;
	for (;;) {
		double ns = time_batch(work, arg, n) * (double)n;
		if (ns >= BATCH_NS / 2 || n > ((size_t)1 << 30))
			return n;
		n *= ns < BATCH_NS / 20 ? 10 : 2;
	}
}

static double allocs_per_op(bench_work work, void *arg, size_t n)
{
	size_t before = bench_allocs();
	work(arg, n);
	return (double)(bench_allocs() - before) / (double)n;
}

static void print_line(const char *name, double ns, size_t bytes_per_op, double allocs)
{
	printf("%s\t%.1f\t", name, ns);
	if (bytes_per_op)
		printf("%.0f\t", (double)bytes_per_op * 1e9 / ns);
	else
		printf("-\t");
	printf("%.2f\n", allocs);
}

double bench_run_fixed(const char *name, bench_work work, void *arg, size_t bytes_per_op, size_t samples,
                       size_t n)
{
	if (!bench_wanted(name))
		return 0;
	double *ns = calloc(samples, sizeof *ns);
	if (!ns)
		exit(1);
	work(arg, n);
	for (size_t i = 0; i < samples; i++)
		ns[i] = time_batch(work, arg, n);
	qsort(ns, samples, sizeof *ns, by_value);
	double median = ns[samples / 2];
	free(ns);
	print_line(name, median, bytes_per_op, allocs_per_op(work, arg, n));
	return median;
}

double bench_run(const char *name, bench_work work, void *arg, size_t bytes_per_op)
{
	if (!bench_wanted(name))
		return 0;
	return bench_run_fixed(name, work, arg, bytes_per_op, SAMPLES, calibrate(work, arg));
}

static double median_of(double *values, size_t n)
{
	qsort(values, n, sizeof *values, by_value);
	return values[n / 2];
}

void bench_run_against(const char *name, bench_work work, const char *against, bench_work reference, const char *ratio,
                       void *arg)
{
	double ns[SAMPLES], reference_ns[SAMPLES], ratios[SAMPLES];
	if (!bench_wanted(name))
		return;
	size_t n = calibrate(work, arg), m = calibrate(reference, arg);
	for (size_t i = 0; i < SAMPLES; i++) {
		ns[i] = time_batch(work, arg, n);
		reference_ns[i] = time_batch(reference, arg, m);
		ratios[i] = ns[i] / reference_ns[i];
	}
	print_line(against, median_of(reference_ns, SAMPLES), 0, allocs_per_op(reference, arg, m));
	print_line(name, median_of(ns, SAMPLES), 0, allocs_per_op(work, arg, n));
	bench_value(ratio, median_of(ratios, SAMPLES));
}

double bench_percentile(const char *name, bench_work work, void *arg, double percentile)
{
	static double ns[TAIL_SAMPLES];
	if (!bench_wanted(name))
		return 0;
	for (size_t i = 0; i < TAIL_SAMPLES; i++)
		ns[i] = time_batch(work, arg, TAIL_OPS);
	qsort(ns, TAIL_SAMPLES, sizeof *ns, by_value);
	double value = ns[(size_t)((TAIL_SAMPLES - 1) * percentile / 100)];
	print_line(name, value, 0, allocs_per_op(work, arg, 1000));
	return value;
}

void bench_value(const char *name, double value)
{
	if (bench_wanted(name))
		printf("%s\t%.3f\t-\t-\n", name, value);
}

void bench_ratio(const char *name, double a, double b)
{
	if (a > 0 && b > 0)
		printf("%s\t%.3f\t-\t-\n", name, a / b);
}

void bench_keep(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

void bench_must(aim_status rc, const char *what)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "bench: %s: %s\n", aim_status_name(rc), what);
	exit(1);
}

void bench_remove_store(const char *path)
{
	char name[64];
	static const char *const tails[] = {"", "-wal", "-shm"};
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "%s%s", path, tails[i]);
		unlink(name);
	}
}
