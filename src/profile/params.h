#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "profile/value.h"
#include "profile/variables.h"

namespace hutch {

/// The values of the parameters that profiles declare (`declared`: the merged [params]): what the caller gave
/// with
/// --param, or else the default. Paths become absolute: given ones from the caller's directory, defaults from
/// the folder of their file. Errors: E0207 not declared, E0208 required, E0209 not of its type or not a
/// choice.
Result<std::map<std::string, std::string, std::less<>>> parameter_values(
    const Table& declared, const std::map<std::string, std::string>& given, const Variables& variables,
    Sources& sources);

}  // namespace hutch
