#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "launch/registry.h"

/// Questions to the launcher of a running sandbox: one datagram with a letter, and a descriptor on which to
/// answer. So nobody who asks can make it wait. unix(7)
///
/// An answer counts if the kernel says that it comes from the process which holds the lock of the sandbox's
/// file, and from the file's owner; if its text is a sealed memfd; and if the descriptors are namespaces of
/// the kinds that were asked for.

namespace hutch {

enum class Question : char { describe = 'd', describe_json = 'j', enter = 'e' };

struct Asked {
  Question question = Question::describe;
  UniqueFd answer_on;
};

/// The launcher's side.
class Control {
 public:
  /// Binds the socket, by way of /proc/self/fd. Without it the sandbox runs all the same; it only does not
  /// answer.
  static UniqueFd listen(const UniqueFd& folder, const std::string& name);
  /// The next question that is waiting, of the same user or of root.
  static std::optional<Asked> take(int socket);
  /// A text and descriptors, in a sealed memory file: memfd_create(2).
  static void answer(const Asked& asked, std::string_view text, const std::vector<int>& descriptors);
};

struct Reply {
  std::string text;
  std::vector<UniqueFd> descriptors;  ///< Question::enter: a namespace for each of kNamespaceFiles
};
/// The other side. Root has become the sandbox's owner when this returns: E0922. E0919: it does not answer in
/// a while, or not as a launcher does.
Result<Reply> ask(const Registered& sandbox, Question question);

}  // namespace hutch
