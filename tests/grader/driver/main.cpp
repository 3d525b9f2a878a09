/// @file
/// The grader's command line. The Makefile's targets grade, test-grader, test-flake and grade-class call it.
#include <CLI/CLI.hpp>

#include <fmt/format.h>
#include <signal.h>

#include <iostream>

#include <tests/grader/driver/commands.h>
#include <tests/grader/driver/usage_error.h>
#include <tests/harness/error.h>

namespace {

/// What every command is told.
void add_course_options(CLI::App& command, grader::CourseOptions& options) {
    command.add_option("--lab", options.lab_file, "the chapter's lab.txt")->required();
    command.add_option("--sources", options.sources, "list of the files of the chapter's state")->required();
    command.add_option("--program", options.program, "the chapter's tests")->required();
    command.add_option("--out", options.out, "folder for builds and reports")->required();
    command.add_option("--jobs", options.jobs, "processes at a time");
    command.add_option("--make", options.make, "a word for make");
}

int run(int argc, char** argv) {
    CLI::App app("Grades Trapline's chapters");
    app.require_subcommand(1);

    grader::CourseOptions course;
    grader::LabOptions lab;
    CLI::App* lab_command = app.add_subcommand("lab", "grade one submission");
    add_course_options(*lab_command, course);
    lab_command->add_option("--submission", lab.submission, "folder that holds the chapter's files")
        ->required();
    lab_command->add_option("--tests", lab.tests, "only these, by name or pattern, and what they need")
        ->delimiter(' ');
    lab_command->add_option("--nonce", lab.nonce, "the numbers of an earlier run");
    lab_command->add_option("--report", lab.report, "folder for the reports");

    grader::MutantOptions mutants;
    CLI::App* mutants_command = app.add_subcommand("mutants", "grade the chapter's known mistakes");
    add_course_options(*mutants_command, course);
    mutants_command->add_option("--solution", mutants.solution, "folder of the reference solution")
        ->required();
    mutants_command->add_option("--start", mutants.start, "folder of the chapter's start")->required();
    mutants_command->add_option("--mutants", mutants.mutants, "folder of patches")->required();
    mutants_command->add_option("--only", mutants.only, "pattern of their names");

    grader::FlakeOptions flake;
    CLI::App* flake_command = app.add_subcommand("flake", "grade the reference solution many times");
    add_course_options(*flake_command, course);
    flake_command->add_option("--submission", flake.submission, "folder of the reference solution")
        ->required();
    flake_command->add_option("--times", flake.times, "how often")->check(CLI::PositiveNumber);

    grader::CheaterOptions cheaters;
    CLI::App* cheaters_command = app.add_subcommand("cheaters", "grade kernels that cheat");
    add_course_options(*cheaters_command, course);
    cheaters_command->add_option("--start", cheaters.start, "folder of the chapter's start")->required();
    cheaters_command->add_option("--solution", cheaters.solution, "folder of the reference solution")
        ->required();
    cheaters_command->add_option("--cheaters", cheaters.cheaters, "folder of cheaters")->required();
    cheaters_command->add_option("--only", cheaters.only, "pattern of their names");

    grader::ClassOptions class_options;
    CLI::App* class_command = app.add_subcommand("class", "grade a folder of submissions");
    add_course_options(*class_command, course);
    class_command->add_option("--submissions", class_options.submissions, "a folder of folders")->required();

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (*lab_command) return grader::grade_lab(course, lab);
    if (*mutants_command) return grader::grade_mutants(course, mutants);
    if (*cheaters_command) return grader::grade_cheaters(course, cheaters);
    if (*class_command) return grader::grade_class(course, class_options);
    return grader::grade_often(course, flake);
}

}  // namespace

int main(int argc, char** argv) {
    signal(SIGPIPE, SIG_IGN);
    try {
        return run(argc, argv);
    } catch (const grader::UsageError& error) {
        std::cerr << error.what() << "\n";
    } catch (const harness::InfrastructureError& error) {
        std::cerr << "Grading is not possible here: " << error.what() << "\n";
    } catch (const std::exception& error) {
        std::cerr << "Grading is not possible: " << error.what() << "\n";
    }
    return 2;
}
