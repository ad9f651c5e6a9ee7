#pragma once

#include "plan/step.h"
#include "verify/evidence.h"
#include "verify/verdict.h"

/// How each step is read back: one function for each kind, in the file of its concept. There is none that
/// takes any step, so a new kind does not compile before verify has something to say about it.

namespace hutch {

// check_mounts.cc
Verdict check(const CloneTree& s, const Evidence& e);
Verdict check(const MakeFilesystem& s, const Evidence& e);
Verdict check(const CloneStaged& s, const Evidence& e);
Verdict check(const MakeOverlay& s, const Evidence& e);
Verdict check(const MountImage& s, const Evidence& e);
Verdict check(const MountServed& s, const Evidence& e);
Verdict check(const RunMounter& s, const Evidence& e);
Verdict check(const EnterRoot& s, const Evidence& e);
Verdict check(const Attach& s, const Evidence& e);
Verdict check(const Seal& s, const Evidence& e);
Verdict check(const ReadOnlyView& s, const Evidence& e);
Verdict check(const Hide& s, const Evidence& e);
Verdict check(const PinSource& s, const Evidence& e);
Verdict check(const MakeOutput& s, const Evidence& e);
Verdict check(const OpenLayer& s, const Evidence& e);
Verdict check(const KeepMountsPrivate& s, const Evidence& e);
Verdict check(const AttachStage& s, const Evidence& e);
/// Mounts that no step makes, one text each.
std::vector<std::string> unplanned_mounts(const Evidence& e);

// check_files.cc
Verdict check(const StageEntry& s, const Evidence& e);
Verdict check(const MakeDir& s, const Evidence& e);
Verdict check(const MakeSymlink& s, const Evidence& e);
Verdict check(const MakeFile& s, const Evidence& e);
Verdict check(const WriteFile& s, const Evidence& e);
Verdict check(const WriteChildFile& s, const Evidence& e);
Verdict check(const RunMapHelper& s, const Evidence& e);

// check_namespaces.cc
Verdict check(const OpenNamespace& s, const Evidence& e);
Verdict check(const JoinNamespace& s, const Evidence& e);
Verdict check(const CloneChild& s, const Evidence& e);
Verdict check(const PersistNamespace& s, const Evidence& e);
Verdict check(const UnshareTime& s, const Evidence& e);
Verdict check(const SetHostname& s, const Evidence& e);
Verdict check(const SetDomainname& s, const Evidence& e);
Verdict check(const BringLoopbackUp& s, const Evidence& e);
Verdict check(const StartInit& s, const Evidence& e);
Verdict check(const HideFromOthers& s, const Evidence& e);
Verdict check(const KeepOpen& s, const Evidence& e);
Verdict check(const LetChildGo& s, const Evidence& e);
Verdict check(const AwaitParent& s, const Evidence& e);

// check_privileges.cc
Verdict check(const BecomeIds& s, const Evidence& e);
Verdict check(const UseCallersRights& s, const Evidence& e);
Verdict check(const DropCapabilities& s, const Evidence& e);
Verdict check(const NoNewPrivs& s, const Evidence& e);
Verdict check(const LoadFilter& s, const Evidence& e);
Verdict check(const MakeRuleset& s, const Evidence& e);
Verdict check(const AllowPath& s, const Evidence& e);
Verdict check(const AllowPort& s, const Evidence& e);
Verdict check(const RestrictSelf& s, const Evidence& e);
Verdict check(const SetMemoryDenyWriteExecute& s, const Evidence& e);
Verdict check(const DieWithParent& s, const Evidence& e);

// check_process.cc
Verdict check(const Watch& s, const Evidence& e);
Verdict check(const SetLimit& s, const Evidence& e);
Verdict check(const SetNice& s, const Evidence& e);
Verdict check(const SetIoPriority& s, const Evidence& e);
Verdict check(const SetAffinity& s, const Evidence& e);
Verdict check(const SetPersonality& s, const Evidence& e);
Verdict check(const SetTimerSlack& s, const Evidence& e);
Verdict check(const ScheduleCore& s, const Evidence& e);
Verdict check(const SetUmask& s, const Evidence& e);
Verdict check(const ChangeDir& s, const Evidence& e);
Verdict check(const ResetSignals& s, const Evidence& e);
Verdict check(const Exec& s, const Evidence& e);

// check_streams.cc
Verdict check(const OpenStream& s, const Evidence& e);
Verdict check(const ConnectStream& s, const Evidence& e);
Verdict check(const OpenTerminal& s, const Evidence& e);
Verdict check(const NewSession& s, const Evidence& e);
Verdict check(const TakeTerminal& s, const Evidence& e);
Verdict check(const NewGroup& s, const Evidence& e);
Verdict check(const CloseDescriptors& s, const Evidence& e);

}  // namespace hutch
