// A plan as the launcher of a running sandbox sends it, which may be anybody.

#include "fuzz/fuzz.h"
#include "plan/codec.h"
#include "plan/enter.h"

using namespace hutch;
using hutch::test::always;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The words that every plan begins with are not for the fuzzer to find.
  static const std::string magic = encode(Plan{}).substr(0, encode(Plan{}).find('\n') + 1);
  const auto plan = decode(magic + std::string(test::bytes(data, size)));
  if (!plan) return 0;
  const std::string encoded = encode(*plan);
  const auto again = decode(encoded);
  always(again.has_value(), "what was decoded can be encoded");
  always(encode(*again) == encoded, "and is the same");
  Caller caller;
  caller.terminals[0] = size % 2 == 1;
  if (const auto entering = enter_plan(*plan, {}, caller)) {
    for (const Step& step : entering->steps) {
      std::visit(
          [&entering]<class T>(const T& op) {
            T::fields(op, [&entering](const char*, const auto& field) {
              if constexpr (std::is_same_v<std::remove_cvref_t<decltype(field)>, ZStr>)
                always(field.size() == std::string_view(field.c_str()).size(), "texts end where they say");
              static_cast<void>(entering);
            });
          },
          step.op);
      if (const auto* join = std::get_if<JoinNamespace>(&step.op))
        always(join->slot < entering->slots, "slots are there");
      if (const auto* rule = std::get_if<AllowPath>(&step.op))
        always(rule->ruleset < entering->slots, "slots are there");
      if (const auto* rule = std::get_if<AllowPort>(&step.op))
        always(rule->ruleset < entering->slots, "slots are there");
      if (const auto* self = std::get_if<RestrictSelf>(&step.op))
        always(self->ruleset < entering->slots, "slots are there");
    }
  }
  return 0;
}
