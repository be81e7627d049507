"""The batpak command, as far as the reader is compared with it."""

import dataclasses
import json
import os
import subprocess

BATPAK = os.environ.get("BATPAK", "batpak")
PATIENCE_S = 60
TIMED_OUT = 124  # as timeout(1) says it


@dataclasses.dataclass(frozen=True)
class Verified:
    code: int
    findings: list  # of JSON objects
    report: dict
    error: str


@dataclasses.dataclass(frozen=True)
class Listed:
    code: int
    events: list  # of JSON objects, the oldest first
    error: str


def run(*arguments, given=None):
    command = [BATPAK, *arguments]
    try:
        return subprocess.run(command, input=given, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, TIMED_OUT, "", f"was not done after {PATIENCE_S} s")


def verify(directory, key=None):
    done = run("verify", directory, "--json", "--threads", "1", *(("--key", key) if key else ()))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    findings = [line for line in lines if line["type"] == "finding"]
    report = next((line for line in lines if line["type"] == "report"), {})
    return Verified(done.returncode, findings, report, done.stderr.strip())


def log(directory):
    done = run("log", directory, "--from", "0", "--json", "--all")
    return Listed(done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.strip())


def append(directory, key_file=None):
    """Opens for writing, with all that recovery does, and appends one event. Gives code and error."""
    done = run("append", directory, "--entity", "opened:again", "--scope", "conformance", "--kind", "store.opened", "--json",
               *(("--key-file", key_file, "--first-key") if key_file else ()), '{"again":true}')
    return done.returncode, done.stderr.strip()
