#pragma once

#include <string>

namespace hutch {

/// The JSON Schema (draft 2020-12) of `hutch plan --json`, made from the fields that the steps list.
std::string plan_schema();

}  // namespace hutch
