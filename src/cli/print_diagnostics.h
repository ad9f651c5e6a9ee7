#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/sources.h"

namespace hutch {

/// Diagnostics as people read them: what, the place with the line of source underlined, cause, help. Whatever
/// bytes the texts hold, nothing but printable characters and our own colours comes out.
std::string show_diagnostics(const Diagnostics& diagnostics, const Sources& sources, bool colour);

/// The same as data: the elements of an array that the caller has opened. Each has severity, code, message
/// and, where known, file, line, column, length, label, other, step, cause, help.
void diagnostics_json(Json& json, const Diagnostics& diagnostics, const Sources& sources);

/// A JSON Schema that breaks off in its `$defs`, ended with "#/$defs/diagnostic": what `diagnostics_json`
/// writes.
std::string with_diagnostic_definitions(std::string_view schema);

}  // namespace hutch
