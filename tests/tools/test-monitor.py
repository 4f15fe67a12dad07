# SPDX-License-Identifier: LGPL-2.1-or-later
"""iommuctl monitor, and what happens when readers, signals and services come and go."""

import json
import os
import re
import signal
import time

from simulated import Session, Suite

DEVICE = '0000:01:00.0'


def start_monitor(session, *options):
    """A monitor that has begun to watch."""
    monitor = session.start('iommuctl', *options)
    monitor.stderr.readline()
    return monitor


def finish(process):
    output, errors = process.communicate(timeout=30)
    return process.returncode, output, errors


def check_text(suite, session):
    monitor = start_monitor(session, 'monitor')
    for command in (('create', 'vm1'), ('attach', 'vm1', DEVICE), ('detach', DEVICE),
                    ('free', 'vm1')):
        status, _, errors = session.run('iommuctl', *command)
        suite.result(status == 0, f'{command[0]} while monitored', errors)
    output = session.read_until(monitor, 'removed  container  vm1')
    monitor.send_signal(signal.SIGINT)
    status, _, errors = finish(monitor)
    lines = output.splitlines()
    suite.equal((status, errors), (0, ''), 'interrupted: exit status 0, no complaint')

    def position(text):
        return next((n for n, line in enumerate(lines) if text in line), -1)
    order = [position(text) for text in
             ('added    container  vm1', 'added    hwpt       vm1/1',
              f'changed  device     {DEVICE}', 'State=available', 'removed  hwpt       vm1/1',
              'removed  container  vm1')]
    suite.result(-1 not in order and order == sorted(order), 'changes come in order', output)
    suite.result(any('State=attached' in line and 'Hwpt=vm1/1' in line for line in lines),
                 'names stand for object paths', output)
    told = [line.split()[3:] for line in lines if line.startswith('changed  container  vm1 ')]
    suite.result(any('Devices' in words and 'Hwpts' in words for words in told),
                 'lists are told without their values', output)


def check_json(suite, session):
    monitor = start_monitor(session, 'monitor', '--json', '--count=3', '--timeout=30')
    session.run('iommuctl', 'create', 'vm2')
    session.run('iommuctl', 'attach', 'vm2', DEVICE)
    status, output, _ = finish(monitor)
    events = [json.loads(line) for line in output.splitlines()]
    suite.equal((status, len(events)), (0, 3), '--count ends it')
    suite.equal([events[0][key] for key in ('Event', 'Kind')], ['added', 'container'],
                'first event')
    suite.equal(events[0]['Properties']['Name'], 'vm2', 'its properties')
    members = {'added': {'Event', 'Kind', 'Path', 'Properties'},
               'changed': {'Event', 'Kind', 'Path', 'Properties', 'Invalidated'}}
    suite.result(all(members[event['Event']] == set(event) for event in events),
                 'members of events', output)
    session.run('iommuctl', 'free', 'vm2', '--force')


def check_timeout(suite, session):
    status, output, _ = session.run('iommuctl', 'monitor', '--timeout=1')
    suite.equal((status, output), (0, ''), '--timeout ends it')
    status, _, errors = session.run('iommuctl', 'monitor', '--timeout=1', '--count=2')
    suite.result(status == 9 and '2 of 2' in errors, 'too few changes by then', status, errors)


def check_broken_pipe(suite, session):
    status, output, errors = session.run(
        'sh', '-c', 'iommuctl devices | true; iommuctl --json tree | head -n 1')
    suite.equal((status, output, errors), (0, '{\n', ''), 'a reader who goes away')
    status, _, errors = session.run('sh', '-c', 'iommuctl devices >/dev/full')
    suite.result(status == 1 and 'No space' in errors, 'a full device is told', status, errors)
    monitor = start_monitor(session, 'monitor')
    monitor.stdout.close()
    session.run('iommuctl', 'create', 'vm3')
    session.run('iommuctl', 'free', 'vm3')
    suite.equal(monitor.wait(timeout=30), 0, 'a monitor ends with its reader')
    monitor.stderr.close()


def check_service_goes(suite, session):
    session.service_may_end = True
    monitor = start_monitor(session, 'monitor', '--json', '--timeout=30')
    os.kill(int(session.environment['IOMMUD_PID']), signal.SIGTERM)
    events = []
    while not events or events[-1]['Event'] != 'stopped':
        line = monitor.stdout.readline()
        if not line:
            break
        events.append(json.loads(line))
    suite.result(bool(events) and events[-1] == {'Event': 'stopped', 'Kind': 'service'},
                 'a service that stops', events)
    monitor.terminate()
    suite.equal(finish(monitor)[0], 0, 'the monitor goes on until it is terminated')
    status, _, errors = session.run('iommuctl', 'devices')
    suite.result(status == 6 and 'iommud' in errors, 'no service: exit status 6', status, errors)


def ask_bus(session, method, *arguments):
    bus = 'org.freedesktop.DBus'
    return session.run('gdbus', 'call', '--system', '--dest', bus, '--object-path',
                       '/org/freedesktop/DBus', '--method', f'{bus}.{method}', *arguments)[1]


def count_names(session):
    return ask_bus(session, 'ListNames').count("':")


def start_waiting(session):
    """A command that is on the bus and waits for the service, which has stopped."""
    os.kill(int(session.environment['IOMMUD_PID']), signal.SIGSTOP)
    before = count_names(session)
    command = session.start('iommuctl', 'devices')
    deadline = time.monotonic() + 30
    while count_names(session) == before and time.monotonic() < deadline:
        time.sleep(0.05)
    return command


def check_bus_goes(suite, session):
    """Whatever waits for something to come over the bus has waited in vain."""
    session.service_may_end = True
    gone = 'iommuctl: The connection to the bus was closed\n'
    answer = ask_bus(session, 'GetConnectionUnixProcessID', 'org.freedesktop.DBus')
    monitor = start_monitor(session, 'monitor', '--timeout=20')
    json_monitor = start_monitor(session, 'monitor', '--json', '--timeout=20')
    try:
        command = start_waiting(session)
        # It has no time to take leave of one program before the other.
        os.kill(int(re.search(r'uint32 (\d+)', answer).group(1)), signal.SIGKILL)
        suite.equal(finish(command), (6, '', gone), 'the bus goes: a command that waits says so')
    finally:
        os.kill(int(session.environment['IOMMUD_PID']), signal.SIGCONT)
    suite.equal(finish(monitor), (6, '', gone), 'a monitor says so and ends')
    status, output, _ = finish(json_monitor)
    suite.equal((status, json.loads(output)['Error']['ExitStatus']), (6, 6), 'in JSON too')


def main():
    suite = Suite()
    with Session() as session:
        check_text(suite, session)
        check_json(suite, session)
        check_timeout(suite, session)
        check_broken_pipe(suite, session)
        check_service_goes(suite, session)
    with Session() as session:
        check_bus_goes(suite, session)
    suite.finish()


if __name__ == '__main__':
    main()
