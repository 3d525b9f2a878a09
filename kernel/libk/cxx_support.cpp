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
