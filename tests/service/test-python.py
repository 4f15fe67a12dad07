# SPDX-License-Identifier: LGPL-2.1-or-later
"""The client library from Python, through GObject-introspection, against the program."""

import os
import signal
import subprocess
import sys
import traceback

import gi

gi.require_version('IommudDBus', '1')
from gi.repository import Gio, GLib, IommudDBus  # noqa: E402

BUILD = os.environ['top_builddir']
SOURCE = os.environ['top_srcdir']
NO_OPTIONS = GLib.Variant('a{sv}', {})
PCI = '0000:01:00.0'


def start_bus():
    bus = subprocess.Popen(
        ['dbus-daemon', '--nofork', '--nopidfile', '--print-address=1',
         f'--config-file={SOURCE}/tests/service/bus.conf'], stdout=subprocess.PIPE, text=True)
    return bus, bus.stdout.readline().strip()


def start_service(address):
    service = subprocess.Popen([f'{BUILD}/iommud', '--simulate', f'--address={address}'])
    connection = Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
        | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
    loop = GLib.MainLoop()
    watch = Gio.bus_watch_name_on_connection(
        connection, IommudDBus.BUS_NAME, Gio.BusNameWatcherFlags.NONE, lambda *_: loop.quit(), None)
    loop.run()
    Gio.bus_unwatch_name(watch)
    return service


def call(method, *arguments):
    return method(*arguments, Gio.DBusCallFlags.NONE, -1, None)


def test_main_job(client):
    manager = client.get_manager()
    assert manager.props.backend == 'simulated'
    assert len(client.get_devices()) == 10
    options = GLib.Variant('a{sv}', {'name': GLib.Variant('s', 'vm1')})
    path = call(manager.call_create_container_sync, options)
    container = client.find_container('vm1', None)
    assert container.get_object_path() == path
    device = client.find_device(PCI, None)
    hwpt_path = call(container.call_attach_device_sync, device.get_object_path(), NO_OPTIONS)
    hwpt = client.find_hwpt(hwpt_path, None)
    assert hwpt.props.devices == [device.get_object_path()]
    assert hwpt.props.flags == ['dirty-tracking']
    call(device.call_detach_sync, NO_OPTIONS)
    call(container.call_free_sync, NO_OPTIONS)


def test_errors(client):
    try:
        client.find_device('nobody', None)
    except GLib.Error as error:
        assert error.matches(IommudDBus.error_quark(), IommudDBus.Error.NOT_FOUND), error
    else:
        raise AssertionError('found a device that is not there')


def main():
    bus, address = start_bus()
    service = start_service(address)
    failed = 0
    tests = [test_main_job, test_errors]
    print(f'1..{len(tests)}')
    client = IommudDBus.Client.new_for_address_sync(address, None)
    for number, test in enumerate(tests, 1):
        try:
            test(client)
            print(f'ok {number} {test.__name__}')
        except Exception:  # whatever it is, it is this test's failure
            print(f'not ok {number} {test.__name__}')
            traceback.print_exc()
            failed += 1
    service.send_signal(signal.SIGTERM)
    failed += service.wait() != 0
    bus.terminate()
    bus.wait()
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
