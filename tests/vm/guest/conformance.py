# SPDX-License-Identifier: LGPL-2.1-or-later
"""A part of the scenario: this kernel answers as the recorded kernel did, and so as the simulated
one does, which gives those answers in `make check`."""

import os
import re

import machine
import world
from access import output_of

# What differs because the devices do: the recording kernel had mock devices behind a mock IOMMU.
OF_THE_HARDWARE = {
    "bind-args.21": "a PCI function has more regions and interrupts",
}
# Of amd-iommu alone: it translates other addresses than the recording machines.
OF_THE_AMD_IOMMU = {
    "mdev.20": "the aperture is the IOMMU's",
}
# Recorded in a machine like that of `boot` with intel-iommu.
OF_PCI_DEVICES = "linux-6.12-pci.txt"
STEP = re.compile(r"^(?P<sequence>[a-z0-9-]+)\.(?P<number>[0-9]+) .* -> ")


def recorded_answers(w, program, answers):
    # The recorded kernel had no mdevs when it began.
    for uuid in (world.MTTY_A, world.MTTY_B):
        if machine.sysfs(uuid):
            machine.remove_mdev(uuid).end()
    devices = [machine.PLAIN_A, machine.PLAIN_B, machine.hot_address("hot0"), machine.SIBLING_A,
               machine.SIBLING_B]
    files, known = [answers], dict(OF_THE_HARDWARE)
    if w.iommu == "intel":
        files.append(os.path.join(os.path.dirname(answers), OF_PCI_DEVICES))
    else:
        known.update(OF_THE_AMD_IOMMU)
    words = [program, "--real", "--compare", *[f"--device={name}" for name in devices], *files]
    status, output, errors = output_of(words, 300)
    w.checks.ok(status in (0, 1), "the program ran", status, errors)

    sequences, step = {}, ""
    for line in output.splitlines():
        match = STEP.match(line)
        if match:
            step = line
            sequences.setdefault(match["sequence"], [])
        elif line.startswith("# expected: "):
            name = step.split(" ", 1)[0]
            if name in known:
                w.checks.note(f"{name} differs: {known[name]}")
            else:
                sequences[STEP.match(step)["sequence"]].append(f"{step}\n{line[2:]}")
        elif line.startswith("#"):
            w.checks.note(line[2:])
    for sequence, differences in sequences.items():
        w.checks.ok(not differences, sequence, *differences)
    w.checks.ok(len(sequences) >= 15, "enough sequences could be run", sorted(sequences))
