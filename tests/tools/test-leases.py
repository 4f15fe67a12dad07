# SPDX-License-Identifier: LGPL-2.1-or-later
"""iommuctl leases and release, and what other commands say of leases.

This program is the client of each lease. It keeps the guard and the files of the devices, so it is
also who holds them when a lease has ended.
"""

import json
import os
import pwd
import re
import time

import gi

from simulated import Session, Suite

gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402

MANAGER = '/org/iommud1/Manager'
FIRST = '0000:01:00.0'
SECOND = '0000:02:00.0'
USER = pwd.getpwuid(os.getuid()).pw_name


def path_of(device):
    return '/org/iommud1/devices/' + re.sub('[^A-Za-z0-9]', lambda m: f'_{ord(m[0]):02x}', device)


class Lease:
    """A lease with open files."""

    def __init__(self, session, name, *devices):
        flags = (Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
                 | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        self.bus = Gio.DBusConnection.new_for_address_sync(session.address, flags, None, None)
        arguments = GLib.Variant('(aoa{sv})', ([path_of(device) for device in devices],
                                               {'name': GLib.Variant('s', name)}))
        reply, files = self.bus.call_with_unix_fd_list_sync(
            'org.iommud1', MANAGER, 'org.iommud1.Manager', 'LeaseDevices', arguments, None,
            Gio.DBusCallFlags.NONE, -1, None, None)
        self.path = reply.unpack()[0]
        self.guard, *self.files = files.steal_fds()

    def call(self, method, arguments):
        return self.bus.call_sync('org.iommud1', self.path, 'org.iommud1.Lease', method, arguments,
                                  None, Gio.DBusCallFlags.NONE, -1, None)

    def close_files(self):
        for file in self.files:
            os.close(file)
        self.files = []

    def close(self):
        self.close_files()
        os.close(self.guard)


def read_leases(session):
    return json.loads(session.run('iommuctl', '--json', 'leases')[1])


def wait_until_none(session):
    """The end of a lease takes a moment."""
    deadline = time.monotonic() + 60
    while read_leases(session) and time.monotonic() < deadline:
        time.sleep(0.01)
    return read_leases(session) == []


def check_none(suite, session):
    suite.equal(session.run('iommuctl', 'leases'),
                (0, "There are no leases. 'iommuctl exec' makes one\n", ''), 'no lease')
    suite.equal(read_leases(session), [], 'no lease, for programs')
    for command in (('release', 'job'), ('leases', 'job'), ('release', '7'),
                    ('release', '/org/iommud1/leases/7')):
        suite.equal(session.run('iommuctl', *command),
                    (3, '', f"iommuctl: No lease is called '{command[1]}'. 'iommuctl leases' lists "
                            'them all\n'), ' '.join(command))


def check_list(suite, session):
    job = Lease(session, 'job', FIRST, SECOND)
    other = Lease(session, 'other', '0000:81:00.0')
    found = read_leases(session)
    status, output, errors = session.run('iommuctl', 'leases')
    times = r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d'
    suite.equal((status, errors), (0, ''), 'leases')
    lines = output.split('\n')
    suite.result(re.fullmatch('NAME +OWNER +STATE +DEVICES +COMMAND +SINCE', lines[0]), 'titles',
                 output)
    suite.result(re.fullmatch(rf'job +{USER} +active +0000:01:00.0, .* {times}', lines[1]),
                 'the first one', output)
    suite.result(re.fullmatch(rf'other +{USER} +active +0000:81:00.0 .* {times}', lines[2]),
                 'the second one', output)
    suite.result(max(map(len, lines)) <= 80, 'fits 80 columns', output)
    output = session.run('env', 'COLUMNS=200', 'iommuctl', 'leases', 'job')[1]
    suite.result(re.search(rf'{FIRST}, {SECOND} +{describe_client(found[0])} +{times}', output)
                 and 'other' not in output, 'one of them, with its process', output)
    suite.equal(session.run('iommuctl', 'leases', '--names'), (0, 'job\nother\n', ''), '--names')
    for name in ('job', job.path, os.path.basename(job.path)):
        suite.equal(session.run('iommuctl', 'leases', name, '--names'), (0, 'job\n', ''),
                    f'lease {name}')
    output = session.run('iommuctl', 'leases', '--columns=number,containers,holders')[1]
    suite.equal(output.split('\n')[1].split(), [os.path.basename(job.path), '-', '-'], '--columns')
    suite.equal([(lease['Kind'], lease['Path'], lease['Name'], lease['Owner'], lease['State'],
                  len(lease['Devices']), lease['Holders']) for lease in found],
                [('lease', job.path, 'job', os.getuid(), 'active', 2, []),
                 ('lease', other.path, 'other', os.getuid(), 'active', 1, [])], 'for programs')
    suite.equal(found[0]['Pid'], os.getpid(), 'the process')
    suite.result(abs(found[0]['Since'] / 1e6 - time.time()) < 600, 'when', found[0]['Since'])
    check_show(suite, session)
    check_container(suite, session, other)
    job.close()
    other.close()
    suite.result(wait_until_none(session), 'leases end with their guards')


def describe_client(lease):
    return re.escape(f"{lease['Command']} ({lease['Pid']})")


def check_show(suite, session):
    output = session.run('iommuctl', 'show', 'job')[1]
    for line in ('Kind +lease', f'Devices +{FIRST}, {SECOND}', 'Holders +-',
                 r'Since +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d'):
        suite.result(re.search(f'^{line}$', output, re.M), f'show: {line}', output)
    output = session.run('iommuctl', 'show', FIRST)[1]
    suite.result(re.search('^Lease +job$', output, re.M)
                 and re.search('^State +leased$', output, re.M), 'show a device', output)
    output = session.run('iommuctl', 'devices')[1]
    suite.result(re.search(f'^{FIRST} +leased job ', output, re.M), 'devices', output)
    output = session.run('iommuctl', 'devices', '--columns=name,lease')[1]
    suite.result(re.search(f'^{FIRST} +job$', output, re.M), 'the column of leases', output)
    output = session.run('iommuctl', 'tree')[1]
    suite.result(re.search(f'^{FIRST} +device +dmar0 leased, lease job$', output, re.M), 'tree',
                 output)


def check_container(suite, session, lease):
    """One that is made under a lease."""
    lease.call('CreateContainer', GLib.Variant('(a{sv})', ({'name': GLib.Variant('s', 'vm1')},)))
    output = session.run('iommuctl', 'tree')[1]
    suite.result(re.search('^vm1 +container +no devices, lease other$', output, re.M),
                 'tree: a container of a lease', output)
    output = session.run('iommuctl', 'containers', '--columns=name,lease')[1]
    suite.equal(output.split(), ['NAME', 'LEASE', 'vm1', 'other'], 'containers')
    output = session.run('iommuctl', 'leases', 'other', '--columns=containers')[1]
    suite.equal(output.split(), ['CONTAINERS', 'vm1'], 'containers of leases')


def check_release(suite, session):
    job = Lease(session, 'job', FIRST)
    os.close(job.files.pop())
    status, output, errors = session.run('iommuctl', 'release', 'job')
    suite.equal((status, output, errors), (0, 'Released lease job\n', ''), 'release')
    suite.equal(os.read(job.guard, 1), b'', 'the guard can be read')
    suite.equal(read_leases(session), [], 'it is gone')
    job.close()
    job = Lease(session, 'job', FIRST)
    job.close_files()
    status, output, _ = session.run('iommuctl', '--json', 'release', os.path.basename(job.path))
    suite.equal((status, json.loads(output)), (0, {'Lease': job.path}), 'release, for programs')
    job.close()


def check_lingering(suite, session):
    """A file that is open cannot be taken back."""
    job = Lease(session, 'job', FIRST, SECOND)
    with open('/proc/self/comm', encoding='utf-8') as file:
        own_name = file.read().strip()
    holder = rf'{re.escape(own_name)} \(pid {os.getpid()}(, \S+)?\)'
    status, output, errors = session.run('iommuctl', 'release', 'job')
    suite.equal((status, output), (4, ''), 'release: still open')
    suite.result(re.fullmatch(f'iommuctl: Lease job has ended, but still in use: {FIRST}, {SECOND}'
                              rf', open in {holder}. ReleaseRequested was sent to ask for it '
                              r'back\n', errors), 'and where', errors)
    status, output, _ = session.run('iommuctl', '--json', 'release', 'job')
    suite.equal((status, json.loads(output)['Error']['Name']),
                (4, 'org.iommud1.iommuctl.Busy'), 'for programs')
    output = session.run('iommuctl', 'leases')[1]
    suite.result(re.search(rf'^job +{USER} +lingering ', output, re.M), 'lingering', output)
    suite.result(re.search(f'^But: job has ended, and its devices are open in {holder}$', output,
                           re.M), 'and why', output)
    found = read_leases(session)[0]
    suite.equal((found['State'], [(each['Pid'], each['Command']) for each in found['Holders']]),
                ('lingering', [(os.getpid(), own_name)]), 'holders, for programs')
    output = session.run('iommuctl', 'show', 'job')[1]
    suite.result(re.search('^State +lingering$', output, re.M)
                 and re.search(f'^Holders +{own_name} ', output, re.M), 'show', output)
    os.close(job.files.pop())
    errors = session.run('iommuctl', 'release', 'job')[2]
    suite.result(f'in use: {FIRST}, open in' in errors, 'one of two was closed', errors)
    job.close_files()
    suite.equal(session.run('iommuctl', 'release', 'job'), (0, 'Released lease job\n', ''),
                'both were closed')
    job.close()


def check_monitor(suite, session):
    monitor = session.start('iommuctl', 'monitor', '--json', '--count=3', '--timeout=60')
    monitor.stderr.readline()
    job = Lease(session, 'job', FIRST)
    os.close(job.files.pop())
    session.run('iommuctl', 'release', 'job')
    output, _ = monitor.communicate(timeout=60)
    events = [json.loads(line) for line in output.splitlines()]
    suite.result(any((event['Kind'], event['Event'], event['Path'])
                     == ('lease', 'added', job.path) for event in events), 'monitor', output)
    job.close()


def main():
    suite = Suite()
    with Session() as session:
        check_none(suite, session)
        check_list(suite, session)
        check_release(suite, session)
        check_lingering(suite, session)
        check_monitor(suite, session)
    suite.finish()


if __name__ == '__main__':
    main()
