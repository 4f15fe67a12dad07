# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of the scenario: what the service says about devices, and how they come and go."""

import os

import bus
import machine
import world


def expected_of_pci(name):
    """A PCI device's properties as sysfs has them."""
    directory = machine.sysfs(name)
    vfio = machine.vfio_name(name)
    return {
        "Name": name,
        "Bus": "pci",
        "SysfsPath": directory,
        "CdevPath": f"/dev/vfio/devices/{vfio}",
        "VfioName": vfio,
        "Parent": "",
        "MdevType": "",
        "VendorId": int(machine.read(f"{directory}/vendor"), 16),
        "ProductId": int(machine.read(f"{directory}/device"), 16),
        "IommuGroup": int(machine.link(f"{directory}/iommu_group")),
        "Iommu": machine.link(f"{directory}/iommu"),
        "NumaNode": int(machine.read(f"{directory}/numa_node"))
                    if os.path.exists(f"{directory}/numa_node") else -1,
        "Driver": "vfio-pci",
        "State": "available",
        "Container": "/",
        "Hwpt": "/",
        "DeviceId": 0,
        "IommuCapabilities": [],
        "DirtyTracker": "unknown",
    }


def manager(w):
    seen = w.service.get_all(bus.MANAGER)
    w.checks.equal(seen.get("Backend"), "kernel", "Backend is kernel")
    w.checks.equal(seen.get("IommufdAvailable"), True, "iommufd is available")
    w.checks.ok(seen.get("Version"), "Version is there", seen)
    features = set(seen.get("Features", []))
    w.checks.ok({"hwpt-alloc", "dirty-tracking", "fault-queue"} <= features,
                "Features has what Linux 6.12 offers", features)
    w.checks.ok(not features & {"map-file", "viommu", "change-process", "pasid"},
                "Features has nothing of newer kernels", features)


def cold(w):
    """Devices that were there before the service was."""
    for name in (machine.PLAIN_A, machine.SIBLING_A, machine.SIBLING_B):
        path = w.device(name)
        w.see(path, expected_of_pci(name), f"{name} is described as sysfs has it")
    path = w.device(machine.PLAIN_A)
    w.checks.equal(w.service.get(path, "Vendor"), "Intel Corporation", "Vendor from hwdb")
    product = w.service.get(path, "Product")
    w.checks.ok("82574L" in product, "Product from hwdb", product)
    w.checks.equal(w.service.get(w.device(machine.SIBLING_A), "IommuGroup"),
                   w.service.get(w.device(machine.SIBLING_B), "IommuGroup"),
                   "functions without isolation share their group")
    vfio, sysfs = machine.vfio_name(machine.PLAIN_A), machine.sysfs(machine.PLAIN_A)
    for name in (machine.PLAIN_A, vfio, sysfs):
        w.checks.equal(w.device(name), path, f"FindDevice {name}")


def hot(w):
    """Devices that come and go while the service runs."""
    service = w.service
    for name in (machine.PLAIN_B, machine.TAINTED):
        machine.bind(name)
        w.checks.ok(service.wait(lambda name=name: by_name(service.mirror, name)),
                    f"{name}: its object comes when it is bound to vfio-pci")
        w.see(w.device(name), expected_of_pci(name), f"{name} is described as sysfs has it")
    gone = w.device(machine.PLAIN_B)
    machine.unbind(machine.PLAIN_B).end()
    w.checks.ok(service.wait(lambda: gone not in service.mirror), "unbinding takes it away")
    w.fails("NotFound", "FindDevice of it", bus.MANAGER, "FindDevice", "(s)", machine.PLAIN_B,
            says=[machine.PLAIN_B])
    machine.bind(machine.PLAIN_B)
    w.checks.ok(service.wait(lambda: by_name(service.mirror, machine.PLAIN_B)), "it comes back")
    w.consistent("after binding")


def mdevs(w):
    service = w.service
    for uuid, mdev_type in ((world.MTTY_A, "mtty-1"), (world.MTTY_B, "mtty-2")):
        vfio = machine.create_mdev(uuid, mdev_type)
        w.checks.ok(service.wait(lambda uuid=uuid: by_name(service.mirror, uuid)),
                    f"{mdev_type}: its object comes when it is created")
        group = machine.link(f"{machine.sysfs(uuid)}/iommu_group")
        w.see(w.device(uuid), {
            "Name": uuid,
            "Bus": "mdev",
            "SysfsPath": machine.sysfs(uuid),
            "CdevPath": f"/dev/vfio/devices/{vfio}",
            "VfioName": vfio,
            "Parent": "mtty",
            "MdevType": mdev_type,
            "IommuGroup": int(group) if group else -1,
            "Iommu": "",
            "State": "available",
            "Container": "/",
            "Hwpt": "/",
            "DeviceId": 0,
        }, f"{mdev_type} is described as sysfs has it")


def by_name(objects, name):
    """The path of a device in a set of objects, or None."""
    for path, properties in objects.items():
        if "/devices/" in path and properties["Name"] == name:
            return path
    return None
