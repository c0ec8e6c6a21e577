/*
 * Records what a process does to the files under one folder, so that what a power cut could leave
 * can be rebuilt at any moment of it. Loaded with LD_PRELOAD; HOLDFAST_RECORD_FOLDER is the folder and
 * HOLDFAST_RECORD_LOG the file that is written. test/oracle/crash/recording.ts reads it.
 *
 * Every change is made and recorded under one lock, so the log has them in the order in which they
 * took place, whichever thread made them. A sync is recorded twice, when it begins and when it has
 * succeeded: what was written in between is not covered by it. What can't be recorded is recorded as
 * such, and the test fails.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MADE = 1, WROTE, CUT, SYNCING, SYNCED, MOVED, REMOVED, LINKED, MADE_FOLDER, SYNC_FAILED, UNKNOWN };

/* All numbers are little-endian, as on every machine this runs on. Two paths and the content follow. */
struct header {
  uint32_t kind, path_length, other_length, content_length;
  uint64_t inode, offset;
};

#define DESCRIPTORS 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static size_t folder_length;
static int log_descriptor = -1;
static unsigned sync_micros_max;
/* Of so many syncs of the folder, the last few fail; 0 for none. The first ones never do. */
static unsigned syncs_a_round, syncs_failing;
/* The inode of the recorded file that a descriptor is open on; 0 for all others. */
static ino_t recorded[DESCRIPTORS];
static uint64_t syncs;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_link)(const char *, const char *);
static int (*real_mkdir)(const char *, mode_t);
static int (*real_rmdir)(const char *);

static void fail(const char *what) {
  fprintf(stderr, "recorder: %s: %s\n", what, strerror(errno));
  _exit(97);
}

__attribute__((constructor)) static void start(void) {
  real_open = dlsym(RTLD_NEXT, "open64");
  real_close = dlsym(RTLD_NEXT, "close");
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_writev = dlsym(RTLD_NEXT, "writev");
  real_pwritev = dlsym(RTLD_NEXT, "pwritev64");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_rename = dlsym(RTLD_NEXT, "rename");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  real_link = dlsym(RTLD_NEXT, "link");
  real_mkdir = dlsym(RTLD_NEXT, "mkdir");
  real_rmdir = dlsym(RTLD_NEXT, "rmdir");
  const char *log = getenv("HOLDFAST_RECORD_LOG");
  folder = getenv("HOLDFAST_RECORD_FOLDER");
  const char *micros = getenv("HOLDFAST_RECORD_SYNC_MICROS_MAX");
  if (micros != NULL) sync_micros_max = (unsigned)atoi(micros);
  const char *round = getenv("HOLDFAST_RECORD_SYNCS_A_ROUND");
  const char *failing = getenv("HOLDFAST_RECORD_SYNCS_FAILING");
  if (round != NULL) syncs_a_round = (unsigned)atoi(round);
  if (failing != NULL) syncs_failing = (unsigned)atoi(failing);
  if (folder == NULL || log == NULL) return;
  log_descriptor = real_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_descriptor < 0) fail("the log can't be opened");
  folder_length = strlen(folder);
}

static void put(uint32_t kind, const char *path, const char *other, ino_t inode, uint64_t offset,
                const void *content, size_t length) {
  struct header header = {kind,
                          path == NULL ? 0 : (uint32_t)strlen(path),
                          other == NULL ? 0 : (uint32_t)strlen(other),
                          (uint32_t)length,
                          (uint64_t)inode,
                          offset};
  struct iovec parts[4] = {{&header, sizeof header},
                           {(void *)path, header.path_length},
                           {(void *)other, header.other_length},
                           {(void *)content, length}};
  ssize_t whole = (ssize_t)(sizeof header + header.path_length + header.other_length + length);
  if (real_writev(log_descriptor, parts, 4) != whole) fail("the log can't be written");
}

/* SQLite makes its shared memory anew after a crash, whatever is in it. */
static int is_recorded_path(const char *path) {
  if (log_descriptor < 0 || path == NULL) return 0;
  if (strncmp(path, folder, folder_length) != 0) return 0;
  if (path[folder_length] != '/' && path[folder_length] != '\0') return 0;
  size_t length = strlen(path);
  return length < 4 || strcmp(path + length - 4, "-shm") != 0;
}

/* Node closes its files by a bare system call, so a descriptor may be on something else by now. */
static ino_t inode_of(int descriptor) {
  if (log_descriptor < 0 || descriptor < 0 || descriptor >= DESCRIPTORS) return 0;
  if (recorded[descriptor] == 0) return 0;
  struct stat found;
  int reason = errno;
  int is_same = fstat(descriptor, &found) == 0 && found.st_ino == recorded[descriptor] &&
                (S_ISREG(found.st_mode) || S_ISDIR(found.st_mode));
  errno = reason;
  if (!is_same) recorded[descriptor] = 0;
  return recorded[descriptor];
}

static int open_recorded(const char *path, int flags, mode_t mode) {
  if (!is_recorded_path(path)) {
    int descriptor = real_open(path, flags, mode);
    if (descriptor >= 0 && descriptor < DESCRIPTORS) recorded[descriptor] = 0;
    return descriptor;
  }
  pthread_mutex_lock(&lock);
  struct stat found;
  int is_there = stat(path, &found) == 0;
  int descriptor = real_open(path, flags, mode);
  int reason = errno;
  if (descriptor >= 0) {
    if (descriptor >= DESCRIPTORS || fstat(descriptor, &found) != 0) fail("a descriptor");
    recorded[descriptor] = found.st_ino;
    if (!is_there) put(MADE, path, NULL, found.st_ino, 0, NULL, 0);
    else if (flags & O_TRUNC) put(CUT, NULL, NULL, found.st_ino, 0, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  errno = reason;
  return descriptor;
}

#define OPENS(name)                                                                              \
  int name(const char *path, int flags, ...) {                                                   \
    mode_t mode = 0;                                                                             \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                         \
      va_list rest;                                                                              \
      va_start(rest, flags);                                                                     \
      mode = va_arg(rest, mode_t);                                                               \
      va_end(rest);                                                                              \
    }                                                                                            \
    return open_recorded(path, flags, mode);                                                     \
  }
OPENS(open)
OPENS(open64)
int __open_2(const char *path, int flags) { return open_recorded(path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_recorded(path, flags, 0); }

int close(int descriptor) {
  if (inode_of(descriptor) != 0) {
    pthread_mutex_lock(&lock);
    recorded[descriptor] = 0;
    pthread_mutex_unlock(&lock);
  }
  return real_close(descriptor);
}

/* Where a write without an offset begins. */
static off_t place_of(int descriptor) {
  struct stat found;
  if (!(fcntl(descriptor, F_GETFL) & O_APPEND)) return lseek(descriptor, 0, SEEK_CUR);
  return fstat(descriptor, &found) == 0 ? found.st_size : -1;
}

ssize_t write(int descriptor, const void *content, size_t length) {
  ino_t inode = inode_of(descriptor);
  if (inode == 0) return real_write(descriptor, content, length);
  pthread_mutex_lock(&lock);
  off_t offset = place_of(descriptor);
  ssize_t written = real_write(descriptor, content, length);
  int reason = errno;
  if (written > 0) put(WROTE, NULL, NULL, inode, (uint64_t)offset, content, (size_t)written);
  pthread_mutex_unlock(&lock);
  errno = reason;
  return written;
}

ssize_t pwrite64(int descriptor, const void *content, size_t length, off_t offset) {
  ino_t inode = inode_of(descriptor);
  if (inode == 0) return real_pwrite(descriptor, content, length, offset);
  pthread_mutex_lock(&lock);
  ssize_t written = real_pwrite(descriptor, content, length, offset);
  int reason = errno;
  if (written > 0) put(WROTE, NULL, NULL, inode, (uint64_t)offset, content, (size_t)written);
  pthread_mutex_unlock(&lock);
  errno = reason;
  return written;
}
ssize_t pwrite(int descriptor, const void *content, size_t length, off_t offset) {
  return pwrite64(descriptor, content, length, offset);
}

static ssize_t write_parts(int descriptor, const struct iovec *parts, int count, off_t offset) {
  ino_t inode = inode_of(descriptor);
  if (inode == 0) {
    return offset < 0 ? real_writev(descriptor, parts, count)
                      : real_pwritev(descriptor, parts, count, offset);
  }
  pthread_mutex_lock(&lock);
  off_t place = offset < 0 ? place_of(descriptor) : offset;
  ssize_t written = offset < 0 ? real_writev(descriptor, parts, count)
                               : real_pwritev(descriptor, parts, count, offset);
  int reason = errno;
  size_t left = written > 0 ? (size_t)written : 0;
  for (int i = 0; i < count && left > 0; i += 1) {
    size_t length = parts[i].iov_len < left ? parts[i].iov_len : left;
    put(WROTE, NULL, NULL, inode, (uint64_t)place, parts[i].iov_base, length);
    place += (off_t)length;
    left -= length;
  }
  pthread_mutex_unlock(&lock);
  errno = reason;
  return written;
}
ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  return write_parts(descriptor, parts, count, -1);
}
ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off_t offset) {
  return write_parts(descriptor, parts, count, offset);
}
ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
  return write_parts(descriptor, parts, count, offset);
}

int ftruncate64(int descriptor, off_t size) {
  ino_t inode = inode_of(descriptor);
  if (inode == 0) return real_ftruncate(descriptor, size);
  pthread_mutex_lock(&lock);
  int result = real_ftruncate(descriptor, size);
  int reason = errno;
  if (result == 0) put(CUT, NULL, NULL, inode, (uint64_t)size, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = reason;
  return result;
}
int ftruncate(int descriptor, off_t size) { return ftruncate64(descriptor, size); }

static int sync_recorded(int descriptor, int (*real)(int)) {
  ino_t inode = inode_of(descriptor);
  if (inode == 0) return real(descriptor);
  pthread_mutex_lock(&lock);
  uint64_t number = ++syncs;
  put(SYNCING, NULL, NULL, inode, number, NULL, 0);
  pthread_mutex_unlock(&lock);
  /* A disk takes its time, and what happens meanwhile is what the cuts are after. */
  if (sync_micros_max > 0) usleep((unsigned)((number * 2654435761u) % sync_micros_max));
  int fails = syncs_a_round > 0 && number > syncs_a_round &&
              number % syncs_a_round >= syncs_a_round - syncs_failing;
  int result = fails ? -1 : real(descriptor);
  int reason = fails ? EIO : errno;
  pthread_mutex_lock(&lock);
  if (result == 0) put(SYNCED, NULL, NULL, inode, number, NULL, 0);
  else if (fails) put(SYNC_FAILED, NULL, NULL, inode, number, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = reason;
  return result;
}
int fsync(int descriptor) { return sync_recorded(descriptor, real_fsync); }
int fdatasync(int descriptor) { return sync_recorded(descriptor, real_fdatasync); }

/* A change of names: made and recorded as one. */
#define CHANGES_NAMES(call, concerned, kind, path, other, inode)                                 \
  if (!(concerned)) return call;                                                                 \
  pthread_mutex_lock(&lock);                                                                     \
  int result = call;                                                                             \
  int reason = errno;                                                                            \
  if (result == 0) put(kind, path, other, inode, 0, NULL, 0);                                    \
  pthread_mutex_unlock(&lock);                                                                   \
  errno = reason;                                                                                \
  return result;

static ino_t inode_at(const char *path) {
  struct stat found;
  return stat(path, &found) == 0 ? found.st_ino : 0;
}

int rename(const char *from, const char *to) {
  CHANGES_NAMES(real_rename(from, to), is_recorded_path(from) || is_recorded_path(to), MOVED, from,
                to, inode_at(to))
}
int unlink(const char *path) {
  CHANGES_NAMES(real_unlink(path), is_recorded_path(path), REMOVED, path, NULL, 0)
}
int link(const char *from, const char *to) {
  CHANGES_NAMES(real_link(from, to), is_recorded_path(to), LINKED, from, to, inode_at(to))
}
int mkdir(const char *path, mode_t mode) {
  CHANGES_NAMES(real_mkdir(path, mode), is_recorded_path(path), MADE_FOLDER, path, NULL,
                inode_at(path))
}
int rmdir(const char *path) {
  CHANGES_NAMES(real_rmdir(path), is_recorded_path(path), REMOVED, path, NULL, 0)
}

/* Ways to change a file that nothing here takes today. They pass, and are told of. */
static void unknown(int descriptor, const char *name) {
  if (inode_of(descriptor) == 0) return;
  pthread_mutex_lock(&lock);
  put(UNKNOWN, name, NULL, recorded[descriptor], 0, NULL, 0);
  pthread_mutex_unlock(&lock);
}
void *mmap64(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
  if (descriptor >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE)) unknown(descriptor, "mmap");
  return (void *)syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);
}
void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
  return mmap64(address, length, protection, flags, descriptor, offset);
}
ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t length,
                        unsigned flags) {
  unknown(to, "copy_file_range");
  return syscall(SYS_copy_file_range, from, from_offset, to, to_offset, length, flags);
}
ssize_t sendfile64(int to, int from, off64_t *offset, size_t length) {
  unknown(to, "sendfile");
  return syscall(SYS_sendfile, to, from, offset, length);
}
ssize_t sendfile(int to, int from, off_t *offset, size_t length) {
  return sendfile64(to, from, offset, length);
}
int posix_fallocate64(int descriptor, off64_t offset, off64_t length) {
  unknown(descriptor, "posix_fallocate");
  return syscall(SYS_fallocate, descriptor, 0, offset, length) == 0 ? 0 : errno;
}
int fallocate64(int descriptor, int mode, off64_t offset, off64_t length) {
  unknown(descriptor, "fallocate");
  return (int)syscall(SYS_fallocate, descriptor, mode, offset, length);
}
