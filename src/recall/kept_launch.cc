#include "recall/kept_launch.h"

#include <sys/random.h>

#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/byte_stream.h"
#include "launch/shared_memory.h"
#include "relaunch/build_id.h"

namespace hutch {
namespace {

void fill_up(std::string& bytes) { bytes.resize(filled_up(bytes.size()), '\0'); }

template <class T>
void append(std::string& bytes, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// --- steps

class ImageWriter {
 public:
  ImageWriter(const Plan& plan, char** environment) : environment_(environment) {
    for (const Step& step : plan.steps) append(image_.bytes, step);
    for (std::size_t i = 0; i < plan.steps.size(); ++i) put_step(plan.steps[i], i * sizeof(Step));
    fill_up(image_.bytes);
  }
  LaunchImage image() && { return std::move(image_); }

 private:
  void put_step(const Step& step, std::size_t at) {
    if (const auto* exec = std::get_if<Exec>(&step.op)) return put_exec(*exec, step, at);
    std::visit(
        [&]<class T>(const T& op) {
          T::fields(op, [&](const char* /*name*/, const auto& field) {
            put_field(field, at + distance(step, field));
          });
        },
        step.op);
  }
  template <class T>
  static std::size_t distance(const Step& step, const T& field) {
    return static_cast<std::size_t>(reinterpret_cast<const char*>(&field) -
                                    reinterpret_cast<const char*>(&step));
  }

  template <class T>
  void put_field(const T& /*field*/, std::size_t /*at*/) {}
  void put_field(const ZStr& text, std::size_t at) { point(at, put_text(text)); }
  template <class T>
  void put_field(const Borrowed<T>& list, std::size_t at) {
    if (list.size == 0) return leave_empty(list, at);
    const std::size_t begin = room(list.size * sizeof(T));
    std::memcpy(image_.bytes.data() + begin, list.data, list.size * sizeof(T));
    point(at, begin);
    if constexpr (std::is_same_v<T, ZStr>) {
      for (std::size_t i = 0; i < list.size; ++i) put_field(list.data[i], begin + i * sizeof(ZStr));
    }
  }

  /// Who executes it has use for the pointers only. What the caller hands on is taken from him again: its
  /// values are nothing to keep.
  void put_exec(const Exec& exec, const Step& step, std::size_t at) {
    put_field(exec.path, at + distance(step, exec.path));
    put_field(exec.otherwise, at + distance(step, exec.otherwise));
    leave_empty(exec.argv, at + distance(step, exec.argv));
    leave_empty(exec.env, at + distance(step, exec.env));
    std::vector<std::optional<std::uint32_t>> own;
    for (const ZStr entry : exec.env) own.push_back(entry_of(entry.view()));
    put_pointers(exec.argv, {}, at + distance(step, exec.argv_pointers));
    put_pointers(exec.env, own, at + distance(step, exec.env_pointers));
  }
  void put_pointers(const Borrowed<ZStr>& words, const std::vector<std::optional<std::uint32_t>>& own,
                    std::size_t at) {
    const std::size_t begin = room((words.size + 1) * sizeof(char*));
    for (std::size_t i = 0; i < words.size; ++i) {
      const std::size_t pointer = begin + i * sizeof(char*);
      const std::optional<std::uint32_t> entry = own.empty() ? std::nullopt : own[i];
      if (entry)
        image_.handed_on.push_back({static_cast<std::uint32_t>(pointer), *entry});
      else
        point(pointer, put_text(words.data[i]));
    }
    point(at, begin);
  }
  std::optional<std::uint32_t> entry_of(std::string_view wanted) const {
    const std::string_view name = wanted.substr(0, wanted.find('=') + 1);
    for (std::uint32_t i = 0; environment_[i] != nullptr; ++i) {
      const std::string_view entry = environment_[i];
      if (entry.starts_with(name)) return entry == wanted ? std::optional(i) : std::nullopt;
    }
    return std::nullopt;
  }

  std::size_t room(std::size_t size) {
    fill_up(image_.bytes);
    const std::size_t begin = image_.bytes.size();
    image_.bytes.resize(begin + size, '\0');
    return begin;
  }
  std::size_t put_text(const ZStr& text) {
    const auto [found, is_new] = texts_.try_emplace(std::string(text.view()), image_.bytes.size());
    if (is_new) image_.bytes.append(text.c_str(), text.size() + 1);
    return found->second;
  }
  void point(std::size_t at, std::size_t to) {
    const auto distance = static_cast<std::uint64_t>(to);
    std::memcpy(image_.bytes.data() + at, &distance, sizeof distance);
    image_.moves.push_back(static_cast<std::uint32_t>(at));
  }
  template <class T>
  void leave_empty(const Borrowed<T>& /*list*/, std::size_t at) {
    std::memset(image_.bytes.data() + at, 0, sizeof(Borrowed<T>));
  }

  char** environment_;
  LaunchImage image_;
  std::map<std::string, std::size_t> texts_;
};

template <class... Kinds>
bool is_one_of(const Op& op) {
  return (std::holds_alternative<Kinds>(op) || ...);
}

bool is_opened_by_name(const Op& op) {
  const auto* source = std::get_if<PinSource>(&op);
  return source != nullptr &&
         (source->expect == Expect::named_file || source->expect == Expect::named_directory);
}

// --- questions

using Question = Transcript::Question;

/// What src/relaunch does not know how to ask.
bool takes_the_library(Question question) {
  switch (question) {
    case Question::mounts_below:
    case Question::subids:
    case Question::oom_score_adj:
    case Question::processors:
    case Question::may_have_personality:
    case Question::own_path:
      return true;
    default:
      return false;
  }
}

Digest::Value digest_of_names(std::string_view answer, bool tells_absence, const Digest::Key& key) {
  ByteReader in(answer);
  NamesDigest names(key);
  const bool there = !tells_absence || in.number() != 0;
  if (there) {
    for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) names.add(in.text());
  }
  return names.value(there);
}

Digest::Value digest_of(Question question, std::string_view answer, const Digest::Key& key) {
  if (question == Question::list) return digest_of_names(answer, true, key);
  if (question == Question::file_names) return digest_of_names(answer, false, key);
  Digest digest(key);
  digest.bytes(answer);
  return digest.value();
}

using Pins = std::map<std::string_view, PinSource>;

Pins pins_of(const Plan& plan) {
  Pins pins;
  for (const Step& step : plan.steps) {
    if (const auto* source = std::get_if<PinSource>(&step.op); source != nullptr)
      pins.emplace(source->path.view(), *source);
  }
  return pins;
}

/// Nothing where there is one that src/relaunch cannot ask.
std::optional<std::string> kept_questions(const Transcript& transcript, Pins pins, const Digest::Key& key) {
  std::string all;
  const bool complete = for_each_answer(
      transcript.bytes(),
      [&](Question question, const std::string& subject, std::uint64_t number, std::string_view answer) {
        if (question == Question::environment) return true;  // it is compared by itself
        auto kept = kept_question(question, subject, number, answer, key);
        if (!kept) return false;
        if (const auto pin = pins.find(subject); question == Question::follow && pin != pins.end()) {
          kept->number = number_of(pin->second.pin, pin->second.expect);
          pins.erase(pin);  // it is opened once
        }
        append(all, *kept);
        all += subject;
        all += '\0';
        fill_up(all);
        return true;
      });
  return complete ? std::optional(std::move(all)) : std::nullopt;
}

Digest::Value digest_of_environment(char** environment, const Digest::Key& key) {
  Digest digest(key);
  for (char** entry = environment; *entry != nullptr; ++entry)
    digest.bytes({*entry, std::strlen(*entry) + 1});
  return digest.value();
}

class FileWriter {
 public:
  void put(Section& section, std::string_view bytes) {
    section = {static_cast<std::uint32_t>(sizeof(KeptHead) + bytes_.size()),
               static_cast<std::uint32_t>(bytes.size())};
    bytes_.append(bytes);
    fill_up(bytes_);
  }
  template <class T>
  void put(Section& section, const std::vector<T>& list) {
    put(section, std::string_view(reinterpret_cast<const char*>(list.data()), list.size() * sizeof(T)));
  }
  [[nodiscard]] std::string file(KeptHead head) const {
    std::string whole;
    append(whole, head);
    whole += bytes_;
    head.sound = checksum_of_kept(whole.data());
    std::memcpy(whole.data(), &head, sizeof head);
    return whole;
  }

 private:
  std::string bytes_;
};

}  // namespace

std::string slot_name(const std::vector<std::string>& words, const std::string& directory,
                      char** environment) {
  SlotName slot;
  for (const std::string& each : words) slot.add(each);
  slot.add(directory);
  for (char** entry = environment; *entry != nullptr; ++entry) slot.add(*entry);
  char name[3];
  slot.put(name);
  return name;
}

std::optional<KeptQuestion> kept_question(Transcript::Question question, std::string_view subject,
                                          std::uint64_t number, std::string_view answer,
                                          const Digest::Key& key) {
  if (takes_the_library(question)) return std::nullopt;
  return KeptQuestion{.asked = question,
                      .subject = static_cast<std::uint32_t>(subject.size()),
                      .number = number,
                      .answer = digest_of(question, answer, key)};
}

LaunchImage launch_image(const Plan& plan, char** environment) {
  return ImageWriter(plan, environment).image();
}

bool can_be_relaunched(const Plan& plan) {
  if (!can_share_memory(plan) || plan.slots > kMostSlots || plan.pins > kMostPins) return false;
  for (const Step& step : plan.steps) {
    const auto* watch = std::get_if<Watch>(&step.op);
    const auto* close = std::get_if<CloseDescriptors>(&step.op);
    if (is_one_of<MakeOutput, OpenNamespace, OpenStream, MountImage, JoinNamespace, RunMapHelper,
                  PersistNamespace, RunMounter, MountServed, OpenTerminal>(step.op) ||
        is_opened_by_name(step.op) || (watch != nullptr && watch->timeout != 0) ||
        (close != nullptr && close->keep.size != 0))
      return false;
  }
  return true;
}

std::string kept_file(const Plan& plan, const Transcript* transcript, const std::vector<std::string>& words,
                      char** environment, std::string_view plan_bytes) {
  KeptHead head;
  kKeptMagic.copy(head.magic, sizeof head.magic);
  build_id().copy(head.program, sizeof head.program);
  FileWriter out;
  std::string all_words;
  for (const std::string& each : words) all_words.append(each).push_back('\0');
  out.put(head.words, all_words);
  const bool has_key =
      ::getrandom(&head.key, sizeof head.key, GRND_NONBLOCK) == static_cast<ssize_t>(sizeof head.key);
  const auto questions = transcript != nullptr && has_key && can_be_relaunched(plan)
                             ? kept_questions(*transcript, pins_of(plan), head.key)
                             : std::nullopt;
  LaunchImage image;
  if (questions) {
    image = launch_image(plan, environment);
    head.environment = digest_of_environment(environment, head.key);
    head.steps = static_cast<std::uint32_t>(plan.steps.size());
    head.pins = plan.pins;
    head.slots = plan.slots;
  }
  out.put(head.questions, questions.value_or(""));
  out.put(head.image, image.bytes);
  out.put(head.moves, image.moves);
  out.put(head.handed_on, image.handed_on);
  out.put(head.plan, plan_bytes);
  return out.file(head);
}

std::string_view plan_part(std::string_view file) {
  KeptHead head;
  if (file.size() < sizeof head) return {};
  std::memcpy(&head, file.data(), sizeof head);
  const std::size_t end = std::size_t{head.plan.at} + head.plan.size;
  if (std::string_view(head.magic, sizeof head.magic) != kKeptMagic || filled_up(end) != file.size())
    return {};
  return file.substr(head.plan.at, head.plan.size);
}

}  // namespace hutch
