# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of the scenario: a device goes while it is attached. The kernel waits until we close."""

import machine
import world
from discovery import by_name


def goes(w, name, take_away, what):
    """Takes an attached device away, which must end, and says so on the bus."""
    path = w.service.create()
    device = w.device(name)
    hwpt = w.service.attach(path, device)
    mate = w.device(machine.PLAIN_A)
    w.service.attach(path, mate)
    w.service.signals.clear()
    write = take_away()
    w.checks.ok(w.service.wait(lambda: device not in w.service.mirror), f"{what}: its object goes")
    if write is not None:
        write.end()
        w.checks.ok(True, f"{what}: the kernel does not wait for us")
    w.checks.ok(machine.wait_for(lambda: not is_there(name)), f"{what}: it is gone from the kernel")
    w.see(path, {"Devices": [mate]}, f"{what}: the container has let go of it")
    if hwpt != "/":
        w.see(hwpt, {"Devices": [mate]}, f"{what}: so has the HWPT")
    w.fails("NotFound", f"{what}: AttachDevice of it", path, "AttachDevice", "(oa{sv})", device, {})
    w.consistent(what)
    w.service.free(path, force=True)


def is_there(name):
    directory = machine.sysfs(name)
    return directory is not None and machine.driver(name) in ("vfio-pci", "mtty")


def comes_back(w, name, bring_back, what):
    bring_back()
    w.checks.ok(w.service.wait(lambda: by_name(w.service.mirror, name)), f"{what}: it is back")
    path = w.service.create()
    hwpt = w.service.attach(path, w.device(name))
    w.checks.ok(by_name(w.service.mirror, name) == w.device(name), f"{what}: and can be attached")
    w.consistent(what)
    w.service.free(path, force=True)
    return hwpt


def unplug(w):
    """The hypervisor's button: the kernel asks, waits five seconds, takes the device."""
    name = machine.hot_address("hot0")
    goes(w, name, lambda: machine.unplug("hot0"), "unplug")
    w.checks.ok(machine.wait_for(lambda: machine.hot_address("hot0") is None), "the slot is empty")

    def plug():
        machine.plug("hot0")
        machine.wait_for(lambda: machine.hot_address("hot0"))
        machine.bind(machine.hot_address("hot0"))
    comes_back(w, name, plug, "plug")


def slot_power(w):
    """Power off by sysfs: the slot's power is cut as soon as the kernel has let go."""
    name = machine.hot_address("hot1")
    goes(w, name, lambda: machine.Write("/sys/bus/pci/slots/2/power", "0"), "power off")


def driver_unbind(w):
    name = machine.PLAIN_B
    goes(w, name, lambda: machine.unbind(name), "driver unbind")
    comes_back(w, name, lambda: machine.bind(name), "driver bind")


def pci_remove(w):
    """sysfs takes the function away, a rescan of the bus finds it again."""
    name = machine.PLAIN_B
    goes(w, name, lambda: machine.Write(f"{machine.PCI}/{name}/remove", "1"), "remove")

    def rescan():
        machine.write("/sys/bus/pci/rescan", "1")
        machine.bind(name)
    comes_back(w, name, rescan, "rescan")


def mdev_removal(w):
    name = world.MTTY_B
    goes(w, name, lambda: machine.remove_mdev(name), "mdev removal")
    comes_back(w, name, lambda: machine.create_mdev(name, "mtty-2"), "mdev creation")


def manual_hwpt(w):
    """The device that a manual HWPT was made for goes: the HWPT stays, and can be freed."""
    name = machine.PLAIN_B
    path, device = w.service.create(), w.device(name)
    hwpt = w.service.alloc(path, device)
    w.service.method(hwpt, "AttachDevice", "(oa{sv})", device, {})
    machine.unbind(name).end()
    w.checks.ok(w.service.wait(lambda: device not in w.service.mirror), "the device goes")
    w.see(hwpt, {"Devices": []}, "its manual HWPT stays")
    w.service.free(hwpt)
    w.service.free(path)
    w.consistent("after that")
    machine.bind(name)
    w.checks.ok(w.service.wait(lambda: by_name(w.service.mirror, name)), "it is back")


def bound_only(w):
    """A device that is bound but not attached goes just as well."""
    name = machine.PLAIN_B
    path, device = w.service.create(), w.device(name)
    hwpt = w.service.alloc(path, device)
    machine.unbind(name).end()
    w.checks.ok(w.service.wait(lambda: device not in w.service.mirror), "the device goes")
    w.see(path, {"Devices": [], "Hwpts": [hwpt]}, "the container has let go of it")
    w.service.free(path, force=True)
    w.consistent("after that")
    machine.bind(name)
    w.checks.ok(w.service.wait(lambda: by_name(w.service.mirror, name)), "it is back")


def sibling(w):
    """One of a group goes, the other keeps translating through their HWPT."""
    path = w.service.create()
    stays, goes_away = w.device(machine.SIBLING_A), w.device(machine.SIBLING_B)
    hwpt = w.service.attach(path, goes_away)
    w.service.attach(path, stays)
    machine.unbind(machine.SIBLING_B).end()
    w.checks.ok(w.service.wait(lambda: goes_away not in w.service.mirror), "one goes")
    w.see(hwpt, {"Devices": [stays]}, "the other stays on their HWPT")
    w.see(path, {"Devices": [stays], "IovaRanges": w.ranges}, "and in the container")
    w.consistent("after that")
    machine.bind(machine.SIBLING_B)
    w.checks.ok(w.service.wait(lambda: by_name(w.service.mirror, machine.SIBLING_B)), "it is back")
    w.checks.equal(w.service.attach(path, w.device(machine.SIBLING_B)), hwpt, "and joins it again")
    w.service.free(path, force=True)


def in_the_middle(w):
    """A device vanishes while it is being attached, at different points of the attach."""
    name = machine.PLAIN_B
    for attempt in range(5):
        path, device = w.service.create(), w.device(name)
        result = w.service.call_async(path, "AttachDevice", "(oa{sv})", device, {})
        write = machine.unbind(name)
        w.checks.ok(w.service.wait(lambda result=result: result), f"{attempt}: it is answered")
        w.checks.ok(w.service.wait(lambda device=device: device not in w.service.mirror),
                    f"{attempt}: the device goes", result)
        write.end()
        w.service.free(path, force=True)
        w.consistent(f"{attempt}: after that")
        machine.bind(name)
        w.service.wait(lambda: by_name(w.service.mirror, name))
