/// @file
/// Command line options in the usual style: `-a -b`, `-ab`, `-n 5`, `-n5`, and `--` to end them.
#pragma once

/// Steps through the options of a program. A lone `-` is an operand.
class Options {
  public:
    /// `known` holds the option letters; a colon behind one says that it takes a value.
    Options(int argc, char** argv, const char* known) : argc_(argc), argv_(argv), known_(known) {}

    /// The next option letter, 0 when there are no more, or '?' for one that is wrong; then the complaint has
    /// been written already and the program should end with status 2.
    int next();
    /// The value of the option that next() returned.
    const char* value() const { return value_; }
    /// The index in argv of the first operand, once next() has returned 0.
    int operand() const { return index_; }

  private:
    int argc_;
    char** argv_;
    const char* known_;
    int index_ = 1;
    const char* rest_ = "";  ///< letters of the current argument still to look at
    const char* value_ = nullptr;
};
