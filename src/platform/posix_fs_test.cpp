#include "platform/posix_fs.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>

#include "base/bytes.hpp"
#include "platform/child_process.hpp"
#include "platform/temporary_directory.hpp"

namespace batpak::platform {
namespace {

class PosixFs : public testing::Test {
 protected:
  std::shared_ptr<Directory> open() { return posix_file_system().open_directory(temporary_.path()).value(); }
  std::unique_ptr<File> create(std::string_view name) { return directory_->open_file(name, OpenMode::create).value(); }

  static std::string text_of(const File& file) {
    std::string text(file.size().value(), '\0');
    const std::size_t got = file.read_at(0, std::as_writable_bytes(std::span{text})).value();
    text.resize(got);
    return text;
  }

  TemporaryDirectory temporary_;
  std::shared_ptr<Directory> directory_ = open();
};

// Runs `body` in a child that file permissions apply to. Answers its exit status.
template <class Body>
int exit_status_of_unprivileged_child(Body body) {
  return exit_status_of_child([&] {
    if (::getuid() == 0 && ::setuid(65534) != 0) return 99;
    return body();
  });
}

TEST_F(PosixFs, reads_back_what_was_written) {
  const auto file = create("a");
  ASSERT_TRUE(file->write_at(3, base::as_bytes("def")));
  ASSERT_TRUE(file->write_at(0, base::as_bytes("abc")));
  ASSERT_TRUE(file->sync_data());
  ASSERT_TRUE(file->sync_all());
  EXPECT_EQ(file->size().value(), 6U);
  EXPECT_EQ(text_of(*file), "abcdef");
}

TEST_F(PosixFs, reads_fewer_bytes_only_at_the_end_of_the_file) {
  const auto file = create("a");
  ASSERT_TRUE(file->write_at(0, base::as_bytes("abcdef")));
  std::array<std::byte, 4> out{};
  EXPECT_EQ(file->read_at(0, out).value(), 4U);
  EXPECT_EQ(file->read_at(4, out).value(), 2U);
  EXPECT_EQ(file->read_at(6, out).value(), 0U);
  EXPECT_EQ(file->read_at(1000, out).value(), 0U);
}

TEST_F(PosixFs, refuses_an_offset_that_no_file_reaches) {
  const auto file = create("a");
  const auto written = file->write_at(~0ULL - 1, base::as_bytes("abc"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(file->truncate(~0ULL).error().code, ErrorCode::invalid_argument);
}

TEST_F(PosixFs, opens_according_to_the_mode) {
  EXPECT_EQ(directory_->open_file("a", OpenMode::read).error().code, ErrorCode::not_found);
  EXPECT_EQ(directory_->open_file("a", OpenMode::write).error().code, ErrorCode::not_found);
  EXPECT_FALSE(directory_->exists("a").value());
  EXPECT_TRUE(directory_->open_file("a", OpenMode::create_new));
  EXPECT_TRUE(directory_->exists("a").value());
  const auto again = directory_->open_file("a", OpenMode::create_new);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().system_errno, EEXIST);
  EXPECT_TRUE(directory_->open_file("a", OpenMode::create));
  EXPECT_TRUE(directory_->open_file("a", OpenMode::write));
  EXPECT_FALSE((*directory_->open_file("a", OpenMode::read))->write_at(0, base::as_bytes("x")));
}

// Witness: every_refusal_is_typed
TEST_F(PosixFs, an_error_names_the_file_the_offset_and_errno) {
  create("a");
  const auto file = directory_->open_file("a", OpenMode::read).value();
  const auto written = file->write_at(7, base::as_bytes("x"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().path, temporary_ / "a");
  EXPECT_EQ(written.error().offset, 7U);
  EXPECT_EQ(written.error().system_errno, EBADF);
  EXPECT_EQ(written.error().code, ErrorCode::io_error);
}

// Witness: acknowledged_durable_survives
TEST_F(PosixFs, a_write_past_a_limit_is_continued_and_then_reported_where_it_stopped) {
  // RLIMIT_FSIZE makes the kernel write a part first and refuse the rest: the short write that nothing else gives reliably.
  EXPECT_EQ(exit_status_of_child([&] {
              std::signal(SIGXFSZ, SIG_IGN);
              const rlimit limit{.rlim_cur = 4, .rlim_max = 4};
              if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
              const auto file = create("a");
              const auto written = file->write_at(0, base::as_bytes("abcdef"));
              if (written || written.error().code != ErrorCode::no_space || written.error().offset != 4U) return 2;
              return text_of(*file) == "abcd" ? 0 : 3;
            }),
            0);
}

TEST_F(PosixFs, truncate_cuts_and_extends_with_zeros) {
  const auto file = create("a");
  ASSERT_TRUE(file->write_at(0, base::as_bytes("abcdef")));
  ASSERT_TRUE(file->truncate(2));
  ASSERT_TRUE(file->truncate(4));
  EXPECT_EQ(text_of(*file), std::string("ab\0\0", 4));
}

TEST_F(PosixFs, allocate_extends_with_reserved_zeros_and_never_shortens) {
  const auto file = create("a");
  ASSERT_TRUE(file->write_at(0, base::as_bytes("abc")));
  const auto allocated = file->allocate(1U << 20);
  if (!allocated && allocated.error().code == ErrorCode::unsupported) {
    GTEST_SKIP() << "this file system cannot reserve space";
  }
  ASSERT_TRUE(allocated) << allocated.error();
  EXPECT_EQ(file->size().value(), 1U << 20);
  struct stat status{};
  ASSERT_EQ(::stat((temporary_ / "a").c_str(), &status), 0);
  EXPECT_GE(static_cast<std::uint64_t>(status.st_blocks) * 512, 1U << 20);
  ASSERT_TRUE(file->allocate(10));
  EXPECT_EQ(file->size().value(), 1U << 20);
  EXPECT_EQ(text_of(*file).substr(0, 4), std::string("abc\0", 4));
}

TEST_F(PosixFs, a_file_larger_than_the_device_has_no_space) {
  const auto allocated = create("a")->allocate(1ULL << 60);
  ASSERT_FALSE(allocated);
  if (allocated.error().code == ErrorCode::unsupported) GTEST_SKIP() << "this file system cannot reserve space";
  EXPECT_EQ(allocated.error().code, ErrorCode::no_space);
}

TEST_F(PosixFs, a_mapping_shows_later_writes_and_outlives_its_file) {
  auto file = create("a");
  ASSERT_TRUE(file->truncate(8192));
  const auto mapping = file->map(8192).value();
  ASSERT_TRUE(file->write_at(4096, base::as_bytes("later")));
  file.reset();
  ASSERT_TRUE(directory_->remove("a"));
  EXPECT_EQ(base::as_text(mapping->bytes().subspan(4096, 5)), "later");
}

TEST_F(PosixFs, a_mapping_may_reach_past_the_end_and_the_file_grow_into_it) {
  const auto file = create("a");
  const auto mapping = file->map(1U << 16).value();
  EXPECT_EQ(mapping->bytes().size(), 1U << 16);
  ASSERT_TRUE(file->write_at(0, base::as_bytes("grown")));
  EXPECT_EQ(base::as_text(mapping->bytes().first(5)), "grown");
  EXPECT_TRUE(file->map(0).value()->bytes().empty());
}

TEST_F(PosixFs, lists_a_directory_sorted_by_name) {
  ASSERT_TRUE(directory_->make_directory("log"));
  ASSERT_TRUE(directory_->make_directory("log"));
  create("log/b");
  create("log/a");
  ASSERT_TRUE(directory_->make_directory("log/c"));
  const auto entries = directory_->list("log").value();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].name, "a");
  EXPECT_EQ(entries[1].name, "b");
  EXPECT_EQ(entries[2].name, "c");
  EXPECT_FALSE(entries[0].is_directory);
  EXPECT_TRUE(entries[2].is_directory);
  EXPECT_EQ(directory_->list(".").value().size(), 1U);
  EXPECT_EQ(directory_->list("none").error().code, ErrorCode::no_such_directory);
  EXPECT_EQ(directory_->list("log/a").error().code, ErrorCode::not_a_directory);
}

TEST_F(PosixFs, rename_replaces_and_remove_forgives_absence) {
  ASSERT_TRUE(create("a")->write_at(0, base::as_bytes("new")));
  ASSERT_TRUE(create("b")->write_at(0, base::as_bytes("old")));
  ASSERT_TRUE(directory_->rename("a", "b"));
  ASSERT_TRUE(directory_->sync_directory("."));
  EXPECT_EQ(text_of(*create("b")), "new");
  EXPECT_EQ(directory_->rename("a", "b").error().code, ErrorCode::not_found);
  ASSERT_TRUE(directory_->remove("b"));
  EXPECT_TRUE(directory_->remove("b"));
  EXPECT_FALSE(directory_->exists("b").value());
}

TEST_F(PosixFs, syncs_its_own_name_a_subdirectory_and_no_absent_one) {
  ASSERT_TRUE(directory_->make_directory("log"));
  EXPECT_TRUE(directory_->sync_directory("log"));
  EXPECT_TRUE(directory_->sync_parent());
  EXPECT_EQ(directory_->sync_directory("none").error().code, ErrorCode::no_such_directory);
}

TEST_F(PosixFs, a_file_in_the_place_of_a_directory_is_told_apart_from_nothing_there) {
  create("a");
  EXPECT_EQ(posix_file_system().open_directory(temporary_ / "a").error().code, ErrorCode::not_a_directory);
  EXPECT_EQ(posix_file_system().create_directory(temporary_ / "a").error().code, ErrorCode::not_a_directory);
  EXPECT_EQ(posix_file_system().open_directory(temporary_ / "b").error().code, ErrorCode::no_such_directory);
  EXPECT_EQ(posix_file_system().create_directory(temporary_ / "b/c").error().code, ErrorCode::no_such_directory);
  EXPECT_EQ(directory_->make_directory("a").error().code, ErrorCode::not_a_directory);
  EXPECT_TRUE(posix_file_system().create_directory(temporary_ / "b"));
  EXPECT_TRUE(posix_file_system().create_directory(temporary_ / "b"));
}

TEST_F(PosixFs, a_pipe_or_a_directory_under_a_files_name_is_refused_without_waiting) {
  ASSERT_EQ(::mkfifo((temporary_ / "pipe").c_str(), 0600), 0);
  ASSERT_TRUE(directory_->make_directory("log"));
  EXPECT_EQ(directory_->open_file("pipe", OpenMode::read).error().code, ErrorCode::unsupported);
  EXPECT_EQ(directory_->open_file("log", OpenMode::read).error().code, ErrorCode::unsupported);
  EXPECT_EQ(directory_->open_file("log", OpenMode::write).error().code, ErrorCode::unsupported);
}

TEST_F(PosixFs, follows_its_directory_when_that_is_renamed) {
  const auto inner = posix_file_system().create_directory(temporary_ / "before").value();
  ASSERT_TRUE(directory_->rename("before", "after"));
  ASSERT_TRUE(inner->open_file("a", OpenMode::create));
  EXPECT_TRUE(directory_->exists("after/a").value());
}

// Witness: one_writer
TEST_F(PosixFs, a_second_owner_is_refused_with_the_pid_of_the_first) {
  const auto lock = directory_->lock_as_owner();
  ASSERT_TRUE(lock) << lock.error();
  for (const auto& other : {directory_, open()}) {
    const auto second = other->lock_as_owner();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::locked);
    EXPECT_NE(second.error().message.find("pid " + std::to_string(::getpid())), std::string::npos) << second.error();
  }
  EXPECT_EQ(exit_status_of_child([&] {
              const auto second = open()->lock_as_owner();
              const bool named = !second && second.error().message.find("another process (pid ") == 0;
              return named && second.error().code == ErrorCode::locked ? 0 : 1;
            }),
            0);
}

TEST_F(PosixFs, whether_there_is_an_owner_can_be_asked_by_anyone) {
  EXPECT_FALSE(directory_->has_owner().value());
  EXPECT_FALSE(directory_->exists("LOCK").value()) << "asking must not create anything";
  auto lock = directory_->lock_as_owner().value();
  EXPECT_TRUE(directory_->has_owner().value());
  EXPECT_EQ(exit_status_of_child([&] { return open()->has_owner().value() ? 0 : 1; }), 0);
  lock.reset();
  EXPECT_FALSE(directory_->has_owner().value());
  EXPECT_EQ(exit_status_of_child([&] { return open()->has_owner().value() ? 1 : 0; }), 0);
  EXPECT_TRUE(directory_->lock_as_owner());
}

TEST_F(PosixFs, asking_for_an_owner_never_stands_in_the_way_of_one) {
  {
    const auto lock = directory_->lock_as_owner().value();
  }
  EXPECT_FALSE(directory_->has_owner().value());
  const auto lock = directory_->lock_as_owner();
  EXPECT_TRUE(directory_->has_owner().value());
  EXPECT_TRUE(lock);
}

TEST_F(PosixFs, a_child_that_drops_the_inherited_lock_does_not_release_it) {
  auto lock = directory_->lock_as_owner().value();
  EXPECT_EQ(exit_status_of_child([&] {
              lock.reset();
              return 0;
            }),
            0);
  EXPECT_TRUE(directory_->has_owner().value());
  EXPECT_EQ(exit_status_of_child([&] { return open()->lock_as_owner() ? 1 : 0; }), 0);
}

TEST_F(PosixFs, the_owner_releases_although_a_child_still_holds_the_descriptors) {
  auto lock = directory_->lock_as_owner().value();
  std::array<int, 2> until_closed{};
  ASSERT_EQ(::pipe(until_closed.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::close(until_closed[1]);
    char unused = 0;
    ::_exit(::read(until_closed[0], &unused, 1) == 0 ? 0 : 1);
  }
  lock.reset();
  EXPECT_FALSE(directory_->has_owner().value());
  EXPECT_TRUE(directory_->lock_as_owner());
  ::close(until_closed[1]);
  ::close(until_closed[0]);
  ::waitpid(child, nullptr, 0);
}

// Witness: one_writer
TEST_F(PosixFs, an_owner_that_dies_leaves_no_lock) {
  EXPECT_EQ(exit_status_of_child([&] {
              const auto lock = open()->lock_as_owner();
              return lock ? 0 : 1;  // no destructor runs
            }),
            0);
  EXPECT_TRUE(directory_->exists("LOCK").value());
  EXPECT_FALSE(directory_->has_owner().value());
  EXPECT_TRUE(directory_->lock_as_owner());
}

TEST_F(PosixFs, deleting_LOCK_does_not_give_the_directory_away) {
  const auto lock = directory_->lock_as_owner().value();
  ASSERT_TRUE(directory_->remove("LOCK"));
  EXPECT_EQ(open()->lock_as_owner().error().code, ErrorCode::locked);
}

TEST_F(PosixFs, a_directory_that_may_not_be_written_can_be_read_and_asked) {
  ASSERT_TRUE(create("a")->write_at(0, base::as_bytes("abc")));
  {
    const auto lock = directory_->lock_as_owner().value();
  }
  ASSERT_EQ(::chmod((temporary_ / "a").c_str(), 0444), 0);
  ASSERT_EQ(::chmod((temporary_ / "LOCK").c_str(), 0444), 0);
  ASSERT_EQ(::chmod(temporary_.path().c_str(), 0555), 0);
  const int status = exit_status_of_unprivileged_child([&] {
    const auto directory = posix_file_system().open_directory(temporary_.path());
    if (!directory) return 1;
    const auto file = (*directory)->open_file("a", OpenMode::read);
    if (!file || text_of(**file) != "abc" || (*file)->map(3).value()->bytes().size() != 3) return 2;
    if ((*directory)->has_owner() != false) return 3;
    if ((*directory)->list(".").value().size() != 2) return 4;
    if ((*directory)->open_file("a", OpenMode::write).error().code != ErrorCode::permission_denied) return 5;
    if ((*directory)->open_file("b", OpenMode::create).error().code != ErrorCode::permission_denied) return 6;
    if ((*directory)->make_directory("log").error().code != ErrorCode::permission_denied) return 7;
    if ((*directory)->rename("a", "b").error().code != ErrorCode::permission_denied) return 8;
    if ((*directory)->remove("a").error().code != ErrorCode::permission_denied) return 9;
    if ((*directory)->lock_as_owner().error().code != ErrorCode::permission_denied) return 10;
    return 0;
  });
  EXPECT_EQ(status, 0);
  ASSERT_EQ(::chmod(temporary_.path().c_str(), 0755), 0);
}

TEST_F(PosixFs, a_directory_that_may_not_be_entered_is_permission_denied) {
  ASSERT_EQ(::chmod(temporary_.path().c_str(), 0), 0);
  EXPECT_EQ(exit_status_of_unprivileged_child([&] {
              const auto directory = posix_file_system().open_directory(temporary_.path());
              return !directory && directory.error().code == ErrorCode::permission_denied ? 0 : 1;
            }),
            0);
  ASSERT_EQ(::chmod(temporary_.path().c_str(), 0755), 0);
}

TEST_F(PosixFs, syncs_its_name_in_a_parent_that_may_not_be_read) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root to hand the inner directory to another user";
  const auto inner = posix_file_system().create_directory(temporary_ / "inner").value();
  ASSERT_EQ(::chmod((temporary_ / "inner").c_str(), 0777), 0);
  ASSERT_EQ(::chmod(temporary_.path().c_str(), 0711), 0);
  EXPECT_EQ(exit_status_of_unprivileged_child([&] {
              const auto directory = posix_file_system().open_directory(temporary_ / "inner");
              return directory && (*directory)->sync_parent() ? 0 : 1;
            }),
            0);
}

TEST_F(PosixFs, runs_out_of_descriptors_as_out_of_resources) {
  EXPECT_EQ(exit_status_of_child([&] {
              rlimit before{};
              if (::getrlimit(RLIMIT_NOFILE, &before) != 0) return 1;
              const rlimit limit{.rlim_cur = 64, .rlim_max = before.rlim_max};
              if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
              std::vector<std::unique_ptr<File>> files;
              auto file = directory_->open_file("a", OpenMode::create);
              for (; file && files.size() < 64; file = directory_->open_file("a", OpenMode::create)) {
                files.push_back(std::move(*file));
              }
              // The sanitizers need descriptors of their own when the files are closed.
              if (::setrlimit(RLIMIT_NOFILE, &before) != 0) return 1;
              return !file && file.error().code == ErrorCode::out_of_resources ? 0 : 2;
            }),
            0);
}

}  // namespace
}  // namespace batpak::platform
