/// @file
/// A table of what waits, runs and is done, and threads that take from it.
#include <tests/grader/driver/schedule.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace grader {

namespace {

class Schedule {
  public:
    Schedule(const std::vector<TestInfo>& tests, const std::function<TestResult(const TestInfo&)>& run,
             const std::function<void(const TestResult&)>& finished)
        : tests_(tests), run_(run), finished_(finished), taken_(tests.size()), results_(tests.size()) {}

    /// Of each thread: runs tests until there are none left.
    void work() {
        std::unique_lock lock(mutex_);
        while (done_ < tests_.size()) {
            const std::optional<size_t> index = next();
            if (!index) {
                // What is left waits for tests that run in other threads.
                if (done_ < tests_.size()) changed_.wait(lock);
                continue;
            }
            taken_[*index] = true;
            lock.unlock();
            TestResult result = run_(tests_[*index]);
            lock.lock();
            finish(*index, std::move(result));
        }
    }

    std::vector<TestResult> results() { return std::move(results_); }

  private:
    /// A test that can run now. Those that never will are dealt with on the way. With the mutex held.
    std::optional<size_t> next() {
        for (size_t i = 0; i < tests_.size(); i++) {
            if (taken_[i]) continue;
            bool ready = true;
            const TestInfo* lacking = nullptr;
            for (const TestInfo& need : tests_) {
                if (std::find(tests_[i].needs.begin(), tests_[i].needs.end(), need.name) ==
                    tests_[i].needs.end())
                    continue;
                const auto verdict = verdicts_.find(need.name);
                if (verdict == verdicts_.end())
                    ready = false;
                else if (verdict->second != Verdict::kPass && !lacking)
                    lacking = &need;
            }
            if (lacking)
                skip(i, *lacking);
            else if (ready)
                return i;
        }
        return std::nullopt;
    }

    void skip(size_t index, const TestInfo& lacking) {
        TestResult result;
        result.info = tests_[index];
        const bool nobodys_fault = verdicts_[lacking.name] == Verdict::kInfrastructure;
        result.verdict = nobodys_fault ? Verdict::kInfrastructure : Verdict::kNotReached;
        result.message = "it needs " + lacking.name;
        taken_[index] = true;
        finish(index, std::move(result));
    }

    void finish(size_t index, TestResult result) {
        verdicts_[tests_[index].name] = result.verdict;
        results_[index] = std::move(result);
        done_++;
        finished_(results_[index]);
        changed_.notify_all();
    }

    const std::vector<TestInfo>& tests_;
    const std::function<TestResult(const TestInfo&)>& run_;
    const std::function<void(const TestResult&)>& finished_;
    std::mutex mutex_;  ///< guards the rest
    std::condition_variable changed_;
    std::vector<bool> taken_;  ///< runs, or is done
    std::map<std::string, Verdict> verdicts_;
    std::vector<TestResult> results_;
    size_t done_ = 0;
};

}  // namespace

std::vector<TestResult> run_in_order(const std::vector<TestInfo>& tests, unsigned jobs,
                                     const std::function<TestResult(const TestInfo&)>& run,
                                     const std::function<void(const TestResult&)>& finished) {
    Schedule schedule(tests, run, finished);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < jobs; i++) threads.emplace_back([&schedule] { schedule.work(); });
    for (std::thread& thread : threads) thread.join();
    return schedule.results();
}

}  // namespace grader
