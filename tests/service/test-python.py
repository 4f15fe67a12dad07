# SPDX-License-Identifier: LGPL-2.1-or-later
"""The client library from Python, through GObject-introspection, against the program."""

import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import traceback

import gi

gi.require_version('IommudDBus', '1')
from gi.repository import Gio, GLib, IommudDBus  # noqa: E402

BUILD = os.environ['top_builddir']
SOURCE = os.environ['top_srcdir']
NO_OPTIONS = GLib.Variant('a{sv}', {})
PCI = '0000:01:00.0'
LENGTH = 64 * 4096
IOVA = 1 << 30
# Its IOMMU cannot be read, so that what it covers counts as dirty when it is unmapped.
HOST = '''<simulated-host>
  <iommu name="dmar0" dirty-tracking="yes"/>
  <device name="0000:01:00.0" iommu="dmar0" group="1"/>
  <device name="0000:02:00.0" iommu="dmar0" group="2"><dma-logging/></device>
  <fault operation="get-dirty-bitmap" call="1" errno="EIO"/>
  <fault operation="get-dirty-bitmap" call="2" errno="EIO"/>
</simulated-host>'''


def start_bus():
    bus = subprocess.Popen(
        ['dbus-daemon', '--nofork', '--nopidfile', '--print-address=1',
         f'--config-file={SOURCE}/tests/service/bus.conf'], stdout=subprocess.PIPE, text=True)
    return bus, bus.stdout.readline().strip()


def start_service(address, backend='--simulate'):
    service = subprocess.Popen([f'{BUILD}/iommud', backend, f'--address={address}'])
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


def words_of(files):
    """The words of a bitmap that was sent, which is sealed."""
    assert files.get_length() == 1
    with open(files.get(0), 'rb') as file:
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
            words = struct.unpack(f'<{len(view) // 8}Q', view)
        try:
            os.ftruncate(file.fileno(), 0)
        except OSError:
            return words
    raise AssertionError('the bitmap is not sealed')


def map_memory(memory):
    """A memfd as any program has one, sent with the call."""
    file = os.memfd_create('memory')
    os.ftruncate(file, LENGTH)
    files = Gio.UnixFDList.new()
    handle = files.append(file)
    os.close(file)
    return memory.call_map_file_sync(
        GLib.Variant('h', handle), 0, LENGTH, IOVA, NO_OPTIONS, Gio.DBusCallFlags.NONE, -1, files,
        None)[0]


def read_bitmap(tracking, tracker):
    options = GLib.Variant('a{sv}', {'tracker': GLib.Variant('s', tracker)})
    handle, n_dirty, files = tracking.call_read_bitmap_sync(
        IOVA, LENGTH, 4096, options, Gio.DBusCallFlags.NONE, -1, None, None)
    assert handle.get_handle() == 0
    return words_of(files), n_dirty


def test_dirty_pages(client):
    manager = client.get_manager()
    path = call(manager.call_create_container_sync, NO_OPTIONS)
    container = client.find_container(path, None)
    for name in (PCI, '0000:02:00.0'):
        device = client.find_device(name, None)
        call(container.call_attach_device_sync, device.get_object_path(), NO_OPTIONS)
    memory = client.find_memory(path, None)
    tracking = client.find_dirty_tracking(path, None)
    assert map_memory(memory) == IOVA
    mappings = IommudDBus.read_property_sync(memory, 'Mappings', None)
    assert mappings.unpack() == [(IOVA, LENGTH, 0, 3)]
    call(tracking.call_start_sync, NO_OPTIONS)
    assert read_bitmap(tracking, 'device') == ((0,), 0)
    try:
        read_bitmap(tracking, 'iommu')
    except GLib.Error as error:
        assert error.matches(IommudDBus.error_quark(), IommudDBus.Error.FAILED), error
    else:
        raise AssertionError('read a tracker that cannot be read')
    n_bytes, handle, n_dirty, files = tracking.call_unmap_and_read_bitmap_sync(
        IOVA, LENGTH, 4096, NO_OPTIONS, Gio.DBusCallFlags.NONE, -1, None, None)
    assert (n_bytes, handle.get_handle(), n_dirty) == (LENGTH, 0, 64)
    assert words_of(files) == ((1 << 64) - 1,)
    call(container.call_free_sync, GLib.Variant('a{sv}', {'force': GLib.Variant('b', True)}))


def run(tests, first, backend):
    """The tests against one service; how many of them failed."""
    bus, address = start_bus()
    service = start_service(address, backend)
    failed = 0
    client = IommudDBus.Client.new_for_address_sync(address, None)
    for number, test in enumerate(tests, first):
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
    return failed


def main():
    print('1..3')
    failed = run([test_main_job, test_errors], 1, '--simulate')
    with tempfile.NamedTemporaryFile('w', suffix='.xml') as host:
        host.write(HOST)
        host.flush()
        failed += run([test_dirty_pages], 3, f'--simulate={host.name}')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
