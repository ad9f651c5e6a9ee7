#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "doctor/facts.h"
#include "doctor/trials.h"

namespace hutch {

/// One screen: the facts, what was tried, and for what does not work its cause and remedy.
std::string doctor_text(const std::vector<MachineFact>& facts, const std::vector<Tried>& trials);

/// The same as data: the fields "facts" and "trials" of an object that the caller has opened.
void doctor_json(Json& json, const std::vector<MachineFact>& facts, const std::vector<Tried>& trials);

/// The JSON Schema (draft 2020-12) of `hutch doctor --json`.
std::string doctor_schema();

}  // namespace hutch
