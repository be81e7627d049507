"""python3 -m reader [--json] [--events] [--key KEY] DIR: verifies a store, and lists its events as JSON."""

import argparse
import json
import sys

from .finding import Refusal
from .log import Log
from .note import VerifierKey
from .verify import Verifier

FINE, FINDING, COULD_NOT_RUN = 0, 1, 3


def main():
    parser = argparse.ArgumentParser(prog="reader", description="Verifies a batpak store, independently of the library.",
                                     epilog="Exit status: 0 clean, 1 findings, 2 usage, 3 refused.")
    parser.add_argument("directory", metavar="DIR")
    parser.add_argument("--key", type=VerifierKey.parse, help="check signatures with this public key")
    parser.add_argument("--json", action="store_true", help="print findings as JSON, one object a line")
    parser.add_argument("--events", action="store_true", help="print the events as JSON, one object a line")
    arguments = parser.parse_args()
    try:
        verifier = Verifier(Log(arguments.directory), arguments.key).run()
    except Refusal as refusal:
        print(f"reader: {refusal}", file=sys.stderr)
        return COULD_NOT_RUN
    if arguments.events:
        for event in verifier.events:
            print(json.dumps(event.as_json(), ensure_ascii=False))
        return FINE
    for finding in verifier.findings:
        if arguments.json:
            print(json.dumps(finding.as_json(), ensure_ascii=False))
        else:
            print(f"{finding.law}  {finding.path}  {finding.offset}  {finding.message}")
    root = verifier.tree.root().hex() if verifier.tree is not None else None
    print(json.dumps({"type": "report", "clean": not verifier.findings, "findings": len(verifier.findings),
                      "commits": verifier.commits, "events": len(verifier.events), "root": root,
                      "checkpoints_verified": verifier.signatures.checkpoints_verified}) if arguments.json else
          f"{len(verifier.findings)} findings, {len(verifier.events)} events, root {root}")
    return FINDING if verifier.findings else FINE


if __name__ == "__main__":
    sys.exit(main())
