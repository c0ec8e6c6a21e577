/*
 * A name server that answers nothing, as LD_PRELOAD of a process under test: looking up *.hang.test takes a minute and
 * fails, clinic.test is this machine, and all other names are looked up as ever.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int ends_with(const char *name, const char *end) {
  size_t length = strlen(name), of_end = strlen(end);
  return length >= of_end && strcmp(name + length - of_end, end) == 0;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
  look_up *of_system = (look_up *)dlsym(RTLD_NEXT, "getaddrinfo");
  if (name != NULL && ends_with(name, ".hang.test")) {
    sleep(60);
    return EAI_AGAIN;
  }
  if (name != NULL && strcmp(name, "clinic.test") == 0) name = "127.0.0.1";
  return of_system(name, service, hints, found);
}
