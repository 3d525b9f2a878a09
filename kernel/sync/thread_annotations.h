/// @file
/// What clang's thread-safety analysis is told about locks: which lock guards what, and what a function needs
/// to be held. Clang checks it when it compiles the kernel; to other compilers the words mean nothing.
/// Invariant: docs/invariants/lock-ranks.md.
#pragma once

#ifdef __clang__
#define THREAD_ANNOTATION(x) __attribute__((x))
#else
/// The attribute, for clang.
#define THREAD_ANNOTATION(x)
#endif

/// A class whose objects are locks.
#define CAPABILITY(kind) THREAD_ANNOTATION(capability(kind))
/// A class whose objects hold a lock for as long as they live.
#define SCOPED_CAPABILITY THREAD_ANNOTATION(scoped_lockable)
/// A variable that may be touched only with the lock held.
#define GUARDED_BY(lock) THREAD_ANNOTATION(guarded_by(lock))
/// A function whose callers hold the locks.
#define REQUIRES(...) THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
/// A function whose callers do not hold the locks.
#define EXCLUDES(...) THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
/// A function that takes the locks, or gives them back.
#define ACQUIRE(...) THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
/// A function that gives the locks back.
#define RELEASE(...) THREAD_ANNOTATION(release_capability(__VA_ARGS__))
/// A function after which the lock may be believed to be held. For what the analysis can't follow: lambdas.
#define ASSERT_CAPABILITY(...) THREAD_ANNOTATION(assert_capability(__VA_ARGS__))
/// A function whose inside is not analysed; a comment says why.
#define NO_THREAD_SAFETY_ANALYSIS THREAD_ANNOTATION(no_thread_safety_analysis)
