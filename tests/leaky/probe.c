// What a process can find out about its surroundings without a program to ask: a line "name=value" for each.
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void limits(void) {
  static const char* const names[] = {"cpu",  "fsize",   "data", "stack", "core",       "rss",      "nproc", "nofile",
                                      "memlock", "as", "locks", "sigpending", "msgqueue", "nice",  "rtprio", "rttime"};
  for (int each = 0; each < (int)(sizeof names / sizeof *names); ++each) {
    struct rlimit limit;
    getrlimit(each, &limit);
    printf("limit_%s=%llx %llx\n", names[each], (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
  }
}

static void identity(void) {
  gid_t groups[256];
  const int count = getgroups(256, groups);
  const struct passwd* user = getpwuid(getuid());
  const struct group* group = getgrgid(getgid());
  printf("uid=%d\ngid=%d\ngroups=%d", (int)getuid(), (int)getgid(), count);
  for (int each = 0; each < count; ++each) printf(" %d", (int)groups[each]);
  printf("\nuser_name=%s\ngroup_name=%s\n", user ? user->pw_name : "?", group ? group->gr_name : "?");
}

static void signals(void) {
  sigset_t blocked;
  sigprocmask(SIG_SETMASK, NULL, &blocked);
  printf("signals_blocked=");
  for (int each = 1; each < 65; ++each) printf("%d", sigismember(&blocked, each) == 1);
  printf("\nsignals_ignored=");
  for (int each = 1; each < 65; ++each) {
    struct sigaction action;
    printf("%d", sigaction(each, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
  }
  printf("\n");
}

int main(void) {
  int on_stack = 0;
  void* on_heap = malloc(1000);
  void* mapped = malloc(10000000);
  printf("addresses=%p %p %p %p %p\n", (void*)main, (void*)&on_stack, on_heap, mapped, (void*)printf);
  printf("personality=%x\n", (unsigned)personality(0xffffffff));
  const mode_t mask = umask(0);
  umask(mask);
  printf("umask=%o\n", (unsigned)mask);
  printf("nice=%d\n", getpriority(PRIO_PROCESS, 0));
  printf("io_priority=%ld\n", syscall(SYS_ioprio_get, 1, 0));
  printf("scheduler=%d\n", sched_getscheduler(0));
  printf("timer_slack=%d\n", prctl(PR_GET_TIMERSLACK));
  cpu_set_t set;
  sched_getaffinity(0, sizeof set, &set);
  printf("processors=%d, the first of them %d\n", CPU_COUNT(&set), CPU_ISSET(0, &set));
  printf("processors_configured=%ld\nprocessors_online=%ld\n", sysconf(_SC_NPROCESSORS_CONF),
         sysconf(_SC_NPROCESSORS_ONLN));
  struct stat input;
  fstat(0, &input);
  printf("stdin=%o %lx\n", input.st_mode, (unsigned long)input.st_rdev);
  printf("terminal=%d %s\n", isatty(0), ttyname(0) ? ttyname(0) : "none");
  printf("pid=%d\nsession=%d\n", (int)getpid(), (int)getsid(0));
  const time_t epoch = getenv("SOURCE_DATE_EPOCH") ? atol(getenv("SOURCE_DATE_EPOCH")) : time(NULL);
  char date[64];
  strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S %Z", localtime(&epoch));
  printf("date=%s\n", date);
  identity();
  signals();
  limits();
  return 0;
}
