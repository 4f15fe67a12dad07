# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which folder may include and name what: the arrows between the folders."""

import fnmatch
import os
import re

from house import Suite, line_of, without_comments

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
# Where an include is looked for, after the folder of the file that includes.
INCLUDE_FOLDERS = ('lib', 'lib/simulator', 'dbus/client', 'dbus/service', 'dbus', 'tools')

# The folders of lib/ and what each may include: these, and what they may include in turn. A folder
# that is inside of another one is a layer of its own.
ARROWS = {
    'base': (),
    'kernel': ('base',),
    'probe': ('base',),
    'backend': ('kernel', 'probe'),
    'handle': ('kernel', 'probe'),
    'memory': ('handle',),
    'dirty': ('handle',),
    'perform': ('memory', 'dirty'),
    'model': ('memory', 'dirty', 'backend'),
    'operations': ('model', 'perform'),
    'adoption': ('model',),
    'state': ('model',),
    'sim/sets': (),
    'sim/process': ('sim/sets',),
    'sim/description': ('probe',),
    'sim/machine': ('sim/description', 'sim/sets'),
    'sim/objects': ('sim/process', 'sim/machine'),
    'sim/ioctls': ('sim/objects', 'kernel'),
    'xml': ('sim/description',),
    'sim': ('sim/ioctls',),
    'simulator': ('sim', 'xml', 'backend'),
}
# The public headers, lib/*.h, are those of the model, but for what all layers share.
SHARED_HEADERS = ('lib/iommud-types.h', 'lib/iommud-error.h', 'lib/iommud-enum-types.h')
BACKEND_HEADER = 'lib/iommud-backend.h'
SIMULATOR_HEADER = 'lib/simulator/iommud-sim.h'
FOLDERS = [f'lib/{layer}' for layer in ARROWS] + ['dbus/client', 'dbus/service', 'tools']

# (who, what they may not include, who is excepted, why)
INCLUDE_RULES = (
    (('lib/*', 'dbus/*', 'tools/*'), ('<libudev.h>', '<gudev/*'), ('lib/probe/udev.c',),
     'libudev is for lib/probe/udev.c alone'),
    (('lib/*', 'dbus/*', 'tools/*'), ('<libxml/*',), ('lib/xml/*',),
     'libxml2 is for lib/xml alone'),
    (('lib/*', 'dbus/*', 'tools/*'), ('lib/kernel/abi.h', '<linux/iommufd.h>', '<linux/vfio.h>'),
     ('lib/kernel/*', 'lib/sim/*'), 'kernel structs are for lib/kernel and lib/sim alone'),
    (('lib/*',), ('dbus/*', 'tools/*'), (), 'the library knows no D-Bus'),
    (('dbus/*', 'tools/*'), tuple(f'lib/{layer}/*' for layer in ARROWS),
     ('dbus/service/simulated.c',), 'only the public headers of the library are seen outside it'),
    (('tools/*',), ('lib/*', 'dbus/service/*', '<systemd/*'), (), 'tools see only dbus/client'),
    (('dbus/client/*',), ('lib/*', 'dbus/service/*', 'tools/*'), (),
     'the client knows no library and no service'),
    (('dbus/service/*',), ('dbus/client/iommud-dbus-client*', 'tools/*'), (),
     'the service knows neither client nor tool'),
)

# What nothing below the model names, above all not what runs on a worker: it gets copies.
MODEL_NAMES = (r'\b(Iommud(?:Host|Device|Container|Hwpt|Memory|DirtyTracking|Context)'
               r'|iommud_(?:host|container|hwpt|context)_\w+'
               r'|iommud_device_(?!info_|state_get_type)\w+)\b')
BELOW_THE_MODEL = tuple(f'lib/{layer}/*' for layer in (
    'base', 'kernel', 'probe', 'backend', 'handle', 'memory', 'dirty', 'perform'))

# What asks the kernel: a system call of the table, or a typed ioctl.
KERNEL_CALLS = r'(syscalls->\w+|\biommud_(?:iommufd|vfio|syscalls)_\w+)'

# (who, what they may not name, who is excepted, why)
NAME_RULES = (
    (('lib/model/*',), KERNEL_CALLS, ('lib/model/close-all.c', 'lib/model/context.c'),
     'the model makes no kernel call, but for the closes when a host ends'),
    (('lib/operations/*',), KERNEL_CALLS, (), 'operations leave kernel calls to perform'),
    (('lib/*',), r'\b(GDBus\w+|g_dbus_\w+|g_bus_\w+|G_BUS_\w+|G_DBUS_\w+)', (),
     'the library knows no D-Bus'),
    (BELOW_THE_MODEL, MODEL_NAMES, (), 'what is below the model does not know it'),
    (('dbus/*', 'tools/*'), r'\b(iommud_simulator_\w+)', ('dbus/service/simulated.c',),
     'only the program that simulates names the simulator'),
    (('dbus/*', 'tools/*'), r'\b(iommud_kernel_backend_\w+)', ('dbus/service/main.c',),
     'only the program names the backend that it serves'),
    (('lib/*', 'dbus/*', 'tools/*'), r'\b(udev_\w+_(?:new|get|ref|unref)\w*)', ('lib/probe/*',),
     'libudev is for lib/probe/udev.c alone'),
    (('lib/*', 'dbus/*', 'tools/*'),
     r'\b((?:VFIO_DEVICE|IOMMU_(?:IOAS|HWPT|GET|DESTROY))_?[A-Z_]*'
     r'|iommud_abi_\w+|IOMMUD_ABI_\w+)\b',
     ('lib/kernel/*', 'lib/sim/*'), 'kernel ioctls are for lib/kernel and lib/sim alone'),
)


def reachable(layer):
    """What a layer may include, over any number of arrows."""
    found = set()
    ways = list(ARROWS[layer])
    while ways:
        way = ways.pop()
        if way not in found:
            found.add(way)
            ways += ARROWS[way]
    return found


def layer_of(path):
    """The layer that a file of lib/ is in: 'public' for lib/ itself, None for an unknown folder."""
    if not path.startswith('lib/'):
        return None
    folder = os.path.dirname(path)[len('lib/'):]
    if folder == '':
        return 'public'
    while folder not in ARROWS and '/' in folder:
        folder = os.path.dirname(folder)
    return folder if folder in ARROWS else None


def matches(path, patterns):
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def resolve(tree, path, name):
    """An include as a path from the top, or <name> for what is not of this tree."""
    for folder in (os.path.dirname(path),) + INCLUDE_FOLDERS:
        candidate = os.path.normpath(os.path.join(folder, name))
        if tree.exists(candidate):
            return candidate
    # Made by the build, from a list of the public types.
    return 'lib/' + name if name == 'iommud-enum-types.h' else f'<{name}>'


def includes(tree):
    """(path, line, target) of every include of the product."""
    for path in tree.product_paths('.c', '.h'):
        text = tree.read(path)
        for match in INCLUDE.finditer(text):
            yield path, line_of(text, match.start()), resolve(tree, path, match.group(2))


def may_include(path, target):
    """Whether an arrow leads from one file of lib/ to another."""
    layer, other = layer_of(path), layer_of(target)
    if other == 'public':
        return (layer in ('public', 'model', 'operations', 'adoption',
                          'state') or target in SHARED_HEADERS
                or path == SIMULATOR_HEADER
                or target == BACKEND_HEADER and layer in ('backend', 'sim'))
    return layer == other or layer in ARROWS and other in reachable(layer)


def check_arrows(tree):
    return [f'{path}:{line}: includes {target}: there is no such arrow'
            for path, line, target in includes(tree)
            if path.startswith('lib/') and target.startswith('lib/')
            and not may_include(path, target)]


def check_includes(tree):
    return [f'{path}:{line}: includes {target}: {why}'
            for path, line, target in includes(tree)
            for who, what, excepted, why in INCLUDE_RULES
            if matches(path, who) and matches(target, what) and not matches(path, excepted)]


def check_names(tree):
    problems = []
    for path in tree.product_paths('.c', '.h'):
        text = without_comments(tree.read(path))
        for who, pattern, excepted, why in NAME_RULES:
            if matches(path, who) and not matches(path, excepted):
                problems += [f'{path}:{line_of(text, match.start())}: names {match.group(1)}: {why}'
                             for match in re.finditer(pattern, text)]
    return problems


def check_layers_known(tree):
    """A folder that the table does not have could include anything. lib/ itself holds headers."""
    problems = [f'{path} is in no layer: give its folder a row in ARROWS'
                for path in tree.product_paths('.c', '.h')
                if path.startswith('lib/') and layer_of(path) is None]
    return problems + [f'{path}: lib/ itself holds public headers alone'
                       for path in tree.product_paths('.c') if os.path.dirname(path) == 'lib']


ACT = re.compile(r'iommud_operation_(?:intend|make_intent) \(([^,]*),|'
                 r'iommud_\w+_plan_perform \(')
# What two operations share.
SHARED_ACTS = {'map': ('map-file', 'copy-mapping')}


def check_acts(tree):
    """An act has one name: that of its file in operations/, in perform/ and in the journal."""
    paths = tree.product_paths('.c')
    operations = {os.path.basename(path)[:-2] for path in paths
                  if path.startswith('lib/operations/')}
    problems = []
    for path in paths:
        if not path.startswith(('lib/operations/', 'lib/perform/')):
            continue
        text = tree.read(path)
        for match in ACT.finditer(text):
            own = os.path.basename(path)[:-2]
            names = (re.findall(r'"([^"]+)"', match.group(1) or '') if match.group(1)
                     else SHARED_ACTS.get(own, (own,)) if path.startswith('lib/perform/') else ())
            problems += [f'{path}:{line_of(text, match.start())}: {name} is no operation'
                         for name in names if name not in operations]
    return problems


def check_sources_exist(tree):
    """The rules above look at nothing where a folder has moved: each must hold a source."""
    return [f'{folder} holds no source' for folder in FOLDERS
            if not any(p.startswith(folder + '/') for p in tree.product_paths('.c', '.h'))]


def described_arrows(tree):
    """(folders, what they may use) of each row of ARCHITECTURE.md about folders of lib/."""
    text = tree.read('ARCHITECTURE.md') if tree.exists('ARCHITECTURE.md') else ''
    for folders, _, uses in re.findall(r'^\|(.*?)\|(.*?)\|(.*?)\|$', text, re.M):
        names = re.findall(r'`lib/(\w+)/`', folders)
        if names:
            yield names, {word for word in re.findall(r'[\w/]+', uses.split(';')[0])
                          if word in ARROWS}


def check_described(tree):
    """ARCHITECTURE.md has a row for each folder, whose arrows are those of the table here."""
    rows = list(described_arrows(tree))
    described = {name for names, _ in rows for name in names}
    problems = [f'ARCHITECTURE.md has no row for lib/{layer}/' for layer in ARROWS
                if layer.split('/')[0] not in described]
    for names, uses in rows:
        may = {other for layer in ARROWS if layer.split('/')[0] in names
               for other in reachable(layer) if other.split('/')[0] not in names}
        says = uses.union(*(reachable(layer) for layer in uses))
        if says != may:
            problems.append(f'ARCHITECTURE.md: lib/{names[0]}/ may use {", ".join(sorted(may))}, '
                            f'and its row says {", ".join(sorted(says))}')
    return problems


def check_acyclic(arrows):
    return [layer for layer in arrows if layer in reachable(layer)]


def arrow_fixtures():
    """A tree for each pair of layers that no arrow leads along, in both ways to write it."""
    fixtures = {}
    for layer in ARROWS:
        for other in ARROWS:
            if other != layer and other not in reachable(layer):
                fixtures[f'{layer} -> {other}'] = {
                    f'lib/{layer}/a.c': f'#include "{other}/b.h"\n', f'lib/{other}/b.h': ''}
        fixtures[f'a public header -> {layer}'] = {
            'lib/iommud-a.h': f'#include "{layer}/b.h"\n', f'lib/{layer}/b.h': ''}
        if layer not in ('model', 'operations', 'adoption', 'state'):
            fixtures[f'{layer} -> a public header of the model'] = {
                f'lib/{layer}/a.c': '#include <iommud-device.h>\n', 'lib/iommud-device.h': ''}
    fixtures['a header -> its neighbour above'] = {
        'lib/perform/a.h': '#include "../model/b.h"\n', 'lib/model/b.h': ''}
    fixtures['brackets for quotes'] = {
        'lib/perform/a.c': '#include <model/b.h>\n', 'lib/model/b.h': ''}
    fixtures['an unknown folder -> base'] = {
        'lib/new/a.c': '#include "base/b.h"\n', 'lib/base/b.h': ''}
    return fixtures


def architecture(arrows, without=None):
    """A table like that of ARCHITECTURE.md."""
    tops = [layer for layer in arrows if '/' not in layer and layer not in (without, 'sim', 'xml')]
    rows = [f'| `lib/{layer}/` | things | {", ".join(arrows[layer])} |' for layer in tops]
    return '\n'.join([*rows, '| `lib/sim/`, `lib/xml/` | a host | kernel, probe, backend |', ''])


INCLUDE_FIXTURES = {
    'libudev outside its file': {'lib/probe/sysfs.c': '#include <libudev.h>\n'},
    'libxml2 in the simulator': {'lib/simulator/simulator.c': '#include <libxml/parser.h>\n'},
    'kernel structs in the handles': {'lib/handle/a.c': '#include "kernel/abi.h"\n',
                                      'lib/kernel/abi.h': ''},
    'the system kernel header in the service': {
        'dbus/service/a.c': '# include <linux/iommufd.h>\n'},
    'the bus in the library': {'lib/model/host.c': '#include "../dbus/client/iommud-dbus.h"\n',
                               'dbus/client/iommud-dbus.h': ''},
    'a private header in the service': {'dbus/service/a.c': '#include "model/host.h"\n',
                                        'lib/model/host.h': ''},
    'the simulator in the program that is root': {
        'dbus/service/main.c': '#include <iommud-sim.h>\n', SIMULATOR_HEADER: ''},
    'the library in the tool': {'tools/tree.c': '#include "iommud.h"\n', 'lib/iommud.h': ''},
    'the library in the client': {'dbus/client/a.c': '#include "iommud.h"\n', 'lib/iommud.h': ''},
    'the service in the tool': {'tools/tree.c': '#include "exporter.h"\n',
                                'dbus/service/exporter.h': ''},
    'the service in the client': {'dbus/client/a.c': '#include "exporter.h"\n',
                                  'dbus/service/exporter.h': ''},
    'the client in the service': {'dbus/service/a.c': '#include "client/iommud-dbus-client.h"\n',
                                  'dbus/client/iommud-dbus-client.h': ''},
}

NAME_FIXTURES = {
    'a bus call in the library': {'lib/a.c': 'g_bus_own_name (0);\n'},
    'a bus type in the library': {'lib/a.h': 'GDBusConnection *connection;\n'},
    'an object of the model on a worker': {
        'lib/perform/attach-device.c': 'void f (IommudContainer *container);\n'},
    'a call of the model on a worker': {
        'lib/perform/attach-device.c': 'iommud_device_get_state (device);\n'},
    'a context in the queue': {'lib/base/queue.h': 'iommud_context_ref (context);\n'},
    'the kernel named outside main.c': {
        'dbus/service/exporter.c': 'iommud_kernel_backend_new ();\n'},
    'the simulator named outside its program': {
        'dbus/service/main.c': 'iommud_simulator_new (NULL, &error);\n'},
    'libudev called from the model': {'lib/model/a.c': 'udev_device_get_sysname (d);\n'},
    'a record of the kernel in the model': {'lib/model/a.c': 'struct iommud_abi_destroy record;\n'},
    'a system call in the model': {'lib/model/device.c': 'self->syscalls->ioctl (fd);\n'},
    'a typed ioctl in the model': {'lib/model/host.c': 'iommud_vfio_bind (syscalls, fd);\n'},
    'a typed ioctl in an operation': {
        'lib/operations/a.c': 'iommud_iommufd_destroy (syscalls, fd, id);\n'},
    'an ioctl named in the model': {'lib/model/device.c': 'f (VFIO_DEVICE_BIND_IOMMUFD);\n'},
}


def main():
    suite = Suite()
    suite.result(not check_acyclic(ARROWS), 'the table of arrows has no circle')
    suite.rule('arrows', check_arrows, arrow_fixtures())
    suite.rule('includes', check_includes, INCLUDE_FIXTURES)
    suite.rule('names stay in their folders', check_names, NAME_FIXTURES)
    suite.rule('every file of the library is in a layer', check_layers_known, {
        'a new folder': {'lib/new/a.c': ''}, 'a source beside the public headers': {'lib/a.c': ''}})
    suite.rule('an act has one name', check_acts, {
        'an act of the journal': {
            'lib/operations/attach-device.c': 'iommud_operation_intend ("attach", self);\n'},
        'an act that is performed': {
            'lib/operations/attach-device.c': '',
            'lib/perform/attach.c': 'iommud_attach_plan_perform (IommudAttachPlan *self)\n'}}, {
        'both': {
            'lib/operations/free.c': 'iommud_operation_intend ("free", self);\n',
            'lib/perform/free.c': 'iommud_free_plan_perform (IommudFreePlan *self)\n'}})
    suite.rule('every folder holds sources', check_sources_exist,
               {'an empty folder': {'lib/base/a.c': '', 'tools/a.c': ''}})
    suite.rule('every folder is described', check_described, {
        'a folder without a row': {'ARCHITECTURE.md': architecture(ARROWS, without='perform')},
        'an arrow too many': {
            'ARCHITECTURE.md': architecture({**ARROWS, 'perform': ('memory', 'dirty', 'model')})},
        'an arrow too few': {'ARCHITECTURE.md': architecture({**ARROWS, 'perform': ('memory',)})}})
    suite.finish()


if __name__ == '__main__':
    main()
