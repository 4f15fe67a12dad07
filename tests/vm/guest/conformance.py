# SPDX-License-Identifier: LGPL-2.1-or-later
"""A part of the scenario: this kernel answers as the recorded kernel did, and so as the simulated
one does, which gives those answers in `make check`."""

import glob
import re

import machine
import world
from access import output_of

# What differs because the machine does: the answers were recorded with mock devices, and with PCI
# functions behind an intel-iommu.
OF_THE_DEVICE = {"bind-args.21": "a PCI function has other regions than a mock device"}
STEP = re.compile(r"^(?P<label>(?P<sequence>[a-z0-9-]+)\.[0-9]+) (?P<verb>[a-z_]+) (.* )?-> ")


def of_the_machine(w, step):
    """Why this machine may answer otherwise, or None."""
    if w.iommu == "amd" and step["verb"] == "ranges":
        return "the ranges are the IOMMU's"
    return OF_THE_DEVICE.get(step["label"])


def differences_by_sequence(w, output):
    """What the program printed: the steps of each sequence that were answered otherwise."""
    sequences, step = {}, None
    for line in output.splitlines():
        match = STEP.match(line)
        if match:
            step = match
            sequences.setdefault(step["sequence"], [])
        elif not line.startswith("# expected: "):
            w.checks.note(line.lstrip("# "))
        elif of_the_machine(w, step):
            w.checks.note(f"{step['label']} differs: {of_the_machine(w, step)}")
        else:
            sequences[step["sequence"]] += [step.string, line[2:]]
    return sequences


def recorded_answers(w, program, answers):
    # The recorded kernel had no mdevs when it began.
    for uuid in (world.MTTY_A, world.MTTY_B):
        if machine.sysfs(uuid):
            machine.remove_mdev(uuid).end()
    devices = [machine.PLAIN_A, machine.PLAIN_B, machine.SIBLING_A, machine.SIBLING_B,
               machine.hot_address("hot0")]
    status, output, errors = output_of(
        [program, "--real", "--compare", *[f"--device={name}" for name in devices],
         *sorted(glob.glob(f"{answers}/*.txt"))], 300)
    w.checks.ok(status in (0, 1), "the program ran", status, errors)
    sequences = differences_by_sequence(w, output)
    for sequence, differences in sequences.items():
        w.checks.ok(not differences, sequence, *differences)
    w.checks.ok(len(sequences) >= 40, "enough sequences could be run", sorted(sequences))
