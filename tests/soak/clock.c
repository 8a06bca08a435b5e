/* A wall clock that jumps: preloaded (LD_PRELOAD) into a Python process, it shifts what Python itself reads of
   CLOCK_REALTIME by the seconds (a 64-bit integer) that stand in the file SOAK_CLOCK at that moment. Libraries beside
   Python, which wait for absolute times of the kernel's own clock, see the true one; so does the monotonic clock. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift;
static uintptr_t from, until;
static int (*real)(clockid_t, struct timespec *);

static int is_python(struct dl_phdr_info *object, size_t size, void *first) {
    int *main_program = first;
    int wanted = *main_program || strstr(object->dlpi_name, "libpython") != NULL;
    *main_program = 0;
    if (wanted) {
        from = UINTPTR_MAX, until = 0;
        for (int i = 0; i < object->dlpi_phnum; i++) {
            if (object->dlpi_phdr[i].p_type != PT_LOAD) continue;
            uintptr_t begin = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
            if (begin < from) from = begin;
            if (begin + object->dlpi_phdr[i].p_memsz > until) until = begin + object->dlpi_phdr[i].p_memsz;
        }
    }
    return 0;
}

__attribute__((constructor)) static void begin(void) {
    int main_program = 1;
    real = dlsym(RTLD_NEXT, "clock_gettime");
    dl_iterate_phdr(is_python, &main_program);
    const char *path = getenv("SOAK_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) shift = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    uintptr_t caller = (uintptr_t)__builtin_return_address(0);
    int done = real(clock, now);
    if (done == 0 && clock == CLOCK_REALTIME && shift && caller >= from && caller < until) now->tv_sec += *shift;
    return done;
}
