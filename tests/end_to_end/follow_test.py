"""log --follow beside a live writer."""

import json
import signal

from command import CommandTest, event_line, main


class Follow(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()

    def append_lines(self, numbers):
        self.batpak("append", self.store, "--json", stdin="".join(event_line(n) for n in numbers))

    def number_from(self, process):
        return json.loads(self.line_from(process))["payload"]["number"]

    def test_it_begins_with_the_last_events_and_goes_on_with_new_ones(self):
        self.append_lines(range(20))
        follower = self.start("log", self.store, "--json", "--follow")
        self.assertEqual([self.number_from(follower) for _ in range(10)], list(range(10, 20)))
        self.append_lines([20, 21])
        self.assertEqual([self.number_from(follower) for _ in range(2)], [20, 21])
        self.append_lines([22])
        self.assertEqual(self.number_from(follower), 22)
        follower.send_signal(signal.SIGINT)
        self.assertEqual(follower.wait(60), 0)

    def test_it_sees_what_a_writer_that_stays_appends(self):
        writer = self.start("append", self.store, "--json")
        follower = self.start("log", self.store, "--json", "--follow", "--from", "0")
        for n in range(50):
            writer.stdin.write(event_line(n).encode())
            writer.stdin.flush()
            self.assertEqual(self.number_from(follower), n)
            self.line_from(writer)

    def test_it_filters(self):
        follower = self.start("log", self.store, "--json", "--follow", "--entity", "file:3")
        self.append_lines(range(30))
        self.assertEqual([self.number_from(follower) for _ in range(3)], [3, 13, 23])

    def test_it_ends_when_nobody_reads(self):
        self.append_lines([1])
        follower = self.start("log", self.store, "--json", "--follow")
        self.line_from(follower)
        follower.stdout.close()
        self.assertEqual(follower.wait(60), 0)
        follower.stdout = None

    def test_it_is_a_table_for_people(self):
        self.append_lines([1])
        follower = self.start("log", self.store, "--follow")
        self.assertIn("SEQUENCE", self.line_from(follower))
        self.assertIn("file:1", self.line_from(follower))
        self.append_lines([2])
        self.assertIn("file:2", self.line_from(follower))


if __name__ == "__main__":
    main()
