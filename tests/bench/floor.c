/* The least that a launcher can cost: the system calls of a workload with everything worked out beforehand, no C
   library, no heap, no diagnostics. What the benchmark calls "floor".

     floor [-n] [-p] [-f FILTER] [-b COUNT FOLDER] PROGRAM…   -n: a net namespace; -b: read-only binds of FOLDER/N
                                                             -p: and what Hutch promises whatever a profile says

   What is promised: pid 1 is an init, which shares no memory with the program, its child; the program leads a session,
   has no capabilities and can gain none, has signals as they come and three descriptors, and obeys two rules that every
   sandbox has (Landlock: abstract sockets, seccomp: the terminal); /dev is read-only.

   Built by bench.py: cc -O2 -static -nostdlib -fno-stack-protector -fno-builtin. x86-64. */
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <sys/syscall.h>

#define AT_FDCWD (-100)
#define AT_RECURSIVE 0x8000
#define O_RDWR 2
#define O_CREAT 0100
#define O_CLOEXEC 02000000
#define O_PATH 010000000
#define AT_EMPTY_PATH 0x1000
#define MNT_DETACH 2
#define LAST_SIGNAL 64
#define LAST_CAPABILITY 40

static inline long call(long number, long a, long b, long c, long d, long e) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}
#define CALL(number, a, b, c, d, e) call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

static void must(long result, int where) {
  if (result < 0) CALL(SYS_exit_group, where, 0, 0, 0, 0);
}

static char *put_number(char *at, unsigned long value) {
  char digits[20];
  int count = 0;
  do digits[count++] = (char)('0' + value % 10);
  while (value /= 10);
  while (count > 0) *at++ = digits[--count];
  return at;
}

static void write_file(const char *path, const char *text, unsigned long length, int where) {
  const long fd = CALL(SYS_open, path, O_RDWR | O_CLOEXEC, 0, 0, 0);
  must(fd, where);
  must(CALL(SYS_write, fd, text, length, 0, 0), where);
  CALL(SYS_close, fd, 0, 0, 0, 0);
}

static void map_id(const char *path, unsigned long id, int where) {
  char text[64], *end = put_number(text, id);
  *end++ = ' ';
  end = put_number(end, id);
  *end++ = ' ';
  *end++ = '1';
  write_file(path, text, (unsigned long)(end - text), where);
}

static void mount(const char *source, const char *target, const char *type, unsigned long flags, const char *options,
                  int where) {
  must(CALL(SYS_mount, source, target, type, flags, options), where);
}

static void read_only(const char *target, int where) {
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
  must(CALL(SYS_mount_setattr, AT_FDCWD, target, AT_RECURSIVE, &attributes, sizeof attributes), where);
}

static void make_dev(void) {
  static const char *const nodes[] = {"null", "zero", "full", "random", "urandom", "tty"};
  CALL(SYS_mkdir, "dev", 0755, 0, 0, 0);
  mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=0755", 30);
  CALL(SYS_chdir, "dev", 0, 0, 0, 0);
  for (unsigned i = 0; i < sizeof nodes / sizeof *nodes; ++i) {
    char source[16] = "/dev/";
    for (int at = 0; (source[5 + at] = nodes[i][at]) != 0; ++at) {
    }
    CALL(SYS_close, CALL(SYS_open, nodes[i], O_RDWR | O_CREAT | O_CLOEXEC, 0666, 0, 0), 0, 0, 0, 0);
    mount(source, nodes[i], NULL, MS_BIND, NULL, 31);
  }
  CALL(SYS_mkdir, "pts", 0755, 0, 0, 0);
  mount("devpts", "pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620", 32);
  CALL(SYS_mkdir, "shm", 01777, 0, 0, 0);
  CALL(SYS_symlink, "pts/ptmx", "ptmx", 0, 0, 0);
  CALL(SYS_symlink, "/proc/self/fd", "fd", 0, 0, 0);
  CALL(SYS_symlink, "/proc/self/fd/0", "stdin", 0, 0, 0);
  CALL(SYS_symlink, "/proc/self/fd/1", "stdout", 0, 0, 0);
  CALL(SYS_symlink, "/proc/self/fd/2", "stderr", 0, 0, 0);
  CALL(SYS_chdir, "..", 0, 0, 0, 0);
}

struct work {
  unsigned long uid, gid, binds;
  const char *folder, *const *argv;
  struct sock_fprog filter;
  int network, promises;
};

static void bind_more(const struct work *work) {
  char source[4096], target[32] = "more/", *end = source;
  CALL(SYS_mkdir, "more", 0755, 0, 0, 0);
  for (const char *from = work->folder; *from; ++from) *end++ = *from;
  *end++ = '/';
  for (unsigned long i = 0; i < work->binds; ++i) {
    *put_number(end, i) = 0;
    *put_number(target + 5, i) = 0;
    CALL(SYS_mkdir, target, 0755, 0, 0, 0);
    mount(source, target, NULL, MS_BIND, NULL, 40);
    read_only(target, 41);
  }
}

static void raise_loopback(void) {
  struct ifreq request = {.ifr_name = "lo"};
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const long socket = CALL(SYS_socket, 2, 2 | O_CLOEXEC, 0, 0, 0);
  must(CALL(SYS_ioctl, socket, SIOCSIFFLAGS, &request, 0, 0), 50);
  CALL(SYS_close, socket, 0, 0, 0, 0);
}

static __attribute__((noreturn)) void execute(const struct work *work) {
  const char *const env[] = {NULL};
  must(CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 21);
  if (work->filter.len > 0)
    must(CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &work->filter, 0, 0), 22);
  CALL(SYS_execve, work->argv[0], work->argv, env, 0, 0);
  CALL(SYS_exit_group, 127, 0, 0, 0, 0);
  __builtin_unreachable();
}

static void no_capabilities(void) {
  struct {
    unsigned version;
    int pid;
  } header = {0x20080522, 0};
  const unsigned none[6] = {0};
  CALL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  must(CALL(SYS_capset, &header, none, 0, 0, 0), 60);
  must(CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 61);
}

/* As many instructions as Hutch's own has. */
static struct sock_filter passes[] = {[0 ... 17] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
                                      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

static __attribute__((noreturn, used)) void execute_as_promised(const struct work *work) {
  const long as_they_come[4] = {0}, none = 0;
  const unsigned long abstract_sockets[3] = {0, 0, 1};
  const struct sock_fprog filter = {sizeof passes / sizeof *passes, passes};
  CALL(SYS_setsid, 0, 0, 0, 0, 0);
  for (int each = 1; each <= LAST_SIGNAL; ++each) CALL(SYS_rt_sigaction, each, as_they_come, 0, sizeof none, 0);
  CALL(SYS_rt_sigprocmask, 2, &none, 0, sizeof none, 0);
  CALL(SYS_close_range, 3, ~0U, 0, 0, 0);
  for (int each = 0; each <= LAST_CAPABILITY; ++each) must(CALL(SYS_prctl, PR_CAPBSET_DROP, each, 0, 0, 0), 62);
  no_capabilities();
  const long rules = CALL(SYS_landlock_create_ruleset, abstract_sockets, sizeof abstract_sockets, 0, 0, 0);
  must(rules, 63);
  must(CALL(SYS_landlock_restrict_self, rules, 0, 0, 0, 0), 64);
  CALL(SYS_close, rules, 0, 0, 0, 0);
  must(CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter, 0, 0), 65);
  execute(work);
}

/* The program's process, on a stack of its own. */
static long clone_program(const struct work *work) {
  static unsigned char stack[65536] __attribute__((aligned(16)));
  struct clone_args how = {
      .flags = CLONE_VM, .exit_signal = 17, .stack = (unsigned long)stack, .stack_size = sizeof stack};
  register const struct work *kept __asm__("r12") = work;
  long result;
  __asm__ volatile("syscall\n  test %%rax, %%rax\n  jnz 1f\n  mov %%r12, %%rdi\n  call execute_as_promised\n1:"
                   : "=a"(result)
                   : "a"(SYS_clone3), "D"(&how), "S"(sizeof how), "r"(kept)
                   : "rcx", "r11", "memory");
  return result;
}

static int code_of(int status) { return (status & 0x7f) ? 128 + (status & 0x7f) : status >> 8 & 0xff; }

static __attribute__((noreturn)) void be_init(void) {
  int status = 0;
  while (CALL(SYS_wait4, -1, &status, 0, 0, 0) != 2) {
  }
  CALL(SYS_exit_group, code_of(status), 0, 0, 0, 0);
  __builtin_unreachable();
}

static __attribute__((noreturn)) void execute_init(long self) {
  const char *const argv[] = {"init", "-I", NULL}, *const env[] = {NULL};
  no_capabilities();
  CALL(SYS_execveat, self, "", argv, env, AT_EMPTY_PATH);
  CALL(SYS_exit_group, 127, 0, 0, 0, 0);
  __builtin_unreachable();
}

static __attribute__((noreturn)) void child(const struct work *work) {
  const long self = work->promises ? CALL(SYS_open, "/proc/self/exe", O_PATH | O_CLOEXEC, 0, 0, 0) : -1;
  write_file("/proc/self/setgroups", "deny", 4, 10);
  map_id("/proc/self/uid_map", work->uid, 11);
  map_id("/proc/self/gid_map", work->gid, 12);
  mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL, 13);
  mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755", 14);
  CALL(SYS_chdir, "/tmp", 0, 0, 0, 0);
  CALL(SYS_mkdir, "usr", 0755, 0, 0, 0);
  mount("/usr", "usr", NULL, MS_BIND | MS_REC, NULL, 15);
  read_only("usr", 16);
  CALL(SYS_symlink, "usr/bin", "bin", 0, 0, 0);
  CALL(SYS_symlink, "usr/sbin", "sbin", 0, 0, 0);
  CALL(SYS_symlink, "usr/lib", "lib", 0, 0, 0);
  CALL(SYS_symlink, "usr/lib64", "lib64", 0, 0, 0);
  CALL(SYS_mkdir, "proc", 0755, 0, 0, 0);
  mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, 17);
  make_dev();
  CALL(SYS_mkdir, "tmp", 01777, 0, 0, 0);
  mount("tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, NULL, 18);
  if (work->binds > 0) bind_more(work);
  must(CALL(SYS_pivot_root, ".", ".", 0, 0, 0), 19);
  must(CALL(SYS_umount2, ".", MNT_DETACH, 0, 0, 0), 20);
  CALL(SYS_chdir, "/", 0, 0, 0, 0);
  if (work->network) raise_loopback();
  if (!work->promises) execute(work);
  read_only("dev", 23);
  must(clone_program(work), 24);
  execute_init(self);
}

static unsigned long number(const char *text) {
  unsigned long value = 0;
  while (*text) value = value * 10 + (unsigned long)(*text++ - '0');
  return value;
}

static struct sock_filter filter[4096];

__attribute__((used)) static void start(long *stack) {
  const char **argv = (const char **)(stack + 1);
  struct work work = {.uid = (unsigned long)CALL(SYS_geteuid, 0, 0, 0, 0, 0),
                      .gid = (unsigned long)CALL(SYS_getegid, 0, 0, 0, 0, 0)};
  for (++argv; argv[0] && argv[0][0] == '-'; ++argv) {
    if (argv[0][1] == 'I') be_init();
    if (argv[0][1] == 'n') work.network = 1;
    if (argv[0][1] == 'p') work.promises = 1;
    if (argv[0][1] == 'b') {
      work.binds = number(*++argv);
      work.folder = *++argv;
    }
    if (argv[0][1] == 'f') {
      const long fd = CALL(SYS_open, *++argv, 0, 0, 0, 0);
      const long got = CALL(SYS_read, fd, filter, sizeof filter, 0, 0);
      must(got, 60);
      CALL(SYS_close, fd, 0, 0, 0, 0);
      work.filter.len = (unsigned short)(got / (long)sizeof *filter);
      work.filter.filter = filter;
    }
  }
  work.argv = argv;
  struct clone_args how = {.flags = CLONE_VM | CLONE_VFORK | CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
                                    CLONE_NEWIPC | CLONE_NEWUTS | (work.network ? CLONE_NEWNET : 0),
                           .exit_signal = 17};
  /* As after vfork(2): the child goes on on this stack, and never returns. */
  const long pid = CALL(SYS_clone3, &how, sizeof how, 0, 0, 0);
  if (pid == 0) child(&work);
  must(pid, 1);
  int status = 0;
  CALL(SYS_wait4, pid, &status, 0, 0, 0);
  CALL(SYS_exit_group, code_of(status), 0, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call start\n");
