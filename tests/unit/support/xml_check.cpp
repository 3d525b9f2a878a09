/// @file
/// A reader of XML that only looks for mistakes.
#include <tests/unit/support/xml_check.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <vector>

#include <nlohmann/json.hpp>

namespace test_support {

namespace {

class Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) {}

    void read_document() {
        if (take("<?xml ")) read_until("?>");
        skip_space();
        if (take("<!DOCTYPE html>")) skip_space();
        require(rest_.starts_with("<"), "no element");
        do {
            if (take("</"))
                read_end_tag();
            else if (take("<"))
                read_start_tag();
            else
                read_text();
        } while (!open_.empty());
        skip_space();
        require(rest_.empty(), "text after the last element");
    }

  private:
    [[noreturn]] void fail(const std::string& what) const {
        throw std::runtime_error(fmt::format("{} near \"{}\"", what, rest_.substr(0, 60)));
    }
    void require(bool condition, const char* what) const {
        if (!condition) fail(what);
    }
    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size())); }
    std::string_view read_until(std::string_view end) {
        const size_t at = rest_.find(end);
        require(at != rest_.npos, "no end");
        const std::string_view text = rest_.substr(0, at);
        rest_.remove_prefix(at + end.size());
        return text;
    }
    std::string read_name() {
        const size_t end = std::min(rest_.find_first_of(" \t\n=/><\"'&"), rest_.size());
        require(end > 0, "no name");
        const std::string name(rest_.substr(0, end));
        rest_.remove_prefix(end);
        return name;
    }
    void check_characters(std::string_view text) const {
        for (size_t i = 0; i < text.size(); i++) {
            const auto c = static_cast<unsigned char>(text[i]);
            require(c >= 0x20 || c == '\n' || c == '\t', "a control character");
            require(c != '<', "a < that begins no element");
            if (c != '&') continue;
            const std::string_view entity = text.substr(i, text.find(';', i) - i + 1);
            static const std::set<std::string_view> kKnown = {"&amp;",  "&lt;",  "&gt;",
                                                              "&quot;", "&#39;", "&#183;"};
            require(kKnown.contains(entity), "an unknown entity");
        }
    }
    void read_text() {
        const size_t end = rest_.find('<');
        require(end != rest_.npos, "an element that is not closed");
        check_characters(rest_.substr(0, end));
        require(rest_.substr(0, end).find("]]>") == rest_.npos, "]]> in text");
        rest_.remove_prefix(end);
    }
    void read_end_tag() {
        const std::string name = read_name();
        require(!open_.empty() && open_.back() == name, "the end of an element that is not open");
        require(take(">"), "no end of an end tag");
        open_.pop_back();
    }
    void read_start_tag() {
        const std::string name = read_name();
        std::set<std::string> attributes;
        for (;;) {
            const bool spaced = !rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n');
            skip_space();
            if (take("/>")) return;
            if (take(">")) {
                open_.push_back(name);
                return;
            }
            require(spaced, "no space before an attribute");
            require(attributes.insert(read_name()).second, "an attribute twice");
            require(take("=\""), "an attribute without a value");
            check_characters(read_until("\""));
        }
    }

    std::string_view rest_;
    std::vector<std::string> open_;
};

}  // namespace

std::string xml_error(std::string_view text) {
    try {
        // Throws when it is not UTF-8.
        static_cast<void>(nlohmann::json(std::string(text)).dump());
        Reader(text).read_document();
        return "";
    } catch (const std::exception& error) {
        return error.what();
    }
}

}  // namespace test_support
