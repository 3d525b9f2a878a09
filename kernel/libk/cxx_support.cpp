/// @file
/// What the compiler expects of the C++ run-time: the little that is left without exceptions, RTTI and global
/// objects.
#include <new>

#include <kernel/libk/panic.h>
#include <kernel/mm/heap.h>

/// Every virtual destructor refers to it. Objects on the kernel heap are freed by RefCounted::unref()
/// instead.
void operator delete(void* memory) noexcept {
    kfree(memory);
}
void operator delete(void* memory, size_t) noexcept {
    kfree(memory);
}

/// What a call of a pure virtual function ends in: an object used before its construction or after its end.
extern "C" [[noreturn]] void __cxa_pure_virtual() {
    panic("a pure virtual function was called");
}

namespace std {
/// What the library's own checks end in, such as that of string_view::substr(): an index beyond the end.
void __throw_out_of_range_fmt(const char* format, ...) {
    panic("out of range: %s", format);
}
}  // namespace std
