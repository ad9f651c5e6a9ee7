#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "build/folders.h"
#include "build/interruption.h"
#include "build/output_folders.h"
#include "build/tree.h"
#include "profile/profile.h"

namespace hutch {

/// One file or link that came out.
struct Artifact {
  std::string name;    ///< "hello", or in a folder "out/bin/hello"; no two of a build have the same
  std::string sha256;  ///< of a link: of where it leads
  bool executable = false;
  std::string link;  ///< where it leads; empty for a file
  friend bool operator==(const Artifact&, const Artifact&) = default;
};

/// One output, which is a file or a folder with many.
struct Output {
  std::string name;    ///< its file name at the destination
  std::string inside;  ///< where the build made it
  std::string to;      ///< where it is put on the host
  std::string sha256;  ///< see TreeDigest
};

/// What a build made, copied out of the sandbox: first into folders of our own beside the destinations, then
/// all of it into place. Only what the profile names comes out, with the caller as owner, modes 0644 and
/// 0755, one time, made in byte order, so that nothing but its contents tells where and when it was built.
///
/// Refused (E0706): what is neither file, folder nor link, links that lead out of their output, other file
/// systems below it. E0705: an output was not made. E0707: a destination cannot be written, or is a folder
/// and `replace` is not asked for.
class Collection {
 public:
  /// `into`: all outputs go there under their names, wherever the profile puts them; "" as it says.
  Result<void> take(const Build& build, const OutputFolders& folders, const std::string& into);
  Result<void> put_in_place(bool replace);

  [[nodiscard]] const std::vector<Artifact>& artifacts() const { return artifacts_; }
  [[nodiscard]] const std::vector<Output>& outputs() const { return outputs_; }
  /// Where a copy lies until it is in place.
  [[nodiscard]] std::string staged(const std::string& artifact) const;

 private:
  struct Staged {
    std::string path;
    const BuildOutput* asked = nullptr;
  };
  Result<void> take_output(const std::string& path, const BuildOutput& output,
                           const OutputFolders::Held& held, const std::string& into);
  Result<void> copy(int at, const std::string& name, const Output& output, const BuildOutput& asked);
  Result<std::string> staging_beside(const std::string& destination, const BuildOutput& asked);

  std::optional<Interruption> interruption_;  ///< ends last, when our own folders are gone
  std::int64_t epoch_ = kDefaultEpoch;
  std::vector<Artifact> artifacts_;
  std::vector<Output> outputs_;
  std::vector<Staged> staged_;  ///< by output
  /// Our own folders, by the folder that each is in; what is left in them goes with them.
  std::map<std::string, std::unique_ptr<TemporaryFolder>> stagings_;
};

/// Is there something mounted inside of an output, which would not come out with it? E0706.
Result<void> check_outputs(const Profile& profile);

}  // namespace hutch
