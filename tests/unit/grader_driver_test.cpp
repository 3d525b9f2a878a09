/// @file
/// What the grader takes from a submission, and where it compiles it.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iterator>

#include <tests/grader/driver/apply_patch.h>
#include <tests/grader/driver/grading.h>
#include <tests/grader/driver/schedule.h>
#include <tests/grader/driver/usage_error.h>
#include <tests/grader/sandbox.h>
#include <tests/harness/process.h>
#include <tests/harness/temp_folder.h>

namespace {

namespace fs = std::filesystem;
using namespace grader;

class GraderDriver : public testing::Test {
  protected:
    fs::path write(const fs::path& path, const std::string& text) {
        fs::create_directories((folder_.path() / path).parent_path());
        std::ofstream(folder_.path() / path, std::ios::binary) << text;
        return folder_.path() / path;
    }
    static std::string read(const fs::path& path) {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    /// What is said about a lab.txt with these lines.
    std::string complaint(const std::string& text) {
        try {
            read_lab_info(write("07-x/lab.txt", text));
        } catch (const UsageError& error) {
            return error.what();
        }
        return "";
    }
    /// What is said about a submission of the file a/x.cpp.
    std::string refusal() {
        LabInfo lab;
        lab.files = {"a/x.cpp"};
        std::string error;
        const Submission taken = read_submission(lab, folder_ / "submission", error);
        EXPECT_EQ(taken.empty(), !error.empty());
        return error;
    }
    /// Runs `script` in the sandbox and gives what it printed.
    std::string in_sandbox(const SandboxView& view, const std::string& script) {
        fs::remove(folder_ / "output");
        harness::Process process(
            {.command = sandboxed(view, {"sh", "-c", script}), .output = folder_ / "output"});
        EXPECT_TRUE(process.wait_status(harness::Duration(20'000)));
        return process.output();
    }

    harness::TempFolder folder_;
};

TEST_F(GraderDriver, ReadsLabTxt) {
    const LabInfo lab = read_lab_info(
        write("03-some-lab/lab.txt",
              "# A comment.\ntitle Some lab\nfile a/b.cpp\nfile c.S\nstart-score 12\nvariant +X Y=yes\n"));
    EXPECT_EQ(lab.number, 3);
    EXPECT_EQ(lab.folder, "03-some-lab");
    EXPECT_EQ(lab.title, "Some lab");
    EXPECT_EQ(lab.files, (std::vector<std::string>{"a/b.cpp", "c.S"}));
    EXPECT_EQ(lab.start_score, 12);
    ASSERT_EQ(lab.variants.size(), 1u);
    EXPECT_EQ(lab.variants[0].suffix, "+X");
    EXPECT_EQ(lab.variants[0].word, "Y=yes");
}

TEST_F(GraderDriver, NamesWhatIsWrongInLabTxt) {
    EXPECT_NE(
        complaint("title x\nfile /etc/passwd\n").find("line 2: \"/etc/passwd\" is not a path in the tree"),
        std::string::npos);
    EXPECT_NE(complaint("title x\nfile a/../../b\n").find("is not a path in the tree"), std::string::npos);
    EXPECT_NE(complaint("points 3\n").find("\"points\" is not one of"), std::string::npos);
    EXPECT_NE(complaint("start-score 3x\n").find("is a number"), std::string::npos);
    EXPECT_NE(complaint("title x\n").find("at least one file"), std::string::npos);
    EXPECT_THROW(read_lab_info(folder_ / "none"), UsageError);
}

TEST_F(GraderDriver, TakesOrdinaryFilesOnly) {
    const fs::path file = folder_.path() / "submission/a/x.cpp";
    EXPECT_THROW(refusal(), UsageError) << "no such folder";
    write("submission/a/y.cpp", "");
    EXPECT_EQ(refusal(), "The submission's a/x.cpp is missing.");
    write("submission/a/x.cpp", "int x;");
    EXPECT_EQ(refusal(), "");

    fs::remove(file);
    fs::create_symlink("y.cpp", file);
    EXPECT_EQ(refusal(), "The submission's a/x.cpp is not an ordinary file.");
    fs::remove(file);
    ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
    EXPECT_EQ(refusal(), "The submission's a/x.cpp is not an ordinary file.")
        << "and nobody waits for a pipe";
    fs::remove(file);
    fs::create_directory(file);
    EXPECT_EQ(refusal(), "The submission's a/x.cpp is not an ordinary file.");
    fs::remove(file);
    write("submission/a/x.cpp", std::string((1 << 20) + 1, ' '));
    EXPECT_EQ(refusal(), "The submission's a/x.cpp is larger than 1 MiB.");

    fs::rename(folder_ / "submission", folder_ / "elsewhere");
    fs::create_directories(folder_ / "submission");
    write("elsewhere/a/x.cpp", "int x;");
    fs::create_directory_symlink("../elsewhere/a", folder_.path() / "submission/a");
    EXPECT_EQ(refusal(), "The submission's a/x.cpp lies in a folder that is a link.");
}

TEST_F(GraderDriver, WritesOnlyWhatDiffers) {
    const Sources sources{{"k/a.cpp", write("from/a", "1")}, {"k/b.cpp", write("from/b", "2")}};
    const fs::path work = folder_ / "work";
    write_work_tree(sources, {}, work);
    const auto before = fs::last_write_time(work / "k/a.cpp");
    write("work/build/kept.o", "object");
    write("work/k/stray.cpp", "left by another submission");
    usleep(20'000);
    write_work_tree(sources, {{"k/b.cpp", "mine"}}, work);
    EXPECT_EQ(fs::last_write_time(work / "k/a.cpp"), before);
    EXPECT_EQ(read(work / "k/a.cpp"), "1");
    EXPECT_EQ(read(work / "k/b.cpp"), "mine");
    EXPECT_FALSE(fs::exists(work / "k/stray.cpp"));
    EXPECT_TRUE(fs::exists(work / "build/kept.o"));
    write_work_tree(sources, {}, work);
    EXPECT_EQ(read(work / "k/b.cpp"), "2") << "the file of the submission before is gone";
}

TEST_F(GraderDriver, SelectsTestsWithWhatTheyNeed) {
    const auto test = [](const char* name, std::vector<std::string> needs) {
        TestInfo info;
        info.name = name;
        info.needs = std::move(needs);
        return info;
    };
    const std::vector<TestInfo> tests{test("A.One", {}), test("A.Two", {}), test("B.Three", {"A.One"}),
                                      test("B.Four", {"B.Three"})};
    const auto names = [&](const std::vector<std::string>& wanted) {
        std::string text;
        for (const TestInfo& info : select_tests(tests, wanted)) text += info.name + " ";
        return text;
    };
    EXPECT_EQ(names({"B.Four"}), "A.One B.Three B.Four ");
    EXPECT_EQ(names({"A.*"}), "A.One A.Two ");
    EXPECT_EQ(names({"*T*o"}), "A.Two ");
    EXPECT_THROW(names({"C.*"}), UsageError);
}

TEST_F(GraderDriver, RunsTestsAfterWhatTheyNeed) {
    const auto test = [](const char* name, std::vector<std::string> needs) {
        TestInfo info;
        info.name = name;
        info.needs = std::move(needs);
        return info;
    };
    const std::vector<TestInfo> tests{test("pass", {}),         test("fail", {}),         test("lost", {}),
                                      test("a", {"pass"}),      test("b", {"a", "fail"}), test("c", {"b"}),
                                      test("d", {"lost", "a"}), test("e", {"a"})};
    std::string order;
    const auto results = run_in_order(
        tests, 2,
        [](const TestInfo& info) {
            usleep(2000);
            TestResult result;
            result.info = info;
            result.verdict = info.name == "fail"   ? Verdict::kFail
                             : info.name == "lost" ? Verdict::kInfrastructure
                                                   : Verdict::kPass;
            return result;
        },
        [&](const TestResult& result) { order += result.info.name + " "; });
    const std::vector<Verdict> expected{
        Verdict::kPass,       Verdict::kFail,       Verdict::kInfrastructure, Verdict::kPass,
        Verdict::kNotReached, Verdict::kNotReached, Verdict::kInfrastructure, Verdict::kPass};
    ASSERT_EQ(results.size(), expected.size());
    for (size_t i = 0; i < expected.size(); i++) {
        EXPECT_EQ(results[i].info.name, tests[i].name);
        EXPECT_EQ(results[i].verdict, expected[i]) << tests[i].name;
    }
    EXPECT_EQ(results[5].message, "it needs b");
    EXPECT_LT(order.find("a "), order.find("e "));
}

TEST_F(GraderDriver, WorksInParallelAndStopsAtTheFirstError) {
    std::atomic<size_t> sum = 0;
    in_parallel(3, 100, [&](unsigned, size_t index) { sum += index; });
    EXPECT_EQ(sum, 4950u);
    std::atomic<int> calls = 0;
    EXPECT_THROW(in_parallel(2, 1000,
                             [&](unsigned, size_t) {
                                 calls++;
                                 throw UsageError("no");
                             }),
                 UsageError);
    EXPECT_LE(calls, 2);
}

TEST_F(GraderDriver, PatchesMustFit) {
    write("tree/x", "one\ntwo\n");
    const fs::path good =
        write("good.patch",
              "Mistake: some words before it\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n");
    EXPECT_EQ(apply_patch(good, folder_ / "tree"), "");
    EXPECT_EQ(read(folder_.path() / "tree/x"), "one\nthree\n");
    EXPECT_NE(apply_patch(good, folder_ / "tree"), "") << "a second time";
}

TEST_F(GraderDriver, SandboxHidesTheMachine) {
    if (!sandbox_works()) GTEST_SKIP() << "bubblewrap does not work here";
    const fs::path seen = write("seen/file", "visible\n").parent_path();
    const fs::path hidden = write("hidden/file", "secret\n");
    const fs::path mine = folder_ / "mine";
    fs::create_directories(mine);
    const SandboxView view{
        .readable = {seen}, .writable = {mine}, .folder = mine, .environment = {{"NAME", "value"}}};
    EXPECT_EQ(in_sandbox(view, "pwd; echo $NAME; cat " + (seen / "file").string()),
              mine.string() + "\nvalue\nvisible\n");
    EXPECT_EQ(in_sandbox(view, "cat " + hidden.string() + " 2>/dev/null"), "");
    EXPECT_EQ(in_sandbox(view, "ls /root /home /etc/passwd /sys 2>/dev/null"), "");
    EXPECT_EQ(in_sandbox(view, "(echo x >" + (seen / "file").string() + ") 2>/dev/null && echo written"), "");
    EXPECT_EQ(in_sandbox(view, "echo x >out && echo written"), "written\n");
    EXPECT_TRUE(fs::exists(mine / "out"));
    EXPECT_EQ(in_sandbox(view, "grep -c : /proc/net/dev"), "1\n")
        << "but for the loopback there is no network";
    EXPECT_EQ(in_sandbox(view, "ls -d /proc/[0-9]* | wc -l | sed 's/^[1-9]$/few/'"), "few\n")
        << "nor other processes";
}

}  // namespace
