#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "host/host.h"
#include "plan/compile.h"
#include "plan/plan.h"
#include "plan/view.h"
#include "profile/profile.h"

namespace hutch {

/// A plan in the making: steps are collected by the part of the story they belong to, and joined at the end.
class Draft {
 public:
  Draft(const Profile& the_profile, const Request& the_request, const Host& the_host)
      : profile(the_profile), request(the_request), host(the_host), view(the_host) {}

  const Profile& profile;
  const Request& request;
  const Host& host;

  Plan plan;
  std::map<std::string, Mount> entries;  ///< [mounts], written out: the view points into it
  /// A word of the command line that `process.files` shows.
  struct Named {
    std::size_t index = 0;  ///< in the arguments
    std::size_t from = 0;   ///< where the name begins in it
    std::string path;       ///< where it is inside
    bool always = false;    ///< only that path will do, wherever the program starts
    bool is_relative = false;
  };
  std::vector<Named> named;
  std::deque<Mount> matches;  ///< made from globs of `hidden`: the view points into it
  View view;
  Diagnostics errors;

  /// The parts, in the order in which they will stand in the plan.
  std::vector<Step> before_clone, clone, parent;
  std::vector<Step> identity;     ///< the child becomes somebody
  std::vector<Step> sources;      ///< host trees and layers are cloned with the caller's rights
  std::vector<Step> become;       ///< the ids, once nothing has to be reached as the caller any more
  std::vector<Step> filesystems;  ///< stage, new file systems, overlays: detached
  std::vector<Step> tree;         ///< inside the new root: directories, links, files, attached mounts
  std::vector<Step> seals;        ///< what becomes read-only after things were made in it
  std::vector<Step> finish;       ///< hostname, loopback
  std::vector<Step> landlock;     ///< joins `privileges` where no_new_privs lets it
  std::vector<Step> privileges, exec;

  void add(std::vector<Step>& part, Op op, Origin origin = {}, Phase phase = Phase::setup) {
    part.push_back({std::move(op), origin, phase});
  }
  ZStr keep(std::string_view text) { return plan.strings.keep(text); }
  Borrowed<ZStr> keep_all(const std::vector<std::string>& texts) {
    std::vector<ZStr> kept;
    kept.reserve(texts.size());
    for (const std::string& text : texts) kept.push_back(keep(text));
    return plan.strings.keep(kept);
  }
  Slot new_slot() { return plan.slots++; }

  /// Pins a host path before clone; `expect` is what it was seen to be.
  Pin pin(const std::string& path, Expect expect, Origin origin) {
    add(before_clone, PinSource{.path = keep(path), .expect = expect, .pin = plan.pins}, origin,
        Phase::before_clone);
    return plan.pins++;
  }

  /// Makes an empty file on the host for the program to write to, and pins it.
  Pin make_output(const std::string& path, Origin origin) {
    add(before_clone, MakeOutput{.path = keep(path), .pin = plan.pins}, origin, Phase::before_clone);
    return plan.pins++;
  }

  void problem(Diagnostic diagnostic) { errors.push_back(std::move(diagnostic)); }
  void skip(std::string what, std::string why, Origin at) {
    plan.skipped.push_back({std::move(what), std::move(why), at});
  }

  // What the identity pass found out, for those after it.
  uid_t uid = 0;  ///< of the program, inside
  gid_t gid = 0;
  bool host_root_inside = false;  ///< uid 0 of the host is somebody inside (or there is no user namespace)
  bool root_is_mapped = false;    ///< uid 0 exists inside
  bool gid_5_is_mapped = false;   ///< the tty group of devpts
  Slot devpts = kNone;            ///< what will be at /dev/pts
  std::string user, home, shell;
  std::string directory = "/";           ///< the working directory inside
  std::vector<std::string> environment;  ///< "NAME=value" in byte order
  std::string search_path;               ///< PATH inside

  [[nodiscard]] bool is_new(Ns which) const { return profile.namespaces.is_new(which); }
  [[nodiscard]] bool is_joined(Ns which) const { return profile.namespaces.is_joined(which); }
  /// For messages about a namespace that is not new.
  [[nodiscard]] const char* whose(Ns which) const { return is_joined(which) ? "joined" : "the host's"; }
};

// The passes of compile(), in the order in which they are called. Each is in the file of its name.
void create_namespaces(Draft& draft);   ///< namespaces.cc
void map_identity(Draft& draft);        ///< identity.cc
void persist_namespaces(Draft& draft);  ///< namespaces.cc
void place_mounts(Draft& draft);        ///< mounts.cc
void write_accounts(Draft& draft);      ///< accounts.cc
void name_machine(Draft& draft);        ///< namespaces.cc
void choose_environment(Draft& draft);  ///< environment.cc
void connect_terminal(Draft& draft);    ///< terminal.cc
void prepare_process(Draft& draft);     ///< process.cc
void rule_by_landlock(Draft& draft);    ///< landlock.cc
void drop_privileges(Draft& draft);     ///< privileges.cc
void prepare_exec(Draft& draft);        ///< exec.cc
void compare_walls(Draft& draft);       ///< compare_walls.cc

}  // namespace hutch
