# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of the scenario: the main job, from an empty container back to none."""

import bus
import machine
import world


def container(w):
    path = w.service.create(name="vm")
    w.checks.ok(path in w.service.mirror, "exported before CreateContainer answers", path)
    w.see(path, {
        "Name": "vm", "Owner": 0, "IoasId": 1, "Policy": "preferred",
        "Accounting": "user", "Devices": [], "Hwpts": [], "IovaRanges": world.EVERYTHING,
        "IovaAlignment": 1, "Coverage": "full",
    }, "a new container")
    w.checks.equal(w.service.method(bus.MANAGER, "FindContainer", "(s)", "vm"), path,
                   "FindContainer")
    other = w.service.create(dirty_tracking="off")
    w.see(other, {"Policy": "off", "Devices": [], "IoasId": 1}, "a second one")
    w.checks.ok(w.service.get(other, "Context") != w.service.get(path, "Context"),
                "it has a context of its own")
    w.checks.ok(w.service.get(other, "Name"), "a container without a name is given one")
    shared = w.service.create(share_context=bus.GLib.Variant("o", path))
    w.see(shared, {"Context": w.service.get(path, "Context"), "IoasId": 2}, "one that shares")
    for one in (shared, other):
        w.service.free(one)
        w.checks.ok(one not in w.service.mirror, "Free takes it away before it answers")
    w.consistent("after Free")
    w.service.free(path)


def auto(w):
    """Two plain devices share a HWPT, a third one too; it goes with the last of them."""
    path = w.service.create(name="auto")
    devices = [w.device(name) for name in (machine.PLAIN_A, machine.PLAIN_B, machine.SIBLING_A)]
    hwpt = w.service.attach(path, devices[0])
    w.checks.ok(hwpt in w.service.mirror, "the HWPT is exported before AttachDevice answers", hwpt)
    w.see(hwpt, {"Container": path, "Parent": "/", "Management": "auto", "Flags": [],
                 "Iommu": w.service.get(devices[0], "Iommu"), "Devices": [devices[0]]},
          "the HWPT")
    w.checks.ok(w.service.get(hwpt, "HwptId") > 1, "it has the kernel's id")
    w.see(devices[0], {"State": "attached", "Container": path, "Hwpt": hwpt}, "the device")
    w.checks.ok(w.service.get(devices[0], "DeviceId") > 1, "it has a device id")
    # QEMU's IOMMUs cannot track dirty pages, its devices do not log DMA.
    w.see(devices[0], {"IommuCapabilities": [], "DirtyTracker": "none"}, "its trackers")
    w.see(path, {"Devices": [devices[0]], "Hwpts": [hwpt], "IovaRanges": w.ranges,
                 "IovaAlignment": 4096, "Coverage": "none"}, "the container")
    w.consistent("with one device")

    for device in devices[1:]:
        w.checks.equal(w.service.attach(path, device, mode="auto"), hwpt, "the next shares it")
    w.see(hwpt, {"Devices": devices}, "three devices on one HWPT")
    w.consistent("with three devices")

    w.fails("NotSupported", "Free of an auto HWPT", hwpt, "Free", "(a{sv})", {})
    for device in devices[:2]:
        w.service.detach(device)
        w.see(device, {"State": "available", "Container": "/", "Hwpt": "/", "DeviceId": 0},
              "a detached device")
    w.checks.ok(w.service.exists(hwpt), "the HWPT stays while a device is on it")
    w.service.detach(devices[2])
    w.checks.ok(hwpt not in w.service.mirror, "the HWPT goes with its last device")
    w.see(path, {"Devices": [], "Hwpts": [], "IovaRanges": world.EVERYTHING,
                 "IovaAlignment": 1, "Coverage": "full"}, "the empty container")
    w.consistent("when all are detached")
    w.service.free(path)


def group(w):
    """Devices of one IOMMU group: the same HWPT, and never two containers."""
    path, other = w.service.create(), w.service.create()
    first, second = w.device(machine.SIBLING_A), w.device(machine.SIBLING_B)
    number = w.service.get(first, "IommuGroup")
    hwpt = w.service.attach(path, first)
    w.unchanged_by(lambda: w.fails(
        "PermissionDenied", "its sibling into another container", other, "AttachDevice", "(oa{sv})",
        second, {}, says=[machine.SIBLING_B, f"group {number}"]), "that")
    shared = w.service.create(share_context=bus.GLib.Variant("o", path))
    w.unchanged_by(lambda: w.fails(
        "Incompatible", "its sibling into another IOAS of the context", shared, "AttachDevice",
        "(oa{sv})", second, {}, says=[machine.SIBLING_B]), "that")
    w.service.free(shared)
    w.checks.equal(w.service.attach(path, second), hwpt, "its sibling joins its HWPT")
    w.consistent("with both siblings")
    w.service.free(path, force=True)
    w.service.attach(other, second)
    w.checks.ok(True, "a sibling can go elsewhere once the group is free")
    w.service.free(other, force=True)
    w.consistent("after both are freed")


def kernel(w):
    path = w.service.create(name="kernel")
    devices = [w.device(name) for name in (machine.PLAIN_A, machine.PLAIN_B)]
    hwpt = w.service.attach(path, devices[0], mode="kernel")
    w.see(hwpt, {"Management": "kernel", "Container": path, "Devices": [devices[0]], "Flags": []},
          "the kernel's own HWPT")
    w.checks.equal(w.service.attach(path, devices[1], mode="kernel"), hwpt,
                   "the kernel puts the next device on it")
    w.fails("NotSupported", "Free of a kernel HWPT", hwpt, "Free", "(a{sv})", {})
    w.see(path, {"IovaRanges": w.ranges, "Devices": devices}, "the container")
    w.consistent("with both")
    w.service.detach(devices[0])
    w.service.detach(devices[1])
    w.checks.ok(hwpt not in w.service.mirror, "it goes with its last device")
    w.consistent("after both are detached")
    w.service.free(path)


def manual(w):
    """Allocate, attach, replace back and forth, free."""
    path = w.service.create(name="manual")
    device, other = w.device(machine.PLAIN_A), w.device(machine.PLAIN_B)
    hwpt = w.service.alloc(path, device)
    w.see(hwpt, {"Management": "manual", "Devices": [], "Container": path, "Parent": "/"},
          "a manual HWPT without devices")
    w.see(device, {"State": "bound", "Hwpt": "/"}, "allocating binds the device")
    w.consistent("after AllocHwpt")
    w.service.method(hwpt, "AttachDevice", "(oa{sv})", device, {})
    w.see(device, {"State": "attached", "Hwpt": hwpt, "Container": path}, "after AttachDevice")
    w.see(hwpt, {"Devices": [device]}, "the HWPT has it")
    w.fails("Busy", "Free with a device on it", hwpt, "Free", "(a{sv})", {})
    w.fails("Busy", "Free of the container", path, "Free", "(a{sv})", {})

    auto_hwpt = w.service.attach(path, other)
    w.checks.ok(auto_hwpt != hwpt, "mode auto does not choose a manual HWPT")
    w.service.method(hwpt, "AttachDevice", "(oa{sv})", other, {})
    w.see(hwpt, {"Devices": [device, other]}, "replace: both on the manual HWPT")
    w.checks.ok(not w.service.exists(auto_hwpt), "replace: the empty auto HWPT is gone")
    w.see(path, {"IovaRanges": w.ranges, "Hwpts": [hwpt]}, "replace: reserved regions are kept")
    w.consistent("after replace")

    second = w.service.alloc(path, device)
    w.service.method(second, "AttachDevice", "(oa{sv})", device, {})
    w.see(second, {"Devices": [device]}, "replace by a second manual HWPT")
    w.see(hwpt, {"Devices": [other]}, "the first one keeps the other device")
    w.see(path, {"IovaRanges": w.ranges}, "reserved regions are kept")
    w.service.detach(device)
    w.service.detach(other)
    w.checks.ok(w.service.exists(hwpt) and w.service.exists(second), "manual HWPTs stay")
    w.fails("Busy", "Free of a container with HWPTs", path, "Free", "(a{sv})", {})
    w.service.free(hwpt)
    w.checks.ok(hwpt not in w.service.mirror, "Free of the first")
    w.service.free(second)
    w.consistent("after Free")
    w.service.free(path)


def kernel_to_manual(w):
    """A device leaves the kernel's HWPT for a manual one: the kernel's vanishes by itself."""
    path, device = w.service.create(), w.device(machine.PLAIN_A)
    kernels = w.service.attach(path, device, mode="kernel")
    hwpt = w.service.alloc(path, device)
    w.service.method(hwpt, "AttachDevice", "(oa{sv})", device, {})
    w.checks.ok(not w.service.exists(kernels), "the kernel's HWPT is gone")
    w.see(path, {"Hwpts": [hwpt], "IovaRanges": w.ranges}, "the container")
    w.consistent("after the change")
    w.service.free(path, force=True)
    w.checks.ok(not w.service.exists(hwpt), "Free with force takes the HWPT along")
    w.see(device, {"State": "available", "Hwpt": "/", "Container": "/"}, "and lets the device go")
    w.consistent("after Free with force")


def mdev(w):
    path = w.service.create(name="mdev")
    first, second = w.device(world.MTTY_A), w.device(world.MTTY_B)
    w.checks.equal(w.service.attach(path, first), "/", "an mdev has no HWPT")
    w.checks.equal(w.service.attach(path, second, mode="kernel"), "/", "in mode kernel neither")
    w.see(first, {"State": "attached", "Container": path, "Hwpt": "/"}, "the mdev")
    w.see(path, {"Devices": [first, second], "Hwpts": []}, "the container")
    w.unchanged_by(lambda: w.fails("NotSupported", "AllocHwpt for an mdev", path, "AllocHwpt",
                                   "(oa{sv})", first, {}, says=[world.MTTY_A]), "that")
    hwpt = w.service.attach(path, w.device(machine.PLAIN_A))
    w.unchanged_by(lambda: w.fails("NotSupported", "an mdev onto a HWPT", hwpt, "AttachDevice",
                                   "(oa{sv})", first, {}, says=[world.MTTY_A]), "that")
    w.fails("Busy", "Free while mdevs are attached", path, "Free", "(a{sv})", {})
    w.consistent("with mdevs and a HWPT")
    w.service.detach(first)
    w.see(first, {"State": "available", "Container": "/", "DeviceId": 0}, "after Detach")
    w.service.free(path, force=True)
    w.consistent("after Free with force")


def cycles(w):
    """Nothing stays behind: not in the service, not in the kernel, whose lowest free id is next."""
    path, device = w.service.create(), w.device(machine.PLAIN_A)
    mdev_path = w.device(world.MTTY_A)
    ids, files = set(), w.open_files()
    for _ in range(20):
        hwpt = w.service.attach(path, device)
        ids.add((w.service.get(hwpt, "HwptId"), w.service.get(device, "DeviceId")))
        w.service.attach(path, mdev_path)
        w.service.detach(device)
        w.service.detach(mdev_path)
    w.checks.equal(len(ids), 1, "20 times attached: the same kernel ids each time")
    w.checks.equal(w.open_files(), files, "no file is left open")
    w.service.free(path)
    for _ in range(20):
        w.service.free(w.service.create())
    w.checks.ok(len(w.open_files()) < len(files), "nor are those of containers", files,
                w.open_files())
    w.consistent("after that")
