#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "host/host.h"
#include "host/question.h"

namespace hutch {

/// What was asked about the world, and what it answered, as bytes. A profile becomes a plan by nothing else:
/// where the same questions still have the same answers, the plan is still the same.
///
/// Of the environment only a digest is kept: it may hold secrets.
class Transcript {
 public:
  using Question = HostQuestion;

  void note(Question question, std::string_view subject, std::uint64_t number, std::string_view answer);
  /// Asked again, the world could not answer: what was read is gone, as from a pipe.
  void spoil() noexcept { good_ = false; }

  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
  bool good_ = true;
};

/// Another host that answers as `real` does, and writes down what it was asked.
class WitnessedHost final : public Host {
 public:
  explicit WitnessedHost(const Host& real) : real_(real), files_(*this) {}

  [[nodiscard]] const Transcript& transcript() const noexcept { return transcript_; }

  [[nodiscard]] const Caller& caller() const override;
  [[nodiscard]] const Kernel& kernel() const override;
  [[nodiscard]] const Files& files() const override { return files_; }
  [[nodiscard]] PathFact look(const std::string& path) const override;
  [[nodiscard]] PathFact follow(const std::string& path) const override;
  [[nodiscard]] std::string read_link(const std::string& path) const override;
  [[nodiscard]] std::optional<std::vector<std::string>> list(const std::string& path) const override;
  [[nodiscard]] std::string real_path(const std::string& path) const override;
  [[nodiscard]] bool is_read_only(const std::string& path) const override;
  [[nodiscard]] bool may(const std::string& path, int mode) const override;
  [[nodiscard]] std::optional<std::string> read(const std::string& path, std::size_t limit) const override;
  [[nodiscard]] std::vector<std::string> mounts_below(const std::string& path) const override;
  [[nodiscard]] std::vector<SubidRange> subids(bool of_groups) const override;
  [[nodiscard]] HostLimit limit(int resource) const override;
  [[nodiscard]] int nice() const override;
  [[nodiscard]] int oom_score_adj() const override;
  [[nodiscard]] std::optional<std::vector<std::uint32_t>> processors() const override;
  [[nodiscard]] bool may_have_personality(std::uint64_t persona) const override;

 private:
  class WitnessedFiles final : public Files {
   public:
    explicit WitnessedFiles(const WitnessedHost& host) : host_(host) {}
    [[nodiscard]] std::expected<FileText, CannotRead> read(const std::string& path,
                                                           std::size_t most) const override;
    [[nodiscard]] std::vector<std::string> names(const std::string& path) const override;
    [[nodiscard]] bool is_directory(const std::string& path) const override;
    [[nodiscard]] bool is_regular_file(const std::string& path) const override;
    [[nodiscard]] bool is_there(const std::string& path) const override;
    [[nodiscard]] bool is_of_others(const std::string& path, uid_t uid) const override;
    [[nodiscard]] std::string real_directory(const std::string& path) const override;
    [[nodiscard]] std::string own_path() const override;

   private:
    const WitnessedHost& host_;
  };

  template <class Answer>
  Answer noted(Transcript::Question question, std::string_view subject, std::uint64_t number,
               Answer&& answer) const;

  const Host& real_;
  WitnessedFiles files_;
  mutable Transcript transcript_;
  mutable std::unordered_set<std::string> asked_;
};

/// Each question of a transcript with its answer, until one is refused. True if none was.
using TakeAnswer = std::function<bool(Transcript::Question question, const std::string& subject,
                                      std::uint64_t number, std::string_view answer)>;
bool for_each_answer(std::string_view transcript, const TakeAnswer& take);

/// Asks everything of a transcript again. True if the world still answers the same.
bool still_holds(std::string_view transcript, const Host& host);

}  // namespace hutch
