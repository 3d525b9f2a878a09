/// @file
/// Guard pages catch an out-of-bounds read in every build; the address sanitizer is not needed for it.

#include <tests/unit/support/blob.h>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <stdexcept>

namespace {

size_t page_size() {
    return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

using Random = std::mt19937_64;

size_t below(Random& random, size_t limit) {
    return limit == 0 ? 0 : random() % limit;
}

/// Numbers that parsers get wrong.
uint64_t extreme_number(Random& random, size_t blob_size) {
    const uint64_t numbers[] = {0,
                                1,
                                7,
                                8,
                                0x7fffffff,
                                0x80000000,
                                0xffffffff,
                                UINT64_MAX,
                                UINT64_MAX - 7,
                                uint64_t{1} << 63,
                                blob_size,
                                blob_size - 1,
                                blob_size + 1,
                                0 - uint64_t{blob_size}};
    return numbers[below(random, std::size(numbers))];
}

void mutate(Random& random, std::vector<std::byte>& bytes) {
    for (size_t changes = 1 + below(random, 4); changes > 0 && !bytes.empty(); --changes) {
        switch (below(random, 4)) {
            case 0:
                bytes[below(random, bytes.size())] = static_cast<std::byte>(random());
                break;
            case 1:  // one character turned into another, for formats made of text
                bytes[below(random, bytes.size())] =
                    static_cast<std::byte>("0123456789abcdefF./"[below(random, 19)]);
                break;
            case 2: {
                const size_t width = size_t{1} << below(random, 4);
                if (bytes.size() < width) break;
                const size_t offset = below(random, bytes.size() / width) * width;
                const uint64_t number = extreme_number(random, bytes.size());
                std::memcpy(bytes.data() + offset, &number, width);
                break;
            }
            case 3:
                if (below(random, 4) == 0) bytes.resize(below(random, bytes.size()));
                break;
        }
    }
}

}  // namespace

GuardedMemory::GuardedMemory(size_t capacity)
    : size_((capacity + page_size() - 1) / page_size() * page_size() + page_size()) {
    void* mapping = mmap(nullptr, size_ + 2 * page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) throw std::runtime_error("mmap failed");
    mapping_ = static_cast<std::byte*>(mapping);
    if (mprotect(mapping_ + page_size(), size_, PROT_READ | PROT_WRITE) != 0)
        throw std::runtime_error("mprotect failed");
}

GuardedMemory::~GuardedMemory() {
    munmap(mapping_, size_ + 2 * page_size());
}

std::span<std::byte> GuardedMemory::place(std::span<const std::byte> content, bool at_end) {
    if (content.size() > size_) throw std::runtime_error("too large for the guarded memory");
    std::byte* start = mapping_ + page_size() + (at_end ? size_ - content.size() : 0);
    std::copy(content.begin(), content.end(), start);
    return {start, content.size()};
}

void for_each_mutation(std::span<const std::byte> blob, unsigned rounds,
                       const std::function<void(std::span<const std::byte>)>& test) {
    GuardedMemory memory(blob.size());
    for (size_t length = 0; length <= blob.size(); ++length) test(memory.place(blob.first(length), true));

    Random random(20240101);
    for (unsigned round = 0; round < rounds; ++round) {
        std::vector<std::byte> bytes(blob.begin(), blob.end());
        mutate(random, bytes);
        test(memory.place(bytes, round % 2 == 0));
    }
}
