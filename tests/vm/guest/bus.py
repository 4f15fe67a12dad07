# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service as a program on the bus sees it: calls, properties, a mirror kept by signals alone.

The mirror checks each signal as it comes: an object is exported before a property points at it, and
no property points at an object that goes.
"""

import os
import time

from gi.repository import Gio, GLib

NAME = "org.iommud1"
ROOT = "/org/iommud1"
MANAGER = ROOT + "/Manager"
IFACE = NAME + "."
ERROR = NAME + ".Error."
# The members of a container's interfaces but org.iommud1.Container.
MEMORY = {"IovaRanges", "IovaRangeCount", "IovaAlignment", "AllowedIovas", "AllowedIovaCount",
          "HugePages", "Mappings", "MappingCount", "MappedBytes", "MapFile", "CopyMapping", "Unmap",
          "UnmapAll", "SetAllowedIovas"}
DIRTY_TRACKING = {"Policy", "Coverage", "Active", "Blockers", "BlockerCount", "Start", "Stop",
                  "ReadBitmap", "UnmapAndReadBitmap"}
# Signals say that these properties have changed, but not to what.
VALUE_ON_DEMAND = ("Mappings", "Devices", "Hwpts", "Blockers", "Containers")
REFERENCES = ("Container", "Hwpt", "Hwpts", "Devices", "Parent", "Lease", "Containers")


class BusError(Exception):
    """An error reply: `name` is the last part of an org.iommud1.Error, or the whole name."""

    def __init__(self, error):
        full = Gio.DBusError.get_remote_error(error) or "?"
        self.name = full[len(ERROR):] if full.startswith(ERROR) else full
        self.message = error.message.replace(f"GDBus.Error:{full}: ", "")
        super().__init__(f"{self.name}: {self.message}")


def interfaces_of(path):
    """The interfaces of ours that an object has, from its path. The first is what it is."""
    if path == MANAGER:
        return [IFACE + "Manager"]
    parts = path[len(ROOT) + 1:].split("/")
    kinds = {("devices", 2): ["Device"], ("containers", 4): ["Hwpt"], ("leases", 2): ["Lease"],
             ("containers", 2): ["Container", "Memory", "DirtyTracking"]}
    return [IFACE + name for name in kinds[parts[0], len(parts)]]


def interface_of(path, member):
    """The interface of an object that has a member."""
    names = interfaces_of(path)
    if len(names) == 1:
        return names[0]
    return names[1 if member in MEMORY else 2 if member in DIRTY_TRACKING else 0]


def options(**values):
    """A Python dictionary as a{sv}: a str is s, a bool is b, an int is t, and a GLib.Variant is
    itself."""
    made = {}
    for key, value in values.items():
        if isinstance(value, bool):
            value = GLib.Variant("b", value)
        elif isinstance(value, str):
            value = GLib.Variant("s", value)
        elif isinstance(value, int):
            value = GLib.Variant("t", value)
        made[key.replace("_", "-")] = value
    return made


def own_properties(interfaces):
    """The properties of our interfaces among those of an object, in one dictionary."""
    properties = {}
    for interface, values in interfaces.items():
        if interface.startswith(IFACE):
            properties.update(values)
    return properties


class Service:
    def __init__(self, connection=None, listens=True):
        self.connection = connection or Gio.bus_get_sync(Gio.BusType.SYSTEM)
        self.mirror = {}
        self.signals = []
        self.stale = set()
        self.violations = []
        if listens:
            self.connection.signal_subscribe(NAME, None, None, None, None, 0, self.on_signal)

    # Calls

    def call(self, path, interface, method, parameters=None, timeout=30):
        try:
            reply = self.connection.call_sync(NAME, path, interface, method, parameters, None, 0,
                                              timeout * 1000, None)
        except GLib.Error as error:
            raise BusError(error) from None
        finally:
            self.drain()
        return reply.unpack()

    def call_async(self, path, method, signature, *arguments, interface=None, then=None):
        """Starts a call; returns a list that will hold its result, or its BusError. The result is
        also given to `then`, as its arguments."""
        result = []

        def done(connection, answer):
            try:
                result.append(connection.call_finish(answer).unpack())
            except GLib.Error as error:
                result.append(BusError(error))
                return
            if then:
                then(*result[0])
        self.connection.call(NAME, path, interface or interface_of(path, method), method,
                             GLib.Variant(signature, arguments), None, 0, 30000, None, done)
        return result

    def running(self):
        return self.connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "NameHasOwner", GLib.Variant("(s)", (NAME,)), None, 0, -1, None).unpack()[0]

    def method(self, path, name, signature, *arguments):
        """Calls a method of ours; returns its only result or None."""
        reply = self.call(path, interface_of(path, name), name, GLib.Variant(signature, arguments))
        return reply[0] if reply else None

    def call_with_files(self, path, name, signature, *arguments, files=()):
        """Calls a method of ours with open files, which an h counts from 0; returns its results
        and the files that came with them."""
        try:
            reply, received = self.connection.call_with_unix_fd_list_sync(
                NAME, path, interface_of(path, name), name, GLib.Variant(signature, arguments),
                None, 0, 30000, Gio.UnixFDList.new_from_array([os.dup(file) for file in files]),
                None)
        except GLib.Error as error:
            raise BusError(error) from None
        finally:
            self.drain()
        return reply.unpack(), list(received.steal_fds()) if received else []

    def error(self, path, name, signature, *arguments):
        """Calls a method that must fail; returns its BusError, or None when it did not fail."""
        try:
            self.method(path, name, signature, *arguments)
        except BusError as error:
            return error
        return None

    def get(self, path, name):
        return self.call(path, "org.freedesktop.DBus.Properties", "Get",
                         GLib.Variant("(ss)", (interface_of(path, name), name)))[0]

    def get_all(self, path):
        """An object's properties of all interfaces of ours."""
        properties = {}
        for interface in interfaces_of(path):
            properties.update(self.call(path, "org.freedesktop.DBus.Properties", "GetAll",
                                        GLib.Variant("(s)", (interface,)))[0])
        return properties

    def managed(self):
        """Every object's properties of our interfaces, by path."""
        objects = self.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
        return {path: own_properties(interfaces) for path, interfaces in objects.items()}

    def exists(self, path):
        return path in self.managed()

    def create(self, **values):
        return self.method(MANAGER, "CreateContainer", "(a{sv})", options(**values))

    def find_device(self, name):
        return self.method(MANAGER, "FindDevice", "(s)", name)

    def attach(self, container, device, **values):
        return self.method(container, "AttachDevice", "(oa{sv})", device, options(**values))

    def alloc(self, container, device, **values):
        return self.method(container, "AllocHwpt", "(oa{sv})", device, options(**values))

    def detach(self, device):
        return self.method(device, "Detach", "(a{sv})", {})

    def free(self, path, **values):
        return self.method(path, "Free", "(a{sv})", options(**values))

    # Memory

    def map_file(self, path, file, length, iova=0, offset=0, **values):
        """Returns the IOVA."""
        return self.call_with_files(path, "MapFile", "(httta{sv})", 0, offset,
                                    length, iova, options(**values), files=[file])[0][0]

    def copy_mapping(self, path, source, source_iova, length, iova=0, **values):
        return self.method(path, "CopyMapping", "(ottta{sv})", source, source_iova, length, iova,
                           options(**values))

    def unmap(self, path, iova, length):
        return self.method(path, "Unmap", "(tta{sv})", iova, length, {})

    def unmap_and_read(self, path, iova, length, page_size=4096):
        """Returns the bytes unmapped, the bitmap's file and how many dirty pages the reply says."""
        reply, files = self.call_with_files(path, "UnmapAndReadBitmap", "(ttta{sv})", iova, length,
                                            page_size, {})
        return reply[0], files[reply[1]], reply[2]

    def start_tracking(self, path, **values):
        return self.method(path, "Start", "(a{sv})", options(**values))

    def stop_tracking(self, path):
        return self.method(path, "Stop", "(a{sv})", {})

    def read_bitmap(self, path, iova, length, page_size=4096, **values):
        """Returns the bitmap's file and how many dirty pages the reply says."""
        reply, files = self.call_with_files(path, "ReadBitmap", "(ttta{sv})", iova, length,
                                            page_size, options(**values))
        return files[reply[0]], reply[1]

    # Signals

    def start_mirror(self):
        """From what is there now. What signals told before the answer is in it, or is told once
        more after it; so all of them are handled in the order in which they came."""
        result = self.call_async(ROOT, "GetManagedObjects", "()",
                                 interface="org.freedesktop.DBus.ObjectManager",
                                 then=self.on_listed)
        self.wait(lambda: result, 30)
        if not result or isinstance(result[0], BusError):
            raise result[0] if result else TimeoutError("GetManagedObjects")

    def on_listed(self, objects):
        self.mirror = {path: own_properties(interfaces) for path, interfaces in objects.items()}
        self.signals = []
        self.stale = set()
        self.violations = []

    def refresh(self):
        """Reads what has changed by signals that did not say to what."""
        while self.stale:
            path, name = self.stale.pop()
            if path in self.mirror:
                self.mirror[path][name] = self.get(path, name)

    def drain(self):
        """Handles every signal that has arrived: those sent before a reply arrive before it."""
        context = GLib.MainContext.default()
        while context.pending():
            context.iteration(False)

    def wait(self, condition, seconds=15.0):
        """Runs the main loop until the condition holds; says whether it came true."""
        end = time.monotonic() + seconds
        context = GLib.MainContext.default()
        tick = GLib.timeout_add(100, lambda: True)
        while not condition() and time.monotonic() < end:
            context.iteration(True)
        GLib.source_remove(tick)
        return condition()

    def on_signal(self, _connection, _sender, path, _interface, name, parameters):
        arguments = parameters.unpack()
        if name == "InterfacesAdded":
            self.on_added(*arguments)
        elif name == "InterfacesRemoved":
            self.on_removed(*arguments)
        elif name == "PropertiesChanged":
            self.on_changed(path, *arguments)
        else:
            self.signals.append((name, path, *arguments))

    def on_added(self, path, interfaces):
        self.signals.append(("added", path))
        if not set(interfaces_of(path)) <= set(interfaces):
            self.violations.append(f"{path} came with {sorted(interfaces)} only")
        self.mirror[path] = own_properties(interfaces)
        self.check_references(path, self.mirror[path])

    def on_removed(self, path, interfaces):
        if not any(interface.startswith(IFACE) for interface in interfaces):
            return
        self.signals.append(("removed", path))
        if self.mirror.pop(path, None) is None:
            self.violations.append(f"{path} was removed but never added")
        for other, properties in self.mirror.items():
            for name in REFERENCES:
                value = None if (other, name) in self.stale else properties.get(name)
                if value == path or (isinstance(value, list) and path in value):
                    self.violations.append(f"{path} went while {other} {name} points at it")
            if other.startswith(path + "/"):
                self.violations.append(f"{path} went before its child {other}")

    def on_changed(self, path, interface, changed, invalidated):
        if not interface.startswith(IFACE):
            return
        for name, value in changed.items():
            self.signals.append(("changed", path, name, value))
        for name in invalidated:
            self.signals.append(("changed", path, name, None))
            self.stale.add((path, name))
            if name not in VALUE_ON_DEMAND:
                self.violations.append(f"{path} {name} invalidated without a value")
        if path not in self.mirror:
            self.violations.append(f"{path} {sorted(changed)} changed while it is not exported")
            return
        self.mirror[path].update(changed)
        self.stale -= {(path, name) for name in changed}
        self.check_references(path, changed)

    def check_references(self, path, properties):
        for name in REFERENCES:
            value = properties.get(name, [])
            for target in value if isinstance(value, list) else [value]:
                if target.startswith(ROOT) and target not in self.mirror:
                    self.violations.append(f"{path} {name}: {target} is not exported")
