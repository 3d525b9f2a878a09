/// @file
/// Errors are values: a Result holds either what was asked for or the errno that says why not.
#pragma once

#include <cstdint>
#include <utility>

/// Error numbers, with the values of Linux on x86_64 (they reach user programs as negative returns).
enum class Errno : int32_t {
    kEPERM = 1,
    kENOENT = 2,
    kESRCH = 3,
    kEINTR = 4,
    kE2BIG = 7,
    kENOEXEC = 8,
    kEBADF = 9,
    kECHILD = 10,
    kEAGAIN = 11,
    kENOMEM = 12,
    kEACCES = 13,
    kEFAULT = 14,
    kEBUSY = 16,
    kEEXIST = 17,
    kEXDEV = 18,
    kENODEV = 19,
    kENOTDIR = 20,
    kEISDIR = 21,
    kEINVAL = 22,
    kEMFILE = 24,
    kENOTTY = 25,
    kEFBIG = 27,
    kENOSPC = 28,
    kESPIPE = 29,
    kEPIPE = 32,
    kERANGE = 34,
    kENAMETOOLONG = 36,
    kENOSYS = 38,
    kENOTEMPTY = 39,
};

/// A value of type T, or an Errno. Asking for the one that is not there is a fault of the caller. Small plain
/// values travel in registers with it, which system calls feel.
template <class T>
class [[nodiscard]] Result {
  public:
    /// Success; implicit, so that `return value;` does.
    Result(T value) : value_(std::move(value)) {}
    /// Failure; implicit, so that `return Errno::kENOMEM;` does.
    Result(Errno error) : error_(error) {}
    /// True when it holds a value.
    bool ok() const { return error_ == Errno{}; }
    /// Requires ok().
    T& value() { return value_; }
    /// Requires !ok().
    Errno error() const { return error_; }

  private:
    T value_{};
    Errno error_{};
};

/// Success, or an Errno.
template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    /// Failure.
    Result(Errno error) : error_(error) {}
    /// True for success.
    bool ok() const { return error_ == Errno{}; }
    /// Why it failed; 0 for success.
    Errno error() const { return error_; }

  private:
    Errno error_{};
};

/// Evaluates to the value of the Result `expression`, or returns its error from the enclosing function.
#define TRY(expression)                                  \
    __extension__({                                      \
        auto try_result = (expression);                  \
        if (!try_result.ok()) return try_result.error(); \
        std::move(try_result.value());                   \
    })

/// Like TRY for a Result<void>.
#define TRY_VOID(expression)                             \
    do {                                                 \
        auto try_result = (expression);                  \
        if (!try_result.ok()) return try_result.error(); \
    } while (false)
