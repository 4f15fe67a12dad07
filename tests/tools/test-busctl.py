# SPDX-License-Identifier: LGPL-2.1-or-later
"""busctl against the daemon: tree, introspect, call, get-property, monitor."""

import json
import os
import select
import shutil
import time

from simulated import Session, Suite, skip_all

NAME = 'org.iommud1'
MANAGER = '/org/iommud1/Manager'


class Busctl:
    def __init__(self, suite, session):
        self.suite = suite
        self.session = session

    def run(self, *words):
        return self.session.run('busctl', '--no-pager', f'--address={self.session.address}', *words)

    def call(self, path, interface, method, *arguments):
        """What the method returns, or None."""
        status, output, errors = self.run('--json=short', 'call', NAME, path,
                                          f'{NAME}.{interface}', method, *arguments)
        if not self.suite.result(status == 0, f'call {interface}.{method}', errors):
            return None
        return json.loads(output)['data'][0] if output.strip() else None

    def refused(self, path, interface, method, *arguments):
        status, _, errors = self.run('call', NAME, path, f'{NAME}.{interface}', method, *arguments)
        self.suite.result(status != 0 and errors.strip() != '',
                          f'{interface}.{method} {" ".join(arguments)} is refused', status, errors)
        return errors


def check_objects(suite, busctl, paths):
    status, output, errors = busctl.run('tree', '--list', NAME)
    suite.result(status == 0 and set(paths) <= set(output.split()), 'tree shows every object',
                 output, errors)
    for path, interface, members in (
            (MANAGER, 'Manager', ('.CreateContainer', '.Version')),
            (paths[0], 'Device', ('.Detach', '.State')),
            (paths[1], 'Container', ('.AttachDevice', '.Hwpts')),
            (paths[1], 'Memory', ('.MapFile', '.IovaRanges')),
            (paths[1], 'DirtyTracking', ('.ReadBitmap', '.Coverage')),
            (paths[2], 'Hwpt', ('.Free', '.Management'))):
        status, output, errors = busctl.run('introspect', NAME, path)
        found = set(output.split())
        suite.result(status == 0 and {f'{NAME}.{interface}', *members} <= found,
                     f'introspect {path}: {interface}', output, errors)


def check_memory(suite, session, busctl, container):
    """What busctl can see of memory and do with it: everything but sending the file."""
    file = os.memfd_create('memory', 0)
    os.ftruncate(file, 1 << 20)
    path = f'/proc/{os.getpid()}/fd/{file}'
    status, output, errors = session.run('iommuctl', 'map', 'vm1', path, '--iova=1G')
    suite.result(status == 0, 'a file is mapped', output, errors)
    os.close(file)
    status, output, _ = busctl.run('get-property', NAME, container, f'{NAME}.Memory', 'Mappings')
    suite.equal((status, output), (0, 'a(tttu) 1 1073741824 1048576 0 3\n'), 'Mappings')
    busctl.call(container, 'Memory', 'SetAllowedIovas', 'a(tt)a{sv}', '1', '4096', '8191', '0')
    busctl.call(container, 'DirtyTracking', 'Start', 'a{sv}', '1', 'page-size', 't', '4096')
    status, output, errors = busctl.run('call', NAME, container, f'{NAME}.DirtyTracking',
                                        'ReadBitmap', 'ttta{sv}', '1073741824', '1048576',
                                        '4096', '1', 'no-clear', 'b', 'true')
    suite.result(status == 0 and output.startswith('ht ') and output.endswith(' 0\n'),
                 'ReadBitmap', output, errors)
    busctl.call(container, 'DirtyTracking', 'Stop', 'a{sv}', '0')
    errors = busctl.refused(container, 'DirtyTracking', 'ReadBitmap', 'ttta{sv}', '0', '4096',
                            '4096', '0')
    suite.result('active' in errors, 'what is missing is said', errors)
    suite.equal(busctl.call(container, 'Memory', 'Unmap', 'tta{sv}', '1073741824', '1048576', '0'),
                1048576, 'unmapped')
    suite.equal(busctl.call(container, 'Memory', 'UnmapAll', 'a{sv}', '0'), 0, 'all unmapped')


def start_monitor(suite, session, busctl, seconds=60):
    """A monitor that listens, or None.

    Not every busctl says when it does. It shows calls, too: so one call after the other is made,
    until it shows the first of them.
    """
    process = session.start('busctl', '--json=short', f'--address={session.address}', 'monitor',
                            NAME)
    deadline = time.monotonic() + seconds
    shown = False
    while not shown and process.poll() is None and time.monotonic() < deadline:
        busctl.run('get-property', NAME, MANAGER, f'{NAME}.Manager', 'Version')
        shown = bool(select.select([process.stdout], [], [], 0.1)[0])
    line = process.stdout.readline() if shown else ''
    if line.startswith('{'):
        suite.result(True, 'monitor starts')
        return process
    process.kill()
    output, errors = process.communicate()
    suite.result(False, 'monitor starts', f'status {process.returncode}', line + output, errors)
    return None


def check_monitor(suite, session, busctl, container, device):
    process = start_monitor(suite, session, busctl)
    if process is None:
        return
    hwpt = busctl.call(container, 'Container', 'AttachDevice', 'oa{sv}', device, '0')
    output = session.read_until(process, '"attached"')
    process.terminate()
    process.communicate(timeout=30)
    signals = [message for message in map(json.loads, output.splitlines())
               if message['type'] == 'signal']
    added = [n for n, message in enumerate(signals)
             if message['member'] == 'InterfacesAdded' and hwpt in json.dumps(message)]
    changed = [n for n, message in enumerate(signals)
               if message['member'] == 'PropertiesChanged' and message['path'] == device]
    suite.result(added and changed and added[0] < changed[-1],
                 'monitor shows the HWPT come before the device is on it', output)


def main():
    if not shutil.which('busctl'):
        skip_all('no busctl')
    suite = Suite()
    with Session() as session:
        busctl = Busctl(suite, session)
        device = busctl.call(MANAGER, 'Manager', 'FindDevice', 's', '0000:01:00.0')
        container = busctl.call(MANAGER, 'Manager', 'CreateContainer', 'a{sv}', '2', 'name', 's',
                                'vm1', 'dirty-tracking', 's', 'preferred')
        suite.equal(busctl.call(MANAGER, 'Manager', 'FindContainer', 's', 'vm1'), container,
                    'found')
        hwpt = busctl.call(container, 'Container', 'AttachDevice', 'oa{sv}', device, '1', 'mode',
                           's', 'auto')
        status, output, _ = busctl.run('get-property', NAME, device, f'{NAME}.Device', 'Hwpt')
        suite.equal((status, output), (0, f'o "{hwpt}"\n'), 'get-property')
        check_objects(suite, busctl, (device, container, hwpt))
        errors = busctl.refused(container, 'Container', 'Free', 'a{sv}', '1', 'speed', 'u', '3')
        suite.result('speed' in errors, 'the option is named', errors)
        busctl.refused(container, 'Container', 'Free', 'a{sv}', '1', 'force', 's', 'yes')
        busctl.refused(container, 'Container', 'Free', 'a{sv}', '0')
        status, _, _ = busctl.run('set-property', NAME, device, f'{NAME}.Device', 'State', 's', 'x')
        suite.result(status != 0, 'no property can be set')
        check_memory(suite, session, busctl, container)
        busctl.call(device, 'Device', 'Detach', 'a{sv}', '0')
        check_monitor(suite, session, busctl, container, device)
        busctl.call(container, 'Container', 'Free', 'a{sv}', '1', 'force', 'b', 'true')
        status, output, _ = busctl.run('tree', '--list', NAME)
        suite.result(container not in output.split(), 'what is freed is gone')
    suite.finish()


if __name__ == '__main__':
    main()
