#include "launch/usage.h"

#include <chrono>
#include <cstdint>

namespace hutch {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

void write_usage(Json& json, const Finish& finish) {
  json.field("wall_seconds", std::chrono::duration<double>(finish.wall).count());
  json.field("user_seconds", seconds(finish.used.ru_utime));
  json.field("system_seconds", seconds(finish.used.ru_stime));
  json.field("max_rss_kib", std::int64_t{finish.used.ru_maxrss});
  json.field("minor_faults", std::int64_t{finish.used.ru_minflt});
  json.field("major_faults", std::int64_t{finish.used.ru_majflt});
  json.field("blocks_in", std::int64_t{finish.used.ru_inblock});
  json.field("blocks_out", std::int64_t{finish.used.ru_oublock});
  json.field("voluntary_switches", std::int64_t{finish.used.ru_nvcsw});
  json.field("involuntary_switches", std::int64_t{finish.used.ru_nivcsw});
}

}  // namespace hutch
