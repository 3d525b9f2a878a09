/// @file
/// Walks a schema and a value side by side.
#include <tests/unit/support/json_schema.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace test_support {

namespace {

using Json = nlohmann::json;

bool has_type(const Json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    throw std::invalid_argument("unknown type " + type);
}

class Checker {
  public:
    explicit Checker(const Json& root) : root_(root) {}

    std::string check(const Json& schema, const Json& value, const std::string& where) const {
        static const std::set<std::string> kAnnotations = {"$schema", "$defs", "title", "description"};
        for (const auto& [keyword, argument] : schema.items()) {
            if (kAnnotations.contains(keyword)) continue;
            if (keyword == "$ref") {
                const Json::json_pointer place(argument.get<std::string>().substr(1));
                if (std::string error = check(root_.at(place), value, where); !error.empty()) return error;
            } else if (std::string error = apply(schema, keyword, argument, value, where); !error.empty()) {
                return error;
            }
        }
        return "";
    }

  private:
    std::string apply(const Json& schema, const std::string& keyword, const Json& argument, const Json& value,
                      const std::string& where) const {
        const auto must = [&](bool holds) {
            return holds ? "" : fmt::format("{}: {} {}", where, keyword, argument.dump());
        };
        if (keyword == "type") return must(has_type(value, argument));
        if (keyword == "const") return must(value == argument);
        if (keyword == "enum")
            return must(std::find(argument.begin(), argument.end(), value) != argument.end());
        if (keyword == "minimum") return must(!value.is_number() || value >= argument);
        if (keyword == "minLength")
            return must(!value.is_string() || value.get<std::string>().size() >= argument.get<size_t>());
        if (keyword == "required") {
            for (const Json& name : argument)
                if (value.is_object() && !value.contains(name))
                    return fmt::format("{}: lacks {}", where, name.dump());
            return "";
        }
        if (keyword == "properties") {
            for (const auto& [name, property] : argument.items())
                if (value.is_object() && value.contains(name))
                    if (std::string error = check(property, value.at(name), where + "/" + name);
                        !error.empty())
                        return error;
            return "";
        }
        if (keyword == "additionalProperties" && argument == false) {
            for (const auto& [name, member] : value.items())
                if (!schema.at("properties").contains(name))
                    return fmt::format("{}: {} is not known", where, name);
            return "";
        }
        if (keyword == "items") {
            for (size_t i = 0; value.is_array() && i < value.size(); i++)
                if (std::string error = check(argument, value[i], fmt::format("{}/{}", where, i));
                    !error.empty())
                    return error;
            return "";
        }
        throw std::invalid_argument("unknown keyword " + keyword);
    }

    const Json& root_;
};

}  // namespace

std::string schema_error(const Json& schema, const Json& value) {
    return Checker(schema).check(schema, value, "");
}

}  // namespace test_support
