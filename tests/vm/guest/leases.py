# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of the scenario: leases. What the service hands out is used by a program of an ordinary
user, which binds, attaches and maps by itself, and which leaves as programs do."""

import errno
import os
import resource
import signal

import machine
import mocks
import world
from discovery import by_name
from mocks import PAGE
from programs import (MIB, NOBODY, USER, Client, ClientError, fails, is_free, is_gone,
                      leases_at_once, locked, pins, soon)

MOCK = "vmock.0"


def handed_out(w):
    """What a client gets, and what it can do with it."""
    with mocks.plugged(w, "id=0,iommu=0", "id=1,iommu=1") as devices, Client(w) as client:
        before = pins()
        w.checks.equal(client.whoami(), [[USER] * 3, [USER] * 3, []], "an ordinary user")
        lease, infos = client.lease_devices(devices, {"name": "vm"})
        seen = w.service.get_all(lease)
        w.checks.ok("client" in seen["Command"], "the command", seen["Command"])
        w.see(lease, {"Name": "vm", "Owner": USER, "Pid": client.pid, "State": "active",
                      "Devices": devices, "Containers": [], "Holders": []}, "the lease")
        for number, (device, info) in enumerate(zip(devices, infos)):
            w.see(device, {"State": "leased", "Lease": lease, "Container": "/", "DeviceId": 0},
                  "a device")
            mine = w.service.get_all(device)
            w.checks.equal(info, {
                "name": f"vmock.{number}", "bus": "platform", "sysfs-path": mine["SysfsPath"],
                "mdev": False, "iommu-group": mine["IommuGroup"], "iommu": f"vmock-iommu{number}",
                "vendor-id": 0, "product-id": 0, "driver": "vfio_mock", "bound": False,
            }, "what its file does not say")
        w.checks.ok(not {mine["VfioName"], "iommu"} & set(w.open_files()),
                    "the service keeps no copy", w.open_files())
        w.consistent("with a lease")

        client.use(MOCK)
        client.poke(0x3000, b"from us ".hex())
        w.checks.equal(mocks.dma_read(0, 0x13000), b"from us ", "the device reads what it wrote")
        w.checks.equal(client.dma(MOCK, 0x11ffc, 8, 0x77), 8, "it has the device write")
        w.checks.equal(client.peek(0x1ffc, 8), "77" * 8, "and reads what that wrote")
        w.checks.equal(client.dma(MOCK, 0x10000 + MIB, 8, 0x77), -errno.EFAULT, "not elsewhere")
        w.checks.equal(mocks.dma_write(1, 0x11ffc), errno.EFAULT, "the other is not attached")
        w.checks.equal(pins() - before, MIB // PAGE, "its memory is pinned")
        w.checks.equal(locked(client.pid), (MIB, MIB), "the process is charged")
        client.close("guard")
        w.checks.ok(w.service.wait(lambda: w.service.mirror[lease]["State"] == "lingering"),
                    "the lease ends with its guard")
        client.close("iommufd", *[info["name"] for info in infos])
        w.checks.equal(pins(), before, "nothing is pinned once it has closed the files")
        is_gone(w, lease)
        w.checks.equal(mocks.state(0)["domain"], "identity", "the kernel has let go of the device")
        w.consistent("after that")


def not_granted(w):
    """What nobody has granted to a user is not handed out."""
    with mocks.plugged(w, "id=0,iommu=0") as (device,), Client(w, NOBODY) as client:
        w.unchanged_by(lambda: fails(w, "NotAuthorized", "another user", client.lease, device,
                                     says=[MOCK]), "that")


def killed(w):
    """SIGKILL leaves nothing: no page is pinned, and the next client has the device at once."""
    with mocks.plugged(w, "id=0,iommu=0") as (device,), Client(w) as client, Client(w) as other:
        before = pins()
        lease = client.lease(device)
        client.use(MOCK)
        w.checks.equal(mocks.dma_write(0, 0x10000), 0, "the device writes to its memory")
        fails(w, "Busy", "another client", other.lease, device,
              says=[MOCK, w.service.get(lease, "Name")])
        client.kill()
        w.checks.equal(pins(), before, "no page is pinned")
        second = leases_at_once(w, other, device)
        is_gone(w, lease)
        w.see(device, {"State": "leased", "Lease": second}, "the device")
        other.use(MOCK, iova=0x900000)
        w.checks.equal(mocks.dma_write(0, 0x10000), errno.EFAULT, "what was mapped is not any more")
        w.checks.equal(mocks.dma_write(0, 0x900000), 0, "what is mapped now is")
        w.consistent("after that")
        other.kill()
        is_free(w, device)
        w.checks.equal(pins(), before, "no page is pinned after both")
        w.consistent("after both")


def much_memory():
    """Most of what the machine can spare, in bytes."""
    lines = machine.read("/proc/meminfo").splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    return sizes["MemAvailable"] * 3 // 4 // MIB * MIB


def dies_slowly(w, name, manual):
    """The kernel needs a while to let go of what a killed client had. Not before is its device
    available, and then the next one can bind it."""
    what = f"{name}, {'its own' if manual else 'automatic'} page tables"
    device, before = w.device(name), pins()
    with Client(w) as client, Client(w) as other:
        client.lease(device)
        # The service hears of the end before the kernel has closed anything else.
        client.move_guard()
        resource.prlimit(client.pid, resource.RLIMIT_MEMLOCK, (1 << 40, 1 << 40))
        client.use(name, iova=1 << 32, length=much_memory(), manual=manual)
        w.checks.note(f"{pins() - before} pages are pinned")
        os.kill(client.pid, signal.SIGKILL)
        w.checks.ok(w.service.wait(lambda: w.service.mirror[device]["State"] == "available", 60),
                    f"{what}: the device becomes available")
        w.checks.equal(pins(), before, f"{what}: no page is pinned then")
        other.lease(device)
        try:
            w.checks.ok(other.bind(name), f"{what}: the next client binds it at once")
        except ClientError as error:
            w.checks.ok(False, f"{what}: the next client binds it at once", error)


def die_slowly(w):
    """The kernel frees page tables of a client's own with the iommufd, and others with the
    device."""
    with mocks.plugged(w, "id=0,iommu=0"):
        for name in (MOCK, machine.PLAIN_A):
            for manual in (True, False):
                dies_slowly(w, name, manual)


def at_once(w):
    """Who closed the files of a device can have it again, or one of its group, however fast it
    asks."""
    with mocks.plugged(w, "id=0,iommu=0,group=7", "id=1,iommu=0,group=7") as devices, \
            Client(w) as client:
        files = w.open_files()
        refused = []
        for number in range(20):
            name = f"vmock.{number // 2 % 2}"
            try:
                client.lease_devices([devices[number // 2 % 2]], {})
            except ClientError as error:
                refused.append(f"{number}: {error}")
                continue
            client.bind(name)
            names = ["guard", name, "iommufd"]
            client.close(*(names if number % 3 else reversed(names)))
        w.checks.equal(refused, [], "20 leases, one right after the other")
        is_free(w, devices[0])
        is_free(w, devices[1])
        w.service.wait(lambda: w.open_files() == files, 2)
        w.checks.equal(w.open_files(), files, "no file is left open")
        w.consistent("after that")


def charged(w):
    """Whom the kernel charges for pinned memory, and that its limit counts."""
    with mocks.plugged(w, "id=0,iommu=0", "id=1,iommu=1") as (device, other_device), \
            Client(w) as client, Client(w) as other:
        for one in (client, other):
            one.set_memory_limit(MIB)
        client.lease(device, accounting="user")
        client.use(MOCK, length=MIB)
        w.checks.equal(locked(client.pid), (0, MIB), "accounting user: not the process")
        other.lease(other_device, accounting="user")
        fails(w, "ENOMEM", "accounting user: another process of the user", other.use, "vmock.1")
        client.kill()
        other.map(other.ioas, 0, MIB)
        w.checks.equal(locked(other.pid), (0, MIB), "accounting user: not once that has ended")
        other.close("guard", "iommufd", "vmock.1")
        w.service.wait(lambda: w.service.mirror[other_device]["State"] == "available")

        other.lease(other_device)
        fails(w, "ENOMEM", "accounting process: more than the limit", other.use, "vmock.1", 0,
              2 * MIB)
        other.close("guard", "iommufd", "vmock.1")
        resource.prlimit(other.pid, resource.RLIMIT_MEMLOCK, (2 * MIB, 2 * MIB))
        other.lease(other_device)
        other.use("vmock.1", length=2 * MIB)
        w.checks.equal(locked(other.pid), (2 * MIB, 2 * MIB), "accounting process: up to the limit")


def inherited(w):
    """A child of the client has the device's file: the lease lingers until it ends."""
    with mocks.plugged(w, "id=0,iommu=0") as (device,), Client(w) as client, Client(w) as other:
        lease = client.lease(device, name="inherited")
        client.use(MOCK)
        child = client.fork(MOCK)
        client.kill()
        lease_now = w.service.mirror[lease]
        w.checks.ok(w.service.wait(lambda: lease_now["State"] == "lingering"), "it lingers")
        w.checks.ok(w.service.wait(lambda: [pid for pid, _, _ in lease_now["Holders"]] == [child]),
                    "it names the child", lease_now["Holders"])
        w.see(device, {"State": "leased", "Lease": lease}, "the device is not given away")
        fails(w, "Busy", "another client", other.lease, device,
              says=[MOCK, "inherited", str(child)])
        w.consistent("while it lingers")
        os.kill(child, signal.SIGKILL)
        is_free(w, device)
        is_gone(w, lease)
        w.consistent("after that")

        lease = other.lease(device)
        child = other.fork("guard", "iommufd", MOCK)
        other.kill()
        w.checks.ok(not w.service.wait(lambda: w.service.mirror[lease]["State"] != "active", 1),
                    "a child that has the guard keeps the lease")
        os.kill(child, signal.SIGKILL)
        is_free(w, device)
        w.consistent("after that, too")


def wanted(w, client, name, take_away, let_go, what):
    """The host takes a leased device: the client is told at once, and the host waits for it."""
    device = w.device(name)
    lease = client.lease(device)
    client.bind(name)
    w.service.signals.clear()
    write = take_away()
    told = ("DeviceWanted", lease, device)
    w.checks.ok(w.service.wait(lambda: told in w.service.signals, soon(w)), f"{what}: DeviceWanted")
    is_gone(w, device, f"{what}: it goes")
    w.checks.ok(write.blocked(), f"{what}: the kernel waits for the client")
    w.see(lease, {"State": "active", "Devices": []}, f"{what}: the lease has lost it")
    w.consistent(what)
    let_go()
    write.end()
    w.checks.ok(True, f"{what}: the kernel goes on once the client has let go of it")
    is_gone(w, lease, f"{what}: the lease goes")
    w.consistent(f"{what}: after that")


def unbound(w):
    """A leased device is taken away: with its slot, by its driver, as an mdev."""
    with mocks.plugged(w, "id=0,iommu=0"), Client(w) as client:
        wanted(w, client, MOCK, lambda: mocks.unplug(0),
               lambda: client.close(MOCK, "iommufd", "guard"), "unplug")
        name = machine.PLAIN_B
        wanted(w, client, name, lambda: machine.unbind(name),
               lambda: client.close("guard", "iommufd", name), "driver unbind")
        machine.bind(name)
        w.service.wait(lambda: by_name(w.service.mirror, name))
        mdev = world.MTTY_B
        wanted(w, client, mdev, lambda: machine.remove_mdev(mdev),
               lambda: client.close(mdev, "guard", "iommufd"), "removal of an mdev")
        machine.create_mdev(mdev, "mtty-2")
        w.service.wait(lambda: by_name(w.service.mirror, mdev))
        wanted(w, client, name, lambda: machine.unbind(name), client.kill, "killed meanwhile")
        machine.bind(name)
        w.service.wait(lambda: by_name(w.service.mirror, name))


def released(w):
    """Release of what a client still has: it is asked for it, and keeps it until it closes it."""
    with mocks.plugged(w, "id=0,iommu=0") as (device,), Client(w) as client, Client(w) as other:
        lease = client.lease(device, name="revoked")
        client.use(MOCK)
        w.checks.ok(not client.is_released(0), "nothing comes out of the guard")
        w.service.signals.clear()
        w.service.method(lease, "Release", "(a{sv})", {})
        asked = [one for one in w.service.signals if one[0] == "ReleaseRequested"]
        w.checks.equal([one[1] for one in asked], [lease], "ReleaseRequested")
        w.checks.ok(client.is_released(1), "the guard says it, too")
        seen = w.service.get_all(lease)
        w.checks.equal((seen["State"], [pid for pid, _, _ in seen["Holders"]]),
                       ("lingering", [client.pid]), "it names the client")
        w.checks.equal(mocks.dma_write(0, 0x10000), 0, "the client still has the device")
        fails(w, "NotFound", "OpenIommufd of a lease that has ended", client.open_iommufd)
        # Longer than the service looks for it by itself.
        w.service.wait(lambda: False, 3)
        w.see(device, {"State": "leased", "Lease": lease}, "and keeps it")
        client.close(MOCK, "iommufd")
        second = other.lease(device)
        w.see(device, {"State": "leased", "Lease": second}, "who asks next has it at once")
        w.checks.ok(lease not in w.service.managed(), "the first lease is gone")
        w.consistent("after that")


def groups(w):
    """A group goes to one lease; a lease may have several."""
    with mocks.plugged(w, "id=0,iommu=0,group=7", "id=1,iommu=0,group=7", "id=2,iommu=1") \
            as (first, sibling, third), Client(w) as client, Client(w) as other:
        lease = client.lease(first, third, name="two-groups")
        fails(w, "Busy", "the sibling, for another lease", other.lease, sibling,
              says=["vmock.1", MOCK, "two-groups"])
        path = w.service.create()
        w.fails("Busy", "the sibling, for a container", path, "AttachDevice", "(oa{sv})", sibling,
                {}, says=["vmock.1", MOCK, "two-groups"])
        ids = [client.bind(name) for name in (MOCK, "vmock.2")]
        w.checks.equal(client.open_device(sibling)["bound"], False, "the sibling, for the lease")
        ids.append(client.bind("vmock.1"))
        w.checks.equal(len(set(ids)), 3, "all three are bound to its iommufd")
        w.see(lease, {"Devices": [first, third, sibling]}, "the lease")
        fails(w, "Busy", "CloseDevice of what is open", client.close_device, sibling,
              says=["vmock.1", str(client.pid)])
        client.close("vmock.1")
        client.close_device(sibling)
        w.see(sibling, {"State": "available", "Lease": "/"}, "CloseDevice gives it back")
        fails(w, "Busy", "but not to others", other.lease, sibling, says=["two-groups"])
        w.consistent("with two groups")
        client.kill()
        other.lease(sibling)
        w.checks.ok(True, "the group is free once the client is gone")
        w.consistent("after that")


def bound_copy(w):
    """A container of the lease has the device; its client uses a copy of the file, and of the
    context."""
    with mocks.plugged(w, "id=0,iommu=0") as (device,), Client(w) as client:
        before = pins()
        lease = client.create_lease({"name": "copies"})
        path = client.create_container({"name": "mine"})
        w.see(path, {"Lease": lease, "Owner": USER, "Shared": False}, "a container of the lease")
        hwpt = client.attach_device(path, device)
        info = client.open_device(device)
        w.checks.equal((info["bound"], info["device-id"]),
                       (True, w.service.get(device, "DeviceId")), "a copy of the bound file")
        w.see(device, {"State": "attached", "Lease": lease, "Hwpt": hwpt}, "the device")
        w.checks.equal((client.region_size(MOCK, 0), client.interrupts(MOCK, 0)), (PAGE, 1),
                       "it can be asked for regions and interrupts")
        client.reset(MOCK)
        w.checks.equal(client.open_iommufd(path), {"ioas-id": w.service.get(path, "IoasId")},
                       "a copy of the context")
        w.see(path, {"Shared": True}, "the container says so")
        fails(w, "EINVAL", "BIND of what is bound", client.bind, MOCK)
        client.map(w.service.get(path, "IoasId"), 0x40000, MIB)
        w.checks.equal((client.dma(MOCK, 0x40ff8, 16, 0x66), client.peek(0xff8, 16)),
                       (16, "66" * 16), "the client maps memory there, and the device writes to it")
        w.checks.equal(pins() - before, MIB // PAGE, "it is pinned")
        with mocks.Memory(MIB) as memory:
            w.service.map_file(path, memory.file, PAGE, 0x800000)
            w.checks.equal((client.dma(MOCK, 0x800000, 8, 0x11), memory.at(0)), (8, b"\x11" * 8),
                           "and to what the service maps")
        w.consistent("with copies")

        client.close("guard")
        is_gone(w, path, "the container ends with the lease")
        w.checks.equal(client.dma(MOCK, 0x40ff8, 16, 0x66), -errno.EFAULT, "no DMA any more")
        w.checks.equal(client.region_size(MOCK, 0), PAGE, "the copy of the file lives")
        w.see(device, {"State": "leased", "Lease": lease, "Container": "/"}, "the device lingers")
        w.consistent("while it lingers")
        client.kill()
        is_free(w, device)
        w.checks.equal(pins(), before, "nothing is pinned")
        w.consistent("after that")


def no_copy(w):
    """What is in a container of a lease, and not handed out, is free at the end of the lease."""
    with mocks.plugged(w, "id=0,iommu=0") as (device,), Client(w) as client:
        lease = client.create_lease({})
        path = client.create_container({})
        client.attach_device(path, device)
        client.kill()
        is_free(w, device)
        is_gone(w, path, "the container goes")
        is_gone(w, lease)
        w.checks.equal(mocks.state(0)["domain"], "identity", "the kernel has let go of the device")
        w.consistent("after that")
