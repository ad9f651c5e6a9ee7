#pragma once

#include "child/run.h"
#include "plan/step.h"

/// How each step of the child is done: one function for each kind, in the file of its concept.
/// A missing one is an error of the linker; a forgotten kind in run.cc one of the compiler.

namespace hutch {

// mounts.cc
Outcome run(const CloneTree& s, const ChildContext& context) noexcept;
Outcome run(const OpenLayer& s, const ChildContext& context) noexcept;
Outcome run(const KeepMountsPrivate& s, const ChildContext& context) noexcept;
Outcome run(const MakeFilesystem& s, const ChildContext& context) noexcept;
Outcome run(const EnterRoot& s, const ChildContext& context) noexcept;
Outcome run(const Attach& s, const ChildContext& context) noexcept;
Outcome run(const Seal& s, const ChildContext& context) noexcept;
Outcome run(const Hide& s, const ChildContext& context) noexcept;
Outcome run(const ReadOnlyView& s, const ChildContext& context) noexcept;

// stage.cc
Outcome run(const AttachStage& s, const ChildContext& context) noexcept;
Outcome run(const StageEntry& s, const ChildContext& context) noexcept;
Outcome run(const CloneStaged& s, const ChildContext& context) noexcept;

// overlay.cc
Outcome run(const MakeOverlay& s, const ChildContext& context) noexcept;

// served.cc
Outcome run(const MountServed& s, const ChildContext& context) noexcept;

// files.cc
Outcome run(const WriteFile& s, const ChildContext& context) noexcept;
Outcome run(const MakeDir& s, const ChildContext& context) noexcept;
Outcome run(const MakeSymlink& s, const ChildContext& context) noexcept;
Outcome run(const MakeFile& s, const ChildContext& context) noexcept;
Outcome run(const ChangeDir& s, const ChildContext& context) noexcept;

// identity.cc
Outcome run(const BecomeIds& s, const ChildContext& context) noexcept;
Outcome run(const UseCallersRights& s, const ChildContext& context) noexcept;

// privileges.cc
Outcome run(const DropCapabilities& s, const ChildContext& context) noexcept;
Outcome run(const NoNewPrivs& s, const ChildContext& context) noexcept;
Outcome run(const LoadFilter& s, const ChildContext& context) noexcept;
Outcome run(const SetMemoryDenyWriteExecute& s, const ChildContext& context) noexcept;

// landlock.cc
Outcome run(const MakeRuleset& s, const ChildContext& context) noexcept;
Outcome run(const AllowPath& s, const ChildContext& context) noexcept;
Outcome run(const AllowPort& s, const ChildContext& context) noexcept;
Outcome run(const RestrictSelf& s, const ChildContext& context) noexcept;

// process.cc
Outcome run(const AwaitParent& s, const ChildContext& context) noexcept;
Outcome run(const DieWithParent& s, const ChildContext& context) noexcept;
Outcome run(const HideFromOthers& s, const ChildContext& context) noexcept;
Outcome run(const UnshareTime& s, const ChildContext& context) noexcept;
Outcome run(const SetHostname& s, const ChildContext& context) noexcept;
Outcome run(const SetDomainname& s, const ChildContext& context) noexcept;
Outcome run(const BringLoopbackUp& s, const ChildContext& context) noexcept;
Outcome run(const SetLimit& s, const ChildContext& context) noexcept;
Outcome run(const SetNice& s, const ChildContext& context) noexcept;
Outcome run(const SetIoPriority& s, const ChildContext& context) noexcept;
Outcome run(const SetAffinity& s, const ChildContext& context) noexcept;
Outcome run(const SetPersonality& s, const ChildContext& context) noexcept;
Outcome run(const SetTimerSlack& s, const ChildContext& context) noexcept;
Outcome run(const ScheduleCore& s, const ChildContext& context) noexcept;
Outcome run(const SetUmask& s, const ChildContext& context) noexcept;
Outcome run(const NewSession& s, const ChildContext& context) noexcept;
Outcome run(const ConnectStream& s, const ChildContext& context) noexcept;
Outcome run(const ResetSignals& s, const ChildContext& context) noexcept;
Outcome run(const CloseDescriptors& s, const ChildContext& context) noexcept;

Outcome run(const KeepOpen& s, const ChildContext& context) noexcept;

// terminal.cc
Outcome run(const OpenTerminal& s, const ChildContext& context) noexcept;
Outcome run(const TakeTerminal& s, const ChildContext& context) noexcept;
Outcome run(const NewGroup& s, const ChildContext& context) noexcept;

// init.cc
Outcome run(const StartInit& s, const ChildContext& context) noexcept;
/// The same with `init_image`. Comes back only on failure: this process becomes the init, and another one
/// goes on with step `next`.
Outcome start_init_image(const StartInit& s, const ChildContext& context, std::size_t next) noexcept;

// run.cc
[[noreturn]] void run_steps(ChildContext& context, std::size_t from) noexcept;

// exec.cc: comes back only when the program could not be executed
Outcome run(const Exec& s, const ChildContext& context) noexcept;

}  // namespace hutch
