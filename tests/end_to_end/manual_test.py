"""The manual page and the completions."""

import os
import re
import shutil
import subprocess
import unittest

from command import BATPAK, SOURCE, CommandTest, main

MANUAL = os.path.join(SOURCE, "apps", "cli", "batpak.1")
COMPLETIONS = os.path.join(SOURCE, "apps", "cli", "completions")
COMMANDS = ("init", "append", "import", "get", "log", "history", "verify", "audit", "salvage", "checkpoint",
            "prove inclusion", "prove consistency", "prove complete", "prove absent", "heads", "receipt verify", "types", "stat",
            "key new", "key show", "key rotate", "key revoke", "key history", "key chain")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Manual(CommandTest):
    @unittest.skipIf(shutil.which("groff") is None, "groff is not installed")
    def test_the_manual_renders_without_warnings(self):
        if not os.path.exists("/usr/share/groff/current/tmac/mdoc.tmac"):
            self.skipTest("groff has no mdoc macros here")
        shown = subprocess.run(["groff", "-mdoc", "-ww", "-Tutf8", MANUAL], capture_output=True)
        self.assertEqual(shown.stderr, b"")
        self.assertIn(b"batpak", shown.stdout)

    def options(self, command):
        return set(re.findall(r"--([a-z][a-z-]+)", self.batpak(*command.split(), "--help").out.split("Examples:")[0])) - {"help"}

    def test_the_manual_names_every_command_and_option(self):
        text = read(MANUAL)
        named = set(re.findall(r"-([a-z][a-z-]+)", " ".join(line for line in text.splitlines() if "Fl" in line or "-scope" in line)))
        for command in COMMANDS:
            self.assertRegex(text, rf"\.Cm {command}\b")
            self.assertEqual(self.options(command) - named, set(), command)

    def test_the_manual_names_every_member_of_the_json_output(self):
        self.init()
        self.append()
        section = read(MANUAL).split(".Sh JSON OUTPUT")[1].split(".Sh ENVIRONMENT")[0]
        answers = [self.log(), self.append("1", "--json").objects]
        for command in (["stat"], ["types"], ["verify"], ["history", "order:7"], ["get", "1"]):
            answers.append(self.batpak(command[0], self.store, *command[1:], "--json").objects)
        for objects in answers:
            for member in objects[0]:
                self.assertRegex(section, rf"\b{member}\b")


class Completions(CommandTest):
    @unittest.skipIf(shutil.which("bash") is None, "bash is not installed")
    def test_the_one_for_bash_parses_and_completes(self):
        script = os.path.join(COMPLETIONS, "batpak.bash")
        subprocess.run(["bash", "-n", script], check=True)
        ask = f'''source {script}
            compopt() {{ :; }}
            ask() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _batpak; echo "${{COMPREPLY[*]}}"; }}
            ask batpak hi; ask batpak log d --fo; ask batpak key n; ask batpak key show --st'''
        answer = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
        self.assertEqual(answer.stdout.split(), ["history", "--follow", "new", "--store"])

    @unittest.skipIf(shutil.which("zsh") is None, "zsh is not installed")
    def test_the_one_for_zsh_parses(self):
        subprocess.run(["zsh", "-n", os.path.join(COMPLETIONS, "batpak.zsh")], check=True)

    @unittest.skipIf(shutil.which("fish") is None, "fish is not installed")
    def test_the_one_for_fish_parses(self):
        subprocess.run(["fish", "--no-execute", os.path.join(COMPLETIONS, "batpak.fish")], check=True)

    def test_each_names_every_command_and_option(self):
        for shell in ("bash", "zsh", "fish"):
            text = read(os.path.join(COMPLETIONS, f"batpak.{shell}"))
            for command in COMMANDS:
                self.assertIn(command.split()[-1], text)
                options = re.findall(r"--([a-z][a-z-]+)",
                                     self.batpak(*command.split(), "--help").out.split("Options:")[1].split("Examples:")[0])
                for option in options:
                    self.assertRegex(text, rf"(--|-l ){option}\b", f"{shell}: {command} --{option}")


if __name__ == "__main__":
    main()
