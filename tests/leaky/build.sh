# A build that puts everything into its output that it can find out about who builds, and where.
# Makes facts.txt, a line "name=value" for each fact, and leaky, a program with debug information that holds them all.
set -e
cc -D_GNU_SOURCE -g -O1 -o probe probe.c
fact() { printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr '\n' '|')"; }
sum() { cksum <"$1" 2>/dev/null || echo none; }
{
  ./probe
  fact uname "$(uname -a)"
  fact hostname "$(cat /proc/sys/kernel/hostname)"
  fact domainname "$(cat /proc/sys/kernel/domainname)"
  fact id "$(id)"
  fact home "$HOME $(echo ~)"
  fact environment "$(env | sort)"
  fact directory "$(pwd -P)"
  fact nproc "$(nproc) $(nproc --all)"
  fact oom_score_adj "$(cat /proc/self/oom_score_adj)"
  fact status_signals "$(grep -E '^Sig(Blk|Ign)' /proc/self/status)"
  fact sort_order "$(printf '%s\n' a B _c 'ä' 1 A | sort)"
  mkdir -p order && (cd order && for each in 3 a 1 zz 2 b x9; do : >"$each"; done)
  fact directory_order "$(ls -fA order)"
  fact new_file_mode "$(stat -c %a order/a)"
  fact date_of_epoch "$(date -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}")"
  fact time_zone "$(date +%Z%z)"
  fact network "$(sed 1,2d /proc/net/dev | cut -d: -f1)"
  fact cgroup "$(cat /proc/self/cgroup)"
  fact free_inodes "$(stat -f -c '%T' /tmp /dev/shm .)"
  fact shm "$(ls -A /dev/shm /tmp)"
  for file in /proc/cpuinfo /proc/meminfo /proc/version /proc/cmdline /proc/stat /proc/uptime /proc/loadavg \
      /proc/sys/kernel/osrelease /proc/sys/kernel/version /proc/sys/kernel/random/boot_id \
      /sys/devices/system/cpu/online /etc/passwd /etc/group /etc/hostname /etc/hosts /etc/nsswitch.conf \
      /etc/machine-id /etc/timezone /etc/localtime; do
    fact "$file" "$(sum "$file")"
  done
} >facts.txt
ld -r -b binary -o facts.o facts.txt
cat >leaky.c <<'C'
#include <stdio.h>
extern const char _binary_facts_txt_start[], _binary_facts_txt_end[];
int main(void) {
  printf("%s, built in %s\n", __FILE__, DIRECTORY);
  return fwrite(_binary_facts_txt_start, _binary_facts_txt_end - _binary_facts_txt_start, 1, stdout) != 1;
}
C
cc -g -DDIRECTORY="\"$PWD\"" -o leaky leaky.c facts.o
