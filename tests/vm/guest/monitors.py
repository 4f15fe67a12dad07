# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of the scenario: QEMU, which knows nothing of the service, uses what a lease gives.
It is an ordinary user's, and needs no access to /dev or to sysfs."""

import contextlib
import os
import resource
import signal
import subprocess

import machine
import qmp
from mocks import PAGE
from programs import USER, Client, fails, is_free, is_gone, leases_at_once, locked, pins

MIB = 1 << 20
MEMORY = 64 * MIB
# What a login of an ordinary user has.
USUAL_LIMIT = 8 * MIB
# What the documentation of LeaseDevices says of it: 3 % more.
NEEDED_LIMIT = MEMORY * 103 // 100
# Where every user may read it.
ROOT = "/run/qemu"
# The function of the machine that its guest is to have.
VENDOR, PRODUCT = 0x8086, 0x10d3


# A machine that is not started, with a monitor for programs.
QEMU = [f"{ROOT}/usr/bin/qemu-system-x86_64", "-nodefaults", "-display", "none", "-S",
        "-accel", "tcg", "-machine", "q35", "-m", f"size={MEMORY // MIB}M", "-qmp", "stdio",
        "-L", f"{ROOT}/usr/share/qemu", "-L", f"{ROOT}/usr/share/seabios"]


def arguments(name):
    """With a device; `client` fills in the numbers of files."""
    return [*QEMU, "-object", "iommufd,id=iommufd0,fd={iommufd}",
            "-device", f"vfio-pci,iommufd=iommufd0,fd={{{name}}},id=hostdev0"]


def functions(buses):
    """The PCI functions that QEMU says its machine has, by their names: vendor and product."""
    return {device["qdev_id"]: (device["id"]["vendor"], device["id"]["device"])
            for one in buses for device in one["devices"] if device["qdev_id"]}


def start(client, device, name, **values):
    """Leases a device and starts QEMU, which has it then, and not the client."""
    lease = client.lease(device, **values)
    pid = client.start(arguments(name), ["iommufd", name])
    client.close("iommufd", name)
    return lease, pid


def works(w, ask, pid, before):
    w.checks.equal(functions(ask("query-pci")), {"hostdev0": (VENDOR, PRODUCT)},
                   "its guest has the device")
    pinned = (pins() - before) * PAGE
    w.checks.ok(MEMORY <= pinned <= NEEDED_LIMIT, "the guest's memory is pinned", pinned)
    w.checks.equal(locked(pid)[1], pinned, "QEMU is charged with it")
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        w.checks.ok(f"Uid:\t{USER}\t" in status.read(), "it is an ordinary user's")


def mount(w, root):
    """Whether there is a QEMU for the guest."""
    if not root:
        w.checks.skip("there is none that takes devices by open file")
        return False
    if not os.path.exists(ROOT):
        os.mkdir(ROOT)
        subprocess.run(["mount", "--bind", root, ROOT], check=True)
    return True


def qemu(w, root):
    """Started, asked, ended and killed; each time the device is free at once."""
    if not mount(w, root):
        return
    name = machine.PLAIN_A
    device = w.device(name)
    before = pins()
    with Client(w) as client, Client(w) as other:
        client.set_memory_limit(USUAL_LIMIT)
        _, pid = start(client, device, name)
        status, errors = client.wait()
        w.checks.ok(status == 1 and "allocate memory" in errors,
                    "a guest larger than the limit of locked memory: it says so", status, errors)
        client.close("guard")
        w.checks.equal(pins(), before, "nothing is pinned")

        fails(w, "LimitsExceeded", "more than was granted", client.lease_devices, [device],
              {"locked_memory": 2 * NEEDED_LIMIT})
        lease, pid = start(client, device, name, locked_memory=NEEDED_LIMIT)
        w.checks.equal(resource.prlimit(client.pid, resource.RLIMIT_MEMLOCK)[0], NEEDED_LIMIT,
                       "LeaseDevices raises the limit")
        works(w, client.ask, pid, before)
        w.see(device, {"State": "leased", "Lease": lease}, "the device")
        w.consistent("with QEMU")
        client.ask("quit")
        status, errors = client.wait()
        w.checks.equal(status, 0, "it ends well")
        w.checks.note(errors)
        w.checks.equal(pins(), before, "nothing is pinned once it has ended")
        client.close("guard")

        lease, pid = start(client, device, name)
        works(w, client.ask, pid, before)
        client.kill_child(pid)
        w.checks.equal(pins(), before, "nothing is pinned once it is killed")
        client.kill()
        leases_at_once(w, other, device)
        other.use(name)
        w.consistent("after QEMU")


def child_of(pid):
    """The only child of a process."""
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if f"PPid:\t{pid}\n" in machine.read(f"/proc/{entry}/status"):
                return int(entry)
    raise ProcessLookupError(f"process {pid} has no child")


def execute(name):
    """`iommuctl exec` of an ordinary user."""
    return subprocess.Popen(
        ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
         "iommuctl", "exec", name, "--qemu", "--name=by-exec",
         f"--locked-memory={NEEDED_LIMIT}", "--", *QEMU],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def executed(w, root):
    """QEMU by `iommuctl exec`, which also may end before it."""
    if not mount(w, root):
        return
    name = machine.PLAIN_A
    device = w.device(name)
    before = pins()
    with execute(name) as tool:
        try:
            qmp.ask(tool, "query-status")
            works(w, lambda command: qmp.ask(tool, command), child_of(tool.pid), before)
            w.see(w.service.get(device, "Lease"),
                  {"Name": "by-exec", "Owner": USER, "Pid": tool.pid, "State": "active"},
                  "its lease")
            qmp.ask(tool, "quit")
            w.checks.equal((tool.wait(60), tool.stderr.read()), (0, ""), "it ends as QEMU does")
        finally:
            tool.kill()
    is_free(w, device)
    w.checks.equal(pins(), before, "nothing is pinned")

    with execute(name) as tool:
        qmp.ask(tool, "query-status")
        pid = child_of(tool.pid)
        lease = w.service.get(device, "Lease")
        tool.kill()
        tool.wait()
        w.checks.equal(qmp.ask(tool, "query-status")["running"], False,
                       "QEMU goes on when iommuctl is killed")
        w.see(lease, {"State": "active", "Devices": [device]}, "and keeps its lease")
        os.kill(pid, signal.SIGKILL)
        is_free(w, device)
        is_gone(w, lease)
    w.checks.equal(pins(), before, "nothing is pinned after both")
    w.consistent("after iommuctl exec")
