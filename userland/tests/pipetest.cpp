/// @file
/// pipetest: what goes into a pipe comes out, in order and complete; ends that close are noticed; a full pipe
/// makes the writer wait.
#include <initializer_list>

#include <userland/lib/io.h>
#include <userland/lib/program.h>
#include <userland/tests/check.h>

namespace {

constexpr size_t kTotal = 1 << 20;
char buffer[70'000];

/// The byte at `position` of the stream that all tests send.
unsigned char stream_byte(size_t position) {
    const size_t mixed = position * 2654435761u;
    return static_cast<unsigned char>(mixed >> 13 ^ mixed >> 24);
}

void close_both(const int ends[2]) {
    close(ends[0]);
    close(ends[1]);
}

void send_stream(int fd) {
    static constexpr size_t kSizes[] = {1, 7, 511, 512, 513, 4095, 4096, 4097, 65'537, 3};
    size_t position = 0;
    for (size_t round = 0; position < kTotal; ++round) {
        size_t size = kSizes[round % 10];
        if (size > kTotal - position) size = kTotal - position;
        for (size_t i = 0; i < size; ++i) buffer[i] = static_cast<char>(stream_byte(position + i));
        CHECK_EQ(write_all(fd, buffer, size), 0);
        position += size;
    }
}

void check_integrity() {
    static constexpr size_t kSizes[] = {5, 4096, 1, 60'000, 333, 8192, 2};
    int ends[2] = {-1, -1};
    CHECK_EQ(pipe(ends), 0);
    const long child = start_child([&] {
        close(ends[0]);
        send_stream(ends[1]);
    });
    close(ends[1]);
    size_t position = 0;
    for (size_t round = 0;; ++round) {
        const long got = read(ends[0], buffer, kSizes[round % 7]);
        CHECK(got >= 0);
        if (got == 0) break;
        for (size_t i = 0; i < static_cast<size_t>(got); ++i)
            if (static_cast<unsigned char>(buffer[i]) != stream_byte(position + i))
                fail("byte %lu of the stream is wrong", position + i);
        position += static_cast<size_t>(got);
    }
    CHECK_EQ(static_cast<long>(position), static_cast<long>(kTotal));
    CHECK_EQ(read(ends[0], buffer, 1), 0);  // the end stays the end
    close(ends[0]);
    CHECK_EQ(wait_for(child), exited(0));
}

void check_ends() {
    int ends[2] = {-1, -1};
    CHECK_EQ(pipe(ends), 0);
    CHECK(read(ends[1], buffer, 1) == -EBADF);
    CHECK(write(ends[0], "x", 1) == -EBADF);
    CHECK_EQ(lseek(ends[0], 0, SEEK_CUR), -ESPIPE);
    Stat info{};
    CHECK_EQ(fstat(ends[0], &info), 0);
    CHECK((info.mode & S_IFMT) == S_IFIFO);
    CHECK_EQ(write(ends[1], "", 0), 0);

    // What was written before the last writer closed is still to be read.
    CHECK_EQ(write(ends[1], "rest", 4), 4);
    close(ends[1]);
    CHECK_EQ(read(ends[0], buffer, 2), 2);
    CHECK_EQ(read(ends[0], buffer, 100), 2);
    CHECK_EQ(read(ends[0], buffer, 100), 0);
    close(ends[0]);

    // Nobody will ever read: EPIPE, and SIGPIPE for whom does not ignore it.
    CHECK_EQ(pipe(ends), 0);
    close(ends[0]);
    CHECK_EQ(run_in_child([&] {
                 set_signal(SIGPIPE, false);
                 write(ends[1], "x", 1);
                 exit(0);
             }) & 0x7f,
             SIGPIPE);
    CHECK_EQ(run_in_child([&] {
                 set_signal(SIGPIPE, true);
                 CHECK_EQ(write(ends[1], "x", 1), -EPIPE);
             }),
             exited(0));
    close(ends[1]);

    // A writer that sleeps in a full pipe learns of it too.
    CHECK_EQ(pipe(ends), 0);
    const long child = start_child([&] {
        close(ends[0]);
        set_signal(SIGPIPE, true);
        long result;
        while ((result = write(ends[1], buffer, 4096)) > 0) {
        }
        CHECK_EQ(result, -EPIPE);
    });
    close(ends[1]);
    sleep_milliseconds(20);
    close(ends[0]);
    CHECK_EQ(wait_for(child), exited(0));

    // A pipe ends only when its last writer has gone.
    CHECK_EQ(pipe(ends), 0);
    const int second = static_cast<int>(dup(ends[1]));
    close(ends[1]);
    CHECK_EQ(write(second, "s", 1), 1);
    CHECK_EQ(read(ends[0], buffer, 100), 1);
    close(second);
    CHECK_EQ(read(ends[0], buffer, 100), 0);
    close(ends[0]);
}

void check_full_pipe() {
    int ends[2] = {-1, -1};
    CHECK_EQ(pipe(ends), 0);
    constexpr long kAmount = 256L * 1024;
    const long child = start_child([&] {
        close(ends[0]);
        for (long sent = 0; sent < kAmount; sent += 1024) CHECK_EQ(write(ends[1], buffer, 1024), 1024);
    });
    close(ends[1]);
    sleep_milliseconds(30);
    int status = 0;
    CHECK_EQ(wait4(child, &status, WNOHANG), 0);  // more than a pipe holds: it is waiting
    long total = 0;
    long got;
    while ((got = read(ends[0], buffer, sizeof buffer)) > 0) total += got;
    CHECK_EQ(got, 0);
    CHECK_EQ(total, kAmount);
    CHECK_EQ(wait_for(child), exited(0));
    close(ends[0]);
}

/// A reader that sleeps in an empty pipe gets what is written later.
void check_empty_pipe() {
    int ends[2] = {-1, -1};
    CHECK_EQ(pipe(ends), 0);
    const long child = start_child([&] {
        sleep_milliseconds(20);
        CHECK_EQ(write(ends[1], "late", 4), 4);
    });
    CHECK_EQ(read(ends[0], buffer, 100), 4);
    CHECK_EQ(wait_for(child), exited(0));
    close_both(ends);
}

/// Several readers share the stream: every byte goes to exactly one of them. Several writers share a pipe:
/// short records stay whole.
void check_sharing() {
    constexpr int kReaders = 4;
    constexpr long kBytes = 200'000;
    int ends[2] = {-1, -1};
    int results[2] = {-1, -1};
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(pipe(results), 0);
    struct Share {
        long bytes = 0;
        long sum = 0;
    };
    for (int i = 0; i < kReaders; ++i) {
        start_child([&] {
            close(ends[1]);
            Share share;
            long got;
            while ((got = read(ends[0], buffer, 777)) > 0) {
                share.bytes += got;
                for (long j = 0; j < got; ++j) share.sum += static_cast<unsigned char>(buffer[j]);
            }
            CHECK_EQ(got, 0);
            CHECK_EQ(write_all(results[1], &share, sizeof share), 0);
        });
    }
    close(ends[0]);
    long sum = 0;
    for (long sent = 0; sent < kBytes;) {
        const long size = kBytes - sent < 1000 ? kBytes - sent : 1000;
        for (long i = 0; i < size; ++i) {
            buffer[i] = static_cast<char>(stream_byte(static_cast<size_t>(sent + i)));
            sum += static_cast<unsigned char>(buffer[i]);
        }
        CHECK_EQ(write_all(ends[1], buffer, static_cast<size_t>(size)), 0);
        sent += size;
    }
    close(ends[1]);
    Share total;
    for (int i = 0; i < kReaders; ++i) {
        Share share;
        CHECK_EQ(read(results[0], &share, sizeof share), static_cast<long>(sizeof share));
        total.bytes += share.bytes;
        total.sum += share.sum;
        int status = 0;
        CHECK(wait4(-1, &status) > 0 && status == 0);
    }
    CHECK_EQ(total.bytes, kBytes);
    CHECK_EQ(total.sum, sum);
    close_both(results);

    constexpr size_t kRecord = 64;
    constexpr int kRecords = 500;
    CHECK_EQ(pipe(ends), 0);
    for (const char letter : {'a', 'b', 'c'}) {
        start_child([&] {
            char record[kRecord];
            for (char& c : record) c = letter;
            for (int i = 0; i < kRecords; ++i) CHECK_EQ(write(ends[1], record, kRecord), 64);
        });
    }
    close(ends[1]);
    int counts[3] = {};
    for (;;) {
        char record[kRecord];
        size_t filled = 0;
        long got = 1;
        while (filled < kRecord && (got = read(ends[0], record + filled, kRecord - filled)) > 0)
            filled += static_cast<size_t>(got);
        if (filled == 0) break;
        CHECK_EQ(static_cast<long>(filled), 64);
        for (const char c : record) CHECK_EQ(c, record[0]);
        CHECK(record[0] >= 'a' && record[0] <= 'c');
        ++counts[record[0] - 'a'];
    }
    for (const int count : counts) CHECK_EQ(count, kRecords);
    for (int i = 0; i < 3; ++i) {
        int status = 0;
        CHECK(wait4(-1, &status) > 0 && status == 0);
    }
    close(ends[0]);
}

}  // namespace

int main(int, char**) {
    test_name = "pipetest";
    check_integrity();
    check_ends();
    check_full_pipe();
    check_empty_pipe();
    check_sharing();
    return passed();
}
