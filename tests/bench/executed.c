/* Which instructions of a program a run of it executes: their addresses, in the order of their first time.

     executed LOW HIGH PROGRAM ARGUMENT…     LOW, HIGH: hexadecimal, what counts of the addresses

   Every process that comes of it is followed, step by step, until it executes a program of another file. For a program
   that is not moved in memory. link_order.py builds it. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static struct stat program;

static int is_program(pid_t pid) {
  char path[64];
  struct stat found;
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  return stat(path, &found) == 0 && found.st_dev == program.st_dev && found.st_ino == program.st_ino;
}

int main(int argc, char **argv) {
  if (argc < 4 || stat(argv[3], &program) < 0) return 2;
  const unsigned long low = strtoul(argv[1], NULL, 16), high = strtoul(argv[2], NULL, 16);
  unsigned char *seen = calloc(1, high - low);
  if (seen == NULL) return 2;
  const pid_t first = fork();
  if (first < 0) return 2;
  if (first == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    execv(argv[3], argv + 3);
    _exit(127);
  }
  int status = 0, result = 2;
  waitpid(first, &status, 0);
  ptrace(PTRACE_SETOPTIONS, first, NULL,
         PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC);
  ptrace(PTRACE_CONT, first, NULL, NULL);
  for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      if (pid == first) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      continue;
    }
    const int event = status >> 16;
    if (event == PTRACE_EVENT_EXEC && !is_program(pid)) {
      ptrace(PTRACE_DETACH, pid, NULL, NULL);
      continue;
    }
    struct user_regs_struct now;
    if (ptrace(PTRACE_GETREGS, pid, NULL, &now) == 0 && now.rip >= low && now.rip < high && !seen[now.rip - low]) {
      seen[now.rip - low] = 1;
      printf("%llx\n", now.rip);
    }
    const int signal = WSTOPSIG(status);
    const int is_ours = event != 0 || signal == SIGTRAP || signal == SIGSTOP;
    ptrace(PTRACE_SINGLESTEP, pid, NULL, is_ours ? 0L : (long)signal);
  }
  return result;
}
