/* cli/common/progress.h — what takes more than a second says so, on a terminal only, and leaves nothing behind. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

/* what: "verifying the log". Quiet: nothing is shown. One at a time. */
void progress_begin(const char *what, int quiet);
void progress_end(void);

#endif
