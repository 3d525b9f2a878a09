/// @file
/// 6.1: the learner's reading of tables that nobody could know beforehand.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <random>
#include <set>

#include <tests/grader/answers.h>
#include <tests/grader/graded_test.h>

namespace {

constexpr size_t kMaximum = 8;
constexpr uint32_t kEnabled = 1, kOnlineCapable = 2;
constexpr uint64_t kError = 1;

/// A MADT under construction, and what must be read from it.
class Table {
  public:
    Table() : bytes_(44) {}

    /// An entry whose length is what it has, or `length`.
    Table& entry(uint8_t type, const std::vector<uint8_t>& content, int length = -1) {
        bytes_.push_back(type);
        bytes_.push_back(static_cast<uint8_t>(length < 0 ? content.size() + 2 : static_cast<size_t>(length)));
        bytes_.insert(bytes_.end(), content.begin(), content.end());
        return *this;
    }
    Table& apic(uint8_t id, uint32_t flags = kEnabled, size_t extra = 0) {
        std::vector<uint8_t> content{static_cast<uint8_t>(~id), id};
        append(content, flags);
        content.resize(content.size() + extra, 0x55);
        note(id, flags);
        return entry(0, content);
    }
    Table& x2apic(uint32_t id, uint32_t flags = kEnabled, size_t extra = 0) {
        std::vector<uint8_t> content{0, 0};
        append(content, id);
        append(content, flags);
        append(content, ~id);
        content.resize(content.size() + extra, 0x55);
        note(id, flags);
        return entry(9, content);
    }
    Table& byte(uint8_t value) {
        bytes_.push_back(value);
        return *this;
    }

    std::vector<uint64_t> numbers() const { return {bytes_.begin(), bytes_.end()}; }
    /// No error, the number left out, the ids.
    std::vector<uint64_t> expected() const {
        std::vector<uint64_t> all{0, left_out_};
        all.insert(all.end(), ids_.begin(), ids_.end());
        return all;
    }
    std::string text() const {
        return fmt::format("{:02x}", fmt::join(bytes_.begin() + 44, bytes_.end(), " "));
    }

  private:
    static void append(std::vector<uint8_t>& content, uint32_t value) {
        for (int shift = 0; shift < 32; shift += 8) content.push_back(static_cast<uint8_t>(value >> shift));
    }
    void note(uint32_t id, uint32_t flags) {
        if (!(flags & kEnabled)) return;
        if (id < 255 && !seen_.insert(id).second) return;
        if (id < 255 && ids_.size() < kMaximum)
            ids_.push_back(id);
        else
            ++left_out_;
    }

    std::vector<uint8_t> bytes_;
    std::set<uint32_t> seen_;
    std::vector<uint64_t> ids_;
    uint64_t left_out_ = 0;
};

class Madt : public grader::GradedTest {
  protected:
    uint32_t below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }
    /// Different ids below 255, in no order.
    std::vector<uint8_t> ids(size_t count) {
        std::vector<uint8_t> all(255);
        for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint8_t>(i);
        std::shuffle(all.begin(), all.end(), random_);
        all.resize(count);
        return all;
    }
    std::vector<uint8_t> bytes(size_t count) {
        std::vector<uint8_t> all(count);
        for (uint8_t& byte : all) byte = static_cast<uint8_t>(random_());
        return all;
    }
    /// Any type but the two of processors.
    uint8_t other_type() {
        const auto type = static_cast<uint8_t>(random_());
        return type == 0 || type == 9 ? uint8_t{1} : type;
    }
    void check(const std::vector<Table>& tables) {
        std::vector<std::vector<uint64_t>> questions;
        for (const Table& table : tables) questions.push_back(table.numbers());
        const auto answers = grader::ask_many("madt", questions);
        for (size_t i = 0; i < tables.size(); ++i)
            ASSERT_EQ(answers[i], tables[i].expected())
                << "error?, left out, ids of the processors, for the entries\n  " << tables[i].text();
    }
    void check_refused(const Table& table) {
        const auto answer = grader::ask("madt", table.numbers());
        ASSERT_EQ(answer, (std::vector<uint64_t>{kError, 0}))
            << "error?, left out, ids: an error and an empty list are due for the entries\n  "
            << table.text();
    }

    std::mt19937_64 random_{grader::nonce()};
};

GRADED(
    Madt, ListsEnabledProcessors,
    {.title = "The processors that the firmware enables are listed, in the table's order",
     .section = "6.1",
     .points = 4,
     .hint =
         "Entries of type 0 and of type 9 describe processors; bit 0 of the flags says that one is enabled.",
     .unit = true}) {
    std::vector<Table> tables;
    for (int i = 0; i < 100; ++i) {
        Table table;
        table.apic(200);
        for (const uint8_t id : ids(1 + below(kMaximum - 1))) {
            if (id == 200) continue;
            // What is not enabled may say that it could be some day.
            const uint32_t flags =
                below(3) ? kEnabled | (below(2) ? kOnlineCapable : 0) : below(2) * kOnlineCapable;
            if (i < 50 || below(2))
                table.apic(id, flags);
            else
                table.x2apic(id, flags);
        }
        tables.push_back(table);
    }
    check(tables);
}

GRADED(Madt, StepsOverOtherEntries,
       {.title = "Entries of other types and other lengths are stepped over",
        .section = "6.1",
        .points = 4,
        .needs = {"Madt.ListsEnabledProcessors"},
        .hint = "The next entry begins where this entry's own length says, whatever its type is.",
        .unit = true}) {
    std::vector<Table> tables;
    for (int i = 0; i < 100; ++i) {
        Table table;
        for (const uint8_t id : ids(1 + below(kMaximum))) {
            for (uint32_t others = below(4); others > 0; --others)
                table.entry(other_type(), bytes(below(30)));
            if (below(2))
                table.apic(id, kEnabled, below(2) * below(20));
            else
                table.x2apic(id, kEnabled, below(2) * below(20));
        }
        tables.push_back(table);
    }
    tables.push_back(Table().entry(1, bytes(253)).apic(3).entry(2, {}));
    check(tables);
}

GRADED(
    Madt, ListsEachOnce,
    {.title = "A processor with two entries is listed once",
     .section = "6.1",
     .points = 2,
     .needs = {"Madt.ListsEnabledProcessors"},
     .hint = "Firmware may describe a processor by an entry of each type: has this id been listed already?",
     .unit = true}) {
    std::vector<Table> tables;
    for (int i = 0; i < 50; ++i) {
        Table table;
        const auto all = ids(6);
        for (int entries = 0; entries < 12; ++entries) {
            const uint8_t id = all[below(6)];
            if (below(2))
                table.apic(id);
            else
                table.x2apic(id);
        }
        tables.push_back(table);
    }
    const uint8_t id = ids(1)[0];
    tables.push_back(Table().apic(id, 0).x2apic(id));
    check(tables);
}

GRADED(Madt, LeavesOutWhatItCannotUse,
       {.title = "Ids from 255 on and processors beyond the eighth are counted, not listed",
        .section = "6.1",
        .points = 3,
        .needs = {"Madt.ListsEachOnce"},
        .hint = "`left_out` counts each enabled processor that is not listed, and no other.",
        .unit = true}) {
    hint(
        "An id of 255 or more can't be addressed: 255 means all processors, and an id has 32 bits in an "
        "x2APIC entry.");
    const uint8_t id = ids(1)[0];
    check({Table().apic(id).x2apic(256u + id).x2apic(0xffffffff).x2apic(255), Table().apic(255).apic(id),
           Table().x2apic(0x100).apic(0), Table().apic(id).x2apic(300, 0).apic(255, kOnlineCapable)});
    if (HasFatalFailure()) return;
    hint("The list holds eight; an enabled processor beyond them is counted in `left_out`, once.");
    std::vector<Table> tables;
    for (int i = 0; i < 20; ++i) {
        Table table;
        const auto all = ids(8 + below(20));
        for (const uint8_t each : all) table.apic(each, below(10) ? kEnabled : 0);
        for (const uint8_t each : all)
            if (below(2)) table.x2apic(each, 0);
        tables.push_back(table);
    }
    check(tables);
}

GRADED(Madt, RefusesBrokenTables,
       {.title = "A table that contradicts itself is refused, and nothing of it is believed",
        .section = "6.1",
        .points = 3,
        .needs = {"Madt.ListsEnabledProcessors"},
        .hint = "Compare each length with what is left of the table, and with what the entry must hold.",
        .unit = true}) {
    const auto good = [&] { return Table().apic(ids(1)[0]); };
    hint("A length below 2 is smaller than the entry's own header: such a loop would not end.");
    for (const uint8_t type : {0, 9, 77})
        for (const int length : {0, 1}) {
            check_refused(good().entry(type, bytes(14), length).apic(3));
            if (HasFatalFailure()) return;
        }
    hint("An entry's length may reach past the end of the table: compare it with what is left.");
    for (const uint8_t type : {0, 9, 77}) {
        check_refused(good().entry(type, bytes(14), 17));
        if (HasFatalFailure()) return;
        check_refused(good().entry(type, bytes(14), 255));
        if (HasFatalFailure()) return;
    }
    check_refused(good().byte(0));
    if (HasFatalFailure()) return;
    hint("An entry may be too short for the fields of its type: its length is what counts, not the table's.");
    for (size_t size = 0; size < 6; ++size) {
        check_refused(good().entry(0, std::vector<uint8_t>(size, 1)).apic(3).apic(4));
        if (HasFatalFailure()) return;
    }
    for (size_t size = 0; size < 14; ++size) {
        check_refused(good().entry(9, std::vector<uint8_t>(size, 1)).apic(3).apic(4));
        if (HasFatalFailure()) return;
    }
    hint("A table that enables no processor we could use is an error, too.");
    for (const Table& table : {Table(), Table().apic(7, 0), Table().apic(255).x2apic(1000)}) {
        ASSERT_EQ(grader::ask("madt", table.numbers()).at(0), kError)
            << "error?, for the entries\n  " << table.text();
    }
}

}  // namespace
