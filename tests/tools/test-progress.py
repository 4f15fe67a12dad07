# SPDX-License-Identifier: LGPL-2.1-or-later
"""A long map on a terminal: its progress, and what Ctrl-C does to a map and to a reading."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import time

from simulated import Session, Suite, has_terminals, skip_all

# Each gigabyte but the first takes two seconds.
SLOW_HOST = '''<simulated-host>
  <iommu name="smmu0" dirty-tracking="yes"/>
  <device name="0000:01:00.0" iommu="smmu0" group="1"/>
  <fault operation="ioas-map" call="2" delay="2000"/>
  <fault operation="ioas-map" call="3" delay="2000"/>
  <fault operation="ioas-map-file" call="2" delay="2000"/>
  <fault operation="ioas-map-file" call="3" delay="2000"/>
</simulated-host>
'''
FAST_HOST = '\n'.join(line for line in SLOW_HOST.split('\n') if '<fault' not in line)
# The first reading of an IOMMU's dirty pages takes four.
SLOW_READING = '''<simulated-host>
  <iommu name="smmu0" dirty-tracking="yes"/>
  <device name="0000:01:00.0" iommu="smmu0" group="1"/>
  <fault operation="get-dirty-bitmap" call="1" delay="4000"/>
</simulated-host>
'''
GIB = 1 << 30
MEMORY = 9


class Terminal:
    """A command whose standard error is a terminal of 80 columns."""

    def __init__(self, session, *command):
        self.main, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
        self.seen = ''
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=terminal,
                                        stdout=subprocess.PIPE, text=True, pass_fds=(MEMORY,),
                                        env=session.environment)
        os.close(terminal)

    def read(self):
        """Whether there was more to read."""
        try:
            text = os.read(self.main, 4096).decode()
        except OSError:
            text = ''
        self.seen += text
        return text != ''

    def read_until(self, text):
        while text not in self.seen and self.read():
            pass

    def finish(self):
        while self.read():
            pass
        os.close(self.main)
        output = self.process.stdout.read()
        self.process.stdout.close()
        return self.process.wait(timeout=30), output


def wait_until_exists(folder, beginning):
    deadline = time.monotonic() + 60
    while (not any(name.startswith(beginning) for name in os.listdir(folder))
           and time.monotonic() < deadline):
        time.sleep(0.01)


def start_map(session, *options):
    return Terminal(session, 'iommuctl', 'map', 'vm1', f'/dev/fd/{MEMORY}', '--iova=0', *options)


def mapped_bytes(session):
    _, output, _ = session.run('iommuctl', '--json', 'mappings', 'vm1')
    return json.loads(output)['MappedBytes']


def check_shown(suite, session):
    terminal = start_map(session)
    status, output = terminal.finish()
    suite.equal((status, output), (0, f'Mapped 3 GiB ({3 * GIB}) of /dev/fd/{MEMORY} into vm1 at '
                                      '0x0\n'), 'mapped')
    lines = terminal.seen.split('\r')
    suite.result(lines[0].startswith('Mapping into vm1: 33.3 %, 1 GiB of 3 GiB'),
                 'the first gigabyte is told', terminal.seen)
    suite.result('66.7 %, 2 GiB of 3 GiB' in terminal.seen and '/s, 0:0' in terminal.seen,
                 'then how fast it goes', terminal.seen)
    suite.result(all(len(line) < 80 for line in lines), 'lines fit the terminal', terminal.seen)
    suite.equal((lines[-2].strip(), lines[-1], '\n' in terminal.seen), ('', '', False),
                'nothing of it stays')


def check_quiet(suite, session):
    terminal = start_map(session, '--quiet')
    status, _ = terminal.finish()
    suite.equal((status, terminal.seen), (0, ''), '--quiet shows none')


def check_no_terminal(suite, session):
    status, _, errors = session.run('iommuctl', 'map', 'vm1', f'/dev/fd/{MEMORY}', '--iova=0',
                                    pass_fds=(MEMORY,))
    suite.equal((status, errors), (0, ''), 'nor does a file')


def check_interrupted(suite, session):
    """The service is left at once, and undoes what it has begun."""
    terminal = start_map(session)
    terminal.read_until('1 GiB of 3 GiB')
    terminal.process.send_signal(signal.SIGINT)
    status, output = terminal.finish()
    suite.equal((status, output), (130, ''), 'Ctrl-C: exit status 130')
    suite.result(terminal.seen.split('\r')[-2].startswith('iommuctl: Interrupted: the service '
                                                          "cancels what 'map' has not finished"),
                 'and words about it', terminal.seen)
    deadline = time.monotonic() + 60
    while mapped_bytes(session) > 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    suite.equal(mapped_bytes(session), 0, 'and nothing stays mapped')


def check_failed(suite, session):
    """If the map fails, the line goes too, and the service undoes what it has mapped."""
    terminal = start_map(session)
    status, output = terminal.finish()
    suite.equal((status, output), (8, ''), 'a failure after a gigabyte')
    suite.result(terminal.seen.split('\r')[-2].startswith('iommuctl: Cannot map')
                 and 'ENOMEM' in terminal.seen, 'is told on a line of its own', terminal.seen)
    suite.equal(mapped_bytes(session), 0, 'and nothing stays mapped')


def start_reading(session):
    """A reading of two ranges, the first of which takes long."""
    for iova in ('0', '1G'):
        session.run('iommuctl', 'map', 'vm1', f'/dev/fd/{MEMORY}', '--length=1M', f'--iova={iova}',
                    pass_fds=(MEMORY,))
    session.run('iommuctl', 'dirty', 'start', 'vm1')
    path = os.path.join(session.folder, 'bitmap')
    terminal = Terminal(session, 'iommuctl', 'dirty', 'read', 'vm1', f'--output={path}')
    # From when there is room for the bitmap, the first range is read.
    wait_until_exists(session.folder, 'bitmap')
    terminal.process.send_signal(signal.SIGINT)
    terminal.read_until('Interrupted: stopping after this range')
    return terminal, path


def check_reading(suite, session):
    terminal, path = start_reading(session)
    status, output = terminal.finish()
    suite.equal(status, 130, 'a reading is interrupted')
    suite.result('0 of 256 pages' in output, 'what was read is printed', output)
    suite.result('Only 1 of 2 ranges were read' in terminal.seen, 'and that it is not all',
                 terminal.seen)
    suite.equal(os.path.getsize(path), 32, 'its bitmap is kept')


def check_reading_given_up(suite, session):
    terminal, path = start_reading(session)
    terminal.process.send_signal(signal.SIGINT)
    status, output = terminal.finish()
    suite.equal((status, output), (130, ''), 'a reading is given up')
    suite.result('count the whole range that was being read as dirty' in terminal.seen,
                 'which is told',
                 terminal.seen)
    suite.equal([name for name in os.listdir(session.folder) if name.startswith('bitmap')], [],
                'no file is left')


def with_host(suite, host, check):
    with open(os.path.join(os.environ.get('TMPDIR', '/tmp'), f'iommud-slow.{os.getpid()}.xml'), 'w',
              encoding='utf-8') as file:
        file.write(host)
    try:
        with Session(f'--simulate={file.name}') as session:
            session.run('iommuctl', 'create', 'vm1')
            session.run('iommuctl', 'attach', 'vm1', '01:00.0')
            check(suite, session)
    finally:
        os.unlink(file.name)


def main():
    if not has_terminals():
        skip_all('no pseudo-terminals, as in a root without /dev/pts')
    suite = Suite()
    memory = os.memfd_create('guest')
    os.ftruncate(memory, 3 * GIB)
    os.dup2(memory, MEMORY)
    for check in (check_shown, check_interrupted):
        with_host(suite, SLOW_HOST, check)
    for check in (check_quiet, check_no_terminal):
        with_host(suite, FAST_HOST, check)
    for check in (check_reading, check_reading_given_up):
        with_host(suite, SLOW_READING, check)
    failing = SLOW_HOST.replace('call="3" delay="2000"', 'call="3" errno="ENOMEM"')
    with_host(suite, failing, check_failed)
    suite.finish()


if __name__ == '__main__':
    main()
