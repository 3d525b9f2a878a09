/// @file
/// The result model: its sums, its JSON, and the schema that others read it by.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include <tests/grader/details_report.h>
#include <tests/grader/result.h>
#include <tests/grader/shortened.h>
#include <tests/unit/support/grader_report_sample.h>
#include <tests/unit/support/json_schema.h>

namespace {

using grader::Verdict;
using nlohmann::json;
using test_support::sample_report;
using test_support::schema_error;

const json& schema() {
    static const json parsed = [] {
        const char* root = std::getenv("TRAPLINE_ROOT");
        std::ifstream file(std::string(root ? root : ".") + "/tests/grader/report.schema.json");
        return json::parse(file);
    }();
    return parsed;
}

TEST(GraderReportModel, VerdictsHaveNames) {
    for (const Verdict verdict :
         {Verdict::kPass, Verdict::kFail, Verdict::kNotReached, Verdict::kInfrastructure})
        EXPECT_EQ(grader::verdict_named(grader::name_of(verdict)), verdict);
    EXPECT_THROW(grader::verdict_named("passed"), std::invalid_argument);
    EXPECT_THROW(grader::verdict_named(""), std::invalid_argument);
}

TEST(GraderReportModel, OnlyAPassEarnsPoints) {
    const grader::Report report = sample_report(false);
    EXPECT_EQ(report.earned(), 40);
    EXPECT_EQ(report.maximum(), 100);
    EXPECT_FALSE(report.has_infrastructure_error());
    EXPECT_FALSE(report.complete());
    const grader::Report lost = sample_report(true);
    EXPECT_EQ(lost.earned(), 20);
    EXPECT_TRUE(lost.has_infrastructure_error());
}

TEST(GraderReportModel, IsCompleteOnlyWithoutInfrastructureErrors) {
    grader::Report report = sample_report(false);
    for (grader::TestResult& test : report.tests) test.verdict = Verdict::kPass;
    EXPECT_TRUE(report.complete());
    report.tests.back().verdict = Verdict::kInfrastructure;
    report.tests.back().info.points = 0;
    EXPECT_EQ(report.earned(), report.maximum());
    EXPECT_FALSE(report.complete());
}

TEST(GraderReportModel, SectionsAreInTheHandoutsOrder) {
    const auto sections = grader::points_by_section(sample_report(false));
    ASSERT_EQ(sections.size(), 3u);
    EXPECT_EQ(sections[0].section, "1.2");
    EXPECT_EQ(sections[1].section, "1.9");
    EXPECT_EQ(sections[2].section, "1.10");
    EXPECT_EQ(sections[2].earned, 0);
    EXPECT_EQ(sections[2].maximum, 60);
}

TEST(GraderReportModel, WaitingIsForTheTestThatFailed) {
    const grader::Report report = sample_report(false);
    EXPECT_EQ(grader::waits_for(report, report.tests[2]), "Tss.HasInterruptStacks");
    EXPECT_EQ(grader::waits_for(report, report.tests[3]), "Tss.HasInterruptStacks");
}

TEST(GraderReportModel, ACircleOfNeedsIsNotFollowedForEver) {
    grader::Report report = sample_report(false);
    report.tests[2].info.needs = {"Tss.NamesTheDoubleFault"};
    EXPECT_FALSE(grader::waits_for(report, report.tests[3]).empty());
}

TEST(GraderReportJson, ComesBackAsItWas) {
    grader::Report report = sample_report(true);
    for (grader::TestResult& test : report.tests) {
        if (test.evidence.empty()) continue;
        test.message = "vector 8\n<no> \"stack\"\t\x01\u00ef";
        test.evidence.state = "RAX=0";
        test.evidence.task = "nobody's";
        test.evidence.serial = "Trapline\n";
    }
    report.tests.back().message = "the disk is full";
    const grader::Report back = grader::report_from_json(grader::to_json(report));
    EXPECT_EQ(back.lab, report.lab);
    EXPECT_EQ(back.title, report.title);
    EXPECT_EQ(back.submission, report.submission);
    EXPECT_EQ(back.handout, report.handout);
    EXPECT_EQ(back.build_error, report.build_error);
    EXPECT_EQ(back.seconds, report.seconds);
    ASSERT_EQ(back.tests.size(), report.tests.size());
    for (size_t i = 0; i < back.tests.size(); i++) {
        const grader::TestResult& had = report.tests[i];
        const grader::TestResult& has = back.tests[i];
        EXPECT_EQ(has.info.name, had.info.name);
        EXPECT_EQ(has.info.title, had.info.title);
        EXPECT_EQ(has.info.section, had.info.section);
        EXPECT_EQ(has.info.points, had.info.points);
        EXPECT_EQ(has.info.unit, had.info.unit);
        EXPECT_EQ(has.info.needs, had.info.needs);
        EXPECT_EQ(has.info.hint, had.info.hint);
        EXPECT_EQ(has.verdict, had.verdict);
        EXPECT_EQ(has.message, had.message);
        EXPECT_EQ(has.hint, had.hint);
        EXPECT_EQ(has.seconds, had.seconds);
        EXPECT_EQ(has.evidence.state, had.evidence.state);
        EXPECT_EQ(has.evidence.task, had.evidence.task);
        EXPECT_EQ(has.evidence.serial, had.evidence.serial);
        EXPECT_EQ(has.evidence.command, had.evidence.command);
        ASSERT_EQ(has.evidence.stack.size(), had.evidence.stack.size());
        for (size_t word = 0; word < has.evidence.stack.size(); word++) {
            EXPECT_EQ(has.evidence.stack[word].address, had.evidence.stack[word].address);
            EXPECT_EQ(has.evidence.stack[word].value, had.evidence.stack[word].value);
            EXPECT_EQ(has.evidence.stack[word].meaning, had.evidence.stack[word].meaning);
        }
    }
}

TEST(GraderReportJson, HostileTextIsTakenOnceAndThenStays) {
    const std::string text = grader::to_json(sample_report(true));
    EXPECT_LT(text.size(), 500'000u);
    EXPECT_EQ(grader::to_json(grader::report_from_json(text)), text);
    const std::string one = grader::to_json(sample_report(true).tests[1]);
    EXPECT_EQ(grader::to_json(grader::result_from_json(one)), one);
}

TEST(GraderReportJson, RefusesWhatIsNoReport) {
    const json good = json::parse(grader::to_json(sample_report(false)));
    EXPECT_NO_THROW(grader::report_from_json(good.dump()));
    EXPECT_THROW(grader::report_from_json(""), std::exception);
    EXPECT_THROW(grader::report_from_json("[]"), std::exception);
    const std::string text = good.dump();
    EXPECT_THROW(grader::report_from_json(text.substr(0, text.size() / 2)), std::exception);
    json bad = good;
    bad["version"] = 2;
    EXPECT_THROW(grader::report_from_json(bad.dump()), std::exception);
    bad = good;
    bad["tests"][0]["verdict"] = "PASS";
    EXPECT_THROW(grader::report_from_json(bad.dump()), std::exception);
    bad = good;
    bad["tests"][0]["points"] = -5;
    EXPECT_THROW(grader::report_from_json(bad.dump()), std::exception);
    bad = good;
    bad["tests"][0].erase("message");
    EXPECT_THROW(grader::report_from_json(bad.dump()), std::exception);
}

TEST(GraderReportJson, FollowsItsSchema) {
    for (const grader::Report& report :
         {sample_report(false), sample_report(true), test_support::unbuilt_report(), grader::Report{}})
        EXPECT_EQ(schema_error(schema(), json::parse(grader::to_json(report))), "");
}

TEST(GraderReportJson, TheSchemaRefusesEveryReportThatLacksOrAddsSomething) {
    const json good = json::parse(grader::to_json(sample_report(false)));
    const auto check_without_each = [&](const json::json_pointer& place) {
        for (const auto& [name, value] : good.at(place).items()) {
            if (name == "evidence") continue;  // not every test has it
            json bad = good;
            bad.at(place).erase(name);
            EXPECT_NE(schema_error(schema(), bad), "") << "without " << name;
            bad = good;
            bad.at(place)[name] = nullptr;
            EXPECT_NE(schema_error(schema(), bad), "") << name << " of another type";
        }
        json bad = good;
        bad.at(place)["more"] = 1;
        EXPECT_NE(schema_error(schema(), bad), "") << "something added in " << place.to_string();
    };
    for (const char* place : {"", "/tests/1", "/tests/1/evidence", "/tests/1/evidence/stack/0"})
        check_without_each(json::json_pointer(place));
    json bad = good;
    bad["tests"][0]["verdict"] = "passed";
    EXPECT_NE(schema_error(schema(), bad), "");
}

TEST(GraderReportModel, ShortTextsAreKeptAndLongOnesKeepBothEnds) {
    EXPECT_EQ(grader::shortened("abc", 200), "abc");
    const std::string text = "first" + std::string(10'000, 'x') + "last";
    const std::string shorter = grader::shortened(text, 200);
    EXPECT_LE(shorter.size(), 200u);
    EXPECT_TRUE(shorter.starts_with("first"));
    EXPECT_TRUE(shorter.ends_with("last"));
    EXPECT_NE(shorter.find("bytes left out"), std::string::npos);
    EXPECT_EQ(grader::shortened(shorter, 200), shorter);
}

}  // namespace
