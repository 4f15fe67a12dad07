# SPDX-License-Identifier: LGPL-2.1-or-later
"""A part of the scenario: this kernel answers as the recorded kernel did, and so as the simulated
one does in `make check`."""

import glob
import os
import re

import machine
import world
from access import output_of

# What differs because a PCI function is no mock device.
OF_THE_DEVICE = {"bind-args.21": "a PCI function has other regions than a mock device"}
STEP = re.compile(r"^(?P<label>(?P<sequence>[a-z0-9.-]+)\.[0-9]+) (?P<verb>[a-z_]+) (.* )?-> ")


def of_the_machine(w, step):
    """Why this machine may answer otherwise, or None."""
    if w.iommu == "amd" and step["verb"] == "ranges":
        return "the ranges are the IOMMU's"
    return OF_THE_DEVICE.get(step["label"])


def differences_by_sequence(w, output, excuse):
    """What the program printed: the steps of each sequence that were answered otherwise, but for
    those of which `excuse` says why they may be."""
    sequences, step = {}, None
    for line in output.splitlines():
        match = STEP.match(line)
        if match:
            step = match
            sequences.setdefault(step["sequence"], [])
        elif not line.startswith("# expected: "):
            w.checks.note(line.lstrip("# "))
        elif excuse(step):
            w.checks.note(f"{step['label']} differs: {excuse(step)}")
        else:
            sequences[step["sequence"]] += [step.string, line[2:]]
    return sequences


def run(w, excuse, program, *arguments):
    """Runs the program; returns how many steps were answered, and the differences by sequence."""
    # The recorded kernel had no mdevs when it began.
    for uuid in (world.MTTY_A, world.MTTY_B):
        if machine.sysfs(uuid):
            machine.remove_mdev(uuid).end()
    status, output, errors = output_of([program, "--real", "--compare", *arguments], 300)
    w.checks.ok(status in (0, 1), "the program ran", status, errors)
    return sum(1 for line in output.splitlines() if STEP.match(line)), \
        differences_by_sequence(w, output, excuse)


def steps_of(filename):
    with open(filename, encoding="utf-8") as file:
        return sum(1 for line in file if STEP.match(line))


def on_mock_devices(w, program, answers):
    """Every step that was recorded on mock devices."""
    for filename in sorted(glob.glob(f"{answers}/*.txt")):
        if filename.endswith("-pci.txt"):
            continue
        count, sequences = run(w, lambda step: None, program, filename)
        name = os.path.basename(filename)
        for sequence, differences in sequences.items():
            w.checks.ok(not differences, f"mock devices, {sequence}", *differences)
        w.checks.equal(count, steps_of(filename), f"every step of {name} was answered")
        w.checks.note(f"{name}: {count} steps")


def on_pci_functions(w, program, answers):
    """What PCI functions and mdevs can do of what was recorded with and for them."""
    devices = [machine.PLAIN_A, machine.PLAIN_B, machine.SIBLING_A, machine.SIBLING_B,
               machine.hot_address("hot0")]
    _, sequences = run(w, lambda step: of_the_machine(w, step), program,
                       *[f"--device={name}" for name in devices],
                       f"{answers}/linux-6.12.txt", f"{answers}/linux-6.12-pci.txt")
    for sequence, differences in sequences.items():
        w.checks.ok(not differences, sequence, *differences)
    w.checks.ok(len(sequences) >= 40, "enough sequences could be run", sorted(sequences))
