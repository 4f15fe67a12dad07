# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of the scenario: memory that containers map, as mock devices see it."""

import errno
import os

import bus
import machine
import mocks
from mocks import PAGE, Memory

MIB = 1 << 20


def mock_devices(w):
    """They are devices as any other, of the platform bus."""
    with mocks.plugged(w, "id=0,iommu=3,dirty,nest,cc", "id=1,iommu=3,group=7,log",
                       "id=2,iommu=3,group=7") as (first, second, third):
        vfio = os.listdir(f"{mocks.DEVICES}/vmock.0/vfio-dev")[0]
        w.see(first, {
            "Name": "vmock.0", "Bus": "platform", "Driver": "vfio_mock", "VfioName": vfio,
            "CdevPath": f"/dev/vfio/devices/{vfio}", "Iommu": "vmock-iommu3", "VendorId": 0,
            "State": "available", "DirtyTracker": "unknown",
            "SysfsPath": "/sys/devices/platform/vmock.0",
            "IommuGroup": int(machine.link(f"{mocks.DEVICES}/vmock.0/iommu_group")),
        }, "a mock device")
        w.checks.equal(w.service.get(second, "IommuGroup"), w.service.get(third, "IommuGroup"),
                       "two of a group")
        w.consistent("with mock devices")
    w.consistent("without them")


def second_hwpt(w):
    """EINVAL says that a HWPT does not fit: another one is made, for all that it fits."""
    with mocks.plugged(w, "id=0,iommu=0", "id=1,iommu=0,aw=39", "id=2,iommu=0,aw=39",
                       "id=3,iommu=1") as devices:
        path = w.service.create()
        wide, narrow, next_one, elsewhere = [w.service.attach(path, one) for one in devices]
        w.checks.ok(wide != narrow, "39 address bits do not fit a HWPT of 48: a second one", wide)
        w.checks.equal(next_one, narrow, "the next device of 39 bits shares it")
        w.checks.ok(elsewhere not in (wide, narrow), "another IOMMU: a third one")
        w.see(path, {"Hwpts": [wide, narrow, elsewhere], "Devices": devices,
                     "IovaRanges": [(0, 0xfedfffff), (0xfef00000, 0x7fffffffff)]},
              "the container")
        w.checks.equal([mocks.state(number)["devices"] for number in range(4)], [1, 2, 2, 1],
                       "the kernel has them on the HWPTs that the service names")
        w.consistent("with three HWPTs")
        for number, one in enumerate(devices):
            w.service.detach(one)
            w.checks.equal(mocks.state(number)["domain"], "identity", "Detach lets it go")
        w.see(path, {"Hwpts": [], "Devices": []}, "the container after that")


def address_in_use(w):
    """EADDRINUSE does not depend on the HWPT: it ends the attach, and nothing is left of it."""
    with mocks.plugged(w, "id=0,iommu=0", "id=1,iommu=0,resv=0x100000-0x1fffff",
                       "id=2,iommu=1,resv=0x100000-0x1fffff") as (plain, picky, other), \
            Memory(MIB) as memory:
        path = w.service.create()
        hwpt = w.service.attach(path, plain)
        w.service.map_file(path, memory.file, PAGE, 0x180000)
        for device, what in ((picky, "a HWPT is there"), (other, "none is there")):
            w.unchanged_by(lambda device=device, what=what: w.fails(
                "AddressInUse", f"AttachDevice when {what}", path, "AttachDevice", "(oa{sv})",
                device, {}, says=[w.service.get(device, "Name")]), what)
        w.service.unmap(path, 0x180000, PAGE)
        w.checks.equal(w.service.attach(path, picky), hwpt, "it joins once the range is free")
        w.see(path, {"IovaRanges": [(0, 0xfffff), (0x200000, 0xfedfffff),
                                    (0xfef00000, 0xffffffffffff)]}, "its region is left out")
        w.map_fails("AddressInUse", "MapFile into it", path, memory.file, PAGE, 0x180000)
        w.consistent("after that")


def mapped_memory(w):
    """A memfd of ours is what devices read and write, as far as they may, until it is unmapped."""
    with mocks.plugged(w, "id=0,iommu=0", "id=1,iommu=1") as devices, Memory(MIB) as memory:
        path = w.service.create()
        memory.view[0x3000:0x3008] = b"from us "
        w.service.map_file(path, memory.file, 0x4000, 0x10000)
        w.service.map_file(path, memory.file, PAGE, 0x20000, offset=0x8000, writable=False)
        for one in devices:
            w.service.attach(path, one)
        w.checks.equal(mocks.dma_read(0, 0x13000), b"from us ", "a device reads what we wrote")
        w.checks.equal((mocks.dma_write(1, 0x11ffc, 8, 0x77), memory.at(0x1ffc)),
                       (0, b"\x77" * 8), "we read what a device wrote, across pages")
        w.checks.equal((mocks.dma_write(0, 0x20000), mocks.dma_read(0, 0x20000), memory.at(0x8000)),
                       (errno.EFAULT, bytes(8), bytes(8)), "no device writes where it must not")
        w.checks.equal(mocks.dma_write(0, 0x14000), errno.EFAULT, "nor beyond the mapping")
        w.see(path, {"MappingCount": 2, "MappedBytes": 0x5000,
                     "Mappings": [(0x10000, 0x4000, 0, 3), (0x20000, PAGE, 0x8000, 1)]},
              "the container")
        w.checks.equal(w.service.unmap(path, 0x10000, 0x4000), 0x4000, "Unmap")
        w.checks.equal([mocks.dma_write(number, 0x10000) for number in (0, 1)],
                       [errno.EFAULT] * 2, "after which no device gets there")
        iova = w.service.map_file(path, memory.file, 0x4000, fixed=False)
        w.checks.equal((mocks.dma_write(0, iova, 8, 0x11), memory.at(0)), (0, b"\x11" * 8),
                       "where the kernel chose to map it")
        late = w.service.create()
        w.service.map_file(late, memory.file, 0x1000, 0x10000)
        w.service.detach(devices[0])
        w.checks.equal(mocks.dma_write(0, iova), errno.EFAULT, "a detached device has no DMA")
        w.service.attach(late, devices[0])
        w.checks.equal(mocks.dma_write(0, 0x10000, 4, 0x22), 0, "elsewhere it has what is mapped")
        w.checks.equal(memory.at(0), b"\x22" * 4 + b"\x11" * 4, "and both see the same memory")


def truncated(w):
    """A caller who truncates a mapped file harms neither the service nor the kernel."""
    with mocks.plugged(w, "id=0,iommu=0") as (device,), Memory(MIB) as memory:
        path = w.service.create()
        pid = w.pid()
        w.service.map_file(path, memory.file, MIB, 0)
        w.service.attach(path, device)
        os.ftruncate(memory.file, 0)
        w.checks.equal(mocks.dma_write(0, 0x80000), 0, "the device keeps the pages it was given")
        w.checks.equal(w.service.unmap(path, 0, MIB), MIB, "they can be unmapped")
        os.ftruncate(memory.file, MIB)
        # No device has taken these pages when the file is made shorter.
        w.service.detach(device)
        w.service.map_file(path, memory.file, MIB, 0)
        os.ftruncate(memory.file, 0)
        error = w.fails("InvalidArgument", "AttachDevice to a mapping that is no more", path,
                        "AttachDevice", "(oa{sv})", device, {})
        w.checks.note(error)
        w.checks.equal(w.service.unmap(path, 0, MIB), MIB, "that can be unmapped, too")
        w.checks.ok(w.service.attach(path, device) != "/", "then the device attaches")
        w.checks.equal(w.pid(), pid, "the service lives")
        w.consistent("after that")


def copies(w):
    """Two containers of one context share pages: the copy outlives what it was made from."""
    with mocks.plugged(w, "id=0,iommu=0") as (device,), Memory(MIB) as memory:
        path = w.service.create()
        other = w.service.create(share_context=bus.GLib.Variant("o", path))
        w.service.map_file(path, memory.file, 0x4000, 0x10000)
        w.service.attach(other, device)
        w.checks.equal(w.service.copy_mapping(other, path, 0x11000, 0x1000, 0x5000), 0x5000,
                       "CopyMapping")
        w.service.method(path, "UnmapAll", "(a{sv})", {})
        w.checks.equal((mocks.dma_write(0, 0x5000, 8, 0x66), memory.at(0x1000)), (0, b"\x66" * 8),
                       "the device writes through the copy")
        w.see(other, {"MappingCount": 1, "MappedBytes": 0x1000}, "the destination")
        w.see(path, {"MappingCount": 0, "MappedBytes": 0}, "the source")


def injected(w):
    """A kernel call that fails leaves nothing: no mapping, no HWPT, no device half attached."""
    with mocks.plugged(w, "id=0,iommu=0", "id=1,iommu=1") as (device, other), \
            Memory(MIB) as memory:
        path = w.service.create()
        w.service.map_file(path, memory.file, 0x4000, 0)
        for call, error, name in (("alloc", errno.ENOMEM, "NoMemory"),
                                  ("attach", errno.ENOMEM, "NoMemory"),
                                  ("map", errno.ENOMEM, "NoMemory")):
            mocks.inject(0, call, error)
            w.unchanged_by(lambda call=call, name=name: w.fails(
                name, f"AttachDevice when {call} fails", path, "AttachDevice", "(oa{sv})", device,
                {}, says=["vmock.0"]), call)
            w.checks.equal(mocks.state(0)["domain"], "identity", "the kernel has let go of it")
        w.service.attach(path, device)
        w.service.attach(path, other)
        mocks.inject(1, "map", errno.ENOMEM)
        before = w.service.get_all(path)
        w.map_fails("NoMemory", "MapFile when the second domain fails", path, memory.file, 0x4000,
                    0x10000)
        w.checks.equal(w.service.get_all(path), before, "the properties are as they were")
        w.checks.equal([mocks.state(number)["pages"] for number in (0, 1)], [4, 4],
                       "and so are the page tables")
        w.service.map_file(path, memory.file, 0x4000, 0x10000)
        w.checks.equal([mocks.state(number)["pages"] for number in (0, 1)], [8, 8],
                       "the next call maps it")
        w.consistent("after that")
