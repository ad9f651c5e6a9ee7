#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/grants.h"

namespace hutch {

/// One row of a uid_map or gid_map.
struct MappedRange {
  std::uint64_t inside = 0, outside = 0, count = 0;
};

/// Goes through the steps as the child will, and notes what each gives. A new kind of step that is not named
/// here does not compile: what it grants has to be thought about.
class GrantsReader {
 public:
  GrantsReader(const Profile& profile, const Plan& plan, const Host& host)
      : profile_(profile), plan_(plan), host_(host) {}

  Grants read();

  // --- namespaces and identity

  void operator()(const OpenNamespace& s);
  void operator()(const JoinNamespace& s);
  void operator()(const CloneChild& s);
  void operator()(const UnshareTime&) { fresh(Ns::time); }
  void operator()(const PersistNamespace& s);
  void operator()(const WriteChildFile& s) { map(s.name.view(), s.content.view()); }
  void operator()(const RunMapHelper& s);
  void operator()(const WriteFile& s);
  void operator()(const BecomeIds& s);

  // --- the tree

  void operator()(const PinSource& s) { pins_[s.pin] = s.path; }
  void operator()(const MountImage& s) { show_image(s.pin, s.slot, s.flags); }
  void operator()(const RunMounter& s) { served_[s.slot] = s.pin; }
  void operator()(const MountServed& s) { show_image(served_[s.slot], s.slot, s.flags); }
  void operator()(const CloneTree& s);
  void operator()(const OpenLayer& s);
  void operator()(const MakeFilesystem& s);
  void operator()(const StageEntry& s) { staged_[std::string(s.name.view())] = {s.content, s.directory}; }
  void operator()(const CloneStaged& s);
  void operator()(const MakeOverlay& s);
  void operator()(const EnterRoot& s) { mount(s.slot, "/"); }
  void operator()(const Attach& s) { mount(s.slot, std::string(s.path.view())); }
  void operator()(const Seal& s);
  void operator()(const ReadOnlyView& s);
  void operator()(const Hide& s);
  void operator()(const MakeSymlink& s);
  void operator()(const MakeFile& s);

  // --- Landlock

  void operator()(const MakeRuleset& s);
  void operator()(const AllowPath& s) { grants_.rules[std::string(s.path.view())] |= kinds(s.rights); }
  void operator()(const AllowPort& s);
  void operator()(const RestrictSelf&) {}

  // --- privileges and the program

  void operator()(const DropCapabilities& s);
  void operator()(const NoNewPrivs&);
  void operator()(const SetMemoryDenyWriteExecute&);
  void operator()(const ScheduleCore&);
  void operator()(const LoadFilter& s);
  void operator()(const SetLimit& s);
  void operator()(const CloseDescriptors& s);
  void operator()(const OpenStream& s);
  void operator()(const OpenTerminal&);
  void operator()(const NewSession&);
  void operator()(const DieWithParent&);
  void operator()(const Watch& s);
  void operator()(const SetAffinity& s);
  void operator()(const SetHostname& s) { plain("process", "hostname", s.name.view()); }
  void operator()(const SetDomainname& s) { plain("process", "domainname", s.name.view()); }
  void operator()(const BringLoopbackUp&);
  void operator()(const SetNice& s) { plain("process", "nice", std::to_string(s.nice)); }
  void operator()(const SetIoPriority& s);
  void operator()(const SetPersonality& s);
  void operator()(const SetTimerSlack& s) { plain("process", "timer_slack", fmt::format("{}ns", s.slack)); }
  void operator()(const SetUmask& s) { plain("process", "umask", fmt::format("{:04o}", s.mask)); }
  void operator()(const ChangeDir& s) { plain("process", "directory", s.path.view()); }
  void operator()(const StartInit&);
  void operator()(const Exec& s);

  // What gives nothing by itself.
  void operator()(const MakeOutput&) {}
  void operator()(const LetChildGo&) {}
  void operator()(const AwaitParent&) {}
  void operator()(const KeepOpen&) {}
  void operator()(const HideFromOthers&) {}
  void operator()(const UseCallersRights&) {}
  void operator()(const KeepMountsPrivate&) {}
  void operator()(const AttachStage&) {}
  void operator()(const MakeDir&) {}
  void operator()(const TakeTerminal&) {}
  void operator()(const NewGroup&) {}
  void operator()(const ConnectStream&) {}
  void operator()(const ResetSignals&) {}

 private:
  void put(Setting setting);
  void plain(std::string topic, std::string name, std::string_view value);

  void fresh(Ns which);

  /// What holds where no step says otherwise.
  void start();

  void finish();

  // --- who the program is

  static const char* stream_name(int stream);
  void map(std::string_view name, std::string_view text);
  [[nodiscard]] std::uint64_t outside_of(const std::string& which, std::uint64_t inside) const;
  [[nodiscard]] Origin group_origin(gid_t group) const;
  void add_group(std::uint64_t outside, Origin at);

  void finish_identity();

  /// The plan holds variables only where it has a program to run.
  void finish_environment();

  // --- walls that stand beside the mounts

  static Rights kinds(std::uint64_t files);

  void finish_walls();
  /// What a build of it writes on the host, and what it may be made from.
  void finish_build();
  void reach(const char* name, bool open, Origin at);

  // --- the tree

  [[nodiscard]] std::string real(ZStr path) const;
  [[nodiscard]] Place on_host(ZStr path) const { return {"", real(path)}; }

  static Rights rights_of(std::uint64_t attributes);

  void mount(Slot slot, const std::string& path);
  void show_image(Pin pin, Slot slot, MountFlags flags);

  const Profile& profile_;
  const Plan& plan_;
  const Host& host_;
  Grants grants_;
  Origin at_;

  std::map<std::uint64_t, std::string> joined_;
  std::map<std::string, std::vector<MappedRange>> rows_;
  std::map<std::string, Origin> map_at_;
  bool new_user_ = false, groups_are_set_ = false;

  std::map<Pin, ZStr> pins_;
  std::map<Slot, Pin> served_;
  std::map<Slot, Shown> slots_;
  std::map<Slot, std::vector<std::string>> not_shown_;  ///< host mounts that a bind leaves out
  std::map<std::string, std::pair<ZStr, bool>> staged_;

  struct {
    std::uint64_t files = 0, network = 0, scope = 0;
  } restricts_;
  Origin restricts_at_;
  std::map<std::uint64_t, std::vector<Setting::Range>> ports_;
};

/// Sorted, and joined where they touch.
std::vector<Setting::Range> tidy(std::vector<Setting::Range> ranges);
/// "0 to 3, 8"; "none".
std::string ranges_text(const std::vector<Setting::Range>& ranges);
/// With blanks between them.
std::string words_of(Borrowed<ZStr> words);

}  // namespace hutch
