#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "doctor/trials.h"
#include "plan/compile.h"
#include "profile/read.h"

namespace hutch {
namespace {

bool is_on_line(const Origin& each, const Origin& at) {
  return each.source == at.source && each.line == at.line;
}

bool mentions(const Value& value, const Origin& at) {
  if (is_on_line(value.at, at)) return true;
  if (const Array* list = value.array())
    return std::ranges::any_of(*list, [&](const Value& each) { return mentions(each, at); });
  const Table* table = value.table();
  return table != nullptr && std::ranges::any_of(table->entries, [&](const Entry& each) {
           return is_on_line(each.key_at, at) || mentions(each.value, at);
         });
}

/// Tables whose entries make sense without each other. A mount without its source would be another mount, and
/// an id map makes sense as a whole.
bool is_of_single_entries(std::string_view table, int depth) {
  constexpr std::array<std::string_view, 10> kTop{"namespaces", "mounts",   "environment",  "process",
                                                  "limits",     "landlock", "capabilities", "network",
                                                  "seccomp",    "build"};
  constexpr std::array<std::string_view, 3> kBelow{"set", "inputs", "outputs"};
  return depth == 0 ? std::ranges::find(kTop, table) != kTop.end()
                    : depth == 1 && std::ranges::find(kBelow, table) != kBelow.end();
}

/// Takes the entries out that the line says; their keys are the answer.
std::vector<std::string> take_out(Table& table, const Origin& at, int depth = 0) {
  std::vector<std::string> taken;
  std::erase_if(table.entries, [&](Entry& each) {
    if (!is_on_line(each.key_at, at) && !mentions(each.value, at)) return false;
    Table* inner = each.value.table();
    if (inner != nullptr && is_of_single_entries(each.key, depth)) {
      auto below = take_out(*inner, at, depth + 1);
      taken.insert(taken.end(), below.begin(), below.end());
      if (!below.empty() && !inner->entries.empty()) return false;
    }
    taken.push_back(each.key);
    return true;
  });
  return taken;
}

/// Takes the mounts out that lie below one of these; their places are the answer.
std::vector<Origin> take_what_lies_below(Table& profile, const std::vector<std::string>& targets) {
  std::vector<Origin> taken;
  Entry* mounts = profile.find("mounts");
  if (mounts == nullptr || mounts->value.table() == nullptr) return taken;
  std::erase_if(mounts->value.table()->entries, [&](const Entry& each) {
    const bool is_below = std::ranges::any_of(targets, [&](const std::string& target) {
      return target.starts_with('/') && is_within(each.key, target);
    });
    if (is_below) taken.push_back(each.key_at);
    return is_below;
  });
  return taken;
}

Result<Plan> compile_tree(const Value& tree, const Host& host) {
  TRY(const Profile profile, read_profile(tree));
  return compile(profile, {.needs_command = false}, host);
}

}  // namespace

TriedPlan try_profile(Value profile, const Host& host) {
  TriedPlan tried;
  const auto leave_untried = [&tried](const Origin& at) {
    if (std::ranges::find(tried.not_tried, at) == tried.not_tried.end()) tried.not_tried.push_back(at);
  };
  while (true) {
    auto plan = compile_tree(profile, host);
    if (plan) {
      const TriedPlan stood = try_plan(*std::move(plan), host);
      tried.failures.insert(tried.failures.end(), stood.failures.begin(), stood.failures.end());
      std::ranges::for_each(stood.not_tried, leave_untried);
      tried.went_through = stood.went_through;
      return tried;
    }
    std::vector<std::string> taken;
    const bool is_whole = tried.failures.empty();
    for (const Diagnostic& each : plan.error()) {
      // What is wrong only without a line that fails says nothing of the profile as it is.
      if (is_whole)
        tried.failures.push_back(each);
      else if (each.at.known())
        leave_untried(each.at);
      if (!each.at.known()) continue;
      auto names = take_out(*profile.table(), each.at);
      taken.insert(taken.end(), names.begin(), names.end());
    }
    std::ranges::for_each(take_what_lies_below(*profile.table(), taken), leave_untried);
    tried.went_through = !taken.empty();
    if (taken.empty()) return tried;
  }
}

}  // namespace hutch
