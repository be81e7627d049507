"""What an option may be given, for whichever command."""

import re
import unittest

from command import CommandTest, main
from manual_test import COMMANDS

OPERANDS = {"get": 1, "history": 1, "import": 1, "salvage": 1, "prove inclusion": 1, "prove consistency": 1, "prove complete": 1,
            "prove absent": 1}


class Options(CommandTest):
    def of(self, command):
        """The options of a command that take a value."""
        said = self.batpak(*command.split(), "--help").out.split("Options:")[1].split("Examples:")[0]
        return re.findall(r"(--[a-z][a-z-]+) (?:[A-Z]{2,}|N)\b", said)

    def test_an_empty_value_is_never_taken_for_none(self):
        self.init()
        asked = 0
        for command in COMMANDS:
            operands = [self.store] + ["1"] * OPERANDS.get(command, 0)
            for option in self.of(command):
                for given in ([option, ""], [option + "="]):
                    answer = self.batpak(*command.split(), *operands, *given, code=2)
                    self.assertIn(option, answer.err, command)
                    self.assertIn("the value is empty", answer.err, command)
                    self.assertEqual(answer.out, "")
                    asked += 1
        self.assertGreater(asked, 80)

    def test_an_empty_operand_is_never_taken_for_none(self):
        for command in COMMANDS:
            answer = self.batpak(*command.split(), "", *["1"] * OPERANDS.get(command, 0), code=2)
            self.assertIn("the value is empty", answer.err, command)

    def test_a_key_that_could_not_be_read_is_not_taken_for_no_key(self):
        self.init()
        unread = self.batpak("key", "show", "nosuch", "--store", self.store, code=3).out
        self.assertEqual(unread, "")
        self.assertNotIn("clean", self.batpak("verify", self.store, "--key", unread, code=2).out)

    def test_threads_have_a_bound(self):
        self.init()
        for command in ("verify", "audit"):
            for threads in ("257", "99999999", "-1", "4294967297"):
                self.assertIn("--threads", self.batpak(command, self.store, "--threads", threads, code=2).err)
            self.batpak(command, self.store, "--threads", "256")
            self.batpak(command, self.store, "--threads", "0")

    def test_a_number_that_no_log_reaches_is_not_taken_for_another(self):
        self.init()
        for number in ("18446744073709551616", "-1", "1e3", "0x10", " 1"):
            self.batpak("get", self.store, number, code=2)
            for command in (["log", self.store, "--from", number], ["log", self.store, "--limit", number],
                            ["history", self.store, "order:7", "--limit", number],
                            ["import", self.store, "nosuch", "--from-line", number]):
                self.batpak(*command, code=2)
        self.batpak("prove", "consistency", self.store, "18446744073709551616", code=2)
        self.batpak("log", self.store, "--from", "18446744073709551615")

    def test_metadata_and_payloads_may_end_with_an_equals_sign(self):
        self.init()
        self.append("1", "--meta", "by=")
        self.assertEqual(self.log()[0]["metadata"], {"by": ""})


if __name__ == "__main__":
    main()
