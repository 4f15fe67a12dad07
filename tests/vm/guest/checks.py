# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts and prints checks as TAP; a failed one shows what it saw."""

import sys
import traceback


class Checks:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.topic = ""

    def ok(self, condition, what, *seen):
        """One check; returns the condition."""
        if condition:
            self.passed += 1
        else:
            self.failed += 1
        number = self.passed + self.failed
        print(f"{'' if condition else 'not '}ok {number} - {self.topic}: {what}", flush=True)
        if not condition:
            for one in seen:
                self.note(one)
        return bool(condition)

    def skip(self, why):
        self.passed += 1
        print(f"ok {self.passed + self.failed} - {self.topic} # SKIP {why}", flush=True)

    def equal(self, seen, expected, what):
        return self.ok(seen == expected, what, f"expected {expected!r}", f"     got {seen!r}")

    def note(self, text):
        for line in str(text).splitlines() or [""]:
            print(f"# {line}", flush=True)

    def run(self, topic, function, *arguments):
        """Runs one part of the scenario; an exception is one failed check."""
        if topic != self.topic:
            self.note(f"-- {topic}")
        self.topic = topic
        try:
            function(*arguments)
        except Exception:  # pylint: disable=broad-except
            self.ok(False, "ends without an exception", traceback.format_exc())

    def finish(self):
        print(f"1..{self.passed + self.failed}")
        print(f"# {self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)
