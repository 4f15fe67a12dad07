# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs of an ordinary user that have leases (`client`), and what the kernel says of them."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import time

import access
import bus
import machine

MIB = 1 << 20
# The user that may have devices, and one that may not.
USER = 61234
NOBODY = 65534
CLIENT = f"{os.path.dirname(os.path.abspath(__file__))}/client"


def append(path, text):
    with open(path, "a", encoding="ascii") as file:
        file.write(text)


def prepare():
    """An ordinary user, and an administrator's grant of the devices of this machine."""
    append("/etc/passwd", f"vmuser:x:{USER}:{USER}::/:/bin/sh\n")
    append("/etc/group", f"vmuser:x:{USER}:\n")
    append(f"{access.installed('grants.d')}/tests.conf",
           f"[tests]\ndrivers=vfio_mock;vfio-pci;mtty\nusers={USER}\nlocked-memory=80M\n")


class ClientError(Exception):
    """What the client was answered: a name, as `client` says it, and a message."""

    def __init__(self, name, message):
        self.name = name
        self.message = message
        super().__init__(f"{name}: {message}")


class Program:
    """A program that reads lines and answers each. A call of a method that is not below is a line
    to it."""

    def __init__(self, w, lines, answers):
        self.service = w.service
        self.ioas = None
        self.lines = lines
        self.answers = answers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def __getattr__(self, name):
        return lambda *arguments: self.tell(name, *arguments)

    def tell(self, *line):
        self.lines.write(json.dumps(line).encode() + b"\n")
        self.lines.flush()
        if not select.select([self.answers], [], [], 300)[0]:
            raise machine.Stuck(f"client: no answer to {line}")
        answer = self.answers.readline()
        if not answer:
            raise EOFError(f"the client ended at {line}")
        status, *values = json.loads(answer)
        if status == "error":
            raise ClientError(*values)
        return values[0]

    def lease(self, *devices, **values):
        lease = self.lease_devices(devices, values)[0]
        # By then all signals of it have arrived.
        self.service.get(lease, "State")
        return lease

    def use(self, name, iova=0x10000, length=MIB, manual=True):
        """Does with a device what a virtual machine monitor does: its memory is mapped for it."""
        device = self.bind(name)
        self.ioas = self.alloc_ioas()
        self.attach(name, self.alloc_hwpt(device, self.ioas) if manual else self.ioas)
        self.map(self.ioas, iova, length)


class Client(Program):
    """A program that is started anew, and by us."""

    def __init__(self, w, user=USER):
        self.process = subprocess.Popen([CLIENT, str(user)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.pid = self.process.pid
        super().__init__(w, self.process.stdin, self.process.stdout)

    def kill(self):
        """When this returns, the kernel has closed what the program alone had open."""
        self.process.kill()
        self.process.wait()
        self.lines.close()
        self.answers.close()


class Copy(Program):
    """A program that is a copy of one."""

    def __init__(self, w, channel):
        super().__init__(w, channel.makefile("wb"), channel.makefile("rb"))
        self.pid = self.tell("pid")

    def kill(self):
        """As above."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        machine.wait_for(lambda: not os.path.exists(f"/proc/{self.pid}"))
        self.lines.close()
        self.answers.close()


class Copies:
    """Starts many programs: as copies of one, which takes a fraction of the time."""

    def __init__(self, w, user=USER):
        self.w = w
        self.channel, theirs = socket.socketpair()
        self.process = subprocess.Popen([CLIENT, str(user), "many"], stdin=theirs)
        theirs.close()
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in self.started:
            program.kill()
        self.channel.close()
        self.process.wait()

    def start(self):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            socket.send_fds(self.channel, [b"."], [theirs.fileno()])
            theirs.close()
            self.started.append(Copy(self.w, ours))
        return self.started[-1]


def fails(w, name, what, function, *arguments, says=()):
    """A call of the client that must fail like this."""
    try:
        function(*arguments)
    except ClientError as error:
        w.checks.equal(error.name, name, f"{what}: {name}")
        missing = [word for word in says if word not in error.message]
        w.checks.ok(not missing, f"{what}: the message says why", error.message, missing)
        return
    w.checks.ok(False, f"{what}: {name}", "it succeeded")


def pins():
    """How many pages are pinned in this machine."""
    counts = dict(line.split() for line in machine.read("/proc/vmstat").splitlines())
    return int(counts["nr_foll_pin_acquired"]) - int(counts["nr_foll_pin_released"])


def locked(pid):
    """What the kernel has charged a process with, in bytes: locked and pinned memory."""
    lines = machine.read(f"/proc/{pid}/status").splitlines()
    sizes = {line.split()[0]: line.split()[1] for line in lines if line.startswith("Vm")}
    return int(sizes["VmLck:"]) * 1024, int(sizes["VmPin:"]) * 1024


def soon(w):
    """A second; on a machine that is busy with other things it is the time of 50 simple calls."""
    started = time.monotonic()
    w.service.get(bus.MANAGER, "Version")
    return max(1, 50 * (time.monotonic() - started))


def is_free(w, device):
    """Whether a device comes to be available, within a second of what has freed it."""
    seen = w.service.mirror
    return w.checks.ok(w.service.wait(lambda: seen[device]["State"] == "available", soon(w)),
                       "the device is available", seen[device])


def is_gone(w, lease, what="the lease is gone"):
    return w.checks.ok(w.service.wait(lambda: lease not in w.service.mirror, soon(w)), what)


def leases_at_once(w, client, device):
    """Whether a client has a device at its first try, and within a second; returns the lease."""
    limit = soon(w)
    started = time.monotonic()
    lease = client.lease(device)
    w.checks.ok(time.monotonic() - started < limit, "another client has it at once")
    return lease
