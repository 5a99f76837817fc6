#!/usr/bin/python3
# ===- count-tests.py - the sum over the reports of ctest, lit and pytest ---------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Reads JUnit reports and prints 'N passed, N failed' as the last line; exit status 1 unless all is well.

A report that is missing or broken, and a test that could not be started, are failures. Skipped tests are neither: they
are counted on a line of their own, with the reasons.
"""

import collections
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    """'passed', 'failed' or 'skipped', and for the last the reason."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed", ""
    status = case.get("status", "")  # ctest alone writes it
    skipped = case.find("skipped")
    message = skipped.get("message", "") if skipped is not None else ""
    if status == "fail":
        return "failed", ""
    if status == "notrun" and not message.startswith("SKIP_"):
        return "failed", ""  # its program is not there
    if skipped is not None or status == "disabled":
        return "skipped", message
    return "passed", ""


def main(paths):
    total = collections.Counter()
    reasons = collections.Counter()
    for path in map(pathlib.Path, paths):
        counts = collections.Counter()
        try:
            cases = list(ElementTree.parse(path).getroot().iter("testcase"))
        except (OSError, ElementTree.ParseError) as error:
            print(f"{path.stem}: no report ({error})")
            total["failed"] += 1
            continue
        for case in cases:
            kind, reason = outcome(case)
            counts[kind] += 1
            if kind == "skipped":
                reasons[f"{path.stem}: {reason or 'no reason given'}"] += 1
            elif kind == "failed":
                print(f"failed: {path.stem}: {case.get('classname', '')} {case.get('name', '')}")
        if not cases:
            print(f"{path.stem}: the report holds no test")
            counts["failed"] += 1
        print(f"{path.stem}: {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
        total += counts
    for reason, count in sorted(reasons.items()):
        print(f"skipped: {count} x {reason}")
    print(f"{total['passed']} passed, {total['failed']} failed")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
