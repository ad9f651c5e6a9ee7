#pragma once

#include <string>

#include "support/fake_host.h"

namespace hutch::test {

/// A Debian 12 machine as far as the shipped profiles look at one: what the golden plans are compiled for.
inline FakeHost debian_host() {
  FakeHost host;
  for (const char* folder : {"/usr/bin",
                             "/usr/sbin",
                             "/usr/lib",
                             "/usr/lib64",
                             "/usr/lib32",
                             "/usr/libx32",
                             "/usr/share",
                             "/usr/local/bin",
                             "/etc/ssl/certs",
                             "/etc/alternatives",
                             "/etc/fonts",
                             "/etc/terminfo",
                             "/etc/vim",
                             "/etc/ld.so.conf.d",
                             "/etc/ca-certificates",
                             "/usr/share/ca-certificates",
                             "/opt",
                             "/srv",
                             "/run",
                             "/proc/sys",
                             "/proc/irq",
                             "/proc/bus",
                             "/proc/fs",
                             "/sys",
                             "/var/lib",
                             "/home/ada/work",
                             "/home/ada/.local/share/hutch/home/default",
                             "/root/.local/share/hutch/home/default"}) {
    host.dir(folder);
  }
  host.dir("/tmp", 01777).dir("/var/tmp", 01777).dir("/dev/shm", 01777).dir("/dev/pts");
  for (const char* name : {"bin", "sbin", "lib", "lib64", "lib32", "libx32"}) {
    host.link(std::string("/") + name, std::string("usr/") + name);
  }
  for (const char* name :
       {"sh", "bash", "env", "cat", "id", "ls", "true", "ps", "hostname", "uname", "python3", "node"}) {
    host.file(std::string("/usr/bin/") + name, 0755);
  }
  for (const char* name :
       {"passwd",     "group",        "hosts",          "resolv.conf", "nsswitch.conf", "ld.so.cache",
        "ld.so.conf", "localtime",    "timezone",       "host.conf",   "gai.conf",      "services",
        "protocols",  "machine-id",   "debian_version", "os-release",  "profile",       "bash.bashrc",
        "inputrc",    "locale.alias", "mime.types",     "login.defs",  "shells"}) {
    host.file(std::string("/etc/") + name);
  }
  for (const char* name : {"full", "null", "random", "tty", "urandom", "zero", "ptmx"})
    host.device(std::string("/dev/") + name);
  for (const char* name : {"kcore", "keys", "timer_list", "interrupts", "sysrq-trigger"})
    host.file(std::string("/proc/") + name, 0400);
  for (const char* name : {"cpuinfo", "meminfo", "stat", "version", "cmdline", "uptime", "loadavg",
                           "sys/kernel/osrelease", "sys/kernel/version", "sys/kernel/random/boot_id"})
    host.file(std::string("/proc/") + name, 0444);
  host.env("TERM", "xterm-256color")
      .directory("/home/ada/work")
      .owned("/home/ada/work", {FileKind::directory, 0, 0755, 1000, 1000});
  host.caller().terminals = {false, true, true};
  return host;
}

}  // namespace hutch::test
