/// @file
/// Child processes, private folders and time limits of the harness.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <tests/harness/error.h>
#include <tests/harness/process.h>
#include <tests/harness/progress.h>
#include <tests/harness/temp_folder.h>

namespace {

using harness::Duration;
using harness::Process;
using harness::TempFolder;
using harness::TimeoutReason;

TEST(HarnessProcess, RunsAndCollects) {
    const TempFolder folder;
    Process process({.command = {"sh", "-c", "echo out; echo err >&2; exit 7"}, .output = folder / "out"});
    const auto status = process.wait_status(Duration(10'000));
    ASSERT_TRUE(status);
    EXPECT_EQ(WEXITSTATUS(*status), 7);
    EXPECT_EQ(process.output(), "out\nerr\n");
}

TEST(HarnessProcess, MissingProgramIsNamed) {
    const TempFolder folder;
    try {
        Process process({.command = {"no-such-program"}, .output = folder / "out"});
        FAIL() << "it started";
    } catch (const harness::InfrastructureError& error) {
        EXPECT_STREQ(error.what(), "cannot run 'no-such-program': No such file or directory");
    }
}

TEST(HarnessProcess, IsKilledWithItsOwner) {
    const TempFolder folder;
    pid_t pid = 0;
    {
        Process process({.command = {"sleep", "100"}, .output = folder / "out"});
        pid = process.pid();
        EXPECT_EQ(getpgid(pid), pid);
        EXPECT_FALSE(process.poll_status());
    }
    EXPECT_NE(kill(pid, 0), 0);
}

TEST(HarnessProcess, TerminateKillsWhatIgnoresIt) {
    const TempFolder folder;
    Process gentle({.command = {"sleep", "100"}, .output = folder / "out"});
    EXPECT_EQ(WTERMSIG(gentle.terminate()), SIGTERM);
    Process stubborn({.command = {"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"},
                      .output = folder / "stubborn"});
    while (stubborn.output().empty()) std::this_thread::sleep_for(Duration(1));
    EXPECT_EQ(WTERMSIG(stubborn.terminate(Duration(50))), SIGKILL);
}

TEST(HarnessProcess, CannotFillTheDisk) {
    const TempFolder folder;
    const std::string target = folder / "big";
    Process process({.command = {"dd", "if=/dev/zero", "of=" + target, "bs=4096", "count=100"},
                     .output = folder / "out",
                     .file_limit = 100'000});
    const auto status = process.wait_status(Duration(10'000));
    ASSERT_TRUE(status);
    EXPECT_TRUE(WIFEXITED(*status));  // not killed by the limit's signal
    EXPECT_EQ(std::filesystem::file_size(target), 100'000u);
}

TEST(HarnessTempFolder, IsPrivateAndGoesAway) {
    std::filesystem::path path;
    {
        const TempFolder folder;
        path = folder.path();
        EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
        std::ofstream(folder / "file") << "content";
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(HarnessTempFolder, LongTmpdirStillFitsASocket) {
    const char* old = getenv("TMPDIR");
    const std::string saved = old ? old : "";
    setenv("TMPDIR", ("/tmp/" + std::string(150, 'x')).c_str(), 1);
    EXPECT_EQ(TempFolder().path().parent_path(), "/tmp");
    if (old) {
        setenv("TMPDIR", saved.c_str(), 1);
    } else {
        unsetenv("TMPDIR");
    }
}

TEST(HarnessProgress, LimitCountsSilenceOnly) {
    EXPECT_GE(harness::time_scale(), 1.0);
    harness::ProgressTimer timer(getpid(), Duration(200));
    EXPECT_FALSE(timer.expired());
    for (int i = 0; i < 5; ++i) {
        std::this_thread::sleep_for(Duration(60));
        timer.progress();
    }
    EXPECT_FALSE(timer.expired());  // 300 ms have passed, none of them long enough in silence
    while (!timer.expired()) std::this_thread::sleep_for(Duration(20));
    EXPECT_EQ(timer.expired(), TimeoutReason::kNoProgress);
}

TEST(HarnessProgress, EndlessProgressEnds) {
    harness::ProgressTimer timer(getpid(), Duration(30));
    while (!timer.expired()) {
        std::this_thread::sleep_for(Duration(20));
        timer.progress();
    }
    EXPECT_EQ(timer.expired(), TimeoutReason::kOverallLimit);
}

TEST(HarnessProgress, ClockOfAProcessThatIsGoneStillTicks) {
    const TempFolder folder;
    Process process({.command = {"true"}, .output = folder / "out"});
    const pid_t pid = process.pid();
    process.wait_status(Duration(10'000));
    harness::ProcessClock clock(pid);
    std::this_thread::sleep_for(Duration(60));
    EXPECT_GE(clock.elapsed(), Duration(40));
}

}  // namespace
