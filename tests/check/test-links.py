# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the built programs and libraries link to and export."""

import glob
import os
import re

from house import Suite, build_folder, output_of

# What a binary may never be linked to, by the name of the binary.
FORBIDDEN = {
    'iommuctl': ('libiommud-1.', 'libudev.', 'libxml2.'),
    'libiommud-dbus-1.so': ('libiommud-1.', 'libudev.', 'libxml2.', 'libsystemd.'),
    'libiommud-1.so': ('libiommud-dbus-1.', 'libjson-glib', 'libsystemd.'),
    'iommud': ('libsmartcols.', 'libjson-glib'),
}

PREFIXES = {
    'libiommud-1.so': re.compile(r'iommud_(?!dbus_)'),
    'libiommud-dbus-1.so': re.compile(r'iommud_dbus_'),
}


def find_binary(name):
    """The real file of a binary in the build tree, not libtool's wrapper script."""
    for pattern in ('.libs', '*/.libs', '*/*/.libs', '.', '*', '*/*'):
        for path in glob.glob(os.path.join(build_folder(), pattern, name)):
            with open(path, 'rb') as file:
                if file.read(4) == b'\x7fELF':
                    return path
    return None


def needed_libraries(binary):
    return re.findall(r'\(NEEDED\)[^[]*\[([^]]+)\]', output_of('readelf', '-dW', binary))


def exported_symbols(library):
    lines = output_of('nm', '-D', '--defined-only', library).splitlines()
    return [line.split()[-1].split('@')[0] for line in lines if ' A ' not in line]


def forbidden_links(needed, forbidden):
    return [f'links {library}' for library in needed if library.startswith(tuple(forbidden))]


def foreign_symbols(symbols, prefix):
    return [f'exports {symbol}' for symbol in symbols if not prefix.match(symbol)]


def check_links(suite, name):
    binary = find_binary(name)
    if binary is None:
        suite.result(False, f'{name}: link arrows', [f'{name} is not below {build_folder()}'])
        return
    needed = needed_libraries(binary)
    problems = forbidden_links(needed, FORBIDDEN[name])
    if not any(library.startswith('libglib-2.0') for library in needed):
        problems.append(f'no GLib among {needed}: nothing was read')
    suite.result(not problems, f'{name}: link arrows', problems)
    for library in FORBIDDEN[name]:
        suite.result(bool(forbidden_links([library + '0'], FORBIDDEN[name])),
                     f'{name}: flags a link to {library}')


def check_symbols(suite, name):
    library = find_binary(name)
    if library is None:
        suite.result(False, f'{name}: exported symbols', [f'{name} is not below {build_folder()}'])
        return
    symbols = exported_symbols(library)
    problems = foreign_symbols(symbols, PREFIXES[name])
    if len(symbols) < 10:
        problems.append(f'exports only {len(symbols)} symbols')
    suite.result(not problems, f'{name}: exported symbols', problems)
    suite.result(bool(foreign_symbols(symbols + ['iomud_host_new'], PREFIXES[name])),
                 f'{name}: flags a symbol without the prefix')


def main():
    suite = Suite()
    for name in FORBIDDEN:
        check_links(suite, name)
    for name in PREFIXES:
        check_symbols(suite, name)
    # A program that links what it should not: every shell links libc.
    shell = needed_libraries(os.path.realpath('/bin/sh'))
    suite.result(bool(forbidden_links(shell, ('libc.',))), 'link arrows: flags a real program')
    suite.finish()


if __name__ == '__main__':
    main()
