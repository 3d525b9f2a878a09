/// @file
/// The framing of gdb's remote protocol: checksums, escapes and hexadecimal. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace harness {

/// `payload` as a packet: `$`, the escaped payload, `#` and the checksum.
std::string encode_packet(std::string_view payload);

/// One packet taken out of a stream.
struct DecodedPacket {
    std::string payload;  ///< unescaped; meaningless when not intact
    bool intact = false;  ///< the checksum fits
};

/// Removes everything up to and including the first complete packet from `stream` (acknowledgements before it
/// are dropped) and decodes it. Nothing, and `stream` unchanged, while no packet is complete.
std::optional<DecodedPacket> take_packet(std::string& stream);

/// Bytes as two hexadecimal digits each.
std::string to_hex(std::span<const uint8_t> bytes);
/// The reverse; nothing when `text` has an odd length or another character.
std::optional<std::vector<uint8_t>> from_hex(std::string_view text);

}  // namespace harness
