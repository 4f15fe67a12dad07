# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may include and name what: the arrows between the rooms of the house."""

import fnmatch
import os
import re

from house import Suite, line_of, without_comments

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
# Where a quoted include is looked for, after the folder of the file that includes.
INCLUDE_FOLDERS = ('lib', 'dbus/client', 'dbus/service', 'dbus', 'tools')

ROOMS = ('lib', 'lib/kernel', 'lib/probe', 'lib/sim', 'lib/xml', 'dbus/client', 'dbus/service',
         'tools')
MODEL = ('lib/iommud-*.[ch]', 'lib/iommud.h')
# The backend of this machine is where the model's interfaces meet their implementations.
COMPOSITION = ('lib/iommud-kernel-backend.c',)
PUBLIC_LIB_HEADER = re.compile(r'lib/iommud(-[a-z-]+)?\.h$')

# (who, what they may not include, who is excepted, why)
INCLUDE_RULES = (
    (('lib/*', 'dbus/*', 'tools/*'), ('<libudev.h>', '<gudev/*'), ('lib/probe/udev.c',),
     'libudev is for lib/probe/udev.c alone'),
    (('lib/*', 'dbus/*', 'tools/*'), ('<libxml/*',), ('lib/xml/*',),
     'libxml2 is for lib/xml alone'),
    (('lib/*', 'dbus/*', 'tools/*'), ('lib/kernel/abi.h', '<linux/iommufd.h>', '<linux/vfio.h>'),
     ('lib/kernel/*', 'lib/sim/*'), 'kernel structs are for lib/kernel and lib/sim alone'),
    (('lib/*',), ('dbus/*', 'tools/*'), (), 'the library knows no D-Bus'),
    (MODEL, ('lib/sim/*', 'lib/xml/*', 'lib/probe/udev*', 'lib/kernel/abi.h'), COMPOSITION,
     'the model sees kernel and probe through their interfaces'),
    (('lib/kernel/*', 'lib/probe/*', 'lib/xml/*'), ('lib/iommud-host*', 'lib/iommud-device*',
     'lib/iommud-container*', 'lib/iommud-hwpt*', 'lib/iommud.h'), (),
     'the rooms below the model do not know it'),
    (('dbus/*', 'tools/*'), ('lib/kernel/*', 'lib/probe/*', 'lib/sim/*', 'lib/xml/*',
     'lib/*-private.h'), (), 'only the public headers of the library are seen outside it'),
    (('tools/*',), ('lib/*', 'dbus/service/*', '<systemd/*'), (), 'tools see only dbus/client'),
    (('dbus/client/*',), ('dbus/service/*', 'tools/*'), (), 'the client knows no service'),
    (('dbus/service/*',), ('dbus/client/iommud-dbus-client*', 'tools/*'), (),
     'the service knows neither client nor tool'),
)

# (who, what they may not name, who is excepted, why)
NAME_RULES = (
    (('lib/*',), r'\b(GDBus\w+|g_dbus_\w+|g_bus_\w+|G_BUS_\w+|G_DBUS_\w+)', (),
     'the library knows no D-Bus'),
    (('dbus/*', 'tools/*'), r'\b(iommud_simulator_\w+|iommud_backend_new_kernel)',
     ('dbus/service/main.c',), 'only main.c names implementations'),
    (('lib/*', 'dbus/*', 'tools/*'), r'\b(udev_\w+_(?:new|get|ref|unref)\w*)', ('lib/probe/*',),
     'libudev is for lib/probe/udev.c alone'),
    (('lib/*', 'dbus/*', 'tools/*'),
     r'\b((?:VFIO_DEVICE|IOMMU_(?:IOAS|HWPT|GET|DESTROY))_?[A-Z_]*'
     r'|iommud_abi_\w+|IOMMUD_ABI_\w+)\b',
     ('lib/kernel/*', 'lib/sim/*'), 'kernel ioctls are for lib/kernel and lib/sim alone'),
)


def matches(path, patterns):
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def resolve(tree, path, kind, name):
    """An include as a path from the top, or <name> for what is not of this tree."""
    if kind == '<':
        return f'<{name}>'
    for folder in (os.path.dirname(path),) + INCLUDE_FOLDERS:
        candidate = os.path.normpath(os.path.join(folder, name))
        if tree.exists(candidate):
            return candidate
    return f'<{name}>'


def check_includes(tree):
    problems = []
    for path in tree.product_paths('.c', '.h'):
        text = tree.read(path)
        for match in INCLUDE.finditer(text):
            target = resolve(tree, path, match.group(1), match.group(2))
            problems += [f'{path}:{line_of(text, match.start())}: includes {target}: {why}'
                         for who, what, excepted, why in INCLUDE_RULES
                         if matches(path, who) and matches(target, what)
                         and not matches(path, excepted)]
    return problems


def check_names(tree):
    problems = []
    for path in tree.product_paths('.c', '.h'):
        text = without_comments(tree.read(path))
        for who, pattern, excepted, why in NAME_RULES:
            if matches(path, who) and not matches(path, excepted):
                problems += [f'{path}:{line_of(text, match.start())}: names {match.group(1)}: {why}'
                             for match in re.finditer(pattern, text)]
    return problems


def check_sources_exist(tree):
    """The rules above look at nothing where a room has moved: each must hold a source."""
    return [f'{room} holds no source'
            for room in ROOMS
            if not any(p.startswith(room + '/') for p in tree.product_paths('.c'))]


INCLUDE_FIXTURES = {
    'libudev outside its file': {'lib/iommud-host.c': '#include <libudev.h>\n'},
    'libxml2 in the simulator': {'lib/sim/simulator.c': '#include <libxml/parser.h>\n'},
    'kernel structs in the model': {'lib/iommud-hwpt.c': '#include "kernel/abi.h"\n',
                                    'lib/kernel/abi.h': ''},
    'the system kernel header in the service': {
        'dbus/service/a.c': '# include <linux/iommufd.h>\n'},
    'the bus in the library': {'lib/iommud-host.c': '#include "../dbus/client/iommud-dbus.h"\n',
                               'dbus/client/iommud-dbus.h': ''},
    'the simulator in the model': {'lib/iommud-host.c': '#include "sim/kernel.h"\n',
                                   'lib/sim/kernel.h': ''},
    'udev in the model': {'lib/iommud-host.c': '#include "probe/udev.h"\n', 'lib/probe/udev.h': ''},
    'the model in a lower room': {'lib/probe/udev.c': '#include "iommud-device.h"\n',
                                  'lib/iommud-device.h': ''},
    'a private header in the service': {'dbus/service/a.c': '#include "iommud-host-private.h"\n',
                                        'lib/iommud-host-private.h': ''},
    'the library in the tool': {'tools/tree.c': '#include "iommud.h"\n', 'lib/iommud.h': ''},
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
    'an implementation named outside main.c': {
        'dbus/service/exporter.c': 'iommud_backend_new_kernel (&error);\n'},
    'libudev called from the model': {'lib/a.c': 'udev_device_get_sysname (d);\n'},
    'a record of the kernel in the model': {'lib/a.c': 'struct iommud_abi_destroy record;\n'},
    'an ioctl named in the model': {'lib/iommud-device.c': 'f (VFIO_DEVICE_BIND_IOMMUFD);\n'},
}


def main():
    suite = Suite()
    suite.rule('include arrows', check_includes, INCLUDE_FIXTURES)
    suite.rule('names stay in their rooms', check_names, NAME_FIXTURES)
    suite.rule('every room holds sources', check_sources_exist,
               {'an empty room': {'lib/a.c': '', 'tools/a.c': ''}})
    suite.finish()


if __name__ == '__main__':
    main()
