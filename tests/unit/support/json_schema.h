/// @file
/// Checks JSON against a schema.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace test_support {

/// The first thing in `value` that `schema` forbids, and where; empty if it is valid. Knows the keywords type
/// (one), const, enum, minimum, minLength, required, properties, additionalProperties (false), items, and
/// $ref to a part of the schema. Throws std::invalid_argument when the schema uses another, so that none is
/// ignored.
std::string schema_error(const nlohmann::json& schema, const nlohmann::json& value);

}  // namespace test_support
