# SPDX-License-Identifier: LGPL-2.1-or-later
"""No two units of the library or of the service include each other, directly or by way of others.

A unit is a header and what implements it: x.h, x.c and x-private.h. A .c file without a header of
its own belongs to the unit of its folder that shares the longest prefix up to a hyphen: ioas-map.c
belongs to ioas.h. A header that is included for a type alone counts like any other.
"""

import os

from house import Suite, includes

# One aggregate, the only units that may include each other in a circle.
ALLOWED = frozenset(('lib/model/container', 'lib/model/device', 'lib/model/hwpt'))

# Where a quoted include is looked for, after the folder of the file that includes.
INCLUDE_FOLDERS = ('lib', 'dbus/service')
PRIVATE = '-private'


def unit_of(path, headers):
    """The unit of a file: its path without suffix, or that of the header that it implements."""
    folder, name = os.path.split(os.path.splitext(path)[0])
    if name.endswith(PRIVATE):
        name = name[:-len(PRIVATE)]
    prefix = name
    while prefix:
        if f'{folder}/{prefix}.h' in headers or f'{folder}/{prefix}{PRIVATE}.h' in headers:
            return f'{folder}/{prefix}'
        prefix = prefix.rpartition('-')[0]
    return f'{folder}/{name}'


def unit_graph(tree):
    """unit -> {unit that it includes: the first place where it does}."""
    paths = [path for path in tree.paths('.c', '.h') if path.startswith(('lib/', 'dbus/service/'))]
    headers = {path for path in paths if path.endswith('.h')}
    graph = {unit_of(path, headers): {} for path in paths}
    for path in paths:
        unit = unit_of(path, headers)
        for line, target in includes(tree, path, INCLUDE_FOLDERS):
            other = unit_of(target, headers)
            if other != unit and other in graph:
                graph[unit].setdefault(other, f'{path}:{line}')
    return graph


def reachable(graph, start):
    found = set()
    waiting = [start]
    while waiting:
        for unit in graph[waiting.pop()]:
            if unit not in found:
                found.add(unit)
                waiting.append(unit)
    return found


def circles(graph):
    """The sets of units each of which reaches all others of its set."""
    reach = {unit: reachable(graph, unit) for unit in graph}
    found = []
    seen = set()
    for unit in sorted(graph):
        if unit in seen or unit not in reach[unit]:
            continue
        members = {other for other in reach[unit] if unit in reach[other]}
        seen |= members
        found.append(members)
    return found


def check_circles(tree):
    graph = unit_graph(tree)
    problems = []
    for members in circles(graph):
        if members <= ALLOWED:
            continue
        problems.append(f'{len(members)} units in a circle: {", ".join(sorted(members))}')
        problems += [f'  {place}: {unit} -> {other}'
                     for unit in sorted(members)
                     for other, place in sorted(graph[unit].items()) if other in members]
    return problems


def check_allowed(tree):
    """An exception that nothing needs any more goes."""
    needed = set().union(*circles(unit_graph(tree)))
    return [f'{unit} is in no circle: it needs no exception' for unit in sorted(ALLOWED - needed)]


CIRCLES = {
    'two units': {
        'lib/a.h': '#include "b.h"\n',
        'lib/b.h': '',
        'lib/b.c': '#include "b.h"\n#include "a.h"\n'},
    'three units by way of a header': {
        'lib/a.c': '#include "a.h"\n#include "b.h"\n',
        'lib/a.h': '',
        'lib/b.h': '#include "c.h"\n',
        'lib/c.h': '',
        'lib/c.c': '#include "c.h"\n#include "a.h"\n'},
    'units of two folders': {
        'lib/one/a.h': '#include "two/b.h"\n',
        'lib/two/b.h': '',
        'lib/two/b.c': '# include "two/b.h"\n# include "one/a.h"\n'},
    'a unit that another implements in a part of its own': {
        'lib/a.h': '',
        'lib/a-part.c': '#include "a.h"\n#include "b.h"\n',
        'lib/b.h': '#include "a.h"\n'},
    'a unit that another includes in its private header': {
        'lib/a.h': '',
        'lib/a-private.h': '#include "a.h"\n#include "b.h"\n',
        'lib/b.h': '#include "a.h"\n'},
    'an allowed unit with another': {
        'lib/a.h': f'#include "../{min(ALLOWED)}.h"\n',
        f'{min(ALLOWED)}.h': '#include "a.h"\n'},
}

NO_CIRCLES = {
    'layers': {
        'lib/low/a.h': '#include <glib.h>\n',
        'lib/low/a.c': '#include "config.h"\n#include "low/a.h"\n#include "low/b.h"\n',
        'lib/low/b.h': '',
        'lib/high/a.h': '#include "low/a.h"\n',
        'lib/high/a-part.c': '#include "high/a.h"\n#include "low/b.h"\n'},
}


def main():
    suite = Suite()
    suite.rule('no circle of units', check_circles, CIRCLES, NO_CIRCLES)
    suite.rule('allowed circles exist', check_allowed, {'a tree without them': {'lib/a.c': ''}})
    suite.finish()


if __name__ == '__main__':
    main()
