/*
 * Makes the disk fail for the files under one folder, as LD_PRELOAD of a process under test.
 *
 * What fails is read from a small shared file, which the test changes while the process runs:
 * the error of writes, of syncs and of opening for writing (0 for none), how long a sync takes, and
 * whether it returns at all.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct faults {
  volatile int32_t write_error;
  volatile int32_t sync_error;
  volatile int32_t open_error;
  volatile int32_t sync_ms;
  /* How many syncs fail before they succeed again by themselves; 0 for all. */
  volatile int32_t syncs_failing;
  /* The error of making a -shm longer than it is at first, of all writes to it. */
  volatile int32_t shm_error;
  /* Syncs do not return while this is set. */
  volatile int32_t sync_hangs;
  /* How often one was given, so that a test can tell that it tested something. */
  volatile int32_t given;
};

static struct faults none;
static struct faults *faults = &none;
static const char *folder = "";

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("DISK_FAULTS");
  const char *under = getenv("DISK_FAULTS_UNDER");
  if (path == NULL || under == NULL) return;
  folder = under;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *map = mmap(NULL, sizeof(struct faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (map != MAP_FAILED) faults = map;
}

static int is_ours(const char *path) {
  size_t length = strlen(folder);
  return length > 0 && strncmp(path, folder, length) == 0;
}

static int path_of(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return 1;
}

static int is_open_on_ours(int fd) {
  char path[4096];
  return path_of(fd, path, sizeof path) && is_ours(path);
}

static int is_shm(int fd) {
  char path[4096];
  if (!path_of(fd, path, sizeof path)) return 0;
  size_t length = strlen(path);
  return length > 4 && strcmp(path + length - 4, "-shm") == 0;
}

#define SHM_BYTES_AT_FIRST 32768

/* The error that a write there is given, 0 for none. */
static int write_fault(int fd, off_t offset) {
  if (faults->write_error == 0 && faults->shm_error == 0) return 0;
  if (!is_open_on_ours(fd)) return 0;
  if (faults->write_error != 0) return faults->write_error;
  return offset >= SHM_BYTES_AT_FIRST && is_shm(fd) ? faults->shm_error : 0;
}

static int fail(int error) {
  __sync_fetch_and_add(&faults->given, 1);
  errno = error;
  return -1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) {
  int error = faults->write_error;
  if (error != 0 && is_open_on_ours(fd)) return fail(error);
  return NEXT(write)(fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  int error = write_fault(fd, offset);
  if (error != 0) return fail(error);
  return NEXT(pwrite64)(fd, data, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  int error = write_fault(fd, offset);
  if (error != 0) return fail(error);
  return NEXT(pwrite)(fd, data, size, offset);
}

static int sync_fault(int fd) {
  int error = faults->sync_error;
  int ms = faults->sync_ms;
  int hangs = faults->sync_hangs;
  if ((error == 0 && ms == 0 && hangs == 0) || !is_open_on_ours(fd)) return 0;
  if (hangs != 0) {
    struct timespec step = {0, 10 * 1000000};
    __sync_fetch_and_add(&faults->given, 1);
    while (faults->sync_hangs != 0) nanosleep(&step, NULL);
  }
  if (ms > 0) {
    struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};
    __sync_fetch_and_add(&faults->given, 1);
    nanosleep(&pause, NULL);
  }
  if (error == 0) return 0;
  if (faults->syncs_failing > 0 && __sync_sub_and_fetch(&faults->syncs_failing, 1) == 0) {
    faults->sync_error = 0;
  }
  return fail(error);
}

int fsync(int fd) { return sync_fault(fd) < 0 ? -1 : NEXT(fsync)(fd); }

int fdatasync(int fd) { return sync_fault(fd) < 0 ? -1 : NEXT(fdatasync)(fd); }

static int is_refused(const char *path, int flags) {
  return faults->open_error != 0 && (flags & O_ACCMODE) != O_RDONLY && is_ours(path);
}

static mode_t mode_of(int flags, va_list rest) {
  return (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  if (is_refused(path, flags)) return fail(faults->open_error);
  return NEXT(open64)(path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  if (is_refused(path, flags)) return fail(faults->open_error);
  return NEXT(open)(path, flags, mode);
}
