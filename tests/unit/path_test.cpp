/// @file
/// Paths as text.

#include <gtest/gtest.h>

#include <array>
#include <string>

#include <kernel/fs/vfs.h>
#include <kernel/libk/string.h>

namespace {

std::string normalized(std::string_view cwd, std::string_view path) {
    std::array<char, kPathMax> out;
    auto result = normalize_path(cwd, path, out);
    if (!result.ok()) return "error " + std::to_string(static_cast<int>(result.error()));
    EXPECT_EQ(out.at(result.value()), '\0');
    EXPECT_EQ(std::string(out.data()).size(), result.value());
    return out.data();
}

const std::string kNoEntry = "error 2";
const std::string kTooLong = "error 36";

}  // namespace

TEST(NormalizePath, AbsolutePathsIgnoreTheWorkingDirectory) {
    EXPECT_EQ(normalized("/home", "/"), "/");
    EXPECT_EQ(normalized("/home", "/bin/sh"), "/bin/sh");
}

TEST(NormalizePath, RelativePathsStartAtTheWorkingDirectory) {
    EXPECT_EQ(normalized("/", "bin"), "/bin");
    EXPECT_EQ(normalized("/home/me", "a/b"), "/home/me/a/b");
    EXPECT_EQ(normalized("/home/me", "."), "/home/me");
    EXPECT_EQ(normalized("/home/me", ".."), "/home");
}

TEST(NormalizePath, ResolvesDotsAndSlashes) {
    EXPECT_EQ(normalized("/", "//bin///sh//"), "/bin/sh");
    EXPECT_EQ(normalized("/", "/a/./b/../c/."), "/a/c");
    EXPECT_EQ(normalized("/", "/a/b/../../c"), "/c");
    EXPECT_EQ(normalized("/", "/a/.."), "/");
    EXPECT_EQ(normalized("/a/b", "../../../.."), "/") << "above the root is the root";
    EXPECT_EQ(normalized("/", "/../../bin"), "/bin");
    EXPECT_EQ(normalized("/", "///"), "/");
}

TEST(NormalizePath, OnlyWholeComponentsOfDotsMeanSomething) {
    EXPECT_EQ(normalized("/", "/..."), "/...");
    EXPECT_EQ(normalized("/", "/.a/..b/c."), "/.a/..b/c.");
}

TEST(NormalizePath, AnEmptyPathIsNoEntry) {
    EXPECT_EQ(normalized("/home", ""), kNoEntry);
}

TEST(NormalizePath, LimitsTheLengthOfAComponent) {
    const std::string longest(kNameMax, 'n');
    EXPECT_EQ(normalized("/", longest), "/" + longest);
    EXPECT_EQ(normalized("/", longest + "n"), kTooLong);
    EXPECT_EQ(normalized("/", "/a/" + longest + "n/b"), kTooLong);
}

TEST(NormalizePath, LimitsTheWholeLength) {
    std::string path;
    while (path.size() + 2 < kPathMax) path += "/d";
    path += "x";  // now kPathMax - 1 characters, which leaves room for the null
    ASSERT_EQ(path.size(), kPathMax - 1);
    EXPECT_EQ(normalized("/", path), path);
    EXPECT_EQ(normalized("/", path + "y"), kTooLong);
    EXPECT_EQ(normalized(path, "z"), kTooLong);
    EXPECT_EQ(normalized(path, ".."), path.substr(0, path.size() - 3));
}

TEST(NormalizePath, TinyBuffers) {
    std::array<char, 3> out{'#', '#', '#'};
    EXPECT_EQ(normalize_path("/", "/", std::span(out).first(0)).error(), Errno::kENAMETOOLONG);
    EXPECT_EQ(normalize_path("/", "/", std::span(out).first(1)).error(), Errno::kENAMETOOLONG);
    EXPECT_EQ(normalize_path("/", "/", std::span(out).first(2)).value(), 1u);
    EXPECT_STREQ(out.data(), "/");
    EXPECT_EQ(out[2], '#');
    EXPECT_EQ(normalize_path("/", "/ab", out).error(), Errno::kENAMETOOLONG);
    EXPECT_EQ(normalize_path("/", "/a", out).value(), 2u);
    std::array<char, 8> large;
    for (size_t size = 0; size < large.size(); ++size) {
        large.fill('#');
        EXPECT_EQ(normalize_path("/", "/abcdefg", std::span(large).first(size)).error(),
                  Errno::kENAMETOOLONG);
        EXPECT_EQ(large[size], '#') << "written behind a buffer of " << size;
    }
}

TEST(TakeWord, TakesAPathApart) {
    std::string_view path = "//usr/bin//sh/";
    EXPECT_EQ(take_word(path, "/"), "usr");
    EXPECT_EQ(path, "/bin//sh/");
    EXPECT_EQ(take_word(path, "/"), "bin");
    EXPECT_EQ(take_word(path, "/"), "sh");
    EXPECT_EQ(path, "/");
    EXPECT_EQ(take_word(path, "/"), "");
    EXPECT_EQ(path, "");
    EXPECT_EQ(take_word(path, "/"), "");
}
