# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each public header compiles alone, in C and in C++, and depends on no macro of the build."""

import os
import re
import shlex
import shutil
import subprocess

from house import Suite, build_folder, source_tree, without_comments

# Makefile variables that hold the installed headers.
HEADER_LISTS = (('lib/Makefile.inc', 'iommud_headers'),
                ('lib/Makefile.inc', 'iommud_sim_headers'),
                ('dbus/client/Makefile.inc', 'dbus_client_headers'),
                ('dbus/client/Makefile.inc', 'dbus_client_generated_header'))
BUILD_MACRO = re.compile(r'^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif)\b.*\b'
                         r'(HAVE_\w+|_GNU_SOURCE|VFIO_\w+|IOMMU_[A-Z]\w*)', re.M)
STANDARDS = {'c': 'c11', 'c++': 'c++17'}
INCLUDE_FOLDERS = ('lib', 'lib/simulator', 'dbus/client', 'dbus')


def listed_headers(tree):
    headers = []
    for fragment, variable in HEADER_LISTS:
        if tree.exists(fragment):
            match = re.search(rf'^{variable} =((?:.*\\\n)*.*)', tree.read(fragment), re.M)
            headers += [word for word in (match.group(1).split() if match else ()) if word != '\\']
    return headers


def header_folders(tree):
    return [os.path.join(top, folder) for top in (tree.top, build_folder())
            for folder in INCLUDE_FOLDERS]


def glib_flags():
    """As those of system headers, which are not judged."""
    command = shlex.split(os.environ.get('PKG_CONFIG', 'pkg-config'))
    flags = subprocess.run(command + ['--cflags', 'gio-2.0', 'gio-unix-2.0'], check=True,
                           stdout=subprocess.PIPE, text=True).stdout.split()
    return [re.sub('^-I', '-isystem', flag) for flag in flags]


def compile_header(tree, header, compiler, language):
    """The first complaint of a compiler about a file that only includes the header, or None."""
    command = compiler + ['-x', language, f'-std={STANDARDS[language]}', '-fsyntax-only', '-Wall',
                          '-Wextra', '-Wpedantic', '-Werror', *glib_flags()]
    command += [f'-I{folder}' for folder in header_folders(tree)] + ['-']
    # A header of macros alone leaves nothing, which ISO C forbids.
    source = f'#include "{os.path.basename(header)}"\nextern int iommud_something;\n'
    result = subprocess.run(command, input=source, text=True, stderr=subprocess.PIPE)
    return None if result.returncode == 0 else result.stderr.strip().split('\n')[0]


def check_compiles(compiler, language):
    def rule(tree):
        complaints = [(header, compile_header(tree, header, compiler, language))
                      for header in listed_headers(tree)]
        return [f'{header}: {complaint}' for header, complaint in complaints if complaint]
    return rule


def check_macros(tree):
    return [f'{header}: depends on {match.group(1)}' for header in listed_headers(tree)
            if tree.exists(header)
            for match in BUILD_MACRO.finditer(without_comments(tree.read(header)))]


def check_lists(tree):
    return [] if len(listed_headers(tree)) > 5 else ['the lists of public headers were not found']


def check_installed(tree):
    """What lies in lib/ itself is public."""
    return [f'{header}: is not installed' for header in tree.paths('.h')
            if os.path.dirname(header) == 'lib' and header not in listed_headers(tree)]


def fixture(text):
    return {'lib/Makefile.inc': 'iommud_headers = \\\n  lib/iommud-a.h\n', 'lib/iommud-a.h': text}


def main():
    suite = Suite()
    tree = source_tree()
    alone = {'a header that includes too little': fixture('void f (GObject *object);\n'),
             'an extension of GNU C': fixture('struct a\n{\n  int b[0];\n};\n'),
             'a header that is missing': {'lib/Makefile.inc': 'iommud_headers = lib/none.h\n'}}
    suite.rule('headers are listed', check_lists, {'empty lists': {'lib/Makefile.inc': '\n'}})
    suite.rule('headers in lib/ are installed', check_installed, {
        'one that is not': {**fixture(''), 'lib/iommud-b.h': ''}})
    suite.rule('headers test no macro of the build', check_macros,
               {'HAVE_ in a header': fixture('#ifdef HAVE_IOMMUFD\n#endif\n')})
    suite.rule('headers compile alone in C', check_compiles(
        shlex.split(os.environ.get('CC', 'cc')), 'c'), alone)
    cplusplus = next(filter(shutil.which, ('g++', 'c++', 'clang++')), None)
    if cplusplus:
        suite.rule('headers compile alone in C++', check_compiles([cplusplus], 'c++'), {
            **alone, 'a C++ keyword': fixture('void f (int class);\n')})
    else:
        suite.skip('headers compile alone in C++', 'no C++ compiler')
    suite.finish()


if __name__ == '__main__':
    main()
