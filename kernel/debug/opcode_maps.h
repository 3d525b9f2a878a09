/// @file
/// The opcode maps of x86-64 in a notation that the disassembler interprets: Intel SDM volume 2D, appendix A.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace opcode_maps {

// clang-format off
// A form is a name and up to three operands, destination first as in the manual (AT&T prints them reversed).
//
// In the name: "a|b|c" is a, b or c by the operand size, 16, 32 or 64 bits; S is the suffix b, w, l or q if an operand
// is in memory and none is in a register, V is that suffix always; C is the condition in the opcode. "#n" is group n:
// ModRM.reg chooses the name. "(n632)" allows the instruction only without prefix, behind 66, behind F3 and behind F2,
// as listed. Where no name is given, the text is "(other)".
//
// An operand is text that is printed as it stands, or a letter for its place, mostly with one for its size:
//   E  ModRM.rm                          G  ModRM.reg                    b  8 bits
//   M  ModRM.rm, in memory only          S  ModRM.reg: segment register  w  16
//   R  ModRM.rm, a register only         C  ModRM.reg: control register  d  32
//   N  ModRM.rm, a register always       D  ModRM.reg: debug register    q  64
//   I  immediate                         A  rAX                          v  16, 32 or 64: the operand size
//   K  immediate, sign-extended          Z  opcode, low three bits       z  16 or 32
//   J  jump distance                     X  memory at DS:rSI             s  16 or 64
//   O  absolute address                  Y  memory at ES:rDI             o  b or v, by the opcode's lowest bit

/// The opcodes from `first` up to the next row have this form; an empty one is invalid.
struct Row {
    uint8_t first;  ///< lowest opcode
    std::string_view form;  ///< name and operands, in the notation above
};

/// Opcodes of one byte (table A-2).
inline constexpr Row kOneByteMap[] = {
    {0x00, ""}, {0x50, "push Zs"}, {0x58, "pop Zs"}, {0x60, ""}, {0x63, "movsxd|movsxd|movslq Gv,Ed"},
    {0x64, ""}, {0x68, "pushw|push|push Kz"}, {0x69, "imul Gv,Ev,Kz"}, {0x6a, "pushw|push|push Kb"},
    {0x6b, "imul Gv,Ev,Kb"}, {0x6c, "insb Yb,(%dx)"}, {0x6d, "insV Yz,(%dx)"}, {0x6e, "outsb (%dx),Xb"},
    {0x6f, "outsV (%dx),Xz"}, {0x70, "jC Jb"}, {0x80, "#1 Eo,Ko"}, {0x82, ""}, {0x83, "#1 Ev,Kb"},
    {0x84, "test Eo,Go"}, {0x86, "xchg Eo,Go"}, {0x88, "mov Eo,Go"}, {0x8a, "mov Go,Eo"}, {0x8c, "mov Ev,S"},
    {0x8d, "lea Gv,M"}, {0x8e, "mov S,Ev"}, {0x8f, "#10"}, {0x90, "xchg Zv,Av"}, {0x98, "cbtw|cwtl|cltq"},
    {0x99, "cwtd|cltd|cqto"}, {0x9a, ""}, {0x9b, "fwait"}, {0x9c, "pushfw|pushf|pushf"},
    {0x9d, "popfw|popf|popf"}, {0x9e, "sahf"}, {0x9f, "lahf"}, {0xa0, "movabs Ao,Oo"}, {0xa2, "movabs Oo,Ao"},
    {0xa4, "movsV Yo,Xo"}, {0xa6, "cmpsV Xo,Yo"}, {0xa8, "test Ao,Ko"}, {0xaa, "stos Yo,Ao"},
    {0xac, "lods Ao,Xo"}, {0xae, "scas Ao,Yo"}, {0xb0, "mov Zb,Ib"}, {0xb8, "mov|mov|movabs Zv,Iv"},
    {0xc0, "#2 Eo,Ib"}, {0xc2, "retw|ret|ret Iw"}, {0xc3, "retw|ret|ret"}, {0xc4, ""}, {0xc6, "#11"},
    {0xc8, " Iw,Ib"}, {0xc9, "leavew|leave|leave"}, {0xca, "lretw|lret|lretq Iw"}, {0xcb, "lretw|lret|lretq"},
    {0xcc, "int3"}, {0xcd, "int Ib"}, {0xce, ""}, {0xcf, "iretw|iret|iretq"}, {0xd0, "#2 Eo"},
    {0xd2, "#2 Eo,%cl"}, {0xd4, ""}, {0xd7, "xlat %ds:(%rbx)"}, {0xd8, " E"}, {0xe0, "loopne Jb"},
    {0xe1, "loope Jb"}, {0xe2, "loop Jb"}, {0xe3, "jrcxz Jb"}, {0xe4, "in Ab,Ib"}, {0xe5, "in Az,Ib"},
    {0xe6, "out Ib,Ab"}, {0xe7, "out Ib,Az"}, {0xe8, "callw|call|call Jz"}, {0xe9, "jmpw|jmp|jmp Jz"},
    {0xea, ""}, {0xeb, "jmp Jb"}, {0xec, "in Ab,(%dx)"}, {0xed, "in Az,(%dx)"}, {0xee, "out (%dx),Ab"},
    {0xef, "out (%dx),Az"}, {0xf0, ""}, {0xf1, "int1"}, {0xf2, ""}, {0xf4, "hlt"}, {0xf5, "cmc"},
    {0xf6, "#3"}, {0xf8, "clc"}, {0xf9, "stc"}, {0xfa, "cli"}, {0xfb, "sti"}, {0xfc, "cld"}, {0xfd, "std"},
    {0xfe, "#4"}, {0xff, "#5"},
};

/// The operands of 00 to 3F where the opcode's low three bits are below 6; the other bits give group 1's name.
inline constexpr std::string_view kArithmeticOperands[] = {"Eo,Go", "Go,Eo", "Ao,Ko"};

/// The opcodes behind 0F.
inline constexpr Row kTwoByteMap[] = {
    {0x00, "#6"}, {0x01, "#7"}, {0x02, " E"}, {0x04, ""}, {0x05, "syscall"}, {0x06, "clts"},
    {0x07, "sysretl|sysretl|sysretq"}, {0x08, "invd"}, {0x09, "wbinvd"}, {0x0a, ""}, {0x0b, "ud2"},
    {0x0c, ""}, {0x0d, " E"}, {0x0e, ""}, {0x10, "(n632) E"}, {0x12, "(n632) E"}, {0x13, "(n6) M"},
    {0x14, "(n6) E"}, {0x16, "(n63) E"}, {0x17, "(n6) M"}, {0x18, " E"}, {0x19, "nopS Ev"},
    {0x20, "mov Nq,C"}, {0x21, "mov Nq,D"}, {0x22, "mov C,Nq"}, {0x23, "mov D,Nq"}, {0x24, ""},
    {0x28, "(n6) E"}, {0x2a, "(n632) E"}, {0x2b, "(n6) M"}, {0x2c, "(n632) E"}, {0x2e, "(n6) E"},
    {0x30, "wrmsr"}, {0x31, "rdtsc"}, {0x32, "rdmsr"}, {0x33, "rdpmc"}, {0x34, "sysenter"},
    {0x35, "sysexitl|sysexitl|sysexitq"}, {0x36, ""}, {0x40, "cmovC Gv,Ev"}, {0x50, "(n6) R"},
    {0x51, "(n632) E"}, {0x52, "(n3) E"}, {0x54, "(n6) E"}, {0x58, "(n632) E"}, {0x5b, "(n63) E"},
    {0x5c, "(n632) E"}, {0x60, "(n6) E"}, {0x6c, "(6) E"}, {0x6e, "(n6) E"}, {0x6f, "(n63) E"},
    {0x70, "(n632) E,Ib"}, {0x71, "#12"}, {0x73, "#14"}, {0x74, "(n6) E"}, {0x77, "emms"}, {0x78, "(n) E"},
    {0x7a, ""}, {0x7c, "(62) E"}, {0x7e, "(n63) E"}, {0x80, "jC Jz"}, {0x90, "setC Eb"}, {0xa0, "push %fs"},
    {0xa1, "pop %fs"}, {0xa2, "cpuid"}, {0xa3, "bt Ev,Gv"}, {0xa4, "shld Ev,Gv,Ib"}, {0xa5, "shld Ev,Gv,%cl"},
    {0xa6, ""}, {0xa8, "push %gs"}, {0xa9, "pop %gs"}, {0xaa, "rsm"}, {0xab, "bts Ev,Gv"},
    {0xac, "shrd Ev,Gv,Ib"}, {0xad, "shrd Ev,Gv,%cl"}, {0xae, "#15"}, {0xaf, "imul Gv,Ev"},
    {0xb0, "cmpxchg Eo,Go"}, {0xb2, "lss Gv,M"}, {0xb3, "btr Ev,Gv"}, {0xb4, "lfs Gv,M"}, {0xb5, "lgs Gv,M"},
    {0xb6, "movzbV Gv,Eb"}, {0xb7, "movzwV Gv,Ew"}, {0xb8, ""}, {0xb9, "ud1 Gv,Ev"}, {0xba, "#8 Ev,Ib"},
    {0xbb, "btc Ev,Gv"}, {0xbc, "bsf Gv,Ev"}, {0xbd, "bsr Gv,Ev"}, {0xbe, "movsbV Gv,Eb"},
    {0xbf, "movswV Gv,Ew"}, {0xc0, "xadd Eo,Go"}, {0xc2, "(n632) E,Ib"}, {0xc3, "(n) M"}, {0xc4, "(n6) E,Ib"},
    {0xc5, "(n6) R,Ib"}, {0xc6, "(n6) E,Ib"}, {0xc7, "#9"}, {0xc8, "bswap Zv"}, {0xd0, "(62) E"},
    {0xd1, "(n6) E"}, {0xd6, "(632) E"}, {0xd7, "(n6) R"}, {0xd8, "(n6) E"}, {0xe6, "(632) E"},
    {0xe7, "(n6) M"}, {0xe8, "(n6) E"}, {0xf0, "(2) M"}, {0xf1, "(n6) E"}, {0xf7, "(n6) R"}, {0xf8, "(n6) E"},
    {0xff, "ud0 Gv,Ev"},
};

/// Opcodes behind 0F that are other instructions when F3 precedes them.
inline constexpr Row kTwoByteF3Map[] = {
    {0x00, ""}, {0xb8, "popcnt Gv,Ev"}, {0xb9, ""}, {0xbc, "tzcnt Gv,Ev"}, {0xbd, "lzcnt Gv,Ev"}, {0xbe, ""},
};

/// The opcodes behind 0F 38 and behind 0F 3A: SSSE3 to SSE4.2, AES, SHA, movbe, crc32, adcx, movdiri.
inline constexpr Row k38Map[] = {
    {0x00, " E"}, {0x0c, ""}, {0x10, " E"}, {0x11, ""}, {0x14, " E"}, {0x16, ""}, {0x17, " E"}, {0x18, ""},
    {0x1c, " E"}, {0x1f, ""}, {0x20, " E"}, {0x26, ""}, {0x28, " E"}, {0x2c, ""}, {0x30, " E"}, {0x36, ""},
    {0x37, " E"}, {0x42, ""}, {0x80, " M"}, {0x83, ""}, {0xc8, " E"}, {0xce, ""}, {0xcf, " E"}, {0xd0, ""},
    {0xdb, " E"}, {0xe0, ""}, {0xf0, " E"}, {0xf2, ""}, {0xf5, " E"}, {0xf7, ""}, {0xf8, " M"}, {0xfa, ""},
};
/// Opcodes of three bytes that begin with 0F 3A (table A-5).
inline constexpr Row k3AMap[] = {
    {0x00, ""}, {0x08, " E,Ib"}, {0x10, ""}, {0x14, " E,Ib"}, {0x18, ""}, {0x20, " E,Ib"}, {0x23, ""},
    {0x40, " E,Ib"}, {0x43, ""}, {0x44, " E,Ib"}, {0x45, ""}, {0x60, " E,Ib"}, {0x64, ""}, {0xcc, " E,Ib"},
    {0xcd, ""}, {0xce, " E,Ib"}, {0xd0, ""}, {0xdf, " E,Ib"}, {0xe0, ""},
};

/// The groups, by the manual's numbers; 10 is its 1A, 12 also its 13. An entry without operands takes those of the
/// opcode; "a;b" is a for memory and b for registers; "@" is looked up by the whole ModRM byte.
inline constexpr std::array<std::string_view, 8> kGroups[] = {
    {},
    {"addS", "orS", "adcS", "sbbS", "andS", "subS", "xorS", "cmpS"},
    {"rolS", "rorS", "rclS", "rcrS", "shlS", "shrS", "shlS", "sarS"},
    {"testS Eo,Ko", "testS Eo,Ko", "notS Eo", "negS Eo", "mulS Eo", "imulS Eo", "divS Eo", "idivS Eo"},
    {"incS Eb", "decS Eb"},
    {"incS Ev", "decS Ev", "callw|call|call *Es", "lcall *M", "jmpw|jmp|jmp *Es", "ljmp *M", "pushw|push|push Es"},
    {" E", " E", "lldt Ew", "ltr Ew", " E", " E"},
    {"sgdt M;@", "sidt M;@", "lgdt M;@", "lidt M;@", "smsw Ev", " M;@", "lmsw Ew", "invlpg M;@"},
    {"", "", "", "", "btS", "btsS", "btrS", "btcS"},
    {"", "cmpxchg8b|cmpxchg8b|cmpxchg16b M", "", " M", " M", " M", " E", " E"},
    {"popw|pop|pop Es"},
    {"movS Eo,Ko"},
    {"", "", "(n6) R,Ib", "", "(n6) R,Ib", "", "(n6) R,Ib"},
    {},
    {"", "", "(n6) R,Ib", "(6) R,Ib", "", "", "(n6) R,Ib", "(6) R,Ib"},
    {"fxsave|fxsave|fxsave64 M;(3)rdfsbase Rv", "fxrstor|fxrstor|fxrstor64 M;(3)rdgsbase Rv",
     "ldmxcsr M;(3)wrfsbase Rv", "stmxcsr M;(3)wrgsbase Rv", " M", " M;(n)lfence", " M;(n)mfence", " M;(n)sfence"},
};

/// Group 7 with a register in ModRM.rm, by the whole ModRM byte (table A-6).
inline constexpr Row kGroup7Registers[] = {
    {0x00, ""}, {0xc1, " "}, {0xc5, ""}, {0xc8, " "}, {0xca, "clac"}, {0xcb, "stac"}, {0xcc, ""},
    {0xd0, "xgetbv"}, {0xd1, "xsetbv"}, {0xd2, ""}, {0xd8, " "}, {0xe0, ""}, {0xf8, "swapgs"},
    {0xf9, "rdtscp"}, {0xfa, ""},
};
// clang-format on

/// The prefixes, but for REX (Intel SDM 2A, 2.1.1).
inline constexpr std::string_view kPrefixes = "\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3";
/// The sixteen conditions, by their number in the opcode.
inline constexpr std::array<std::string_view, 16> kConditions = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                                                 "s", "ns", "p", "np", "l", "ge", "le", "g"};
/// The first eight registers by their numbers, without the letter for their size.
inline constexpr std::array<const char*, 8> kRegisters = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
/// The segment registers, by their numbers.
inline constexpr std::array<std::string_view, 6> kSegments = {"%es", "%cs", "%ss", "%ds", "%fs", "%gs"};

}  // namespace opcode_maps
