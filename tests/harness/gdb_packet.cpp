/// @file
/// Packets of gdb's remote protocol.
#include <tests/harness/gdb_packet.h>

#include <fmt/format.h>

namespace harness {

namespace {

constexpr char kEscape = '}';
constexpr char kEscapeMask = 0x20;

uint8_t checksum(std::string_view body) {
    uint8_t sum = 0;
    for (char c : body) sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(c));
    return sum;
}

int digit_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string encode_packet(std::string_view payload) {
    std::string body;
    for (char c : payload) {
        if (c == '$' || c == '#' || c == kEscape || c == '*') {
            body += kEscape;
            c = static_cast<char>(c ^ kEscapeMask);
        }
        body += c;
    }
    return fmt::format("${}#{:02x}", body, checksum(body));
}

std::optional<DecodedPacket> take_packet(std::string& stream) {
    const size_t start = stream.find('$');
    if (start == std::string::npos) return std::nullopt;
    const size_t end = stream.find('#', start);
    if (end == std::string::npos || stream.size() < end + 3) return std::nullopt;

    const std::string body = stream.substr(start + 1, end - start - 1);
    const auto sum = from_hex(std::string_view(stream).substr(end + 1, 2));
    stream.erase(0, end + 3);

    DecodedPacket packet;
    packet.intact = sum && sum->front() == checksum(body);
    for (size_t i = 0; i < body.size(); ++i) {
        const bool escaped = body[i] == kEscape && i + 1 < body.size();
        packet.payload += escaped ? static_cast<char>(body[++i] ^ kEscapeMask) : body[i];
    }
    return packet;
}

std::string to_hex(std::span<const uint8_t> bytes) {
    std::string text;
    for (uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

std::optional<std::vector<uint8_t>> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i < text.size(); i += 2) {
        const int high = digit_value(text[i]);
        const int low = digit_value(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes.push_back(static_cast<uint8_t>(high << 4 | low));
    }
    return bytes;
}

}  // namespace harness
