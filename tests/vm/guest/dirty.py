# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of the scenario: dirty pages of mock devices, by both kinds of trackers, as one bitmap."""

import contextlib
import errno
import os

import bus
import mocks
from mocks import PAGE, Memory

MIB = 1 << 20
GIB = 1 << 30
PLAIN, DIRTY, LOG, BOTH = "", ",dirty", ",log", ",dirty,log"


@contextlib.contextmanager
def tracked(w, *abilities, **values):
    """Devices 0, 1... with these abilities, each behind an IOMMU of its own, attached to a
    container that maps a MiB at 0: the container, the devices and the memory."""
    words = [f"id={number},iommu={number}{ability}" for number, ability in enumerate(abilities)]
    with mocks.plugged(w, *words) as devices, Memory(MIB) as memory:
        path = w.service.create(**values)
        w.service.map_file(path, memory.file, MIB, 0)
        for device in devices:
            w.service.attach(path, device)
        yield path, devices, memory


def write_pages(number, *pages):
    for page in pages:
        error = mocks.dma_write(number, page * PAGE)
        if error:
            raise OSError(error, f"vmock.{number} cannot write to page {page}")


def dirty_pages(w, path, iova=0, length=MIB, page_size=PAGE, **values):
    """Reads a bitmap, which must be sealed and counted rightly: the numbers of its dirty pages."""
    file, count = w.service.read_bitmap(path, iova, length, page_size, **values)
    sealed = mocks.is_sealed(file)
    size = os.fstat(file).st_size
    pages = mocks.bits_of(file)
    if not (sealed and count == len(pages) and size % 8 == 0 and size * 8 * page_size >= length):
        w.checks.ok(False, "the bitmap is sealed, of 64-bit words, and counted", sealed, size,
                    count, pages)
    return pages


def one_bitmap(w):
    """Pages that the device logs and pages that the IOMMU marks are in one bitmap."""
    with tracked(w, LOG, DIRTY, BOTH) as (path, devices, memory):
        w.checks.equal([w.service.get(device, "DirtyTracker") for device in devices],
                       ["device", "iommu", "device"], "DirtyTracker")
        w.checks.equal([mocks.state(number)["can_dirty"] for number in range(3)], [0, 1, 1],
                       "a HWPT can track where its IOMMU can")
        w.see(path, {"Coverage": "full", "Active": False, "Blockers": []}, "before")
        write_pages(1, 9)
        w.service.start_tracking(path)
        w.see(path, {"Active": True}, "Start")
        w.checks.equal([(mocks.state(number)["logging"], mocks.state(number)["tracking"])
                        for number in range(3)], [(1, 0), (0, 1), (1, 0)],
                       "the kernel has started one tracker a device")
        w.checks.equal(dirty_pages(w, path), set(), "what was written before is not dirty")
        write_pages(0, 1, 5)
        write_pages(1, 5, 200)
        write_pages(2, 255)
        w.checks.equal(dirty_pages(w, path, no_clear=True), {1, 5, 200, 255}, "no-clear")
        w.checks.equal(dirty_pages(w, path, no_clear=True), {1, 5, 200, 255}, "no-clear, again")
        w.checks.equal(dirty_pages(w, path, tracker="device"), {1, 5, 255}, "tracker device")
        w.checks.equal(dirty_pages(w, path, tracker="iommu"), {5, 200}, "tracker iommu")
        w.checks.equal(dirty_pages(w, path), set(), "and they are read but once")
        w.service.stop_tracking(path)
        w.see(path, {"Active": False}, "Stop")
        w.checks.equal([(mocks.state(number)["logging"], mocks.state(number)["tracking"])
                        for number in range(3)], [(0, 0)] * 3, "the kernel has stopped them")
        w.consistent("after that")


def every_read(w):
    """Ranges, page sizes and holes: the kernel stops at holes, and the service does not."""
    with tracked(w, LOG, DIRTY) as (path, _, memory):
        w.service.map_file(path, memory.file, 64 * PAGE, 2 * MIB)
        w.service.map_file(path, memory.file, 64 * PAGE, 5 * GIB + 3 * PAGE)
        w.service.start_tracking(path)
        far = 5 * GIB // PAGE
        for device in (0, 1):
            write_pages(device, 3, 512 + 63, far + 3, far + 66)
        w.checks.equal(dirty_pages(w, path, length=6 * GIB), {3, 575, far + 3, far + 66},
                       "beyond holes and 4 GiB")
        write_pages(0, 64)
        write_pages(1, 3, far + 10)
        w.checks.equal(dirty_pages(w, path, 3 * PAGE, PAGE), {0}, "one page")
        w.checks.equal(dirty_pages(w, path, 5 * GIB + 5 * PAGE, 7 * PAGE), {5}, "seven pages")
        for page_size, bits in ((512, set(range(512, 520))), (PAGE, {64}), (65536, {4})):
            w.checks.equal(dirty_pages(w, path, page_size=page_size), bits,
                           f"pages of {page_size} bytes")
            write_pages(0, 64)
        dirty_pages(w, path)
        for arguments, what in (((0, 0, PAGE), "no length"), ((0, MIB, 3000), "an odd page size"),
                                ((1, PAGE, PAGE), "a misaligned range"),
                                ((2**64 - PAGE, 2 * PAGE, PAGE), "beyond all addresses")):
            w.unchanged_by(lambda arguments=arguments, what=what: w.fails(
                "InvalidArgument", what, path, "ReadBitmap", "(ttta{sv})", *arguments, {}),
                what)
        w.fails("LimitsExceeded", "a large bitmap", path, "ReadBitmap", "(ttta{sv})", 0, 2**44,
                PAGE, {}, says=["128 MiB"])
        w.fails("InvalidArgument", "Start when active", path, "Start", "(a{sv})", {})
        w.service.stop_tracking(path)
        w.fails("InvalidArgument", "reading when not active", path, "ReadBitmap", "(ttta{sv})", 0,
                MIB, PAGE, {})
        w.fails("InvalidArgument", "Stop when not active", path, "Stop", "(a{sv})", {})


def coarse_log(w):
    """A log of large pages: all that may be dirty is reported, even if it is read in parts."""
    with tracked(w, LOG, DIRTY) as (path, _, _memory):
        w.service.start_tracking(path, page_size=65536)
        w.checks.equal(mocks.state(0)["log_page"], 65536, "the device logs in pages of 64 KiB")
        write_pages(0, 17)
        write_pages(1, 33)
        w.checks.equal(dirty_pages(w, path, 20 * PAGE, PAGE), {0}, "one page of the 64 KiB")
        w.checks.equal(dirty_pages(w, path), set(range(16, 32)) - {20} | {33}, "and the others")
        w.checks.equal(dirty_pages(w, path), set(), "each of them once")


def policies(w):
    with mocks.plugged(w, "id=0,iommu=0", "id=1,iommu=1,dirty", "id=2,iommu=2,log",
                       "id=3,iommu=1") as (plain, dirty, logging, behind):
        path = w.service.create(dirty_tracking="required")
        for device in (plain, behind):
            w.unchanged_by(lambda device=device: w.fails(
                "NotSupported", "required: a device that nothing tracks", path, "AttachDevice",
                "(oa{sv})", device, {}), "that")
        w.checks.equal(mocks.state(0)["domain"], "identity", "it is let go")
        for device in (dirty, logging):
            w.checks.ok(w.service.attach(path, device) != "/", "required: one that has a tracker")
        w.see(path, {"Coverage": "full", "Blockers": []}, "required")
        w.service.free(path, force=True)

        path = w.service.create(dirty_tracking="preferred")
        hwpts = [w.service.attach(path, device) for device in (plain, dirty, logging, behind)]
        w.checks.equal([w.service.get(hwpt, "Flags") for hwpt in hwpts],
                       [[], ["dirty-tracking"], [], []], "preferred: one HWPT tracks")
        w.see(path, {"Coverage": "partial", "Hwpts": hwpts}, "preferred")
        blockers = w.service.get(path, "Blockers")
        w.checks.ok([name for line in blockers for name in ("vmock.0", "vmock.3") if name in line]
                    == ["vmock.0", "vmock.3"] and len(blockers) == 2,
                    "a sentence a device that nothing tracks", blockers)
        w.service.start_tracking(path)
        w.service.detach(plain)
        w.service.detach(behind)
        w.see(path, {"Coverage": "full", "Blockers": [], "Active": True}, "without them")
        w.consistent("preferred")
        w.service.free(path, force=True)

        path = w.service.create(dirty_tracking="off")
        hwpts = [w.service.attach(path, device) for device in (dirty, behind)]
        w.checks.equal(hwpts[0], hwpts[1], "off: both share a HWPT without tracking")
        w.see(path, {"Coverage": "none"}, "off")
        w.checks.equal(mocks.state(1)["can_dirty"], 0, "the kernel's cannot track")
        w.fails("NotSupported", "off: Start", path, "Start", "(a{sv})", {})


def choice_of_tracker(w):
    with mocks.plugged(w, "id=0,iommu=0,dirty,log", "id=1,iommu=0,log") as (both, logging), \
            Memory(MIB) as memory:
        path = w.service.create()
        w.service.map_file(path, memory.file, MIB, 0)
        hwpt = w.service.attach(path, both, tracker="iommu")
        w.see(hwpt, {"Flags": ["dirty-tracking"]}, "tracker iommu")
        w.see(both, {"DirtyTracker": "iommu"}, "tracker iommu")
        w.unchanged_by(lambda: w.fails(
            "NotSupported", "a tracker that it has not", path, "AttachDevice", "(oa{sv})", logging,
            bus.options(tracker="iommu"), says=["vmock.1"]), "that")
        w.fails("InvalidArgument", "no tracker at all", path, "AttachDevice", "(oa{sv})", logging,
                bus.options(tracker="none"))
        w.service.attach(path, logging, tracker="device")
        w.service.start_tracking(path)
        w.checks.equal([(mocks.state(number)["logging"], mocks.state(number)["tracking"])
                        for number in (0, 1)], [(0, 1), (1, 0)], "that tracker alone is started")
        write_pages(0, 1)
        write_pages(1, 2)
        w.checks.equal(dirty_pages(w, path), {1, 2}, "one bitmap")
        w.service.detach(both)
        w.service.attach(path, both, tracker="device")
        w.checks.equal((mocks.state(0)["logging"], mocks.state(0)["tracking"]), (1, 0),
                       "tracker device: its IOMMU does not track")
        write_pages(0, 3)
        w.checks.equal(dirty_pages(w, path, tracker="device"), {3}, "the device records it")


def groups(w):
    """The devices of a group share a HWPT: what one of them cannot do the HWPT does not do."""
    with mocks.plugged(w, "id=0,iommu=0,group=1,dirty", "id=1,iommu=0,group=1,dirty",
                       "id=2,iommu=1,group=2,dirty", "id=3,iommu=1,group=2", "id=4,iommu=1,dirty",
                       ) as (first, second, mixed, lame, alone), Memory(MIB) as memory:
        path = w.service.create()
        w.service.map_file(path, memory.file, MIB, 0)
        hwpt = w.service.attach(path, first)
        w.checks.equal(w.service.attach(path, second), hwpt, "siblings share their HWPT")
        w.service.start_tracking(path)
        write_pages(0, 1)
        write_pages(1, 2)
        w.service.detach(second)
        w.checks.equal(mocks.dma_write(1, 3 * PAGE), 0,
                       "a detached sibling keeps the group's DMA, and so its dirty pages")
        w.checks.equal(dirty_pages(w, path), {1, 2, 3}, "all are told")
        w.service.stop_tracking(path)
        w.consistent("with a tracking group")
        # Its sibling cannot be tracked, so no HWPT of theirs can.
        other = w.service.attach(path, mixed)
        w.see(other, {"Flags": []}, "a group with a sibling that cannot be tracked")
        w.checks.equal(w.service.attach(path, lame), other, "which joins it")
        blockers = w.service.get(path, "Blockers")
        w.checks.ok(len(blockers) == 2 and "vmock.2" in blockers[0] and "vmock.3" in blockers[1],
                    "both block a migration", blockers)
        w.see(path, {"Coverage": "partial"}, "the container")
        w.see(w.service.attach(path, alone), {"Flags": ["dirty-tracking"], "Devices": [alone]},
              "one of another group behind the same IOMMU has a HWPT that tracks")
        w.consistent("with all of them")
        w.service.free(path, force=True)
        strict = w.service.create(dirty_tracking="required")
        w.unchanged_by(lambda: w.fails("Incompatible", "required: one of that group", strict,
                                       "AttachDevice", "(oa{sv})", mixed, {}, says=["vmock.2"]),
                       "that")


def leaving(w):
    """Bits of a tracker that leaves while tracking is active are not lost, however it leaves."""
    with tracked(w, LOG, DIRTY, LOG, DIRTY) as (path, devices, _memory):
        w.service.start_tracking(path)
        for number in range(4):
            write_pages(number, number)
        w.service.detach(devices[0])
        w.service.detach(devices[1])
        write_pages(2, 12)
        write_pages(3, 13)
        w.see(path, {"Active": True, "Devices": devices[2:]}, "after Detach")
        for number in (2, 3):
            write = mocks.unplug(number)
            gone = devices[number]
            w.checks.ok(w.service.wait(lambda gone=gone: gone not in w.service.mirror),
                        "unplugged: its object goes")
            write.end()
        w.checks.ok(not mocks.is_there(2) and not mocks.is_there(3),
                    "the kernel does not wait for us")
        w.see(path, {"Active": True, "Devices": [], "Hwpts": []}, "the container")
        pages = dirty_pages(w, path)
        w.checks.ok({0, 1, 2, 3, 12, 13} <= pages, "nothing that was written is lost", pages)
        w.checks.ok({0, 1} <= pages, "nor what detached devices wrote", pages)
        w.checks.equal(dirty_pages(w, path), set(), "and it is told once")
        w.service.attach(path, devices[0])
        w.service.attach(path, devices[1])
        w.checks.equal([mocks.state(0)["logging"], mocks.state(1)["tracking"]], [1, 1],
                       "who comes is tracked at once")
        write_pages(0, 20)
        write_pages(1, 21)
        w.checks.equal(dirty_pages(w, path), {20, 21}, "exactly")
        w.service.stop_tracking(path)
        w.consistent("after that")


def replaced(w):
    """Another HWPT takes over: what the old one recorded is kept, what comes is recorded."""
    with mocks.plugged(w, "id=0,iommu=0,dirty,resv=0x200000-0x2fffff", "id=1,iommu=1,dirty") as \
            (device, other), Memory(MIB) as memory:
        path = w.service.create()
        w.service.map_file(path, memory.file, MIB, 0)
        first = w.service.attach(path, device)
        second = w.service.alloc(path, device, dirty_tracking=True)
        foreign = w.service.alloc(path, other, dirty_tracking=True)
        ranges = w.service.get(path, "IovaRanges")
        w.service.start_tracking(path)
        write_pages(0, 1)
        w.service.method(second, "AttachDevice", "(oa{sv})", device, {})
        w.checks.ok(first not in w.service.mirror, "the auto HWPT goes with its device")
        write_pages(0, 2)
        w.checks.equal(dirty_pages(w, path), {1, 2}, "both HWPTs are told of")
        w.unchanged_by(lambda: w.fails(
            "Incompatible", "one of another IOMMU", foreign, "AttachDevice", "(oa{sv})", device,
            {}), "that")
        w.see(path, {"IovaRanges": ranges}, "the device's regions are reserved as before")
        w.map_fails("AddressInUse", "and the kernel knows it", path, memory.file, PAGE, 0x200000)
        write_pages(0, 3)
        w.checks.equal(dirty_pages(w, path), {3}, "and is tracked as before")
        mocks.inject(0, "attach", errno.ENOMEM)
        third = w.service.alloc(path, device, dirty_tracking=True)
        w.fails("NoMemory", "a replace that fails", third, "AttachDevice", "(oa{sv})", device, {})
        w.see(path, {"IovaRanges": ranges}, "after a failed replace the regions are reserved")
        w.see(device, {"State": "attached", "Hwpt": second}, "the device is where it was")
        write_pages(0, 4)
        w.checks.equal(dirty_pages(w, path), {4}, "and tracked")
        w.consistent("after that")


def unmapped(w):
    """What was written before UnmapAndReadBitmap comes with its reply."""
    with tracked(w, LOG, DIRTY) as (path, _, memory):
        w.service.map_file(path, memory.file, 16 * PAGE, 2 * MIB)
        w.service.start_tracking(path)
        for device in (0, 1):
            write_pages(device, device + 1, 512 + device)
        count, file, dirty = w.service.unmap_and_read(path, 2 * MIB, 16 * PAGE)
        sealed = mocks.is_sealed(file)
        w.checks.equal((count, sealed, mocks.bits_of(file), dirty), (16 * PAGE, True, {0, 1}, 2),
                       "UnmapAndReadBitmap")
        w.checks.equal(dirty_pages(w, path, length=4 * MIB), {1, 2}, "the rest is for a read")
        write_pages(0, 7)
        count, file, dirty = w.service.unmap_and_read(path, 0, MIB, page_size=65536)
        w.checks.equal((count, mocks.bits_of(file), dirty), (MIB, {0}, 1), "with pages of 64 KiB")
        w.checks.equal([mocks.state(number)["pages"] for number in (0, 1)], [0, 0],
                       "nothing is mapped")
        w.service.map_file(path, memory.file, MIB, 0)
        write_pages(0, 8)
        write_pages(1, 9)
        w.checks.equal(dirty_pages(w, path), {8, 9}, "what is mapped anew is tracked")
        w.service.stop_tracking(path)
        w.fails("InvalidArgument", "a bitmap when nothing tracks", path, "UnmapAndReadBitmap",
                "(ttta{sv})", 0, MIB, PAGE, {})
        w.see(path, {"MappedBytes": MIB}, "that has unmapped nothing")


def failing_start(w):
    """A start that fails half-way leaves no tracker running, and says what failed."""
    with tracked(w, LOG, LOG, DIRTY, DIRTY) as (path, _, _memory):
        for number, call, name in ((1, "log", "vmock.1"), (2, "dirty", ""), (3, "dirty", "")):
            mocks.inject(number, call, errno.EIO)
            w.unchanged_by(lambda number=number, name=name: w.fails(
                "Failed", f"tracker {number} cannot start", path, "Start", "(a{sv})", {},
                says=[name, "EIO"]), f"tracker {number}")
            w.checks.equal([(mocks.state(one)["logging"], mocks.state(one)["tracking"])
                            for one in range(4)], [(0, 0)] * 4, "the kernel has none running")
        w.service.start_tracking(path)
        w.checks.ok(True, "then it starts")


def failing_read(w):
    """A read that fails loses nothing: the next one has all bits, and more of a log that failed,
    since nothing says what such a log has forgotten."""
    with tracked(w, LOG, LOG, DIRTY) as (path, devices, _memory):
        w.service.start_tracking(path)
        for number in range(3):
            write_pages(number, number)
        mocks.inject(1, "log", errno.EIO)
        w.fails("Failed", "a log that cannot be read", path, "ReadBitmap", "(ttta{sv})", 0, MIB,
                PAGE, {}, says=["EIO"])
        w.checks.ok(dirty_pages(w, path) >= {0, 1, 2}, "the next read has all of them")
        write_pages(2, 5)
        # The kernel says nothing of it: 6.12 drops the error of an IOMMU driver.
        mocks.inject(2, "dirty", errno.EIO)
        seen = dirty_pages(w, path)
        w.checks.equal(seen | dirty_pages(w, path), {5}, "an IOMMU that fails loses nothing")
        mocks.inject(0, "log", errno.EIO, 2)
        write_pages(0, 6)
        w.checks.equal(dirty_pages(w, path), {6}, "a fault to come")
        write_pages(0, 7)
        write = mocks.unplug(0)
        w.checks.ok(w.service.wait(lambda: devices[0] not in w.service.mirror), "it is unplugged")
        write.end()
        pages = dirty_pages(w, path)
        w.checks.ok(7 in pages, "a log that cannot be read as it leaves: no bit too few",
                    len(pages))
        w.service.stop_tracking(path)
        w.consistent("after that")


def mapped_while_active(w):
    """What is mapped while tracking is active is tracked, also outside of the logs' ranges."""
    with tracked(w, LOG, DIRTY) as (path, _, memory):
        w.service.start_tracking(path)
        w.service.map_file(path, memory.file, MIB, 3 * GIB)
        w.service.map_file(path, memory.file, MIB, 7 * GIB)
        dirty_pages(w, path, length=8 * GIB)
        low, high = 3 * GIB // PAGE, 7 * GIB // PAGE
        write_pages(0, 5, low + 6, high + 7)
        write_pages(1, 8, low + 9, high + 10)
        w.checks.equal(dirty_pages(w, path, length=8 * GIB),
                       {5, 8, low + 6, low + 9, high + 7, high + 10}, "in every mapping")
        failed = [nth for nth in range(1, 7) if not maps_with_fault(w, path, memory, nth)]
        w.checks.equal(failed, [], "a log that refuses once is asked for less")
        w.service.stop_tracking(path)
        w.consistent("after that")


def maps_with_fault(w, path, memory, nth):
    """Maps outside of the logs' ranges while the N-th call to a log fails: it is mapped and
    tracked, or not mapped at all. Says whether it was mapped."""
    before, error, iova = w.service.get_all(path), None, (8 + nth) * GIB
    mocks.inject(0, "log", errno.ENOMEM, nth)
    try:
        w.service.map_file(path, memory.file, MIB, iova)
    except bus.BusError as caught:
        error = caught
    mocks.inject(0, "log", 0)
    if error:
        w.checks.equal((error.name, w.service.get_all(path), mocks.dma_write(0, iova)),
                       ("NoMemory", before, errno.EFAULT), f"log call {nth}: nothing is mapped")
    seen = dirty_pages(w, path, length=16 * GIB)
    places = [11] if error else [11, iova // PAGE + 1]
    write_pages(0, *places)
    w.checks.ok(set(places) <= dirty_pages(w, path, length=16 * GIB) | seen,
                f"log call {nth}: tracking goes on", error)
    if not error:
        w.service.unmap(path, iova, MIB)
    return error is None
