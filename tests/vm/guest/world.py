# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every part of the scenario shares: the checks, the service, and what holds at all times."""

import os
import signal

import bus
import machine

MTTY_A = "11111111-2222-3333-4444-555555555551"
MTTY_B = "11111111-2222-3333-4444-555555555552"

# What Linux says of QEMU's IOMMUs once a device is attached.
RANGES = {
    "intel": [(0, 0xfedfffff), (0xfef00000, 0xffffffffffff)],
    "amd": [(0, 0xfedfffff), (0xfef00000, 0xfcffffffff), (0x10000000000, 2**64 - 1)],
}
EVERYTHING = [(0, 2**64 - 1)]


class World:
    def __init__(self, checks, iommu):
        self.checks = checks
        self.iommu = iommu
        self.ranges = RANGES[iommu]
        self.service = None

    def connect(self):
        self.service = bus.Service()

    def pid(self):
        reply = self.service.connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "GetConnectionUnixProcessID", bus.GLib.Variant("(s)", (bus.NAME,)), None, 0, -1, None)
        return reply.unpack()[0]

    def open_files(self):
        """What the service holds open, sorted: a leak is a longer list."""
        directory = f"/proc/{self.pid()}/fd"
        return sorted(machine.link(f"{directory}/{fd}") or "?" for fd in os.listdir(directory))

    def device(self, name):
        return self.service.find_device(name)

    def see(self, path, expected, what):
        """Compares some properties of an object with what they should be."""
        seen = self.service.get_all(path)
        self.checks.equal({name: seen.get(name) for name in expected}, expected, what)

    def fails(self, error_name, what, path, method, signature, *arguments, says=()):
        """A call that must fail with this error, in words that name each of `says`."""
        error = self.service.error(path, method, signature, *arguments)
        if self.checks.ok(error is not None, f"{what}: fails", "it succeeded"):
            self.checks.equal(error.name, error_name, f"{what}: {error_name}")
            missing = [word for word in says if word not in error.message]
            self.checks.ok(not missing, f"{what}: the message says why", error.message, missing)
        return error

    def map_fails(self, error_name, what, path, file, *arguments):
        """A MapFile that must fail with this error."""
        error = None
        try:
            self.service.map_file(path, file, *arguments)
        except bus.BusError as caught:
            error = caught
        self.checks.equal(error and error.name, error_name, f"{what}: {error_name}")

    def unchanged_by(self, function, what):
        """Calls function, which must leave every object as it was and send no signal."""
        before = self.service.managed()
        self.service.signals.clear()
        result = function()
        self.checks.equal(self.service.managed(), before, f"{what}: nothing changed")
        self.checks.equal(self.service.signals, [], f"{what}: no signal")
        return result

    def consistent(self, what):
        """What must hold at any quiet moment."""
        self.service.refresh()
        objects = self.service.managed()
        self.checks.equal(self.service.mirror, objects, f"{what}: signals told every change")
        self.checks.equal(self.service.violations, [], f"{what}: signals came in a sound order")
        self.service.violations.clear()
        self.checks.equal(contradictions(objects), [], f"{what}: the objects agree")

    def clean(self):
        """Frees what is left over."""
        for path in self.service.managed():
            if "/leases/" in path:
                self.service.error(path, "Release", "(a{sv})", {})
        for path in self.service.managed():
            if "/containers/" in path and "/hwpts/" not in path:
                self.service.free(path, force=True)
        self.service.start_mirror()

    def kill(self, signal_number=signal.SIGTERM):
        """Ends the service; says whether it was gone in time."""
        pid = self.pid()
        os.kill(pid, signal_number)
        gone = machine.wait_for(lambda: not os.path.exists(f"/proc/{pid}"), 20)
        self.service.wait(lambda: not self.service.running(), 5)
        return gone


def contradictions(objects):
    """The places where two objects contradict each other."""
    found = []
    for path, properties in objects.items():
        if "/devices/" in path:
            found += device_contradictions(objects, path, properties)
        elif "/hwpts/" in path:
            container = objects.get(properties["Container"])
            if container is None or path not in container["Hwpts"]:
                found.append(f"{path} is not among its container's HWPTs")
            on_it = [other for other in objects if objects[other].get("Hwpt") == path]
            if sorted(on_it) != sorted(properties["Devices"]):
                found.append(f"{path} Devices {properties['Devices']}, but {on_it} are on it")
        elif "/leases/" in path:
            found += lease_contradictions(objects, path, properties)
    return found


def lease_contradictions(objects, path, properties):
    found = []
    for kind in ("devices", "containers"):
        name = kind.capitalize()
        in_it = [other for other in objects if objects[other].get("Lease") == path
                 and f"/{kind}/" in other]
        if sorted(in_it) != sorted(properties[name]):
            found.append(f"{path} {name} {properties[name]}, but {in_it} are in it")
    return found


def device_contradictions(objects, path, properties):
    state, container, hwpt = properties["State"], properties["Container"], properties["Hwpt"]
    found = []
    ours = state in ("bound", "attached")
    if not ours and state not in ("available", "leased"):
        found.append(f"{path} State {state}")
    if ours != (properties["DeviceId"] != 0):
        found.append(f"{path} is {state} with device id {properties['DeviceId']}")
    if ours != (container != "/"):
        found.append(f"{path} is {state} in container {container}")
    if state == "leased" and properties["Lease"] == "/":
        found.append(f"{path} is {state} without a lease")
    if state == "attached" and path not in objects[container]["Devices"]:
        found.append(f"{path} is not among its container's devices")
    on_hwpt = state == "attached" and properties["Bus"] != "mdev"
    if on_hwpt != (hwpt != "/"):
        found.append(f"{path} is {state} with HWPT {hwpt}")
    return found
