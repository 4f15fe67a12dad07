# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of the scenario: the service is killed and started again under a service manager that keeps
its open files, while a device is in use."""

import array
import os
import select
import signal
import socket
import subprocess
import tempfile
import threading

import bus
import machine
import mocks
from mocks import PAGE, Memory

MIB = 1 << 20
MOST_FILES = 16


class Manager:
    """A small service manager that speaks sd_notify: it keeps the files that the service sends, and
    gives them to the next one that it starts."""

    def __init__(self, program):
        self.program = program
        self.folder = tempfile.mkdtemp(dir="/run")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"{self.folder}/notify")
        self.kept = []
        self.process = None
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            text, files = self.receive()
            lines = dict(line.partition("=")[::2] for line in text.decode().split("\n"))
            if "FDSTORE" in lines:
                self.kept += [(lines["FDNAME"], file) for file in files]
                continue
            for file in files:
                os.close(file)
            if "FDSTOREREMOVE" in lines:
                self.forget(lines["FDNAME"])

    def receive(self):
        numbers = array.array("i")
        text, ancillary, _, _ = self.socket.recvmsg(
            4096, socket.CMSG_SPACE(MOST_FILES * numbers.itemsize), socket.MSG_CMSG_CLOEXEC)
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                numbers.frombytes(data[:len(data) - len(data) % numbers.itemsize])
        return text, list(numbers)

    def forget(self, name):
        for kept, file in self.kept:
            if kept == name:
                os.close(file)
        self.kept = [(kept, file) for kept, file in self.kept if kept != name]

    def forget_ended(self):
        """Drops what hangs up, which are guards that nobody has any more."""
        for name, file in list(self.kept):
            poll = select.poll()
            poll.register(file, 0)
            if name.startswith("lease-") and poll.poll(0):
                self.forget(name)

    def names(self):
        return sorted(name for name, _ in self.kept)

    def start(self):
        files = [file for _, file in self.kept]
        environment = {**os.environ, "NOTIFY_SOCKET": f"{self.folder}/notify",
                       "LISTEN_FDS": str(len(files)),
                       "LISTEN_FDNAMES": ":".join(name for name, _ in self.kept)}

        def give():
            # Above where they go, so that none takes the place of another.
            high = [os.dup2(file, 500 + number) for number, file in enumerate(files)]
            for number, file in enumerate(high):
                os.dup2(file, 3 + number)
                os.close(file)
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", self.program, "--system",
             f"--state-dir={self.folder}/state"],
            env=environment, stdin=subprocess.DEVNULL, preexec_fn=give, close_fds=False)

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(30)


def begin(w, manager):
    manager.start()
    ready = w.service.wait(w.service.running, 60)
    w.service.start_mirror()
    return ready


def containers(objects):
    """What of the objects does not depend on the service's place among the clients of the bus."""
    return {path: values for path, values in objects.items() if "/containers/" in path}


def in_use(w):
    """A device is attached and writes to mapped memory, before, while and after there is no
    service. Its container is the same, of the same owner, under the same path."""
    program = os.readlink(f"/proc/{w.pid()}/exe")
    w.checks.ok(w.kill(signal.SIGTERM), "the service that the bus has started ends")
    manager = Manager(program)
    w.checks.ok(begin(w, manager), "another one starts under a service manager")
    with mocks.plugged(w, "id=0,iommu=0,dirty", "id=1,iommu=1") as (device, other), \
            Memory(MIB) as memory:
        path = w.service.create(name="lives-on")
        w.service.map_file(path, memory.file, 16 * PAGE, 0x10000)
        hwpt = w.service.attach(path, device)
        w.checks.equal(len(manager.kept), 2, "the manager has a context and a device")
        kept, before = manager.names(), containers(w.service.managed())
        for number, end in enumerate([signal.SIGKILL, signal.SIGTERM] * 3 + [signal.SIGKILL] * 4):
            check_life(w, manager, end, number, memory)
            w.checks.equal(containers(w.service.managed()), before, "the same objects")
            w.checks.equal(manager.names(), kept, "the manager keeps what it kept")
        w.see(device, {"State": "attached", "Container": path, "Hwpt": hwpt}, "the device")
        w.consistent("after ten lives")
        w.service.attach(path, other)
        w.service.detach(other)
        w.service.unmap(path, 0x10000, 16 * PAGE)
        w.checks.ok(mocks.dma_write(0, 0x10000) != 0, "Unmap ends its DMA")
        w.service.free(path, force=True)
        w.see(device, {"State": "available"}, "the device is free")
        w.checks.equal(manager.names(), [], "the manager keeps nothing")
    w.checks.equal(manager.end(signal.SIGTERM), 0, "SIGTERM ends it")
    w.service.wait(lambda: not w.service.running(), 5)
    w.checks.ok(w.service.get(bus.MANAGER, "Version"), "the bus starts one again")
    w.service.start_mirror()


def check_life(w, manager, end, number, memory):
    """One life ends, and the next one begins."""
    offset = number * 8
    manager.end(end)
    w.service.wait(lambda: not w.service.running(), 5)
    w.checks.equal((mocks.dma_write(0, 0x10000 + offset, 8, number + 1), memory.at(offset)),
                   (0, bytes([number + 1]) * 8), "the device writes while there is no service")
    w.checks.ok(begin(w, manager), f"the service starts again after {end.name}")
    w.checks.equal((mocks.dma_write(0, 0x10100 + offset, 8, number + 1), memory.at(0x100 + offset)),
                   (0, bytes([number + 1]) * 8), "the device writes all the same")


def lost_device(w):
    """What happens to a device while there is no service is found out by the next one."""
    program = os.readlink(f"/proc/{w.pid()}/exe")
    w.kill(signal.SIGTERM)
    manager = Manager(program)
    begin(w, manager)
    path = w.service.create(name="half")
    w.service.attach(path, w.device(machine.PLAIN_A))
    manager.end(signal.SIGKILL)
    context = [name for name in manager.names() if name.startswith("context-")]
    for name in manager.names():
        if name not in context:
            manager.forget(name)
    w.checks.ok(begin(w, manager), "the service starts without the file of a device")
    w.see(path, {"Devices": [], "Hwpts": []}, "the container has no device and no HWPT")
    w.see(w.device(machine.PLAIN_A), {"State": "available"}, "the device is free")
    w.checks.ok(w.service.attach(path, w.device(machine.PLAIN_A)) != "/", "and can be attached")
    w.service.free(path, force=True)
    w.checks.equal(manager.names(), [], "the manager keeps nothing")
    manager.end(signal.SIGTERM)
    w.service.wait(lambda: not w.service.running(), 5)
    w.service.get(bus.MANAGER, "Version")
    w.service.start_mirror()
