# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library from Python through GObject-introspection, without a bus: the main job."""

import os
import signal
import time

import gi

from simulated import Suite

gi.require_version('Iommud', '1')
gi.require_version('IommudSim', '1')
from gi.repository import GLib, Gio, Iommud, IommudSim  # noqa: E402

MDEV = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'


def names(devices):
    return [device.get_name() for device in devices]


def attach(container, device, options=None):
    attached, hwpt = container.attach_device(device, options, None)
    assert attached
    return hwpt


def check_error(suite, name, code, function, *arguments):
    try:
        function(*arguments)
    except GLib.Error as error:
        suite.result(error.matches(Iommud.error_quark(), code), name, error)
        return
    suite.result(False, name, 'no error')


def check_holders(suite, device):
    """A child has copies of all files that are open."""
    suite.equal(device.get_holders(None), [], 'this process is no holder')
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    holders = device.get_holders(None)
    suite.equal([holder.get_pid() for holder in holders], [child], 'another one is')
    suite.result(isinstance(holders[0].get_command(), str)
                 and isinstance(holders[0].get_unit(), str), 'its names')
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def check_main_job(suite, host, simulator):
    changes = []
    first = host.find_device('0000:01:00.0')
    first.connect('notify::state', lambda device, _: changes.append(device.get_state()))
    options = Iommud.ContainerOptions(name='vm1')
    container = host.create_container(options, None)
    suite.equal(container.props.name, 'vm1', 'create')

    hwpt = attach(container, first)
    suite.equal(hwpt.get_management(), Iommud.HwptManagement.AUTO, 'a HWPT is made')
    suite.equal(attach(container, host.find_device('0000:02:00.0')), hwpt, 'and shared')
    other = attach(container, host.find_device('0000:81:00.0'))
    suite.result(other != hwpt, 'another IOMMU, another HWPT')
    suite.equal(attach(container, host.find_device(MDEV)), None, 'an mdev has none')
    suite.equal(sorted(names(hwpt.get_devices())), ['0000:01:00.0', '0000:02:00.0'], 'on the HWPT')
    suite.equal(container.get_devices().get_n_items(), 4, 'in the container')
    suite.equal(changes[-1], Iommud.DeviceState.ATTACHED, 'state is notified')
    suite.equal(first.props.hwpt, hwpt, 'the property hwpt')
    suite.result(bool(hwpt.get_flags() & Iommud.HwptFlags.DIRTY_TRACKING), 'flags')
    check_holders(suite, first)

    check_error(suite, 'busy', Iommud.Error.BUSY, container.free, False, None)
    first.detach(None)
    suite.equal((first.get_state(), first.get_hwpt()), (Iommud.DeviceState.AVAILABLE, None),
                'detach')
    container.free(True, None)
    suite.equal(host.get_containers().get_n_items(), 0, 'free')
    suite.equal(simulator.count_objects(), 0, 'the kernel holds nothing')


def check_asynchronous(suite, host):
    loop = GLib.MainLoop()
    results = []

    def on_attached(container, result):
        results.append(container.attach_device_finish(result))
        loop.quit()
    container = host.create_container(None, None)
    options = Iommud.AttachOptions(mode=Iommud.AttachMode.KERNEL)
    container.attach_device_async(host.find_device('0000:03:00.1'), options, None, on_attached)
    suite.equal(results, [], 'an asynchronous call returns at once')
    GLib.timeout_add_seconds(20, loop.quit)
    loop.run()
    suite.result(results and results[0][0] and isinstance(results[0][1], Iommud.Hwpt), 'and ends')
    container.free(True, None)


def check_hotplug(suite, host, simulator):
    def is_there():
        while GLib.MainContext.default().iteration(False):
            pass
        return '0000:01:00.1' in names(host.get_devices())
    suite.result(is_there(), 'a device is there')
    simulator.unplug_device('0000:01:00.1')
    suite.result(not is_there(), 'unplugged')
    simulator.plug_device('0000:01:00.1')
    suite.result(is_there(), 'and plugged in again')


def check_errors(suite, host, simulator):
    check_error(suite, 'an unknown device', Iommud.Error.NOT_FOUND, host.find_device, 'nothing')
    check_error(suite, 'an unknown container', Iommud.Error.NOT_FOUND, host.find_container, 'none')
    container = host.create_container(Iommud.ContainerOptions(name='vm2'), None)
    check_error(suite, 'a name that is taken', Iommud.Error.EXISTS, host.create_container,
                Iommud.ContainerOptions(name='vm2'), None)
    container.free(False, None)


def main():
    suite = Suite()
    simulator = IommudSim.Simulator.new(None)
    host = Iommud.Host.new(simulator)
    suite.equal(simulator.get_name(), 'simulated', 'the backend')
    suite.result(isinstance(host.get_devices(), Gio.ListModel), 'devices are a list model')
    suite.equal(host.get_devices().get_n_items(), 10, 'ten devices')
    check_main_job(suite, host, simulator)
    check_asynchronous(suite, host)
    check_hotplug(suite, host, simulator)
    check_errors(suite, host, simulator)
    suite.finish()


if __name__ == '__main__':
    main()
