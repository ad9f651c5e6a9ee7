#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace hutch {

void Json::new_line() {
  if (style_ == compact) return;
  text_ += '\n';
  text_.append(static_cast<std::size_t>(depth_) * 2, ' ');
}

void Json::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (depth_ == 0) return;
  if (!first_) text_ += ',';
  first_ = false;
  new_line();
}

void Json::open(char bracket) {
  before_value();
  text_ += bracket;
  ++depth_;
  first_ = true;
}

void Json::close(char bracket) {
  --depth_;
  if (!first_) new_line();
  text_ += bracket;
  first_ = false;
  if (depth_ == 0 && style_ == pretty) text_ += '\n';
}

void Json::key(std::string_view name) {
  before_value();
  text_ += quoted(name);
  text_ += style_ == compact ? ":" : ": ";
  after_key_ = true;
}

void Json::value(std::string_view text) {
  before_value();
  text_ += quoted(text);
}

void Json::document(std::string_view text) {
  before_value();
  while (text.ends_with('\n')) text.remove_suffix(1);
  text_ += text;
}

void Json::value(bool truth) {
  before_value();
  text_ += truth ? "true" : "false";
}

void Json::value(std::int64_t number) {
  before_value();
  text_ += fmt::format("{}", number);
}

void Json::value(std::uint64_t number) {
  before_value();
  text_ += fmt::format("{}", number);
}

void Json::value(double number) {
  if (!std::isfinite(number)) return null();  // RFC 8259 section 6 has no infinities
  before_value();
  text_ += fmt::format("{}", number);
}

void Json::null() {
  before_value();
  text_ += "null";
}

namespace {

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  bool document() {
    const bool good = value(0);
    skip_space();
    return good && text_.empty();
  }

 private:
  static constexpr int kDeepest = 100;

  void skip_space() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r\n"), text_.size())); }
  bool take(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  bool value(int depth) {
    skip_space();
    if (text_.empty() || depth > kDeepest) return false;
    switch (text_.front()) {
      case '{':
        return list('{', '}', [&] { return string() && colon() && value(depth + 1); });
      case '[':
        return list('[', ']', [&] { return value(depth + 1); });
      case '"':
        return string();
      case 't':
        return take("true");
      case 'f':
        return take("false");
      case 'n':
        return take("null");
      default:
        return number();
    }
  }

  bool colon() {
    skip_space();
    return take(":");
  }

  template <class Element>
  bool list(char open, char close, Element&& element) {
    take({&open, 1});
    skip_space();
    if (take({&close, 1})) return true;
    do {
      skip_space();
      if (!element()) return false;
      skip_space();
    } while (take(","));
    return take({&close, 1});
  }

  bool string() {
    if (!take("\"")) return false;
    while (!text_.empty()) {
      const char c = text_.front();
      text_.remove_prefix(1);
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }
  bool escape() {
    if (text_.empty()) return false;
    const char c = text_.front();
    text_.remove_prefix(1);
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    const std::string_view digits = text_.substr(0, 4);
    if (digits.size() != 4 || digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos) return false;
    text_.remove_prefix(4);
    return true;
  }

  bool digits() {
    const std::size_t count = std::min(text_.find_first_not_of("0123456789"), text_.size());
    text_.remove_prefix(count);
    return count > 0;
  }
  bool number() {
    take("-");
    if (!take("0") && !digits()) return false;
    if (take(".") && !digits()) return false;
    if (!take("e") && !take("E")) return true;
    if (!take("+")) take("-");
    return digits();
  }

  std::string_view text_;
};

}  // namespace

bool is_json(std::string_view text) {
  for (const std::string_view line : split(text, '\n')) {
    if (printable(line) != line) return false;
  }
  return JsonReader(text).document();
}

}  // namespace hutch
