/// @file
/// The disassembler: it interprets the forms of the opcode maps, for the length and the text alike.

#include <kernel/debug/disassembler.h>

#include <algorithm>
#include <cstdarg>
#include <string_view>

#include <kernel/debug/opcode_maps.h>
#include <kernel/libk/format.h>

using namespace opcode_maps;

namespace {

constexpr size_t kLongest = 15;  ///< a longer instruction raises #GP: SDM volume 3A, 6.15

std::string_view look_up(std::span<const Row> map, uint8_t opcode) {
    std::string_view form;
    for (const Row& row : map) {
        if (row.first <= opcode) form = row.form;
    }
    return form;
}

bool contains(std::string_view text, char character) {
    return text.find(character) != std::string_view::npos;
}

/// Takes what stands before the first `separator` off the front of `rest`, and the separator with it.
std::string_view split(std::string_view& rest, char separator) {
    const std::string_view front = rest.substr(0, rest.find(separator));
    rest.remove_prefix(std::min(front.size() + 1, rest.size()));
    return front;
}

/// `number` cut to its lowest `size` bytes.
constexpr uint64_t cut_to(uint64_t number, size_t size) {
    return size == 8 ? number : number & ((uint64_t{1} << (8 * size)) - 1);
}

/// Text under construction; what does not fit is dropped.
class Text {
  public:
    void append(std::string_view piece) {
        for (const char c : piece) {
            if (length_ + 1 < characters_.size()) characters_[length_++] = c;
        }
    }
    void append_format(const char* format, ...) __attribute__((format(printf, 2, 3))) {
        va_list arguments;
        va_start(arguments, format);
        const auto write = [](void* text, std::span<const char> piece) {
            static_cast<Text*>(text)->append({piece.data(), piece.size()});
        };
        vformat({write, this}, format, arguments);
        va_end(arguments);
    }
    std::string_view view() const { return {characters_.data(), length_}; }
    const std::array<char, 96>& characters() const { return characters_; }

  private:
    std::array<char, 96> characters_{};
    size_t length_ = 0;
};

/// Decodes one instruction from front to back: prefixes, opcode, ModRM with its memory operand, immediates.
class Decoder {
  public:
    Decoder(std::span<const std::byte> code, uint64_t address)
        : code_(code.first(std::min(code.size(), kLongest))), address_(address) {}

    Instruction decode() {
        read_prefixes();
        find_form();
        if (has_modrm_ && mod() != 3 && !contains(operands_, 'N')) read_memory();
        std::array<Text, 3> operands;
        size_t count = 0;
        for (std::string_view rest = operands_; !rest.empty(); ++count) {
            add_operand(operands[count], split(rest, ','));
        }

        Text text;
        if (failed_) {
            text.append("(bad)");
        } else if (name_.empty()) {
            text.append("(other)");
        } else {
            add_name(text);
            for (size_t i = count; i-- > 0;) {
                text.append(i + 1 == count ? " " : ",");
                text.append(operands[i].view());
            }
            if (rip_relative_) text.append_format("        # 0x%lx", address_ + at_ + displacement_);
        }
        return {failed_ ? 0 : at_, text.characters()};
    }

  private:
    // ---- The bytes ---------------------------------------------------------------------------------

    uint8_t read_byte() {
        failed_ |= at_ == code_.size();
        return failed_ ? 0 : std::to_integer<uint8_t>(code_[at_++]);
    }

    /// Reads a number of `size` bytes and extends its sign.
    uint64_t read_number(size_t size) {
        if (size == 0) return 0;
        uint64_t number = 0;
        for (size_t i = 0; i < size; ++i) number |= uint64_t{read_byte()} << (8 * i);
        const size_t unused = 64 - 8 * size;
        return static_cast<uint64_t>(static_cast<int64_t>(number << unused) >> unused);
    }

    void read_modrm() {
        if (!has_modrm_) modrm_ = read_byte();
        has_modrm_ = true;
    }

    void read_prefixes() {
        for (;;) {
            opcode_ = read_byte();
            if ((opcode_ & 0xf0) == 0x40) {
                rex_ = opcode_;
                continue;
            }
            if (!contains(kPrefixes, static_cast<char>(opcode_))) return;
            rex_ = 0;  // a REX prefix counts only directly before the opcode
            operand16_ |= opcode_ == 0x66;
            address32_ |= opcode_ == 0x67;
            lock_ |= opcode_ == 0xf0;
            if (opcode_ == 0xf2 || opcode_ == 0xf3) repeat_ = opcode_;
            if (opcode_ == 0x64 || opcode_ == 0x65) segment_ = opcode_;
        }
    }

    bool rex_w() const { return (rex_ & 8) != 0; }
    unsigned rex_r() const { return rex_ & 4 ? 8 : 0; }
    unsigned rex_x() const { return rex_ & 2 ? 8 : 0; }
    unsigned rex_b() const { return rex_ & 1 ? 8 : 0; }
    unsigned mod() const { return modrm_ >> 6; }
    unsigned reg() const { return (modrm_ >> 3) & 7; }
    unsigned rm() const { return modrm_ & 7; }

    // ---- The form ----------------------------------------------------------------------------------

    /// Finds the instruction in the maps; sets name_ and operands_.
    void find_form() {
        std::string_view form;
        if (opcode_ < 0x40 && (opcode_ & 7) < 6) {
            form = kGroups[1][opcode_ >> 3];
            operands_ = kArithmeticOperands[(opcode_ & 7) / 2];
        } else if (opcode_ == 0x0f) {
            form = find_two_byte_form();
        } else if (opcode_ == 0x90 && rex_b() == 0) {
            form = repeat_ == 0xf3 ? "pause" : "nop";
        } else {
            form = look_up(kOneByteMap, opcode_);
        }
        if (!form.empty() && form[0] == '#') form = find_in_group(form);

        failed_ |= form.empty();
        name_ = split(form, ' ');
        if (!form.empty()) operands_ = form;
        for (const char c : operands_) {
            if (contains("EMRNGSCD", c)) read_modrm();
        }
        if (!name_.empty() && name_[0] == '(') {
            const std::string_view allowed = split(name_, ')');
            const char kind = repeat_ == 0xf3 ? '3' : repeat_ == 0xf2 ? '2' : operand16_ ? '6' : 'n';
            failed_ |= !contains(allowed, kind);
        }
    }

    std::string_view find_two_byte_form() {
        opcode_ = read_byte();
        if (opcode_ == 0x38 || opcode_ == 0x3a) {
            const std::span<const Row> map = opcode_ == 0x38 ? std::span<const Row>(k38Map) : k3AMap;
            opcode_ = read_byte();
            return look_up(map, opcode_);
        }
        if (repeat_ == 0xf3) {
            if (opcode_ == 0x1e) read_modrm();  // modrm_ is 0 behind any other
            const std::string_view form = modrm_ == 0xfa ? "endbr64" : look_up(kTwoByteF3Map, opcode_);
            if (!form.empty()) return form;
        }
        return look_up(kTwoByteMap, opcode_);
    }

    std::string_view find_in_group(std::string_view form) {
        operands_ = form;
        size_t group = 0;
        for (const char c : split(operands_, ' ')) {
            if (c != '#') group = group * 10 + static_cast<size_t>(c - '0');
        }
        read_modrm();
        std::string_view rest = kGroups[group][reg()];
        const bool differ = contains(rest, ';');
        const std::string_view for_memory = split(rest, ';');
        if (!differ || mod() != 3) return for_memory;
        return rest == "@" ? look_up(kGroup7Registers, modrm_) : rest;
    }

    // ---- The operands ------------------------------------------------------------------------------

    /// The bytes that a size letter of the maps stands for.
    size_t size_of(char letter) const {
        if (letter == 'b' || (letter == 'o' && (opcode_ & 1) == 0)) return 1;
        if (letter == 'w') return 2;
        if (letter == 'd') return 4;
        if (letter == 'q' || rex_w()) return letter == 'z' ? 4 : 8;
        if (operand16_) return 2;
        return letter == 's' ? 8 : 4;
    }

    /// The size that names and extended immediates follow: that of the first operand with a place of its own.
    size_t operand_size() const {
        for (size_t i = 0; i + 1 < operands_.size(); ++i) {
            if (contains("EGAZXY", operands_[i])) return size_of(operands_[i + 1]);
        }
        return size_of('s');
    }

    static void add_register(Text& text, unsigned number, size_t size, bool has_rex) {
        if (number >= 8) {
            text.append_format("%%r%u%s", number, size == 1 ? "b" : size == 2 ? "w" : size == 4 ? "d" : "");
        } else if (size == 1) {
            const bool high = number >= 4 && !has_rex;
            const char* name = kRegisters[high ? number - 4 : number];
            text.append_format("%%%.*s%s", number < 4 || high ? 1 : 2, name, high ? "h" : "l");
        } else {
            text.append_format("%%%s%s", size == 8 ? "r" : size == 4 ? "e" : "", kRegisters[number]);
        }
    }

    /// Writes the segment that an operand in memory is in; `usual` when no prefix says another.
    void add_segment(Text& text, std::string_view usual) const {
        text.append(segment_ == 0x64 ? "%fs:" : segment_ == 0x65 ? "%gs:" : usual);
    }

    /// Reads what follows the ModRM byte of an operand in memory: SIB, displacement.
    void read_memory() {
        const size_t size = address32_ ? 4 : 8;
        const bool has_sib = rm() == 4;
        const uint8_t sib = has_sib ? read_byte() : 0;
        const unsigned base = has_sib ? sib & 7 : rm();
        const unsigned index = has_sib ? ((sib >> 3) & 7) | rex_x() : 4;
        const bool has_base = mod() != 0 || base != 5;
        rip_relative_ = !has_base && !has_sib;
        displacement_ = read_number(mod() == 1 ? 1 : mod() == 2 || !has_base ? 4 : 0);

        add_segment(memory_, "");
        const bool has_index = index != 4;
        if (!has_base && !has_index && !rip_relative_) {
            memory_.append_format("0x%lx", cut_to(displacement_, size));
            return;
        }
        if (mod() != 0 || !has_base) {
            const bool negative = displacement_ >> 63 != 0;
            memory_.append_format("%s0x%lx", negative ? "-" : "", negative ? -displacement_ : displacement_);
        }
        memory_.append("(");
        if (has_base) add_register(memory_, base | rex_b(), size, true);
        if (rip_relative_) memory_.append(address32_ ? "%eip" : "%rip");
        if (has_index) {
            memory_.append(",");
            add_register(memory_, index, size, true);
            memory_.append_format(",%u", 1u << (sib >> 6));
        }
        memory_.append(")");
    }

    /// Decodes one operand of the form, and writes it to `text`.
    void add_operand(Text& text, std::string_view operand) {
        if (operand[0] == '*') {
            text.append("*");
            operand.remove_prefix(1);
        }
        const size_t size = operand.size() == 2 ? size_of(operand[1]) : 0;
        const auto add = [&](unsigned number) { add_register(text, number, size, rex_ != 0); };
        switch (operand[0]) {
            case 'E':
            case 'M':
            case 'R':
                failed_ |= operand[0] == (mod() == 3 ? 'M' : 'R');
                return mod() == 3 ? add(rm() | rex_b()) : text.append(memory_.view());
            case 'N':
                return add(rm() | rex_b());
            case 'G':
                return add(reg() | rex_r());
            case 'Z':
                return add((opcode_ & 7) | rex_b());
            case 'A':
                return add(0);
            case 'S':
                failed_ |= reg() >= kSegments.size();
                return text.append(failed_ ? "" : kSegments[reg()]);
            case 'C':
                return text.append_format("%%cr%u", reg() | rex_r());
            case 'D':
                return text.append_format("%%db%u", reg() | rex_r());
            case 'I':
                return text.append_format("$0x%lx", cut_to(read_number(size), size));
            case 'K':
                return text.append_format("$0x%lx",
                                          cut_to(read_number(std::min<size_t>(size, 4)), operand_size()));
            case 'J': {
                const uint64_t distance = read_number(size);
                return text.append_format("0x%lx", cut_to(address_ + at_ + distance, size == 2 ? 2 : 8));
            }
            case 'O':
                add_segment(text, "");
                return text.append_format("0x%lx",
                                          cut_to(read_number(address32_ ? 4 : 8), address32_ ? 4 : 8));
            case 'X':
                add_segment(text, "%ds:");
                return text.append(address32_ ? "(%esi)" : "(%rsi)");
            case 'Y':
                return text.append(address32_ ? "%es:(%edi)" : "%es:(%rdi)");
            default:
                return text.append(operand);
        }
    }

    // ---- The name ----------------------------------------------------------------------------------

    /// Writes the name, and in front of it the prefixes that are part of neither the name nor an operand.
    /// Those that change nothing are left out.
    void add_name(Text& text) {
        std::string_view alternatives = name_;
        std::string_view name = split(alternatives, '|');
        if (!alternatives.empty()) {
            const std::string_view for32 = split(alternatives, '|');
            const size_t size = size_of('v');
            name = size == 2 ? name : size == 4 ? for32 : alternatives;
        }
        if (lock_) text.append("lock ");
        if (repeat_ != 0 && (contains(operands_, 'X') || contains(operands_, 'Y'))) {
            const bool compares = (opcode_ & 0xf6) == 0xa6;  // cmps, scas
            text.append(repeat_ == 0xf2 ? "repnz " : compares ? "repz " : "rep ");
        }
        const char* suffixes[] = {"", "b", "w", "", "l", "", "", "", "q"};
        for (const char& c : name) {
            if (c == 'C') {
                text.append(kConditions[opcode_ & 15]);
            } else if (c == 'V' || (c == 'S' && has_modrm_ && mod() != 3 && !contains(operands_, 'G'))) {
                text.append(suffixes[operand_size()]);
            } else if (c != 'S') {
                text.append({&c, 1});
            }
        }
    }

    std::span<const std::byte> code_;
    uint64_t address_;
    size_t at_ = 0;        ///< the next byte of code_
    bool failed_ = false;  ///< bytes are missing, or there is no such instruction

    uint8_t rex_ = 0;
    uint8_t repeat_ = 0;   ///< F2 or F3, the last of them
    uint8_t segment_ = 0;  ///< 64 (FS) or 65 (GS), the last of them; the others do nothing in 64-bit mode
    bool lock_ = false;
    bool operand16_ = false;
    bool address32_ = false;

    uint8_t opcode_ = 0;  ///< its last byte
    bool has_modrm_ = false;
    uint8_t modrm_ = 0;
    std::string_view name_;  ///< in the notation of the maps, as operands_
    std::string_view operands_;
    Text memory_;  ///< the operand in memory, if there is one
    bool rip_relative_ = false;
    uint64_t displacement_ = 0;  ///< of memory_, sign-extended
};

}  // namespace

Instruction disassemble(std::span<const std::byte> code, uint64_t address) {
    return Decoder(code, address).decode();
}
