# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of the scenario: iommuctl, as an administrator and as a script use it."""

import json
import os
import select
import subprocess

import machine
import world
from access import NOBODY, output_of


def ctl(w, *words):
    """Runs `iommuctl --json`, which must succeed; returns what it printed."""
    status, output, errors = output_of(["iommuctl", "--json", *words])
    if not w.checks.equal(status, 0, f"iommuctl {' '.join(words)}"):
        w.checks.note(output + errors)
        return {}
    return json.loads(output)


def text(w, *words):
    """Runs iommuctl for people: its lines, none wider than a terminal."""
    status, output, errors = output_of(["env", "-u", "COLUMNS", "iommuctl", *words])
    w.checks.equal((status, errors), (0, ""), f"iommuctl {' '.join(words)}")
    wide = [line for line in output.splitlines() if len(line) > 80]
    w.checks.equal(wide, [], f"iommuctl {' '.join(words)}: fits 80 columns")
    return output


def main_job(w):
    """Create, attach, replace, detach, free, by names that people use."""
    devices = {record["Name"]: record for record in ctl(w, "devices")}
    w.checks.ok({machine.PLAIN_A, machine.SIBLING_A, world.MTTY_A} <= set(devices),
                "devices lists them", sorted(devices))
    w.checks.equal(devices[machine.PLAIN_A]["Path"], w.device(machine.PLAIN_A), "Path")

    path = ctl(w, "create", "vm1", "--dirty-tracking=preferred")["Path"]
    w.see(path, {"Name": "vm1", "Policy": "preferred"}, "create has made it")
    hwpt = ctl(w, "attach", "vm1", machine.PLAIN_A)["Hwpt"]
    w.see(w.device(machine.PLAIN_A), {"Hwpt": hwpt, "State": "attached"}, "attach has")
    w.checks.equal(ctl(w, "attach", "vm1", machine.vfio_name(machine.PLAIN_B))["Hwpt"], hwpt,
                   "attach by vfioN")
    w.checks.equal(ctl(w, "attach", "vm1", world.MTTY_A)["Hwpt"], "/", "attach an mdev by UUID")
    kernels = ctl(w, "attach", "vm1", machine.SIBLING_A, "--mode=kernel")["Hwpt"]
    w.checks.equal(w.service.get(kernels, "Management"), "kernel", "attach --mode=kernel")

    manual = ctl(w, "alloc", path, w.device(machine.PLAIN_A))["Path"]
    w.see(manual, {"Management": "manual", "Devices": []}, "alloc, by object paths")
    name = "vm1/" + manual.rsplit("/", 1)[1]
    ctl(w, "attach", "vm1", machine.PLAIN_A, f"--hwpt={name}")
    w.see(manual, {"Devices": [w.device(machine.PLAIN_A)]}, "attach --hwpt replaces")

    shown = ctl(w, "show", machine.PLAIN_A)
    for key, value in w.service.get_all(w.device(machine.PLAIN_A)).items():
        if shown.get(key) != value:
            w.checks.equal(shown.get(key), value, f"show {key}")
    ranges = [tuple(int(end, 16) for end in one) for one in ctl(w, "show", "vm1")["IovaRanges"]]
    w.checks.equal(ranges, w.ranges, "show the container's ranges")
    tree = ctl(w, "tree")["Containers"]
    w.checks.equal(sorted(hwpt["Path"] for hwpt in tree[0]["Hwpts"]),
                   sorted([hwpt, kernels, manual]), "tree shows the HWPTs")

    for words in (["devices"], ["containers"], ["tree"], ["show", "vm1"], ["show", name],
                  ["show", machine.PLAIN_A]):
        output = text(w, *words)
        w.checks.ok("vm1" in output, f"iommuctl {' '.join(words)}: speaks of vm1", output)

    for device in (machine.PLAIN_A, machine.PLAIN_B, machine.SIBLING_A, world.MTTY_A):
        ctl(w, "detach", device)
    w.checks.equal(w.service.get(path, "Hwpts"), [manual], "auto and kernel HWPTs are gone")
    ctl(w, "free", name)
    ctl(w, "free", "vm1")
    w.checks.ok(not w.service.exists(path), "free has freed it")
    w.consistent("after iommuctl")


def errors(w):
    """Exit statuses as iommuctl(1) documents them, and words that name what was asked for."""
    w.service.create(name="vm1")
    w.service.create(name="vm2")
    ctl(w, "attach", "vm1", machine.PLAIN_A)
    tool = ["iommuctl"]
    wrong = [
        (2, tool + ["dance"], "dance"),
        (2, tool + ["attach", "vm1"], "DEVICE"),
        (2, tool + ["create", "x", "--dirty-tracking=perhaps"], "dirty-tracking"),
        (3, tool + ["show", "nothing"], "nothing"),
        (3, tool + ["attach", "vm1", "0000:ff:1f.7"], "0000:ff:1f.7"),
        (3, tool + ["attach", "nobody", machine.PLAIN_B], "nobody"),
        (4, tool + ["attach", "vm2", machine.PLAIN_A], "vm1"),
        (4, tool + ["free", "vm1"], "vm1"),
        (4, tool + ["create", "vm1"], "vm1"),
        (5, NOBODY + tool + ["create", "vm3"], ""),
        (5, NOBODY + tool + ["detach", machine.PLAIN_A], ""),
        (5, tool + ["attach", "vm2", machine.TAINTED], "virtio-pci"),
        (6, tool + ["--address=unix:path=/nowhere", "devices"], "nowhere"),
        (7, tool + ["alloc", "vm1", world.MTTY_A], world.MTTY_A),
    ]

    def all_of_them():
        for expected, words, says in wrong:
            status, output, complaint = output_of(words)
            what = " ".join(words[len(NOBODY):] if words[0] == NOBODY[0] else words)
            w.checks.equal((status, output), (expected, ""), f"{what}: exit status {expected}")
            w.checks.ok(complaint.startswith("iommuctl: ") and says in complaint,
                        f"{what}: says why", complaint)
    w.unchanged_by(all_of_them, "what went wrong")
    status, output, _ = output_of(NOBODY + tool + ["tree"])
    w.checks.ok(status == 0 and "vm1" in output, "user nobody may look", output)
    status, output, _ = output_of(tool + ["--json", "show", "nothing"])
    w.checks.equal((status, json.loads(output)["Error"]["ExitStatus"]), (3, 3), "errors in JSON")


def monitor(w):
    """One attach as `iommuctl monitor` tells it."""
    path, device = w.service.create(name="watched"), w.device(machine.PLAIN_A)
    with subprocess.Popen(["iommuctl", "--json", "monitor", "--timeout=60"], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        try:
            w.checks.ok("Watching" in process.stderr.readline(), "it says that it watches")
            hwpt = w.service.attach(path, device)
            w.service.free(path, force=True)
            events = events_until(process, ("removed", path))
        finally:
            process.terminate()
        w.checks.equal(process.wait(20), 0, "SIGTERM ends it")
    seen = [(event["Event"], event["Path"]) for event in events]
    expected = [("added", hwpt), ("changed", device), ("removed", hwpt), ("removed", path)]
    places = [seen.index(one) if one in seen else -1 for one in expected]
    w.checks.ok(-1 not in places and places == sorted(places), "it tells the changes in order",
                expected, seen)


def events_until(process, last):
    """The events that come until one is there or 20 seconds have passed without any."""
    events, pending = [], b""
    while not events or (events[-1]["Event"], events[-1]["Path"]) != last:
        if not select.select([process.stdout], [], [], 20)[0]:
            break
        # Not by readline: select does not see what Python has read ahead.
        data = os.read(process.stdout.fileno(), 65536)
        if not data:
            break
        *lines, pending = (pending + data).split(b"\n")
        events += [json.loads(line) for line in lines]
    return events


def helps(w):
    status, output, _ = output_of(["iommuctl", "--help"])
    w.checks.equal(status, 0, "iommuctl --help")
    for command in ("devices", "containers", "show", "tree", "create", "attach", "alloc", "detach",
                    "free", "monitor"):
        w.checks.ok(f"\n  {command} " in output, f"--help lists {command}", output)
        status, one, _ = output_of(["iommuctl", command, "--help"])
        w.checks.ok(status == 0 and f" {command}" in one.splitlines()[1],
                    f"iommuctl {command} --help", status, one)
