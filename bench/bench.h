/* bench/bench.h — timing one path: calibrate, run in batches, print the median per operation.
 *
 *     static void work(void *arg, size_t n) { for (size_t i = 0; i < n; i++) ...one operation...; }
 *     int main(int argc, char **argv) {
 *             bench_init(argc, argv);
 *             aim_ctx *ctx = bench_ctx();
 *             bench_run("json/parse-4k", work, &state, 4096);
 *     }
 *
 * Each line printed is `name ns_per_op [bytes/s] [allocs]`, tab-separated; "-" where a column has no
 * meaning. bench/run turns the lines into a table against the bars. Programs take name prefixes as
 * arguments to run less. */
#ifndef AIM_BENCH_H
#define AIM_BENCH_H

#include <aim/ctx.h>

typedef void (*bench_work)(void *arg, size_t n);

void bench_init(int argc, char **argv);
/* A context whose allocations are counted; shared by the whole program, freed at exit. */
aim_ctx *bench_ctx(void);
/* Allocations on that context so far. */
size_t bench_allocs(void);
/* Median of 31 batches of about 4 ms; allocs are per operation, measured on a warm run. Returns the
 * ns per operation (0 when the name was not asked for). bytes_per_op 0: no bytes/s. */
double bench_run(const char *name, bench_work work, void *arg, size_t bytes_per_op);
/* Two works against each other in one run: batches of both by turns, so that what slows the machine slows both. Prints
 * name and against as bench_run does, and `ratio` as the median of the pairs. */
void bench_run_against(const char *name, bench_work work, const char *against, bench_work reference, const char *ratio,
                       void *arg);
/* The same for slow operations (I/O): `samples` batches of n operations each, no calibration. */
double bench_run_fixed(const char *name, bench_work work, void *arg, size_t bytes_per_op, size_t samples,
                       size_t n);
/* Percentile of batches of 8 operations, 20 000 samples: for latency tails. */
double bench_percentile(const char *name, bench_work work, void *arg, double percentile);
/* 1 when the command line asks for name: for figures that take long to compute. */
int bench_wanted(const char *name);
/* Prints a line `name value -` for figures computed otherwise (ratios, rates, sizes). */
void bench_value(const char *name, double value);
/* Prints a / b as `name`; nothing when either was not measured. */
void bench_ratio(const char *name, double a, double b);
/* Keeps the compiler from dropping a result. */
void bench_keep(const void *p);
/* Exits with a message when rc is not AIM_OK. */
void bench_must(aim_status rc, const char *what);
double bench_now_ns(void);
/* Deletes the files of an SQLite store, those that there are. */
void bench_remove_store(const char *path);

#endif
