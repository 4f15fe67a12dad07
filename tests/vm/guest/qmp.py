# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU's monitor for programs, at the pipes of a QEMU that was started with `-qmp stdio`."""

import json


def ask(process, command):
    """Asks it one thing; returns the answer, or None for an error. The first request, of which all
    but the first answer is an error, says that we know the protocol."""
    answer = {}
    for request in ("qmp_capabilities", command):
        process.stdin.write(json.dumps({"execute": request}) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        while "return" not in answer and "error" not in answer:
            answer = json.loads(process.stdout.readline())
    return answer.get("return")
