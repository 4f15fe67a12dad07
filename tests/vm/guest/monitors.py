# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of the scenario: QEMU, which knows nothing of the service, uses what a lease gives.
It is an ordinary user's, and needs no access to /dev or to sysfs."""

import os
import resource
import subprocess

import leases
import machine

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


def arguments(*names):
    """A machine that is not started, with a monitor for programs. `client` fills in the numbers."""
    words = [f"{ROOT}/usr/bin/qemu-system-x86_64", "-nodefaults", "-display", "none", "-S",
             "-accel", "tcg", "-machine", "q35", "-m", f"size={MEMORY // MIB}M", "-qmp", "stdio",
             "-L", f"{ROOT}/usr/share/qemu", "-L", f"{ROOT}/usr/share/seabios",
             "-object", "iommufd,id=iommufd0,fd={iommufd}"]
    for number, name in enumerate(names):
        words += ["-device", f"vfio-pci,iommufd=iommufd0,fd={{{name}}},id=hostdev{number}"]
    return words


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


def works(w, client, pid, before):
    w.checks.equal(functions(client.ask("query-pci")), {"hostdev0": (VENDOR, PRODUCT)},
                   "its guest has the device")
    pinned = (leases.pins() - before) * leases.PAGE
    w.checks.ok(MEMORY <= pinned <= NEEDED_LIMIT, "the guest's memory is pinned", pinned)
    w.checks.equal(leases.locked(pid)[1], pinned, "QEMU is charged with it")
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        w.checks.ok(f"Uid:\t{leases.USER}\t" in status.read(), "it is an ordinary user's")


def qemu(w, root):
    """Started, asked, ended and killed; each time the device is free at once."""
    if not root:
        w.checks.skip("there is none that takes devices by open file")
        return
    os.mkdir(ROOT)
    subprocess.run(["mount", "--bind", root, ROOT], check=True)
    name = machine.PLAIN_A
    device = w.device(name)
    before = leases.pins()
    with leases.Client(w) as client, leases.Client(w) as other:
        client.set_memory_limit(USUAL_LIMIT)
        _, pid = start(client, device, name)
        status, errors = client.wait()
        w.checks.ok(status == 1 and "allocate memory" in errors,
                    "a guest larger than the limit of locked memory: it says so", status, errors)
        client.close("guard")
        w.checks.equal(leases.pins(), before, "nothing is pinned")

        leases.fails(w, "LimitsExceeded", "more than was granted", client.lease_devices, [device],
                     {"locked_memory": 2 * NEEDED_LIMIT})
        lease, pid = start(client, device, name, locked_memory=NEEDED_LIMIT)
        w.checks.equal(resource.prlimit(client.pid, resource.RLIMIT_MEMLOCK)[0], NEEDED_LIMIT,
                       "LeaseDevices raises the limit")
        works(w, client, pid, before)
        w.see(device, {"State": "leased", "Lease": lease}, "the device")
        w.consistent("with QEMU")
        client.ask("quit")
        status, errors = client.wait()
        w.checks.equal(status, 0, "it ends well")
        w.checks.note(errors)
        w.checks.equal(leases.pins(), before, "nothing is pinned once it has ended")
        client.close("guard")

        lease, pid = start(client, device, name)
        works(w, client, pid, before)
        client.kill_child(pid)
        w.checks.equal(leases.pins(), before, "nothing is pinned once it is killed")
        client.kill()
        leases.leases_at_once(w, other, device)
        other.use(name)
        w.consistent("after QEMU")
