# SPDX-License-Identifier: LGPL-2.1-or-later
"""po/POTFILES.in names exactly the sources that hold messages to translate."""

import re

from house import Suite, line_of

CALL = re.compile(r'(?<![\w"])(?:_|N_|C_|NC_|ngettext|gettext|g_dngettext|g_dgettext)\s?\(\s*"')


def listed(tree):
    lines = tree.read('po/POTFILES.in').split('\n') if tree.exists('po/POTFILES.in') else []
    return [line.strip() for line in lines if line.strip() and not line.startswith('#')]


def check_complete(tree):
    return [f'{path} has messages and is not in po/POTFILES.in'
            for path in tree.product_paths('.c') + [p for p in tree.paths('.policy.in')]
            if path not in listed(tree)
            and (path.endswith('.policy.in') or CALL.search(tree.read(path)))]


def check_listed(tree):
    problems = []
    for path in listed(tree):
        if not tree.exists(path):
            problems.append(f'po/POTFILES.in names {path}, which is not there')
        elif path.endswith('.c') and not CALL.search(tree.read(path)):
            problems.append(f'po/POTFILES.in names {path}, which has no message')
    names = listed(tree)
    return problems + [f'{name} is listed twice' for name in set(names) if names.count(name) > 1]


# What the tools that gather messages cannot see through; they know the macros of <inttypes.h>.
UNKNOWN_MACRO = re.compile(r'(?<![\w"])(?:_|N_) ?\((?:[^()";]|"(?:\\.|[^"\\])*")*?\bG_G\w*INT\w*')


def check_macros(tree):
    return [f'{path}:{line_of(tree.read(path), match.start())}: {match.group(0)}'
            for path in tree.product_paths('.c')
            for match in UNKNOWN_MACRO.finditer(tree.read(path))]


def main():
    suite = Suite()
    suite.rule('every source with messages is listed', check_complete, {
        'a source that is not listed': {'po/POTFILES.in': '', 'tools/a.c': 'f (_("Devices"));\n'},
        'a plural': {'po/POTFILES.in': '', 'tools/a.c': 'ngettext ("%u", "%u", n);\n'}})
    suite.rule('every listed source has messages', check_listed, {
        'a file that is gone': {'po/POTFILES.in': 'tools/a.c\n'},
        'a file without messages': {'po/POTFILES.in': 'tools/a.c\n', 'tools/a.c': 'int a;\n'},
        'a file listed twice': {'po/POTFILES.in': 'tools/a.c\ntools/a.c\n',
                                'tools/a.c': '_("a");\n'}})
    suite.rule('messages hold no macros but those of inttypes.h', check_macros, {
        'a format of GLib': {'tools/a.c': 'f (_ ("%" G_GUINT64_FORMAT " bytes"), n);\n'}})
    suite.finish()


if __name__ == '__main__':
    main()
