#include "build/inputs.h"

#include <fmt/format.h>

#include <iterator>

#include "base/text.h"
#include "build/tree.h"

namespace hutch {
namespace {

Result<InputDigest> check_input(const std::string& target, const BuildInput& input) {
  auto digest = digest_of(*input.source);
  if (!digest) {
    for (Diagnostic& each : digest.error()) each.at = input.source.at;
    return std::unexpected(std::move(digest).error());
  }
  if (input.sha256 && **input.sha256 != *digest) {
    return fail({.code = "E0703",
                 .what = fmt::format("the input {} is not what the profile says", quoted(target)),
                 .at = input.sha256->at,
                 .cause = fmt::format("the digest of {} is {}", quoted(*input.source), *digest),
                 .help = "nothing ran; if the new contents are meant, write that digest"});
  }
  return InputDigest{target, *input.source, *std::move(digest)};
}

void add_errors(Diagnostics& all, Diagnostics errors) {
  all.insert(all.end(), std::make_move_iterator(errors.begin()), std::make_move_iterator(errors.end()));
}

}  // namespace

Result<std::vector<InputDigest>> check_inputs(const Build& build) {
  std::vector<InputDigest> found;
  Diagnostics wrong;
  for (const auto& [target, input] : build.inputs) {
    auto checked = check_input(target, input);
    if (checked) {
      found.push_back(*std::move(checked));
    } else {
      add_errors(wrong, std::move(checked).error());
    }
  }
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  return found;
}

Result<void> check_pinned_inputs(const Build& build) {
  Diagnostics wrong;
  for (const auto& [target, input] : build.inputs) {
    if (!input.sha256) continue;
    if (auto checked = check_input(target, input); !checked) add_errors(wrong, std::move(checked).error());
  }
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  return {};
}

Result<void> check_unchanged(const Build& build, const std::vector<InputDigest>& before) {
  for (const InputDigest& each : before) {
    TRY(const std::string now, digest_of(each.source));
    if (now == each.sha256) continue;
    const BuildInput& input = build.inputs.at(each.target);
    return fail(
        {.code = "E0704",
         .what = fmt::format("the input {} changed while the build ran", quoted(each.target)),
         .at = input.source.at,
         .cause = fmt::format("the digest of {} was {} and is {}", quoted(each.source), each.sha256, now),
         .help = "nothing was taken out; build again from inputs that stay as they are"});
  }
  return {};
}

}  // namespace hutch
