# SPDX-License-Identifier: LGPL-2.1-or-later
"""A part of the scenario: many devices of all kinds write here and there while devices, mappings
and readers come and go; at the end every page that was written has been reported."""

import random

import dirty
import mocks
from mocks import PAGE, Memory

MIB = 1 << 20
# Mappings of a MiB each, in two runs with holes between them.
PLACES = [0, MIB, 4 * MIB, 5 * MIB, (1 << 32) + 2 * MIB, (1 << 32) + 3 * MIB + 7 * PAGE]
SPACE = (1 << 32) + 8 * MIB
ROUNDS = 120


def specification(number):
    """Three IOMMUs; every second device logs, two of three can be tracked by their IOMMU."""
    words = [f"id={number}", f"iommu={number % 3}"]
    words += ["log"] if number % 2 else []
    words += ["dirty"] if number % 3 else []
    words += ["dirty"] if not number % 2 and not number % 3 else []
    words += [f"group={number // 2}"] if number in (6, 9) else []
    return ",".join(words)


class Mixture:
    """The container, and which pages were written and told since."""

    def __init__(self, w, path, devices, memory):
        self.w, self.path, self.devices, self.memory = w, path, devices, memory
        self.attached = set()
        self.mapped = set()
        self.written = set()
        self.told = set()
        self.random = random.Random(4)

    def attach(self, number):
        self.w.service.attach(self.path, self.devices[number])
        self.attached.add(number)

    def detach(self, number):
        self.w.service.detach(self.devices[number])
        self.attached.discard(number)

    def map(self, place):
        self.w.service.map_file(self.path, self.memory.file, MIB, place)
        self.mapped.add(place)

    def unmap(self, place):
        _, file, _ = self.w.service.unmap_and_read(self.path, place, MIB)
        self.told |= {place // PAGE + bit for bit in mocks.bits_of(file)}
        self.mapped.discard(place)

    def write(self):
        page = self.random.choice(sorted(self.mapped)) // PAGE + self.random.randrange(MIB // PAGE)
        if not mocks.dma_write(self.random.choice(sorted(self.attached)), page * PAGE):
            self.written.add(page)

    def read(self):
        self.told |= dirty.dirty_pages(self.w, self.path, length=SPACE,
                                       no_clear=self.random.random() < 0.3)

    def change(self):
        """One thing happens."""
        kind = self.random.randrange(8)
        if kind == 0:
            number = self.random.randrange(len(self.devices))
            if number not in self.attached:
                self.attach(number)
            elif len(self.attached) > 2:
                self.detach(number)
        elif kind == 1:
            place = self.random.choice(PLACES)
            if place not in self.mapped:
                self.map(place)
            elif len(self.mapped) > 1:
                self.unmap(place)
        elif kind == 2:
            self.read()
        else:
            for _ in range(8):
                self.write()


def all_at_once(w):
    specifications = [specification(number) for number in range(10)]
    with mocks.plugged(w, *specifications) as devices, Memory(MIB) as memory:
        path = w.service.create()
        mixture = Mixture(w, path, devices, memory)
        for place in PLACES[:4]:
            mixture.map(place)
        for number in range(6):
            mixture.attach(number)
        w.see(path, {"Coverage": "full", "Blockers": []}, "ten devices")
        w.service.start_tracking(path)
        for _ in range(ROUNDS):
            mixture.change()
        mixture.read()
        missing = mixture.written - mixture.told
        w.checks.ok(len(mixture.written) > 100, "much was written", len(mixture.written))
        w.checks.ok(not missing, "every page that was written was told", sorted(missing))
        w.checks.ok(len(mixture.told) <= len(mixture.written) + 2 * MIB // PAGE * len(PLACES),
                    "not everything", len(mixture.told), len(mixture.written))
        mixture.read()
        w.checks.equal(dirty.dirty_pages(w, path, length=SPACE), set(), "and no page twice")
        w.consistent("after all that")
        w.service.stop_tracking(path)
