# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the built programs and libraries link to."""

import os
import re
import shutil
import subprocess
import tempfile

from house import Suite, build_folder, find_binary, output_of

# What a binary may never be linked to, by the name of the binary.
# The program that runs as root has neither the fake kernel nor what only it needs: iommud-simulated
# has it, which iommud becomes when it is asked for a simulated host.
SIMULATOR = ('libiommud-sim-1.', 'libxml2.')
FORBIDDEN = {
    'iommuctl': ('libiommud-1.', 'libudev.', *SIMULATOR),
    'libiommud-dbus-1.so': ('libiommud-1.', 'libudev.', 'libsystemd.', *SIMULATOR),
    'libiommud-1.so': ('libiommud-dbus-1.', 'libjson-glib', 'libsystemd.', *SIMULATOR),
    'libiommud-sim-1.so': ('libiommud-dbus-1.', 'libjson-glib', 'libsystemd.'),
    'iommud': ('libsmartcols.', 'libjson-glib', *SIMULATOR),
    'iommud-simulated': ('libsmartcols.', 'libjson-glib'),
}
NEEDED = {
    'libiommud-sim-1.so': ('libiommud-1.', 'libxml2.'),
    'iommud-simulated': ('libiommud-sim-1.',),
}


def needed_libraries(binary):
    return re.findall(r'\(NEEDED\)[^[]*\[([^]]+)\]', output_of('readelf', '-dW', binary))


def forbidden_links(needed, forbidden):
    return [f'links {library}' for library in needed if library.startswith(tuple(forbidden))]


def check_links(suite, name):
    binary = find_binary(name)
    if binary is None:
        suite.result(False, f'{name}: link arrows', [f'{name} is not below {build_folder()}'])
        return
    needed = needed_libraries(binary)
    problems = forbidden_links(needed, FORBIDDEN[name])
    problems += [f'does not link {library}'
                 for library in ('libglib-2.0', *NEEDED.get(name, ()))
                 if not forbidden_links(needed, (library,))]
    suite.result(not problems, f'{name}: link arrows', problems)
    for library in FORBIDDEN[name]:
        suite.result(bool(forbidden_links([library + '0'], FORBIDDEN[name])),
                     f'{name}: flags a link to {library}')


def check_missing_simulator(suite):
    """A copy of iommud that has no simulator beside it says so; it serves no kernel instead."""
    with tempfile.TemporaryDirectory() as folder:
        program = shutil.copy(find_binary('iommud'), folder)
        result = subprocess.run([program, '--simulate', '--address=unix:path=/nonexistent'],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    suite.result(result.returncode == 1 and result.stderr.count('\n') == 1
                 and f'{program}-simulated: No such file' in result.stderr,
                 'iommud says what is missing if it has no simulator', [result.stderr])


def main():
    suite = Suite()
    for name in FORBIDDEN:
        check_links(suite, name)
    check_missing_simulator(suite)
    # A program that links what it should not: every shell links libc.
    shell = needed_libraries(os.path.realpath('/bin/sh'))
    suite.result(bool(forbidden_links(shell, ('libc.',))), 'link arrows: flags a real program')
    suite.finish()


if __name__ == '__main__':
    main()
