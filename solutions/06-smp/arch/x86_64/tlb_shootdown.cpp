/// @file
/// One request at a time: it stands in a variable, each processor that is asked clears its bit.
#include <arch/x86_64/apic.h>
#include <arch/x86_64/ipi.h>
#include <arch/x86_64/processor.h>
#include <arch/x86_64/tlb_shootdown.h>
#include <kernel/sync/spinlock.h>

namespace {

struct Request {
    PhysAddr root;
    uint64_t start = 0;
    uint64_t end = 0;
};

SpinLock lock("TLB shootdown", LockRank::kTlbShootdown);  ///< held by who asks, until all have answered
Request request GUARDED_BY(lock);
uint32_t asked = 0;  ///< bit n: processor n has not answered yet

}  // namespace

void flush_user_pages(PhysAddr root, uint64_t start, uint64_t end, bool shared) {
    flush_own_pages(root, start, end);
    const uint32_t others = online_processors() & ~(1u << processor_number());
    if (!shared || !others) return;

    LockGuard guard(lock);
    request = {root, start, end};
    __atomic_store_n(&asked, others, __ATOMIC_RELEASE);
    for (uint32_t number = 0; number < kMaximumProcessors; number++)
        if (others & 1u << number) send_interrupt(number, kTlbVector);
    while (__atomic_load_n(&asked, __ATOMIC_ACQUIRE)) cpu_relax();
}

// Not analysed: whoever asks holds the lock, and leaves the request alone, until this processor's bit is
// clear.
NO_THREAD_SAFETY_ANALYSIS void serve_tlb_request() {
    const uint32_t bit = 1u << processor_number();
    if (!(__atomic_load_n(&asked, __ATOMIC_ACQUIRE) & bit)) return;
    flush_own_pages(request.root, request.start, request.end);
    __atomic_fetch_and(&asked, ~bit, __ATOMIC_RELEASE);
}
