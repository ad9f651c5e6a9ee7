#include "plan/codec.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace hutch {
namespace {

constexpr std::string_view kMagic = "hutch plan " HUTCH_VERSION "\n";
constexpr std::uint64_t kFewSteps = 1024;  ///< what there is room for at once, whatever a count says

struct Encoder {
  std::string& bytes;

  template <class T>
  void plain(const T& value) const {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void one(ZStr text) const {
    plain(std::uint64_t{text.size()});
    bytes.append(text.view());
  }
  template <class T>
  void one(const T& value) const {
    plain(value);
  }
  template <class T>
  void operator()(const char* /*name*/, const T& field) const {
    one(field);
  }
  template <class T>
  void operator()(const char* /*name*/, const Borrowed<T>& list) const {
    plain(std::uint64_t{list.size});
    for (const T& each : list) one(each);
  }
};

struct Decoder {
  std::string_view& bytes;
  StringPool& strings;
  bool& good;

  template <class T>
  void plain(T& value) const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (bytes.size() < sizeof value) {
      good = false;
      return;
    }
    bytes.copy(reinterpret_cast<char*>(&value), sizeof value);
    bytes.remove_prefix(sizeof value);
  }
  void one(ZStr& text) const {
    std::uint64_t size = 0;
    plain(size);
    if (!good || size > bytes.size()) {
      good = false;
      return;
    }
    const std::string_view content = bytes.substr(0, size);
    if (content.find('\0') != content.npos) good = false;
    text = strings.keep(content.substr(0, content.find('\0')));
    bytes.remove_prefix(size);
  }
  void one(bool& truth) const {
    std::uint8_t byte = 0;
    plain(byte);
    truth = byte == 1;
    if (byte > 1) good = false;
  }
  void one(Expect& expect) const {
    std::uint8_t byte = 0;
    plain(byte);
    if (byte > static_cast<std::uint8_t>(Expect::named_directory)) good = false;
    expect = good ? static_cast<Expect>(byte) : Expect::anything;
  }
  template <class T>
  void one(T& value) const {
    plain(value);
  }
  template <class T>
  void operator()(const char* /*name*/, T& field) const {
    if (good) one(field);
  }
  template <class T>
  void operator()(const char* /*name*/, Borrowed<T>& list) const {
    std::uint64_t count = 0;
    if (good) plain(count);
    // A text is at least its length: what cannot be there takes no memory.
    constexpr std::size_t kShortest = std::is_same_v<T, ZStr> ? sizeof(std::uint64_t) : sizeof(T);
    if (!good || count > bytes.size() / kShortest) {
      good = false;
      return;
    }
    std::vector<T> all(count);
    for (T& each : all) {
      if (good) one(each);
    }
    if (good) list = strings.keep(all);
  }
};

template <std::size_t... kind>
Op op_of_kind(std::size_t wanted, std::index_sequence<kind...> /*all*/) {
  Op op;
  static_cast<void>(((wanted == kind && (op.emplace<kind>(), true)) || ...));
  return op;
}

std::unexpected<Diagnostics> no_plan() {
  return fail({.code = "E0428",
               .what = "the running sandbox answers in words that this hutch does not know",
               .cause = "it was started by another version of hutch",
               .help = "use the hutch that started it"});
}

}  // namespace

void point_at_words(Exec& exec, StringPool& strings) {
  const auto pointers = [&strings](Borrowed<ZStr> words) {
    std::vector<const char*> all;
    for (const ZStr word : words) all.push_back(word.c_str());
    all.push_back(nullptr);
    return strings.keep(all);
  };
  exec.argv_pointers = pointers(exec.argv);
  exec.env_pointers = pointers(exec.env);
}

std::string encode(const Plan& plan) {
  std::string bytes(kMagic);
  const Encoder encoder{bytes};
  encoder.plain(plan.slots);
  encoder.plain(plan.pins);
  encoder.plain(plan.uid);
  encoder.plain(plan.gid);
  encoder.plain(std::uint64_t{plan.steps.size()});
  for (const Step& step : plan.steps) {
    encoder.plain(step.phase);
    encoder.plain(static_cast<std::uint32_t>(step.op.index()));
    std::visit([&encoder]<class T>(const T& op) { T::fields(op, encoder); }, step.op);
  }
  return bytes;
}

Result<Plan> decode(std::string_view bytes) {
  Plan plan;
  bool good = bytes.starts_with(kMagic);
  if (!good) return no_plan();
  bytes.remove_prefix(kMagic.size());
  const Decoder decoder{bytes, plan.strings, good};
  std::uint64_t count = 0;
  decoder.plain(plan.slots);
  decoder.plain(plan.pins);
  decoder.plain(plan.uid);
  decoder.plain(plan.gid);
  decoder.plain(count);
  if (count > bytes.size()) good = false;
  plan.steps.reserve(std::min<std::uint64_t>(count, kFewSteps));
  for (std::uint64_t i = 0; i < count && good; ++i) {
    std::uint8_t phase = 0;
    std::uint32_t kind = 0;
    decoder.plain(phase);
    decoder.plain(kind);
    if (!good || phase > static_cast<std::uint8_t>(Phase::exec) || kind >= std::variant_size_v<Op>)
      return no_plan();
    Step step{
        op_of_kind(kind, std::make_index_sequence<std::variant_size_v<Op>>{}), {}, static_cast<Phase>(phase)};
    std::visit([&decoder]<class T>(T& op) { T::fields(op, decoder); }, step.op);
    if (auto* exec = std::get_if<Exec>(&step.op)) point_at_words(*exec, plan.strings);
    plan.steps.push_back(std::move(step));
  }
  if (!good || !bytes.empty()) return no_plan();
  return plan;
}

}  // namespace hutch
