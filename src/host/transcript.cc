#include "host/transcript.h"

#include <type_traits>
#include <utility>

#include "base/byte_stream.h"
#include "base/sha256.h"

namespace hutch {

namespace {

using Question = Transcript::Question;

// --- answers as bytes

void put(ByteWriter& out, const PathFact& fact) {
  out.number(static_cast<std::uint64_t>(fact.kind));
  out.number(static_cast<std::uint64_t>(fact.error));
  out.number(fact.mode);
  out.number(fact.uid);
  out.number(fact.gid);
  out.number(fact.size);
}
void put(ByteWriter& out, const std::string& text) { out.text(text); }
void put(ByteWriter& out, bool truth) { out.number(truth ? 1 : 0); }
void put(ByteWriter& out, int number) { out.number(static_cast<std::uint64_t>(number)); }
void put(ByteWriter& out, std::uint32_t number) { out.number(number); }
void put(ByteWriter& out, const SubidRange& range) {
  out.number(range.start);
  out.number(range.count);
}
void put(ByteWriter& out, const HostLimit& limit) {
  out.number(limit.soft);
  out.number(limit.hard);
}
template <class T>
void put(ByteWriter& out, const std::vector<T>& all) {
  out.number(all.size());
  for (const T& each : all) put(out, each);
}
template <class T>
void put(ByteWriter& out, const std::optional<T>& some) {
  put(out, some.has_value());
  if (some) put(out, *some);
}
void put(ByteWriter& out, const std::expected<FileText, CannotRead>& file) {
  put(out, file.has_value());
  if (!file) return put(out, file.error().why);
  out.text(file->text);
  out.number(file->identity.first);
  out.number(file->identity.second);
}
void put(ByteWriter& out, const Kernel& kernel) {
  put(out, kernel.major);
  put(out, kernel.minor);
  put(out, kernel.architecture);
  put(out, kernel.last_capability);
  put(out, kernel.landlock);
}
void put(ByteWriter& out, const Caller& caller) {
  out.number(caller.uid);
  out.number(caller.gid);
  put(out, caller.groups);
  put(out, caller.has_setid_capabilities);
  put(out, caller.has_admin_capability);
  put(out, caller.user);
  put(out, caller.directory);
  for (const bool each : caller.terminals) put(out, each);
}
void put(ByteWriter& out, const std::map<std::string, std::string, std::less<>>& environment) {
  ByteWriter all;
  for (const auto& [name, value] : environment) {
    all.text(name);
    all.text(value);
  }
  out.text(sha256_hex(all.bytes()));
}

template <class Answer>
std::string bytes_of(const Answer& answer) {
  ByteWriter out;
  put(out, answer);
  return std::move(out).bytes();
}

// --- questions asked again

std::string ask(const Host& host, Question question, const std::string& subject, std::uint64_t number) {
  const Files& files = host.files();
  switch (question) {
    case Question::caller:
      return bytes_of(host.caller());
    case Question::environment:
      return bytes_of(host.caller().environment);
    case Question::kernel:
      return bytes_of(host.kernel());
    case Question::look:
      return bytes_of(host.look(subject));
    case Question::follow:
      return bytes_of(host.follow(subject));
    case Question::read_link:
      return bytes_of(host.read_link(subject));
    case Question::list:
      return bytes_of(host.list(subject));
    case Question::real_path:
      return bytes_of(host.real_path(subject));
    case Question::is_read_only:
      return bytes_of(host.is_read_only(subject));
    case Question::may:
      return bytes_of(host.may(subject, static_cast<int>(number)));
    case Question::read:
      return bytes_of(host.read(subject, number));
    case Question::mounts_below:
      return bytes_of(host.mounts_below(subject));
    case Question::subids:
      return bytes_of(host.subids(number != 0));
    case Question::limit:
      return bytes_of(host.limit(static_cast<int>(number)));
    case Question::nice:
      return bytes_of(host.nice());
    case Question::oom_score_adj:
      return bytes_of(host.oom_score_adj());
    case Question::processors:
      return bytes_of(host.processors());
    case Question::may_have_personality:
      return bytes_of(host.may_have_personality(number));
    case Question::file_text:
      // A pipe would be emptied, or keep us waiting.
      return files.is_regular_file(subject) ? bytes_of(files.read(subject, number)) : "";
    case Question::file_names:
      return bytes_of(files.names(subject));
    case Question::file_is_directory:
      return bytes_of(files.is_directory(subject));
    case Question::file_is_regular:
      return bytes_of(files.is_regular_file(subject));
    case Question::file_is_there:
      return bytes_of(files.is_there(subject));
    case Question::file_is_of_others:
      return bytes_of(files.is_of_others(subject, static_cast<uid_t>(number)));
    case Question::file_real_directory:
      return bytes_of(files.real_directory(subject));
    case Question::own_path:
      return bytes_of(files.own_path());
  }
  return "";
}

}  // namespace

void Transcript::note(Question question, std::string_view subject, std::uint64_t number,
                      std::string_view answer) {
  ByteWriter out(std::move(bytes_));
  out.number(static_cast<std::uint64_t>(question));
  out.text(subject);
  out.number(number);
  out.text(answer);
  bytes_ = std::move(out).bytes();
}

bool for_each_answer(std::string_view transcript, const TakeAnswer& take) {
  ByteReader in(transcript);
  while (!in.at_end()) {
    const std::uint64_t question = in.number();
    const std::string subject(in.text());
    const std::uint64_t number = in.number();
    const std::string_view answer = in.text();
    if (!in.good() || question > static_cast<std::uint64_t>(Question::own_path)) return false;
    if (!take(static_cast<Question>(question), subject, number, answer)) return false;
  }
  return in.good();
}

bool still_holds(std::string_view transcript, const Host& host) {
  return for_each_answer(transcript, [&host](Question question, const std::string& subject,
                                             std::uint64_t number, std::string_view answer) {
    return ask(host, question, subject, number) == answer;
  });
}

// --- the witness

template <class Answer>
Answer WitnessedHost::noted(Question question, std::string_view subject, std::uint64_t number,
                            Answer&& answer) const {
  ByteWriter once;
  once.number(static_cast<std::uint64_t>(question));
  once.number(number);
  once.text(subject);
  if (asked_.insert(std::move(once).bytes()).second)
    transcript_.note(question, subject, number, bytes_of(answer));
  return std::forward<Answer>(answer);
}

const Caller& WitnessedHost::caller() const {
  static_cast<void>(noted<const std::map<std::string, std::string, std::less<>>&>(
      Question::environment, "", 0, real_.caller().environment));
  return noted<const Caller&>(Question::caller, "", 0, real_.caller());
}
const Kernel& WitnessedHost::kernel() const {
  return noted<const Kernel&>(Question::kernel, "", 0, real_.kernel());
}
PathFact WitnessedHost::look(const std::string& path) const {
  return noted(Question::look, path, 0, real_.look(path));
}
PathFact WitnessedHost::follow(const std::string& path) const {
  return noted(Question::follow, path, 0, real_.follow(path));
}
std::string WitnessedHost::read_link(const std::string& path) const {
  return noted(Question::read_link, path, 0, real_.read_link(path));
}
std::optional<std::vector<std::string>> WitnessedHost::list(const std::string& path) const {
  return noted(Question::list, path, 0, real_.list(path));
}
std::string WitnessedHost::real_path(const std::string& path) const {
  return noted(Question::real_path, path, 0, real_.real_path(path));
}
bool WitnessedHost::is_read_only(const std::string& path) const {
  return noted(Question::is_read_only, path, 0, real_.is_read_only(path));
}
bool WitnessedHost::may(const std::string& path, int mode) const {
  return noted(Question::may, path, static_cast<std::uint64_t>(mode), real_.may(path, mode));
}
std::optional<std::string> WitnessedHost::read(const std::string& path, std::size_t limit) const {
  return noted(Question::read, path, limit, real_.read(path, limit));
}
std::vector<std::string> WitnessedHost::mounts_below(const std::string& path) const {
  return noted(Question::mounts_below, path, 0, real_.mounts_below(path));
}
std::vector<SubidRange> WitnessedHost::subids(bool of_groups) const {
  return noted(Question::subids, "", of_groups ? 1 : 0, real_.subids(of_groups));
}
HostLimit WitnessedHost::limit(int resource) const {
  return noted(Question::limit, "", static_cast<std::uint64_t>(resource), real_.limit(resource));
}
int WitnessedHost::nice() const { return noted(Question::nice, "", 0, real_.nice()); }
int WitnessedHost::oom_score_adj() const {
  return noted(Question::oom_score_adj, "", 0, real_.oom_score_adj());
}
std::optional<std::vector<std::uint32_t>> WitnessedHost::processors() const {
  return noted(Question::processors, "", 0, real_.processors());
}
bool WitnessedHost::may_have_personality(std::uint64_t persona) const {
  return noted(Question::may_have_personality, "", persona, real_.may_have_personality(persona));
}

std::expected<FileText, CannotRead> WitnessedHost::WitnessedFiles::read(const std::string& path,
                                                                        std::size_t most) const {
  auto file = host_.real_.files().read(path, most);
  if (file && !file->is_regular) host_.transcript_.spoil();
  return host_.noted(Question::file_text, path, most, std::move(file));
}
std::vector<std::string> WitnessedHost::WitnessedFiles::names(const std::string& path) const {
  return host_.noted(Question::file_names, path, 0, host_.real_.files().names(path));
}
bool WitnessedHost::WitnessedFiles::is_directory(const std::string& path) const {
  return host_.noted(Question::file_is_directory, path, 0, host_.real_.files().is_directory(path));
}
bool WitnessedHost::WitnessedFiles::is_regular_file(const std::string& path) const {
  return host_.noted(Question::file_is_regular, path, 0, host_.real_.files().is_regular_file(path));
}
bool WitnessedHost::WitnessedFiles::is_there(const std::string& path) const {
  return host_.noted(Question::file_is_there, path, 0, host_.real_.files().is_there(path));
}
bool WitnessedHost::WitnessedFiles::is_of_others(const std::string& path, uid_t uid) const {
  return host_.noted(Question::file_is_of_others, path, uid, host_.real_.files().is_of_others(path, uid));
}
std::string WitnessedHost::WitnessedFiles::real_directory(const std::string& path) const {
  return host_.noted(Question::file_real_directory, path, 0, host_.real_.files().real_directory(path));
}
std::string WitnessedHost::WitnessedFiles::own_path() const {
  return host_.noted(Question::own_path, "", 0, host_.real_.files().own_path());
}

}  // namespace hutch
