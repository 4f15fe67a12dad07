# SPDX-License-Identifier: LGPL-2.1-or-later
"""The symbols of each library are those of tests/check/abi-*.txt; --update writes these files anew.

If a symbol goes or changes its meaning, programs that are already built break. What a library
exports for another one of the same version alone is listed as internal, and no installed header
declares it.
"""

import os
import re
import shutil
import sys

from house import Suite, find_binary, output_of, source_tree, without_comments

# Each library with the prefix of its symbols: two libraries cannot share one.
LIBRARIES = {
    'libiommud-1': re.compile(r'iommud_(?!dbus_|simulat|xml_)'),
    'libiommud-sim-1': re.compile(r'iommud_simulator_'),
    'libiommud-dbus-1': re.compile(r'iommud_dbus_'),
}
MARK = re.compile(
    r'IOMMUD_INTERNAL\s+(?:G_DECLARE_\w+\s*\(\w+, (\w+)|[^;#{}]*?\b(iommud_\w+)\s*\()')
HEAD = '''# SPDX-License-Identifier: LGPL-2.1-or-later
# What {0} exports; `make update-abi` writes it anew.
# A public symbol that goes breaks programs.
'''
HEAD_INTERNAL = '# Internal ones are for libiommud-sim-1 of the same version alone.\n'


def list_path(library):
    return f'tests/check/abi-{library}.txt'


def listed_symbols(tree, library):
    """Symbol to 'public' or 'internal', as the file of the library has them."""
    symbols = {}
    for line in tree.read(list_path(library)).split('\n'):
        if line and not line.startswith('#'):
            kind, symbol = line.split(' ')
            symbols[symbol] = kind
    return symbols


def exported_symbols(path):
    lines = output_of('nm', '-D', '--defined-only', path).splitlines()
    names = (line.split()[-1].split('@')[0] for line in lines if ' A ' not in line)
    # A sanitizer adds some of its own.
    return {name for name in names if not name.startswith('_')}


def internal_symbols(tree):
    """What is marked IOMMUD_INTERNAL, by the header that marks it."""
    return {f'{match.group(1)}_get_type' if match.group(1) else match.group(2): path
            for path in tree.product_paths('.h')
            for match in MARK.finditer(without_comments(tree.read(path)))}


def kinds_of(symbols, internal):
    return {symbol: 'internal' if symbol in internal else 'public' for symbol in symbols}


def differences(listed, exported):
    """Both are symbol to kind."""
    gone = [f'no longer exports {symbol}' for symbol in listed if symbol not in exported]
    new = [f'exports {symbol}, which is not listed' for symbol in exported if symbol not in listed]
    changed = [f'{symbol} is {exported[symbol]}, and listed as {kind}'
               for symbol, kind in listed.items() if exported.get(symbol, kind) != kind]
    return sorted(gone + new + changed)


def foreign(symbols, prefix):
    return [f'exports {symbol}: another library has such names' for symbol in sorted(symbols)
            if not prefix.match(symbol)]


def check_marks(tree):
    """Nothing internal is in a header that is installed."""
    return [f'{path}: {symbol} is internal' for symbol, path in internal_symbols(tree).items()
            if re.match(r'lib/[^/]+\.h$|lib/simulator/iommud-sim\.h$|dbus/', path)]


def check_library(suite, library, prefix):
    path = find_binary(f'{library}.so')
    if path is None:
        suite.result(False, f'{library}: exported symbols', ['the library was not found'])
        return
    listed = listed_symbols(source_tree(), library)
    exported = kinds_of(exported_symbols(path), internal_symbols(source_tree()))
    problems = differences(listed, exported) + foreign(exported, prefix)
    suite.result(not problems and len(exported) > 5, f'{library}: exported symbols', problems)
    first = next(iter(exported))
    suite.result(bool(differences({**listed, 'iommud_gone': 'public'}, exported)),
                 f'{library}: flags a symbol that has gone')
    suite.result(bool(differences(listed, {**exported, 'iommud_new': 'public'})),
                 f'{library}: flags a symbol that is new')
    suite.result(bool(differences({**listed, first: 'neither'}, exported)),
                 f'{library}: flags a symbol of another kind')
    suite.result(bool(foreign({'iomud_host_new'}, prefix)), f'{library}: flags a foreign symbol')


def update():
    tree = source_tree()
    for library in LIBRARIES:
        symbols = exported_symbols(find_binary(f'{library}.so'))
        kinds = kinds_of(symbols, internal_symbols(tree))
        lines = sorted(f'{kind} {symbol}\n' for symbol, kind in kinds.items())
        with open(os.path.join(tree.top, list_path(library)), 'w', encoding='utf-8') as file:
            file.write(HEAD.format(library))
            file.write(HEAD_INTERNAL if 'internal' in kinds.values() else '')
            file.writelines(lines)


def main():
    suite = Suite()
    suite.rule('internal symbols', check_marks, {
        'one in a public header': {'lib/iommud-a.h': 'IOMMUD_INTERNAL void iommud_a (void);\n'},
        'a type in a public header': {
            'lib/iommud-a.h': 'IOMMUD_INTERNAL\nG_DECLARE_INTERFACE (A, iommud_a, I, A, G)\n'}})
    if shutil.which('nm'):
        for library, prefix in LIBRARIES.items():
            check_library(suite, library, prefix)
    else:
        suite.skip('exported symbols', 'nm is not there')
    suite.finish()


if __name__ == '__main__':
    if sys.argv[1:] == ['--update']:
        update()
    else:
        main()
