# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of the scenario: wrong calls are refused with an explanation, and change nothing."""

import fcntl
import os
import struct

from gi.repository import Gio, GLib

import bus
import machine
import world

NOWHERE = "/org/iommud1/devices/nowhere"


def options(w):
    def refused(values, says):
        w.fails("InvalidArgument", f"CreateContainer {sorted(values)}", bus.MANAGER,
                "CreateContainer", "(a{sv})", values, says=says)

    def all_of_them():
        refused(bus.options(colour="red"), ["colour"])
        refused({"name": GLib.Variant("u", 7)}, ["name"])
        refused({"dirty-tracking": GLib.Variant("b", True)}, ["dirty-tracking"])
        refused({"dirty-tracking": GLib.Variant("s", "perhaps")}, ["dirty-tracking"])
        refused({"accounting": GLib.Variant("s", "nobody")}, ["accounting"])
        refused({"share-context": GLib.Variant("s", "vm")}, ["share-context"])
        refused({"name": GLib.Variant("s", "x" * 100000)}, ["name"])
    w.unchanged_by(all_of_them, "CreateContainer with wrong options")

    path, device = w.service.create(name="options"), w.device(machine.PLAIN_A)
    calls = [
        (path, "AttachDevice", "(oa{sv})", device, bus.options(colour="red"), "colour"),
        (path, "AttachDevice", "(oa{sv})", device, bus.options(mode="manual"), "mode"),
        (path, "AttachDevice", "(oa{sv})", device, bus.options(mode=True), "mode"),
        (path, "AllocHwpt", "(oa{sv})", device, bus.options(dirty_tracking="on"), "dirty-tracking"),
        (path, "AllocHwpt", "(oa{sv})", device, bus.options(nest=True), "nest"),
        (device, "Detach", "(a{sv})", bus.options(colour="red"), "colour"),
        (path, "Free", "(a{sv})", bus.options(force="yes"), "force"),
        (path, "Free", "(a{sv})", bus.options(now=True), "now"),
        (path, "Unmap", "(tta{sv})", 0, 4096, bus.options(dirty_bitmap=True), "dirty-bitmap"),
        (path, "UnmapAndReadBitmap", "(ttta{sv})", 0, 4096, 4096, bus.options(page_size=4096),
         "page-size"),
        (path, "Start", "(a{sv})", bus.options(page_size="4K"), "page-size"),
    ]
    for object_path, method, signature, *arguments, key in calls:
        w.unchanged_by(lambda call=(object_path, method, signature, *arguments), key=key: w.fails(
            "InvalidArgument", f"{call[1]} with a wrong {key}", *call, says=[key]), "that")
    w.service.free(path)


def names(w):
    path = w.service.create(name="taken")
    w.fails("Exists", "the name of another container", bus.MANAGER, "CreateContainer", "(a{sv})",
            bus.options(name="taken"), says=["taken"])
    w.fails("NotFound", "FindDevice", bus.MANAGER, "FindDevice", "(s)", "0000:ff:1f.7",
            says=["0000:ff:1f.7"])
    w.fails("NotFound", "FindContainer", bus.MANAGER, "FindContainer", "(s)", "nobody",
            says=["nobody"])
    w.fails("NotFound", "AttachDevice of an unknown device", path, "AttachDevice", "(oa{sv})",
            NOWHERE, {}, says=["nowhere"])
    w.fails("InvalidArgument", "AttachDevice of a container", path, "AttachDevice", "(oa{sv})",
            path, {}, says=[path])
    w.fails("NotFound", "share-context with nobody", bus.MANAGER, "CreateContainer", "(a{sv})",
            {"share-context": GLib.Variant("o", bus.ROOT + "/containers/999999")})
    w.fails("InvalidArgument", "Detach of what is in no container", w.device(machine.PLAIN_A),
            "Detach", "(a{sv})", {}, says=[machine.PLAIN_A])
    w.service.free(path)
    error = w.service.error(path, "AttachDevice", "(oa{sv})", w.device(machine.PLAIN_A), {})
    w.checks.ok(error and error.name.startswith("org.freedesktop.DBus.Error.Unknown"),
                "a path of what is gone answers as an unknown object", error)
    again = w.service.create(name="taken")
    w.checks.ok(again != path, "the name is free again, the path is never used twice", again)
    w.service.free(again)


def in_the_way(w):
    path, other = w.service.create(name="first"), w.service.create(name="second")
    device = w.device(machine.PLAIN_A)
    hwpt = w.service.attach(path, device)
    foreign = w.service.alloc(other, w.device(machine.PLAIN_B))
    w.unchanged_by(lambda: w.fails(
        "Busy", "AttachDevice a second time", path, "AttachDevice", "(oa{sv})", device, {},
        says=[machine.PLAIN_A]), "that")
    w.unchanged_by(lambda: w.fails(
        "Busy", "AttachDevice of what is attached elsewhere", other, "AttachDevice", "(oa{sv})",
        device, {}, says=[machine.PLAIN_A, "first"]), "that")
    w.unchanged_by(lambda: w.fails(
        "Busy", "a HWPT of another container", foreign, "AttachDevice", "(oa{sv})", device, {},
        says=[machine.PLAIN_A, "first"]), "that")
    w.unchanged_by(lambda: w.fails("Busy", "Free of what is in use", path, "Free", "(a{sv})", {}),
                   "that")
    w.see(device, {"Hwpt": hwpt, "Container": path}, "it stays where it was")
    w.service.free(path, force=True)
    w.service.free(other, force=True)
    w.consistent("after that")


def unsupported(w):
    """What QEMU's IOMMUs cannot do."""
    path = w.service.create(name="strict", dirty_tracking="required")
    device = w.device(machine.PLAIN_A)
    w.unchanged_by(lambda: w.fails(
        "NotSupported", "required dirty tracking without a tracker", path, "AttachDevice",
        "(oa{sv})", device, {}, says=[machine.PLAIN_A]), "that")
    w.service.free(path)
    path = w.service.create()
    for option in ("dirty-tracking", "nest-parent"):
        w.unchanged_by(lambda option=option: w.fails(
            "NotSupported", f"AllocHwpt with {option}", path, "AllocHwpt", "(oa{sv})", device,
            {option: GLib.Variant("b", True)}, says=[machine.PLAIN_A]), "that")
    w.service.free(path)


def host_driver(w):
    """A sibling of the group is on a driver of the host: the error names both."""
    path, device = w.service.create(), w.device(machine.TAINTED)
    sibling = machine.TAINTED[:-1] + "1"
    w.unchanged_by(lambda: w.fails(
        "PermissionDenied", "a group with a host driver in it", path, "AttachDevice", "(oa{sv})",
        device, {}, says=[machine.TAINTED, sibling, "virtio-pci"]), "that")
    w.service.free(path)


def check_holders(w, device, expected, when):
    holders = w.service.method(device, "GetHolders", "(a{sv})", {})
    w.checks.ok([pid for pid, _, _ in holders] == expected, f"its holders {when}", holders)


def held_by_others(w):
    """Another process has the device, through its node or in the old way through its group."""
    path, device = w.service.create(), w.device(machine.PLAIN_A)
    check_holders(w, device, [], "before")
    iommufd = os.open("/dev/iommu", os.O_RDWR | os.O_CLOEXEC)
    cdev = os.open(w.service.get(device, "CdevPath"), os.O_RDWR | os.O_CLOEXEC)
    check_holders(w, device, [os.getpid()], "once its node is open")
    check_holders(w, w.device(machine.SIBLING_A), [], "are not those of another device")
    fcntl.ioctl(cdev, 0x3b00 + 118, bytearray(struct.pack("IIiI", 16, 0, iommufd, 0)))
    w.unchanged_by(lambda: w.fails(
        "Busy", "a device that another process has bound", path, "AttachDevice", "(oa{sv})",
        device, {}, says=[machine.PLAIN_A, str(os.getpid())]), "that")
    os.close(cdev)
    os.close(iommufd)
    check_holders(w, device, [], "once its node is closed")

    number = w.service.get(device, "IommuGroup")
    group = os.open(f"/dev/vfio/{number}", os.O_RDWR | os.O_CLOEXEC)
    w.unchanged_by(lambda: w.fails(
        "Busy", "a group that was opened the old way", path, "AttachDevice", "(oa{sv})",
        device, {}, says=[machine.PLAIN_A, f"/dev/vfio/{number}"]), "that")
    check_holders(w, device, [os.getpid()], "once its group is open")
    os.close(group)
    w.checks.ok(w.service.attach(path, device) != "/", "it works once they let go")
    check_holders(w, device, [], "while the service has it")
    w.service.free(path, force=True)


def two_callers(w):
    """Both want the same device at once: one gets it, the other is told."""
    first, second = w.service.create(name="one"), w.service.create(name="two")
    device = w.device(machine.PLAIN_A)
    results = [w.service.call_async(path, "AttachDevice", "(oa{sv})", device, {})
               for path in (first, second)]
    w.checks.ok(w.service.wait(lambda: all(results)), "both are answered")
    losers = [result[0] for result in results if isinstance(result[0], bus.BusError)]
    if w.checks.equal(len(losers), 1, "one of them gets it"):
        w.checks.equal(losers[0].name, "Busy", "the other is told Busy")
    w.consistent("after that")
    w.service.free(first, force=True)
    w.service.free(second, force=True)

    shared, mdev = w.service.create(), w.device(world.MTTY_A)
    results = [w.service.call_async(shared, "AttachDevice", "(oa{sv})", path, {})
               for path in (device, mdev, w.device(machine.PLAIN_B))]
    w.checks.ok(w.service.wait(lambda: all(results)), "three devices at once are answered")
    w.checks.ok(all(not isinstance(result[0], bus.BusError) for result in results),
                "three devices at once into one container", results)
    w.consistent("after that")
    w.service.free(shared, force=True)


def caller_leaves(w):
    """The caller is gone before the answer, and maybe before the bus can say who it was: the call
    is carried out or refused, but not by half."""
    path, device = w.service.create(), w.device(machine.PLAIN_A)
    address = Gio.dbus_address_get_for_bus_sync(Gio.BusType.SYSTEM)
    flags = (Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
             | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
    caller = Gio.DBusConnection.new_for_address_sync(address, flags)
    caller.call(bus.NAME, path, bus.interface_of(path, "AttachDevice"), "AttachDevice",
                GLib.Variant("(oa{sv})", (device, {})), None, 0, -1, None, None)
    caller.flush_sync()
    caller.close_sync()
    w.service.wait(lambda: w.service.mirror[device]["State"] == "attached", 3)
    w.consistent("after the caller has left")
    w.service.free(path, force=True)
    w.checks.ok(w.service.mirror[device]["State"] == "available", "the device is free again")
    w.consistent("after Free")
