#include "base/text.h"

#include <array>
#include <catch2/catch.hpp>

using namespace hutch;

TEST_CASE("sizes are whole numbers with units of 1024, and nothing else") {
  CHECK(bytes_from("0") == 0U);
  CHECK(bytes_from("4096") == 4096U);
  CHECK(bytes_from("64M") == 64U << 20);
  CHECK(bytes_from("64MB") == 64U << 20);
  CHECK(bytes_from("64mib") == 64U << 20);
  CHECK(bytes_from("1t") == std::uint64_t{1} << 40);
  CHECK(bytes_from("12B") == 12U);
  CHECK(bytes_from("16777215T") == 16777215ULL << 40);
  CHECK(bytes_from("18446744073709551615") == ~std::uint64_t{0});
  for (const char* wrong : {"", "M", "1.5G", " 1", "1 ", "1 M", "-1", "+1", "0x10", "1MM", "1iB", "1bb",
                            "16777216T", "18446744073709551616"}) {
    CAPTURE(wrong);
    CHECK_FALSE(bytes_from(wrong).has_value());
  }
}

TEST_CASE("durations have a sign and a unit, seconds if none is said") {
  CHECK(nanoseconds_from("90") == 90'000'000'000);
  CHECK(nanoseconds_from("30s") == 30'000'000'000);
  CHECK(nanoseconds_from("500ms") == 500'000'000);
  CHECK(nanoseconds_from("5m") == 300'000'000'000);
  CHECK(nanoseconds_from("2h") == 7'200'000'000'000);
  CHECK(nanoseconds_from("+1d") == 86'400'000'000'000);
  CHECK(nanoseconds_from("-3600s") == -3'600'000'000'000);
  for (const char* wrong : {"", "s", "-", "+-1", "1.5s", "1 s", "1S", "1w", "106752d", "9223372037"}) {
    CAPTURE(wrong);
    CHECK_FALSE(nanoseconds_from(wrong).has_value());
  }
}

TEST_CASE("a typing mistake finds the word that was meant, a wild guess finds none") {
  constexpr std::array<std::string_view, 6> words{"source", "optional", "write", "exec", "nosuid", "rw"};
  CHECK(closest("sorce", words) == "source");
  CHECK(closest("suorce", words) == "source");
  CHECK(closest("Source", words) == "source");
  CHECK(closest("wirte", words) == "write");
  CHECK(closest("optionl", words) == "optional");
  CHECK_FALSE(closest("banana", words).has_value());
  CHECK_FALSE(closest("", words).has_value());
  CHECK_FALSE(closest("xy", words).has_value());
}

TEST_CASE("the nearest word wins, the earlier of two as near") {
  constexpr std::array<std::string_view, 3> words{"nproc", "nprocs", "nprox"};
  CHECK(closest("nproc", words) == "nproc");
  CHECK(closest("nproz", words) == "nproc");
}

TEST_CASE("nothing that a terminal would obey is printed raw") {
  CHECK(printable("plain Ünïcode 漢 text") == "plain Ünïcode 漢 text");
  CHECK(printable("a\x1b[31mred") == "a\\x1b[31mred");
  CHECK(printable("line\nnext\ttab\r") == "line\\nnext\\x09tab\\x0d");
  CHECK(printable(std::string_view("nul\0!", 5)) == "nul\\x00!");
  CHECK(printable("\xff\xfe") == "\\xff\\xfe");
  CHECK(printable("cut \xe6\xbc") == "cut \\xe6\\xbc");
  CHECK(printable("c1 \xc2\x9b[0m") == "c1 \\xc2\\x9b[0m");
  CHECK(printable("rtl \xe2\x80\xae.txt") == "rtl \\xe2\\x80\\xae.txt");
  CHECK(printable("\x7f") == "\\x7f");
}

TEST_CASE("overlong forms, surrogates and code points beyond Unicode are not UTF-8") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("ä漢\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"));
  for (const char* wrong : {"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                            "\xf4\x90\x80\x80", "\xf8", "\x80", "\xe6\xbc"}) {
    CAPTURE(wrong);
    CHECK_FALSE(is_utf8(wrong));
  }
}

TEST_CASE("a quoted string can be pasted into TOML and JSON") {
  CHECK(quoted("plain") == "\"plain\"");
  CHECK(quoted("say \"hi\" \\ bye") == R"("say \"hi\" \\ bye")");
  CHECK(quoted("a\nb\tc\x1b") == R"("a\nb\u0009c\u001b")");
  CHECK(quoted("\xff") == "\"\xEF\xBF\xBD\"");
  CHECK(quoted("\xe2\x80\xae") == R"("\u202e")");
}

TEST_CASE("globs match one component the way a shell does") {
  CHECK(glob_matches("nvidia*", "nvidia0"));
  CHECK(glob_matches("nvidia*", "nvidia"));
  CHECK(glob_matches("*", ""));
  CHECK(glob_matches("*", ".hidden"));
  CHECK(glob_matches("a*b*c", "axxbyyc"));
  CHECK_FALSE(glob_matches("a*b*c", "axxbyy"));
  CHECK(glob_matches("tty[0-9]", "tty7"));
  CHECK_FALSE(glob_matches("tty[!0-9]", "tty7"));
  CHECK(glob_matches("tty[^0-9]", "ttyS"));
  CHECK(glob_matches("[]]", "]"));
  CHECK(glob_matches("[a-]", "-"));
  CHECK(glob_matches("[", "["));
  CHECK(glob_matches("a?c", "abc"));
  CHECK_FALSE(glob_matches("a?c", "ac"));
  CHECK(glob_matches("\\*", "*"));
  CHECK_FALSE(glob_matches("\\*", "x"));
  CHECK(glob_matches("[\\]]", "]"));
  CHECK_FALSE(glob_matches("", "x"));
  CHECK(glob_matches("", ""));
}

TEST_CASE("a glob full of stars does not take for ever") {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  CHECK_FALSE(glob_matches(pattern + "b", std::string(5000, 'a')));
}

TEST_CASE("escaping a name makes it match itself only, and can be undone") {
  const std::string odd = "we*ird[name]?\\";
  CHECK(has_glob(odd));
  CHECK_FALSE(has_glob(glob_escape(odd)));
  CHECK(glob_matches(glob_escape(odd), odd));
  CHECK(glob_unescape(glob_escape(odd)) == odd);
  CHECK_FALSE(has_glob("plain"));
  CHECK_FALSE(has_glob("lonely]"));
}

TEST_CASE("splitting keeps empty parts") {
  CHECK(split("a::b:", ':') == std::vector<std::string_view>{"a", "", "b", ""});
  CHECK(split("", ':') == std::vector<std::string_view>{""});
}
