# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mock devices of the machine: the files of tests/vm/vfio-mock, and memory for them to write to."""

import contextlib
import errno
import fcntl
import mmap
import os

import machine
from discovery import by_name

DRIVER = "/sys/bus/platform/drivers/vfio_mock"
DEVICES = "/sys/bus/platform/devices"
PAGE = 4096

F_GET_SEALS = 1034
# SEAL, SHRINK, GROW and WRITE.
ALL_SEALS = 0xf


def name_of(number):
    return f"vmock.{number}"


def write(path, text):
    """Writes to a file of sysfs from this process; returns 0 or the errno."""
    try:
        with open(path, "w", encoding="ascii", buffering=1) as file:
            file.write(text)
    except OSError as error:
        return error.errno
    return 0


def plug(specification):
    return write(f"{DRIVER}/new_device", specification)


def unplug(number):
    """A Write: it waits until the last file of the device is closed."""
    return machine.Write(f"{DRIVER}/delete_device", name_of(number))


def is_there(number):
    return os.path.exists(f"{DEVICES}/{name_of(number)}")


def dma_write(number, iova, length=8, byte=0x5a):
    return write(f"{DEVICES}/{name_of(number)}/dma", f"w {iova:#x} {length} {byte}")


def dma_read(number, iova, length=8):
    """The bytes that the device read, or the errno."""
    error = write(f"{DEVICES}/{name_of(number)}/dma", f"r {iova:#x} {length}")
    text = machine.read(f"{DEVICES}/{name_of(number)}/dma")
    return error or bytes.fromhex(text.split("data=")[1])


def inject(number, call, error, nth=1):
    failed = write(f"{DEVICES}/{name_of(number)}/inject", f"{call} {error} {nth}")
    if failed:
        raise OSError(failed, errno.errorcode[failed])


def state(number):
    """What the driver says of a device: numbers, and the kind of its domain."""
    text = machine.read(f"{DEVICES}/{name_of(number)}/state")
    pairs = [word.split("=") for word in text.split()]
    return {key: int(value) if value.isdigit() else value for key, value in pairs}


@contextlib.contextmanager
def plugged(w, *specifications):
    """Mock devices that the service knows: their object paths, in order. They go at the end."""
    numbers = [int(text.split(",")[0].split("=")[1]) for text in specifications]
    try:
        for text in specifications:
            error = plug(text)
            if error:
                raise OSError(error, f"{errno.errorcode[error]}: {text}")
        for number in numbers:
            w.service.wait(lambda number=number: by_name(w.service.mirror, name_of(number)))
        yield [w.device(name_of(number)) for number in numbers]
    finally:
        w.clean()
        for number in numbers:
            if is_there(number):
                unplug(number).end()
        w.service.wait(lambda: not any(by_name(w.service.mirror, name_of(number))
                                       for number in numbers))


class Memory:
    """A memfd for a container to map, and what devices wrote to it."""

    def __init__(self, length):
        self.length = length
        self.file = os.memfd_create("memory", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.file, length)
        self.view = mmap.mmap(self.file, length)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.view.close()
        os.close(self.file)

    def at(self, offset, length=8):
        return self.view[offset:offset + length]


def bits_of(file):
    """The numbers of the bits that are set in a bitmap, which is closed."""
    try:
        words = os.pread(file, os.fstat(file).st_size, 0)
    finally:
        os.close(file)
    return {number * 8 + bit for number, byte in enumerate(words) if byte
            for bit in range(8) if byte >> bit & 1}


def is_sealed(file):
    return fcntl.fcntl(file, F_GET_SEALS) & ALL_SEALS == ALL_SEALS
