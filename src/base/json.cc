#include "base/json.h"

#include <fmt/format.h>

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

}  // namespace hutch
