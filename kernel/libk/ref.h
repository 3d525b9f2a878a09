/// @file
/// Shared ownership by an intrusive count, for objects that several tasks hold: inodes, open files, pipes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include <kernel/libk/result.h>
#include <kernel/mm/heap.h>

/// Base of a counted class: `class Inode : public RefCounted`. Born with one reference, which make_ref()
/// takes over. The count is atomic: references may be dropped on any processor.
class RefCounted {
  public:
    RefCounted() = default;
    RefCounted(const RefCounted&) = delete;
    RefCounted& operator=(const RefCounted&) = delete;

    /// One more reference. Any context.
    void ref() { __atomic_add_fetch(&references_, 1, __ATOMIC_RELAXED); }
    /// Drops one reference; the last one destroys and frees the object.
    void unref() {
        if (__atomic_sub_fetch(&references_, 1, __ATOMIC_ACQ_REL) == 0) {
            this->~RefCounted();
            kfree(this);
        }
    }
    /// References now; another processor may change that at once.
    uint32_t reference_count() const { return __atomic_load_n(&references_, __ATOMIC_RELAXED); }

  protected:
    /// Virtual, so that unref() destroys the whole object. RefCounted must be its first base.
    virtual ~RefCounted() = default;

  private:
    uint32_t references_ = 1;
};

/// Holds one reference to a RefCounted object, or nothing.
template <class T>
class Ref {
  public:
    Ref() = default;
    /// Takes one more reference to `object`, which may be null.
    explicit Ref(T* object) : object_(object) {
        if (object_) object_->ref();
    }
    /// One more reference to the same object.
    Ref(const Ref& other) : Ref(other.object_) {}
    /// Takes `other`'s reference over.
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    /// A reference to a derived object is one to its base.
    template <class U>
    Ref(Ref<U> other) : object_(other.release()) {}
    /// Drops the reference that it had.
    Ref& operator=(Ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() {
        // The analyzer believes that TRY's way out destroys a value which was never made.
        if (object_) object_->unref();  // NOLINT(clang-analyzer-core.uninitialized.Branch)
    }

    /// Takes over the reference that the caller holds.
    static Ref adopt(T* object) {
        Ref ref;
        ref.object_ = object;
        return ref;
    }
    /// Gives the reference up to the caller.
    T* release() { return std::exchange(object_, nullptr); }
    /// The object, or null; stays this Ref's.
    T* get() const { return object_; }
    /// Requires that there is an object.
    T* operator->() const { return object_; }
    /// Requires that there is an object.
    T& operator*() const { return *object_; }
    /// True when there is an object.
    explicit operator bool() const { return object_ != nullptr; }

  private:
    T* object_ = nullptr;
};

/// A new T on the kernel heap, or ENOMEM.
template <class T, class... Args>
Result<Ref<T>> make_ref(Args&&... args) {
    void* memory = kmalloc(sizeof(T));
    if (!memory) return Errno::kENOMEM;
    return Ref<T>::adopt(new (memory) T(std::forward<Args>(args)...));
}
