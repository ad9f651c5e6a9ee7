#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hutch {

/// Writes one JSON document into a string, in the order of the calls. The same calls give the same bytes.
///
///   Json json;                       // two spaces of indentation; Json(Json::compact) for one line
///   json.object([&] { json.field("name", "x"); json.key("list"); json.array([&] { json.value(1); }); });
///
/// Strings are bytes: what is not UTF-8 is written as U+FFFD (RFC 8259 section 8.1).
class Json {
 public:
  enum Style { pretty, compact };
  explicit Json(Style style = pretty) : style_(style) {}

  template <class Body>
  void object(Body&& body) {
    open('{');
    body();
    close('}');
  }
  template <class Body>
  void array(Body&& body) {
    open('[');
    body();
    close(']');
  }
  void key(std::string_view name);
  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(bool truth);
  void value(std::int64_t number);
  void value(std::uint64_t number);
  void value(int number) { value(static_cast<std::int64_t>(number)); }
  void value(unsigned number) { value(static_cast<std::uint64_t>(number)); }
  void value(double number);
  void null();
  /// A document that is JSON already.
  void document(std::string_view text);

  template <class T>
  void field(std::string_view name, const T& content) {
    key(name);
    value(content);
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void open(char bracket);
  void close(char bracket);
  void before_value();
  void new_line();

  std::string text_;
  Style style_;
  int depth_ = 0;
  bool first_ = true;
  bool after_key_ = false;
};

/// Is that one whole JSON document (RFC 8259), nested at most 100 deep, in UTF-8, and with nothing in it that
/// deceives a terminal?
bool is_json(std::string_view text);

}  // namespace hutch
