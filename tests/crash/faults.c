/* Preloaded into a program: numbers its calls to the file system over all threads, and makes one of them fail.
 *
 * strace can inject faults too, but it counts for each thread apart, so that the third write of one thread hides
 * the third write of another. Here every call has one number. What a program does without libc is not seen; the
 * harness compares the counts with strace's to know that nothing was missed.
 *
 *   FAULTS_COUNT   change: calls that change files (the default)   look: calls that only read them
 *   FAULTS_AT      the number of the call to act on, from 1
 *   FAULTS_ACT     kill: die before it   tear: write half, then die   short: write half   stop: wait for SIGCONT
 *                  an errno as a number: fail with it
 *   FAULTS_UNTIL   once (the default)   kind: it and all later calls of its kind   all: it and all later calls
 *   FAULTS_LOG     a file for what was counted: number, kind, thread, path, one call a line; with FAULTS_AT, the
 *                  calls that were acted on alone
 *   FAULTS_NOSYNC  fsync and its kin do nothing, and succeed
 *   FAULTS_NOLOCK  so does flock on a file of this name
 *   FAULTS_CLOCK   the time, in seconds since 1970: the clock stands still there
 *
 * The variables and the preload are taken out of the environment at once: child processes run as usual.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { OPEN, WRITE, SYNC, RENAME, LINK, UNLINK, MKDIR, TRUNCATE, COPY, LOOK, READ, STAT, LIST };
static const char *const names[] = { "open", "write", "fsync", "rename", "link", "unlink", "mkdir", "ftruncate", "copy",
                                     "open to read", "read", "stat", "list" };
enum act { NOTHING, KILL, TEAR, SHORT, STOP, FAIL };

static atomic_long counted;
static long at;
static enum act act;
static int fault;
static int look, until_all, until_kind, no_sync;
static const char *no_lock;
static long clock_at = -1;
static int log_fd = -1;
static _Atomic int fired_kind = -1;

static char *take(const char *name) {
    char *value = getenv(name);
    value = value ? strdup(value) : NULL;
    unsetenv(name);
    return value;
}

__attribute__((constructor)) static void begin(void) {
    char *value;
    unsetenv("LD_PRELOAD");
    if ((value = take("FAULTS_COUNT"))) look = !strcmp(value, "look");
    if ((value = take("FAULTS_AT"))) at = atol(value);
    if ((value = take("FAULTS_UNTIL"))) {
        until_all = !strcmp(value, "all");
        until_kind = !strcmp(value, "kind");
    }
    if ((value = take("FAULTS_ACT"))) {
        act = !strcmp(value, "kill") ? KILL : !strcmp(value, "tear") ? TEAR : !strcmp(value, "short") ? SHORT
              : !strcmp(value, "stop") ? STOP : FAIL;
        fault = atoi(value);
    }
    if ((value = take("FAULTS_LOG")))
        log_fd = syscall(SYS_openat, AT_FDCWD, value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    no_sync = take("FAULTS_NOSYNC") != NULL;
    no_lock = take("FAULTS_NOLOCK");
    if ((value = take("FAULTS_CLOCK"))) clock_at = atol(value);
}

static const char *path_of(int fd, char *linked, size_t size) {
    char name[40];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, name, linked, size - 1);
    linked[length > 0 ? length : 0] = 0;
    return linked;
}

static void tell(long number, enum kind kind, const char *path, int fd) {
    char line[1200], linked[800];
    if (!path) path = path_of(fd, linked, sizeof linked);
    int length = snprintf(line, sizeof line, "%ld\t%s\t%ld\t%s\n", number, names[kind], (long)syscall(SYS_gettid), path);
    syscall(SYS_write, log_fd, line, length);
}

/* What to do with this call. */
static enum act next(enum kind kind, const char *path, int fd) {
    if ((kind >= LOOK) != look || (log_fd < 0 && !at)) return NOTHING;
    long number = atomic_fetch_add(&counted, 1) + 1;
    int hit = at && (number == at || (number > at && (until_all || (until_kind && fired_kind == (int)kind))));
    if (number == at) fired_kind = kind;
    if (log_fd >= 0 && (!at || hit)) tell(number, kind, path, fd);
    if (!hit) return NOTHING;
    if (act == KILL || (act == TEAR && kind != WRITE)) {
        syscall(SYS_kill, (long)syscall(SYS_getpid), SIGKILL);
        for (;;) pause();
    }
    if (act == STOP) syscall(SYS_kill, (long)syscall(SYS_getpid), SIGSTOP);
    return act;
}

#define REFUSED(kind, path, fd) (next(kind, path, fd) == FAIL && (errno = fault, 1))

static int is_file(int fd) {
    struct stat found;
    return syscall(SYS_fstat, fd, &found) == 0 && S_ISREG(found.st_mode);
}

static int open_any(int folder, const char *path, int flags, mode_t mode) {
    int changes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
    if (REFUSED(changes ? OPEN : LOOK, path, -1)) return -1;
    return syscall(SYS_openat, folder, path, flags, mode);
}

#define OPENS(name, folder, ...) \
    int name(__VA_ARGS__, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return open_any(folder, path, flags, mode); \
    }
OPENS(open, AT_FDCWD, const char *path)
OPENS(open64, AT_FDCWD, const char *path)
OPENS(openat, folder, int folder, const char *path)
OPENS(openat64, folder, int folder, const char *path)

static size_t part(enum kind kind, int fd, size_t count, enum act *what) {
    *what = is_file(fd) ? next(kind, NULL, fd) : NOTHING;
    return (*what == TEAR || *what == SHORT) && count > 1 ? count / 2 : count;
}

static ssize_t done(enum act what, ssize_t result) {
    if (what == TEAR) {
        syscall(SYS_kill, (long)syscall(SYS_getpid), SIGKILL);
        for (;;) pause();
    }
    return result;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    enum act what;
    count = part(WRITE, fd, count, &what);
    if (what == FAIL) return errno = fault, -1;
    return done(what, syscall(SYS_write, fd, bytes, count));
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    enum act what;
    count = part(WRITE, fd, count, &what);
    if (what == FAIL) return errno = fault, -1;
    return done(what, syscall(SYS_pwrite64, fd, bytes, count, offset));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    enum act what;
    count = part(WRITE, fd, count, &what);
    if (what == FAIL) return errno = fault, -1;
    return done(what, syscall(SYS_writev, fd, parts, count));
}

ssize_t read(int fd, void *bytes, size_t count) {
    if (is_file(fd) && REFUSED(READ, NULL, fd)) return -1;
    return syscall(SYS_read, fd, bytes, count);
}

ssize_t pread64(int fd, void *bytes, size_t count, off64_t offset) {
    if (is_file(fd) && REFUSED(READ, NULL, fd)) return -1;
    return syscall(SYS_pread64, fd, bytes, count, offset);
}

int fsync(int fd) {
    if (REFUSED(SYNC, NULL, fd)) return -1;
    return no_sync ? 0 : syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
    if (REFUSED(SYNC, NULL, fd)) return -1;
    return no_sync ? 0 : syscall(SYS_fdatasync, fd);
}

int syncfs(int fd) {
    if (REFUSED(SYNC, NULL, fd)) return -1;
    return no_sync ? 0 : syscall(SYS_syncfs, fd);
}

void sync(void) {
    if (!no_sync) syscall(SYS_sync);
}

int sync_file_range(int fd, off64_t offset, off64_t count, unsigned flags) {
    if (REFUSED(SYNC, NULL, fd)) return -1;
    return no_sync ? 0 : syscall(SYS_sync_file_range, fd, offset, count, flags);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    if (REFUSED(RENAME, to, -1)) return -1;
    return syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    if (REFUSED(LINK, to, -1)) return -1;
    return syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int link(const char *from, const char *to) {
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlinkat(const char *from, int to_folder, const char *to) {
    if (REFUSED(LINK, to, -1)) return -1;
    return syscall(SYS_symlinkat, from, to_folder, to);
}

int symlink(const char *from, const char *to) {
    return symlinkat(from, AT_FDCWD, to);
}

int unlinkat(int folder, const char *path, int flags) {
    if (REFUSED(UNLINK, path, -1)) return -1;
    return syscall(SYS_unlinkat, folder, path, flags);
}

int unlink(const char *path) {
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path) {
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    if (REFUSED(MKDIR, path, -1)) return -1;
    return syscall(SYS_mkdirat, folder, path, mode);
}

int mkdir(const char *path, mode_t mode) {
    return mkdirat(AT_FDCWD, path, mode);
}

int ftruncate64(int fd, off64_t length) {
    if (REFUSED(TRUNCATE, NULL, fd)) return -1;
    return syscall(SYS_ftruncate, fd, length);
}

int ftruncate(int fd, off_t length) {
    return ftruncate64(fd, length);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t count, unsigned flags) {
    if (REFUSED(COPY, NULL, to)) return -1;
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, count, flags);
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t count) {
    if (is_file(to) && REFUSED(COPY, NULL, to)) return -1;
    return syscall(SYS_sendfile, to, from, offset, count);
}

int statx(int folder, const char *restrict path, int flags, unsigned mask, struct statx *restrict found) {
    /* Rust's library asks with no path at all whether there is such a call. */
    const char *volatile given = path;
    if (given && REFUSED(STAT, *path ? path : NULL, folder)) return -1;
    return syscall(SYS_statx, folder, path, flags, mask, found);
}

int flock(int fd, int operation) {
    char linked[800];
    if (no_lock) {
        const char *path = path_of(fd, linked, sizeof linked), *name = strrchr(path, '/');
        if (name && !strcmp(name + 1, no_lock)) return 0;
    }
    return syscall(SYS_flock, fd, operation);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (clock == CLOCK_REALTIME && clock_at >= 0) {
        now->tv_sec = clock_at;
        now->tv_nsec = 0;
        return 0;
    }
    return syscall(SYS_clock_gettime, clock, now);
}
