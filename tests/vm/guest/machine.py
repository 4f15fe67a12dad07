# SPDX-License-Identifier: LGPL-2.1-or-later
"""The machine below the service: sysfs, driver binding, mediated devices, hot-plug buttons."""

import os
import subprocess
import time

PCI = "/sys/bus/pci/devices"
MDEV = "/sys/bus/mdev/devices"
MTTY_TYPES = "/sys/class/mdev_bus/mtty/mdev_supported_types"
CONTROL = os.environ.get("IOMMUD_VM_CONTROL", "/dev/virtio-ports/control")

PLAIN_A = "0000:00:04.0"
PLAIN_B = "0000:00:05.0"
SIBLING_A = "0000:00:06.0"
SIBLING_B = "0000:00:06.1"
# Its sibling, function 1, is on a driver of the guest.
TAINTED = "0000:00:07.0"
# port0 and port1 of `boot`: the numbers of the buses behind them are for the firmware to say.
HOT_PORTS = {"hot0": "0000:00:08.0", "hot1": "0000:00:09.0"}


class Stuck(Exception):
    """A write to sysfs that did not end in time."""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def link(path):
    """The last part of a symbolic link, or '' if there is none."""
    try:
        return os.path.basename(os.readlink(path))
    except OSError:
        return ""


def wait_for(condition, seconds=10.0):
    """Polls; says whether the condition came true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Write:
    """A write to sysfs by another process, which may block for ever without harm to ours."""

    def __init__(self, path, text):
        self.what = f"{text} > {path}"
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", 'printf %s "$1" >"$2"', "sh", text, path],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def blocked(self):
        return self.process.poll() is None

    def end(self, seconds=20):
        try:
            _, errors = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Stuck(f"{self.what}: still blocked after {seconds} s") from None
        if self.process.returncode != 0:
            raise OSError(f"{self.what}: {errors.strip()}")


def write(path, text):
    Write(path, text).end()


def settle():
    subprocess.run(["udevadm", "settle", "--timeout=20"], check=True)


def hot_address(name):
    """The address of the function in a hot-plug slot, or None while the slot is empty."""
    for entry in os.listdir(f"{PCI}/{HOT_PORTS[name]}"):
        if entry.startswith("0000:") and entry.endswith(".0"):
            return entry
    return None


def sysfs(name):
    for bus in (PCI, MDEV):
        if os.path.exists(f"{bus}/{name}"):
            return os.path.realpath(f"{bus}/{name}")
    return None


def driver(name):
    return link(f"{sysfs(name)}/driver")


def vfio_name(name):
    entries = os.listdir(f"{sysfs(name)}/vfio-dev")
    return entries[0] if entries else None


def bind(address):
    """Hands a PCI function to vfio-pci; returns its vfioN."""
    write(f"{PCI}/{address}/driver_override", "vfio-pci")
    write("/sys/bus/pci/drivers_probe", address)
    settle()
    return vfio_name(address)


def unbind(address):
    """Takes a PCI function from its driver: a Write, it blocks while a process has the device."""
    return Write(f"{PCI}/{address}/driver/unbind", address)


def create_mdev(uuid, mdev_type="mtty-1"):
    write(f"{MTTY_TYPES}/{mdev_type}/create", uuid)
    settle()
    return vfio_name(uuid)


def remove_mdev(uuid):
    return Write(f"{MDEV}/{uuid}/remove", "1")


def ask_qemu(request):
    with open(CONTROL, "r+b", buffering=0) as control:
        control.write(f"{request}\n".encode())
        return control.readline().decode().strip()


def unplug(name):
    """Has QEMU press the button of a slot; the kernel asks for the device some seconds later."""
    answer = ask_qemu(f"unplug {name}")
    if answer != "done":
        raise OSError(f"unplug {name}: {answer}")


def plug(name):
    """Puts a device into an empty slot. QEMU lets go of the old one after the kernel did."""
    answers = []

    def done():
        answers.append(ask_qemu(f"plug {name}"))
        return answers[-1] == "done"
    if not wait_for(done):
        raise OSError(f"plug {name}: {answers[-1]}")
