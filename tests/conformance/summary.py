"""Figures for docs/CONFORMANCE.md, a line of JSON each."""

import json
import os

PATH = os.environ.get("BATPAK_CONFORMANCE_SUMMARY", "")


def add(figure, value):
    """Appends to the file that is asked for, if one is."""
    if PATH:
        with open(PATH, "a", encoding="utf-8") as file:
            file.write(json.dumps({"suite": "conformance", "figure": figure, "value": value}) + "\n")
