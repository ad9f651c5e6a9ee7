// A seccomp program of anybody's: it has a fault, or it ends with an answer.

#include <cstring>
#include <vector>

#include "filter/evaluate.h"
#include "fuzz/fuzz.h"

using namespace hutch;
using hutch::test::always;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  seccomp_data call = {};
  if (size < sizeof call) return 0;
  std::memcpy(&call, data, sizeof call);
  std::vector<sock_filter> program((size - sizeof call) / sizeof(sock_filter));
  if (!program.empty()) std::memcpy(program.data(), data + sizeof call, program.size() * sizeof(sock_filter));
  if (const auto fault = fault_of(program)) {
    always(fault->at <= program.size() && !fault->what.empty(), "a fault has a place and a reason");
    return 0;
  }
  const std::uint32_t answer = evaluate(program, call);
  always(!action_name(answer).empty(), "an answer has a name");
  const std::string word(test::bytes(data, std::min<std::size_t>(size, 32)));
  if (const auto action = action_from(word))
    always(action_from(action_name(*action)) == action, "names go both ways");
  return 0;
}
