#pragma once

#include <string>
#include <vector>

#include "base/sources.h"
#include "plan/compare.h"

namespace hutch {

/// One line for each difference: "+ file /srv: read -> read, write   a.toml:3:1 -> b.toml:4:1".
std::string differences_text(const std::vector<Difference>& differences, const Sources& sources);

/// The same as data: schema/diff.schema.json.
std::string differences_json(const std::vector<Difference>& differences, const std::string& first,
                             const std::string& second, const Sources& sources);
std::string diff_schema();

}  // namespace hutch
