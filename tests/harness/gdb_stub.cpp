/// @file
/// gdb's remote protocol as QEMU 7.2 speaks it: always with acknowledgements, and with an unasked stop reply
/// when a session begins while the guest runs.
#include <tests/harness/error.h>
#include <tests/harness/gdb_packet.h>
#include <tests/harness/gdb_stub.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace harness {

namespace {

/// QEMU limits a packet to 4096 characters, hence 2048 bytes of memory in hexadecimal; half of it leaves
/// room.
constexpr size_t kMemoryChunk = 1024;
constexpr int kMaximumResends = 3;

// Bits of Qqemu.sstep.
constexpr unsigned kStepEnable = 1;
constexpr unsigned kStepNoInterrupts = 2;
constexpr unsigned kStepNoTimers = 4;

Duration reply_limit() {
    return std::chrono::duration_cast<Duration>(std::chrono::seconds(30) * time_scale());
}

bool is_error(std::string_view reply) {
    return reply.size() == 3 && reply[0] == 'E';
}

uint64_t little_endian(std::span<const uint8_t> bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size() && i < sizeof value; ++i) value |= uint64_t{bytes[i]} << (8 * i);
    return value;
}

std::vector<uint8_t> to_bytes(uint64_t value, size_t size) {
    std::vector<uint8_t> bytes(size);
    for (size_t i = 0; i < size && i < sizeof value; ++i) bytes[i] = static_cast<uint8_t>(value >> (8 * i));
    return bytes;
}

std::vector<uint8_t> bytes_of(const std::string& reply) {
    auto bytes = from_hex(reply);
    if (!bytes) throw InfrastructureError("the debugger stub answered: " + reply);
    return *bytes;
}

std::string breakpoint_text(uint64_t address, Breakpoint kind) {
    return fmt::format("{},{:x},1", static_cast<int>(kind), address);
}

std::string watchpoint_text(uint64_t address, size_t size, Watch kind) {
    return fmt::format("{},{:x},{:x}", static_cast<int>(kind), address, size);
}

}  // namespace

GdbStub::GdbStub(const std::filesystem::path& socket, pid_t pid)
    : connection_(connect_unix(socket)), pid_(pid) {
    // Whatever arrives before the answer to this one belongs to no request of ours.
    send_packet("qSupported:xmlRegisters=i386");
    for (;;) {
        const auto reply = receive_packet(reply_limit());
        if (!reply) throw InfrastructureError("the debugger stub does not answer");
        if (reply->starts_with("PacketSize=")) break;
    }
    std::string description = read_feature("target.xml");
    constexpr std::string_view kInclude = "href=\"";
    const std::string root = description;
    for (size_t at = root.find(kInclude); at != std::string::npos; at = root.find(kInclude, at + 1)) {
        const size_t start = at + kInclude.size();
        description += read_feature(root.substr(start, root.find('"', start) - start));
    }
    layout_ = parse_target_description(description);
    for (const RegisterField& field : register_fields()) field_slots_.push_back(slot(field.name));
    set_step_events(false, false);
}

GdbStub::~GdbStub() = default;

void GdbStub::send_packet(std::string_view payload) {
    last_sent_ = encode_packet(payload);
    write_all(connection_, last_sent_, reply_limit());
}

std::optional<std::string> GdbStub::receive_packet(Duration limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    int resends = 0;
    for (;;) {
        if (buffer_.starts_with('-')) {  // it asks for the last packet once more
            if (++resends > kMaximumResends) throw InfrastructureError("the debugger stub hears nonsense");
            buffer_.erase(0, 1);
            write_all(connection_, last_sent_, reply_limit());
        } else if (auto packet = take_packet(buffer_)) {
            write_all(connection_, packet->intact ? "+" : "-", reply_limit());
            if (packet->intact) return packet->payload;
        } else {
            buffer_.erase(0, buffer_.find_first_not_of('+'));
            const auto left = deadline - std::chrono::steady_clock::now();
            if (!wait_readable(connection_,
                               std::max(Duration(0), std::chrono::duration_cast<Duration>(left)))) {
                return std::nullopt;
            }
            if (!read_available(connection_, buffer_) && buffer_.find('#') == std::string::npos) {
                throw QemuGone("QEMU closed the debugger's connection");
            }
        }
    }
}

std::string GdbStub::request(std::string_view payload) {
    if (running_) throw std::logic_error("debugger request while the guest runs");
    send_packet(payload);
    const auto reply = receive_packet(reply_limit());
    if (!reply) throw InfrastructureError(fmt::format("no answer from the debugger stub to {}", payload));
    return *reply;
}

void GdbStub::expect_ok(std::string_view payload) {
    const std::string reply = request(payload);
    if (reply != "OK") {
        throw RequestRefused(fmt::format("the debugger stub answered '{}' to '{}'", reply, payload));
    }
}

std::string GdbStub::read_feature(const std::string& file) {
    std::string content;
    for (;;) {
        const std::string reply =
            request(fmt::format("qXfer:features:read:{}:{:x},{:x}", file, content.size(), kMemoryChunk));
        if (!reply.starts_with('m') && !reply.starts_with('l')) {
            throw InfrastructureError(fmt::format("no {} from the debugger stub: {}", file, reply));
        }
        content.append(reply, 1);
        if (reply[0] == 'l') return content;
    }
}

const RegisterSlot& GdbStub::slot(std::string_view name) const {
    for (const RegisterSlot& slot : layout_) {
        if (slot.name == name) return slot;
    }
    throw InfrastructureError(fmt::format("the debugger stub has no register '{}'", name));
}

Registers GdbStub::regs() {
    const std::vector<uint8_t> bytes = bytes_of(request("g"));
    Registers registers;
    for (size_t i = 0; i < field_slots_.size(); ++i) {
        const RegisterField& field = register_fields()[i];
        const RegisterSlot& place = field_slots_[i];
        if (place.offset + place.size > bytes.size()) {
            throw InfrastructureError(fmt::format("the debugger stub sent no register '{}'", field.name));
        }
        registers.*field.member = little_endian(std::span(bytes).subspan(place.offset, place.size));
    }
    return registers;
}

uint64_t GdbStub::read_register(std::string_view name) {
    return little_endian(bytes_of(request(fmt::format("p{:x}", slot(name).number))));
}

void GdbStub::write_register(std::string_view name, uint64_t value) {
    const RegisterSlot& place = slot(name);
    expect_ok(fmt::format("P{:x}={}", place.number, to_hex(to_bytes(value, place.size))));
}

std::vector<uint8_t> GdbStub::read(uint64_t address, size_t size) {
    std::vector<uint8_t> result;
    while (result.size() < size) {
        const uint64_t at = address + result.size();
        const size_t count = std::min(size - result.size(), kMemoryChunk);
        const std::string reply = request(fmt::format("m{:x},{:x}", at, count));
        if (is_error(reply)) throw RequestRefused(fmt::format("no memory at {:#x}", at));
        const std::vector<uint8_t> part = bytes_of(reply);
        if (part.size() != count) throw InfrastructureError("the debugger stub sent too little memory");
        result.insert(result.end(), part.begin(), part.end());
    }
    return result;
}

void GdbStub::write(uint64_t address, std::span<const uint8_t> bytes) {
    for (size_t done = 0; done < bytes.size();) {
        const auto part = bytes.subspan(done, std::min(bytes.size() - done, kMemoryChunk));
        const std::string reply =
            request(fmt::format("M{:x},{:x}:{}", address + done, part.size(), to_hex(part)));
        if (reply != "OK") throw RequestRefused(fmt::format("can't write memory at {:#x}", address + done));
        done += part.size();
    }
}

void GdbStub::set_physical(bool physical) {
    expect_ok(fmt::format("Qqemu.PhyMemMode:{}", physical ? 1 : 0));
}

std::vector<uint8_t> GdbStub::read_physical(uint64_t address, size_t size) {
    set_physical(true);
    try {
        std::vector<uint8_t> bytes = read(address, size);
        set_physical(false);
        return bytes;
    } catch (const RequestRefused&) {
        set_physical(false);
        throw;
    }
}

void GdbStub::write_physical(uint64_t address, std::span<const uint8_t> bytes) {
    set_physical(true);
    try {
        write(address, bytes);
        set_physical(false);
    } catch (const RequestRefused&) {
        set_physical(false);
        throw;
    }
}

uint64_t GdbStub::read_number(uint64_t address, size_t size) {
    return little_endian(read(address, size));
}

void GdbStub::write_u64(uint64_t address, uint64_t value) {
    write(address, to_bytes(value, sizeof value));
}

void GdbStub::insert_breakpoint(uint64_t address, Breakpoint kind) {
    const std::string text = breakpoint_text(address, kind);
    expect_ok("Z" + text);
    points_.insert(text);
}

void GdbStub::remove_breakpoint(uint64_t address, Breakpoint kind) {
    const std::string text = breakpoint_text(address, kind);
    expect_ok("z" + text);
    points_.erase(text);
}

void GdbStub::insert_watchpoint(uint64_t address, size_t size, Watch kind) {
    const std::string text = watchpoint_text(address, size, kind);
    expect_ok("Z" + text);
    points_.insert(text);
}

void GdbStub::remove_watchpoint(uint64_t address, size_t size, Watch kind) {
    const std::string text = watchpoint_text(address, size, kind);
    expect_ok("z" + text);
    points_.erase(text);
}

void GdbStub::remove_all() {
    for (const std::string& text : points_) expect_ok("z" + text);
    points_.clear();
}

void GdbStub::start_running(const std::string& payload) {
    if (running_) throw std::logic_error("the guest runs already");
    send_packet(payload);
    running_ = true;
}

void GdbStub::resume() {
    start_running("vCont;c");
}

void GdbStub::resume_only(unsigned cpu) {
    start_running(fmt::format("vCont;c:{:x}", cpu + 1));
}

Stop GdbStub::parse_stop(std::string_view payload) {
    Stop stop;
    running_ = false;
    if (payload.starts_with('W') || payload.starts_with('X')) {
        stop.exited = true;
        return stop;
    }
    if (payload.size() < 3 || (payload[0] != 'T' && payload[0] != 'S')) {
        throw InfrastructureError(fmt::format("the debugger stub reported: {}", payload));
    }
    stop.signal = static_cast<int>(std::strtoul(std::string(payload.substr(1, 2)).c_str(), nullptr, 16));
    payload.remove_prefix(3);
    while (!payload.empty()) {
        const std::string item(payload.substr(0, payload.find(';')));
        payload.remove_prefix(std::min(payload.size(), item.size() + 1));
        const size_t colon = item.find(':');
        if (colon == std::string::npos) continue;
        const std::string key = item.substr(0, colon);
        const uint64_t value = std::strtoull(item.c_str() + colon + 1, nullptr, 16);
        if (key == "thread" && value > 0) stop.cpu = static_cast<unsigned>(value - 1);
        if (key == "watch" || key == "rwatch" || key == "awatch") stop.watch_address = value;
    }
    cpu_ = stop.cpu;
    return stop;
}

Stop GdbStub::wait_stop(Duration limit) {
    if (!running_) throw std::logic_error("waiting for a guest that does not run");
    constexpr Duration kSlice(50);
    std::optional<ProgressTimer>
        timer;  // only for those that wait: most stops, as after a step, come at once
    try {
        for (;;) {
            const auto reply = receive_packet(kSlice);
            if (reply && *reply != "OK") return parse_stop(*reply);
            if (!timer) timer.emplace(pid_, limit);
            if (timer->expired()) throw Timeout(TimeoutReason::kNoStop, "the debugger's stop", "");
        }
    } catch (const QemuGone&) {
        running_ = false;
        Stop stop;
        stop.exited = true;
        return stop;
    }
}

Stop GdbStub::interrupt() {
    if (!running_) throw std::logic_error("interrupting a guest that does not run");
    write_all(connection_, "\x03", reply_limit());
    return wait_stop(reply_limit());
}

Stop GdbStub::step() {
    // When a device raises an interrupt just then, QEMU 7.2 reports a step without having executed anything.
    // An instruction that jumps to itself looks the same, so there is an end to it.
    constexpr int kMaximumTries = 5;
    const Registers before = regs();
    for (int tries = 1;; ++tries) {
        start_running(fmt::format("vCont;s:{:x}", cpu_ + 1));
        const Stop stop = wait_stop();
        if (stop.exited || tries == kMaximumTries || regs() != before) return stop;
    }
}

Stop GdbStub::run_to(uint64_t address, Duration limit) {
    const bool is_new = points_.count(breakpoint_text(address, Breakpoint::kHardware)) == 0;
    if (is_new) insert_breakpoint(address);
    resume();
    const Stop stop = wait_stop(limit);
    if (is_new && !stop.exited) remove_breakpoint(address);
    return stop;
}

void GdbStub::set_step_events(bool interrupts, bool timers) {
    const unsigned bits = kStepEnable | (interrupts ? 0 : kStepNoInterrupts) | (timers ? 0 : kStepNoTimers);
    expect_ok(fmt::format("Qqemu.sstep=0x{:x}", bits));
}

unsigned GdbStub::cpu_count() {
    unsigned count = 0;
    for (std::string reply = request("qfThreadInfo"); reply.starts_with('m');
         reply = request("qsThreadInfo")) {
        count += 1 + static_cast<unsigned>(std::count(reply.begin(), reply.end(), ','));
    }
    return count;
}

void GdbStub::select_cpu(unsigned cpu) {
    expect_ok(fmt::format("Hg{:x}", cpu + 1));
    cpu_ = cpu;
}

void GdbStub::detach() {
    if (running_) interrupt();
    remove_all();
    expect_ok("D");
    running_ = true;
    attached_ = false;
}

}  // namespace harness
