#include "build/build.h"

#include <fmt/format.h>
#include <time.h>

#include <utility>

#include "build/output_folders.h"
#include "build/tree_copy.h"

namespace hutch {

Result<Built> run_build(const BuildJob& job, Collection& collection) {
  const Build& build = job.profile.build;
  if (build.outputs.empty()) {
    return fail({.code = "E0701",
                 .what = "the profile takes nothing out, so there is nothing to build",
                 .help =
                     "write what comes out, and to where: [build.outputs] \"/build/hello\" = \"./hello\"; or "
                     "use `hutch run`"});
  }
  TRY_DO(check_outputs(job.profile));
  Built built;
  TRY(built.inputs, check_inputs(build));

  OutputFolders folders(build);
  built.started = ::time(nullptr);
  TRY(built.ending, launch(job.plan, job.host, {.inspector = &folders}));
  built.finished = ::time(nullptr);
  if (built.ending.status != 0) {
    if (!job.keep.empty() && folders.working_folder()) {
      const std::string folder = fmt::format("/proc/self/fd/{}/.", folders.working_folder().get());
      TRY_DO(copy_tree(folder, job.keep, {.special = Special::leave_out}));
    }
    return built;
  }
  TRY_DO(check_unchanged(build, built.inputs));
  TRY_DO(collection.take(build, folders, job.into));
  return built;
}

}  // namespace hutch
