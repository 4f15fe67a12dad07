# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of the scenario: busctl is all that is needed to drive and watch the service."""

import json
import select
import subprocess
import time

import bus
import machine
from access import output_of

BUSCTL = ["busctl", "--json=short"]


def main_job(w):
    """The main job by busctl alone."""
    def call(path, method, *arguments):
        status, output, errors = output_of(
            [*BUSCTL, "call", bus.NAME, path, bus.interface_of(path, method), method, *arguments])
        if not w.checks.equal(status, 0, f"busctl call {method}"):
            w.checks.note(errors)
            return None
        return json.loads(output)["data"][0] if output.strip() else None

    device = call(bus.MANAGER, "FindDevice", "s", machine.PLAIN_A)
    path = call(bus.MANAGER, "CreateContainer", "a{sv}", "1", "name", "s", "typed")
    hwpt = call(path, "AttachDevice", "oa{sv}", device, "1", "mode", "s", "auto")
    status, output, _ = output_of([*BUSCTL, "get-property", bus.NAME, device,
                                   bus.IFACE + "Device", "Hwpt"])
    w.checks.equal((status, status or json.loads(output)), (0, {"type": "o", "data": hwpt}),
                   "busctl get-property")
    status, output, _ = output_of(["busctl", "--no-pager", "tree", "--list", bus.NAME])
    w.checks.ok(status == 0 and {device, path, hwpt, bus.MANAGER} <= set(output.split()),
                "busctl tree shows every object", output)
    for one in (bus.MANAGER, device, path, hwpt):
        status, output, errors = output_of(["busctl", "--no-pager", "introspect", bus.NAME, one])
        w.checks.ok(status == 0 and all(name in output for name in bus.interfaces_of(one)),
                    f"busctl introspect {one}", output, errors)
    call(device, "Detach", "a{sv}", "0")
    call(path, "Free", "a{sv}", "0")
    w.consistent("after busctl")


def listens(process, seconds=60):
    """Whether a monitor does: it shows the first of the calls that are made until then."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        output_of([*BUSCTL, "get-property", bus.NAME, bus.MANAGER, bus.IFACE + "Manager",
                   "Version"])
        if select.select([process.stdout], [], [], 0.1)[0]:
            return process.stdout.readline().startswith("{")
    return False


def monitor(w):
    """What a monitor of the bus sees of one attach and detach."""
    with subprocess.Popen([*BUSCTL, "monitor", bus.NAME], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            w.checks.ok(listens(process), "busctl monitor starts")
            path, device = w.service.create(), w.device(machine.PLAIN_A)
            hwpt = w.service.attach(path, device)
            w.service.free(path, force=True)
            time.sleep(1)
        finally:
            process.terminate()
            output = process.stdout.read()
    seen = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    signals = [message for message in seen if message["type"] == "signal"]

    def first(member, subject):
        for number, message in enumerate(signals):
            if message["member"] == member and subject in json.dumps(message):
                return number
        return None
    added, changed = first("InterfacesAdded", hwpt), first("PropertiesChanged", device)
    w.checks.ok(added is not None, "it sees InterfacesAdded of the HWPT", output)
    w.checks.ok(changed is not None, "it sees PropertiesChanged of the device", output)
    w.checks.ok(None not in (added, changed) and added < changed, "in this order", added, changed)
    w.checks.ok(first("InterfacesRemoved", hwpt) is not None, "it sees InterfacesRemoved")
