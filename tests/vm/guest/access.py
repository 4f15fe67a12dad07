# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of the scenario: who may do what, and the life of the service itself."""

import os
import re
import signal
import subprocess

import bus
import machine
import world
from discovery import by_name

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def output_of(words, seconds=30):
    """Runs a program; returns its status, output and errors. It is killed if it takes too long, and
    not waited for: it may be stuck in the kernel."""
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, output, errors


def installed(name):
    """The place of a file or folder of the project, which depends on the prefix."""
    stage = os.environ["IOMMUD_VM_STAGE"]
    for directory, folders, files in os.walk(stage):
        if name in files + folders:
            return f"{directory[len(stage):]}/{name}"
    raise FileNotFoundError(f"{name} is not installed")


def start(w):
    """The first call starts the service, through the installed activation file."""
    w.connect()
    try:
        version = w.service.get(bus.MANAGER, "Version")
    except bus.BusError as error:
        w.checks.ok(False, "D-Bus activation starts the service", error)
        return
    w.checks.ok(version, "D-Bus activation starts the service")
    w.checks.equal(os.stat(f"/proc/{w.pid()}").st_uid, 0, "it runs as root")
    w.service.start_mirror()


def library(w):
    """Another process does the main job with the library, while the service has no containers."""
    path = os.path.dirname(installed("Iommud-1.typelib"))
    status, output, errors = output_of(
        ["env", f"GI_TYPELIB_PATH={path}", f"{os.path.dirname(os.path.abspath(__file__))}/library",
         machine.PLAIN_A, machine.PLAIN_B, world.MTTY_A], 60)
    for line in output.splitlines():
        if re.match(r"(not )?ok [0-9]+ - ", line):
            w.checks.ok(line.startswith("ok"), line.split(" - : ", 1)[1], output)
    w.checks.ok(status == 0, "the library's job ends well", status, errors)
    w.service.wait(lambda: by_name(w.service.mirror, machine.PLAIN_B))


def others_may_read(w):
    path = w.service.create(name="mine")
    device = w.device(machine.PLAIN_A)
    for interface_path, name in ((bus.MANAGER, "Version"), (device, "State"), (path, "Owner"),
                                 (path, "Mappings"), (path, "Blockers")):
        status, _, errors = output_of([*NOBODY, "busctl", "get-property", bus.NAME, interface_path,
                                       bus.interface_of(interface_path, name), name])
        w.checks.equal(status, 0, f"user nobody may read {name}")
        if status:
            w.checks.note(errors)
    status, _, errors = output_of([*NOBODY, "busctl", "call", bus.NAME, bus.ROOT,
                                   "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"])
    w.checks.ok(status == 0, "user nobody may list the objects", errors)
    status, _, errors = output_of([*NOBODY, "busctl", "call", bus.NAME, bus.MANAGER,
                                   bus.IFACE + "Manager", "FindDevice", "s", machine.PLAIN_A])
    w.checks.ok(status == 0, "user nobody may look for a device", errors)
    w.service.free(path)


def others_may_not_change(w):
    path, device = w.service.create(), w.device(machine.PLAIN_A)
    hwpt = w.service.alloc(path, w.device(machine.PLAIN_B))
    refused = [
        (bus.MANAGER, "CreateContainer", ["a{sv}", "0"]),
        (path, "AttachDevice", ["oa{sv}", device, "0"]),
        (path, "AllocHwpt", ["oa{sv}", device, "0"]),
        (path, "Unmap", ["tta{sv}", "0", "4096", "0"]),
        (path, "UnmapAll", ["a{sv}", "0"]),
        (path, "SetAllowedIovas", ["a(tt)a{sv}", "0", "0"]),
        (path, "Start", ["a{sv}", "0"]),
        (path, "Stop", ["a{sv}", "0"]),
        (path, "ReadBitmap", ["ttta{sv}", "0", "4096", "4096", "0"]),
        (path, "UnmapAndReadBitmap", ["ttta{sv}", "0", "4096", "4096", "0"]),
        (path, "Free", ["a{sv}", "0"]),
        (hwpt, "AttachDevice", ["oa{sv}", device, "0"]),
        (hwpt, "Free", ["a{sv}", "0"]),
        (device, "Detach", ["a{sv}", "0"]),
    ]

    def all_of_them():
        for object_path, method, arguments in refused:
            interface = bus.interface_of(object_path, method)
            status, _, errors = output_of([*NOBODY, "busctl", "call", bus.NAME, object_path,
                                           interface, method, *arguments])
            w.checks.ok(status != 0 and f"may not call {interface}.{method}" in errors,
                        f"user nobody may not call {interface}.{method}", status, errors)
            w.checks.ok("is not registered" not in errors, "polkit knows the action", errors)
    w.unchanged_by(all_of_them, "what user nobody tried")
    w.service.free(path, force=True)


def killed(w):
    """After SIGKILL the kernel frees everything, and the next call starts the service anew."""
    path = w.service.create(name="lost")
    w.service.attach(path, w.device(machine.PLAIN_A))
    w.checks.ok(w.kill(signal.SIGKILL), "killed")
    w.checks.ok(w.service.get(bus.MANAGER, "Version"), "a call starts it again")
    w.service.start_mirror()
    path = w.service.create(name="found")
    w.checks.ok(w.service.attach(path, w.device(machine.PLAIN_A)) != "/", "the device is free")
    w.consistent("after that")


def terminated(w):
    """SIGTERM with devices attached: it lets go of them, in order, and ends."""
    path = w.service.create()
    w.service.attach(path, w.device(machine.PLAIN_A))
    w.service.attach(path, w.device(world.MTTY_A))
    files = w.open_files()
    w.checks.ok({"iommu", machine.vfio_name(machine.PLAIN_A)} <= set(files),
                "the service has the files open, not its clients", files)
    w.checks.ok(w.kill(signal.SIGTERM), "SIGTERM ends it")
    machine.unbind(machine.PLAIN_A).end()
    machine.remove_mdev(world.MTTY_A).end()
    w.checks.ok(True, "no file of a device is left open")
    machine.bind(machine.PLAIN_A)
    machine.create_mdev(world.MTTY_A, "mtty-1")
    w.checks.ok(w.service.get(bus.MANAGER, "Version"), "a call starts it again")


def without_iommufd(w):
    """A kernel without /dev/iommu: devices are listed, a container cannot be made."""
    w.checks.ok(w.kill(), "the service ends")
    os.rename("/dev/iommu", "/dev/hidden")
    try:
        w.checks.equal(w.service.get(bus.MANAGER, "IommufdAvailable"), False, "it is not available")
        w.service.start_mirror()
        w.checks.ok(w.device(machine.PLAIN_A), "devices are listed")
        w.unchanged_by(lambda: w.fails("NotSupported", "CreateContainer", bus.MANAGER,
                                       "CreateContainer", "(a{sv})", {}, says=["/dev/iommu"]),
                       "that")
        w.checks.ok(w.kill(), "the service ends")
    finally:
        os.rename("/dev/hidden", "/dev/iommu")
    w.checks.equal(w.service.get(bus.MANAGER, "IommufdAvailable"), True, "it is again")
