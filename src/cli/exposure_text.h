#pragma once

#include <string>

#include "base/json.h"
#include "plan/exposure.h"

namespace hutch {

/// A dozen lines for people: "  files it can change  /home/ada/work".
std::string exposure_text(const std::string& profile, const Exposure& exposure);

/// The same as data: the value of a key that the caller has written. Part of schema/check.schema.json.
void exposure_json(Json& json, const Exposure& exposure);
std::string check_schema();

}  // namespace hutch
