# SPDX-License-Identifier: LGPL-2.1-or-later
"""A part of the scenario: the service is killed again and again while programs of an ordinary user
have twenty leases, of all kinds. They notice nothing."""

import os
import signal
import subprocess

import access
import bus
import machine
import mocks
import world
from mocks import PAGE
from programs import USER, Copies, pins
from restart import Manager, begin

IOVA = 0x10000
LENGTH = 16 * PAGE
# Of the device that short leases have.
VISITED = 15
# In seconds: what is waited for comes, or never does.
PATIENCE = 60


def differences(before, after):
    """Where objects differ. Lists of objects have no order: after a restart it may be another."""
    found = []
    for path in sorted({*before, *after}):
        old, new = before.get(path, {}), after.get(path, {})
        for name in sorted({*old, *new}):
            values = [sorted(value) if isinstance(value, list) else value
                      for value in (old.get(name), new.get(name))]
            if values[0] != values[1]:
                found.append(f"{path} {name}: {values[0]} before, {values[1]} after")
    return found


# What a program does with its lease. It gets the object paths of its devices, and returns their
# names.


def take(program, names):
    """Binds devices to an iommufd of its own, and maps memory for them."""
    ioas = program.alloc_ioas()
    for name in names:
        program.bind(name)
        program.attach(name, ioas)
    program.map(ioas, IOVA, LENGTH)
    return names


def own(program, devices):
    _, infos = program.lease_devices(devices, {})
    return take(program, [info["name"] for info in infos])


def passed_on(program, devices):
    """Another process has everything, the guard too, and the one that asked for it is gone."""
    names = own(program, devices)
    program.pid = program.pass_on()
    return names


def opened(program, devices):
    """All is opened one by one."""
    program.create_lease({})
    program.open_iommufd()
    return take(program, [program.open_device(device)["name"] for device in devices])


def no_device(program, _devices):
    program.create_lease({})
    program.open_iommufd()
    return take(program, [])


def attach(program, container, device):
    program.attach_device(container, device)
    return program.open_device(device)["name"]


def copied(program, devices):
    """The service binds the devices and maps the program's memory; the program has copies."""
    program.create_lease({})
    container = program.create_container({})
    program.map_file(container, IOVA, LENGTH)
    return [attach(program, container, device) for device in devices]


def shared(program, devices):
    """The program has a copy of the context, too, and maps its memory by itself."""
    program.create_lease({})
    container = program.create_container({})
    names = [attach(program, container, device) for device in devices]
    program.map(program.open_iommufd(container)["ioas-id"], IOVA, LENGTH)
    return names


def two_containers(program, devices):
    """A device in each; they share a context."""
    program.create_lease({})
    container = program.create_container({})
    other = program.share_context(container)
    program.map_file(container, IOVA, LENGTH)
    program.copy_mapping(other, container, IOVA, LENGTH)
    return [attach(program, *pair) for pair in zip((container, other), devices)]


USES = [
    (own, ["vmock.0"]), (own, ["vmock.1"]), (own, ["vmock.2", "vmock.3"]), (own, [machine.PLAIN_A]),
    (own, [world.MTTY_A]),
    (passed_on, ["vmock.4"]), (passed_on, [machine.SIBLING_A, machine.SIBLING_B]),
    (opened, ["vmock.5"]), (opened, ["vmock.6"]), (opened, ["vmock.7"]),
    (no_device, []),
    (copied, ["vmock.8"]), (copied, ["vmock.9"]), (copied, [machine.PLAIN_B]),
    (copied, [world.MTTY_B]),
    (shared, ["vmock.10"]), (shared, ["vmock.11"]), (shared, ["vmock.12"]),
    (two_containers, ["vmock.13", "vmock.14"]),
    (no_device, []),
]


def specification(number):
    return f"id={number},iommu={number // 2}" + (",group=2" if number in (2, 3) else "")


# How a program leaves that has a lease for a short time.


def killed(_w, program):
    program.kill()


def closes(_w, program):
    program.close_all()


def released(w, program):
    """It closes what it has when it is asked to."""
    w.service.method(program.held, "Release", "(a{sv})", {})
    w.checks.ok(program.is_released(PATIENCE), "a lease is released: its guard says so")
    program.close_all()


# In each life there is one more lease: what is done with it, and when it ends how.
VISITS = [(own, "down", killed), (copied, "down", closes), (shared, "after", released),
          (opened, "before", closes), (copied, "after", killed), (shared, "down", killed)]


class Lives:
    def __init__(self, w, manager, programs):
        self.w = w
        self.manager = manager
        self.programs = programs
        self.users = []
        self.writers = []

    def start(self, use, names):
        """A program that uses a lease from now on."""
        program = self.programs.start()
        names = use(program, [self.w.device(name) for name in names])
        program.held = program.get_lease()
        places = [(name, IOVA + number * PAGE, number * PAGE) for number, name in enumerate(names)
                  if name.startswith("vmock")]
        if places:
            program.keep_writing(places)
        return program

    def start_all(self):
        self.users = [self.start(use, names) for use, names in USES]
        self.writers = [user for user, (_, names) in zip(self.users, USES)
                        if names and names[0].startswith("vmock")]

    def work(self, when):
        """Each device goes on writing, and each file can be used."""
        before = [writer.written()[0] for writer in self.writers]
        w = self.w
        w.checks.ok(machine.wait_for(lambda: all(writer.written()[0] > count for writer, count
                                                 in zip(self.writers, before)), PATIENCE),
                    f"{when}: all devices go on writing", before)
        w.checks.equal([user.written()[1] for user in self.users], [[]] * len(self.users),
                       f"{when}: nowhere else")
        w.checks.equal([user.useless() for user in self.users], [[]] * len(self.users),
                       f"{when}: every file can be used")

    def kept(self, objects):
        """What a service needs to go on with some objects."""
        names = set()
        for path, properties in objects.items():
            number = path.rsplit("/", 1)[1]
            if "/leases/" in path:
                names.add(f"lease-{number}")
            elif properties.get("State") in ("bound", "attached"):
                names.add("device-" + properties["Name"].replace(":", "%3A"))
            elif "IoasId" in properties:
                names.add(f"context-{properties['Context']}")
        return sorted(names)

    def keeps(self, names):
        """A file that is not needed any more is closed after the answer."""
        machine.wait_for(lambda: self.manager.names() == names, PATIENCE)
        self.w.checks.equal(self.manager.names(), names, "the manager keeps what is needed")

    def one(self, number):
        """A life ends, and the next one begins."""
        use, when, leave = VISITS[number % len(VISITS)]
        before, pinned = self.w.service.managed(), pins()
        visitor = self.start(use, [mocks.name_of(VISITED)])
        if when == "before":
            self.end_visit(visitor, leave)
        self.keeps(self.kept(self.w.service.managed()))
        self.manager.end(signal.SIGKILL)
        self.w.service.wait(lambda: not self.w.service.running(), 5)
        if when == "down":
            leave(self.w, visitor)
        self.work(f"while life {number + 1} is over")
        if number % 2:
            self.manager.forget_ended()
        self.w.checks.ok(begin(self.w, self.manager), "the service starts again")
        if when == "after":
            self.end_visit(visitor, leave)
        self.is_over(visitor)
        self.work("after that")
        self.w.checks.equal(differences(before, self.w.service.managed()), [], "the same objects")
        self.w.checks.equal(pins(), pinned, "the same memory is pinned")
        self.keeps(self.kept(before))

    def end_visit(self, visitor, leave):
        leave(self.w, visitor)
        self.is_over(visitor)

    def is_over(self, visitor):
        """How fast that has to be is not tested here."""
        w = self.w
        device = w.device(mocks.name_of(VISITED))
        w.checks.ok(w.service.wait(lambda: visitor.held not in w.service.mirror, PATIENCE),
                    "the lease that has ended is gone")
        w.checks.ok(w.service.wait(lambda: w.service.mirror[device]["State"] == "available",
                                   PATIENCE), "the device is available")
        visitor.kill()

    def end_all(self):
        """Some close what they have, some are killed, some are released."""
        for number, user in enumerate(self.users):
            leave = (killed, closes, released)[number % 3]
            leave(self.w, user)
        held = {user.held for user in self.users}
        self.w.checks.ok(self.w.service.wait(lambda: not held & set(self.w.service.mirror),
                                             PATIENCE), "all leases are gone")


def open_anywhere():
    """The processes that have a file of IOMMUFD or VFIO open, and which."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            names = [machine.link(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        except OSError:
            continue
        found += [(int(pid), name) for name in names if name == "iommu" or name.startswith("vfio")]
    return found


def records(folder):
    """What is written down of the host: how many records of each kind that there are."""
    program = """import sys, gi
gi.require_version("Iommud", "1")
from gi.repository import Iommud
for kind, value in Iommud.State.new(sys.argv[1]).get_records().unpack().items():
    if isinstance(value, list) and value:
        print(kind, len(value))"""
    path = os.path.dirname(access.installed("Iommud-1.typelib"))
    return subprocess.run(["env", f"GI_TYPELIB_PATH={path}", "/usr/bin/python3", "-c", program,
                           folder], check=True, text=True, stdout=subprocess.PIPE).stdout


def with_leases(w, lives):
    """A device is given back whole, however often the service was killed meanwhile."""
    manager = Manager(os.readlink(f"/proc/{w.pid()}/exe"))
    w.checks.ok(w.kill(), "the service that the bus has started ends")
    w.checks.ok(begin(w, manager), "another one starts under a service manager")
    with mocks.plugged(w, *map(specification, range(VISITED + 1))), Copies(w) as programs:
        before, pinned = w.service.managed(), pins()
        all_of_them = Lives(w, manager, programs)
        all_of_them.start_all()
        seen = w.service.managed()
        held = [path for path in seen if "/leases/" in path]
        w.checks.equal((len(held), {seen[path]["Owner"] for path in held}), (len(USES), {USER}),
                       "leases of an ordinary user")
        w.consistent("before")
        for number in range(lives):
            all_of_them.one(number)
        w.consistent("after all lives")
        w.checks.note(f"devices have written {sum(user.written()[0] for user in all_of_them.users)}"
                      " times")
        all_of_them.end_all()
        w.checks.equal(differences(before, w.service.managed()), [],
                       "the same objects as before all leases")
        w.checks.equal(pins(), pinned, "nothing is pinned")
        w.checks.equal(open_anywhere(), [], "nobody has a file open")
        w.checks.equal({mocks.state(number)["domain"] for number in range(VISITED + 1)},
                       {"identity"}, "the kernel has let go of the devices")
        all_of_them.keeps([])
    w.checks.equal(manager.end(signal.SIGTERM), 0, "SIGTERM ends it")
    w.checks.equal(records(f"{manager.folder}/state"), "", "no record is left")
    w.service.wait(lambda: not w.service.running(), 5)
    w.checks.ok(w.service.get(bus.MANAGER, "Version"), "the bus starts one again")
    w.service.start_mirror()
