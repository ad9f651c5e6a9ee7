// What the entry of a running sandbox says, and what its launcher says of its plan.

#include "base/json.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "launch/registered.h"

using namespace hutch;
using hutch::test::always;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = test::bytes(data, size);
  const Registered about = registered_from(text);
  for (const std::string& word : {about.profile, about.command, about.digest})
    always(printable(word) == word, "nothing steers the terminal");
  for (const auto& [name, inode] : about.namespaces) always(name.find('/') == name.npos, "no name is a path");
  always((about.init > 0 || about.init == -1) && (about.program > 0 || about.program == -1),
         "a pid is one process's");
  always(about.launcher == -1, "who the launcher is says the kernel");
  const std::string written = text_of(about);
  always(text_of(registered_from(written)) == written, "what is read is what was written");
  if (is_json(text)) {
    Json json;
    json.object([&] {
      json.key("it");
      json.document(text);
    });
    always(is_json(json.text()), "JSON within JSON is JSON");
  }
  return 0;
}
