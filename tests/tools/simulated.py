# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the tool share: TAP, and the daemon with a simulated host on a private bus."""

import os
import pty
import shutil
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.environ.get('top_srcdir') or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get('top_builddir') or os.path.join(TOP, 'build')
RUNNER = os.path.join(TOP, 'tools', 'with-simulated-host')


class Suite:
    """Prints TAP."""

    def __init__(self):
        self.count = 0

    def result(self, passed, name, *details):
        self.count += 1
        print(f'{"ok" if passed else "not ok"} {self.count} {name}', flush=True)
        for detail in () if passed else details:
            for line in str(detail).split('\n'):
                print(f'# {line}', flush=True)
        return passed

    def equal(self, found, expected, name):
        return self.result(found == expected, name, f'found    {found!r}', f'expected {expected!r}')

    def skip(self, name, reason):
        self.count += 1
        print(f'ok {self.count} {name} # SKIP {reason}', flush=True)

    def finish(self):
        print(f'1..{self.count}', flush=True)


def skip_all(reason):
    print(f'1..0 # SKIP {reason}')
    sys.exit(0)


def has_terminals():
    try:
        for end in pty.openpty():
            os.close(end)
    except OSError:
        return False
    return True


class Session:
    """One service with a fresh simulated host, for as long as the with statement.

    A service that ends with a complaint, of a sanitizer for example, makes the script fail.
    """

    def __init__(self, *options):
        self.options = options
        self.service_may_end = False

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix='iommud-test.')
        ready = os.path.join(self.folder, 'environment')
        self.log = os.path.join(self.folder, 'log')
        # What runs beside the service ends when our end of its standard input is closed.
        script = 'env -0 >"$1.new" && mv "$1.new" "$1" && exec cat'
        with open(self.log, 'wb') as file:
            self.process = subprocess.Popen(
                ['sh', RUNNER, BUILD, *self.options, 'sh', '-c', script, 'sh', ready],
                stdin=subprocess.PIPE, stdout=file, stderr=file,
                env=dict(os.environ, G_DEBUG='fatal-warnings'))
        deadline = time.monotonic() + 60
        while not os.path.exists(ready):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f'the service has not started: {self._read_log()}')
            time.sleep(0.05)
        with open(ready, encoding='utf-8') as file:
            pairs = [entry.split('=', 1) for entry in file.read().split('\0') if entry]
        self.environment = dict(pairs, LC_ALL='C.UTF-8', COLUMNS='80')
        return self

    def __exit__(self, *exception):
        self.process.stdin.close()
        status = self.process.wait()
        log = self._read_log()
        shutil.rmtree(self.folder)
        if status != 0 and not self.service_may_end:
            raise RuntimeError(f'the service has not ended well: {log}')

    def _read_log(self):
        with open(self.log, encoding='utf-8', errors='replace') as file:
            return file.read()

    @property
    def address(self):
        return self.environment['DBUS_SYSTEM_BUS_ADDRESS']

    def run(self, *command, **options):
        """Runs a command; returns its exit status, output and errors."""
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=self.environment,
                                timeout=60, **options)
        return result.returncode, result.stdout, result.stderr

    @staticmethod
    def read_until(process, text, seconds=60):
        """What a program prints, up to the line that holds a text; everything if none does."""
        deadline = threading.Timer(seconds, process.kill)
        deadline.start()
        lines = []
        for line in process.stdout:
            lines.append(line)
            if text in line:
                break
        deadline.cancel()
        return ''.join(lines)

    def start(self, *command, **options):
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=self.environment, **options)
