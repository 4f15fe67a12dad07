# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the checks of the house rules share: the tree as they see it, fixtures, TAP.

A rule is a function that takes a tree and returns a list of the places that break the rule. Each
rule comes with fixtures: trees that break it. A fixture in which the rule finds nothing fails the
test, so a rule that has stopped looking cannot stay unseen.
"""

import glob
import os
import re
import subprocess
import tempfile

SKIPPED_FOLDERS = {'.git', '.libs', '.deps', 'autom4te.cache', 'build-aux', 'build', '__pycache__'}
GENERATED_AT_TOP = {'aclocal.m4', 'ABOUT-NLS', 'Makefile.in', 'config.h.in', 'COPYING'}
PRODUCT_FOLDERS = ('lib', 'dbus', 'tools')
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)


class Tree:
    """The source files below one folder, by their path from it.

    listed, if given, names the files and whole folders that are sources, for a tree that was also
    built in.
    """

    def __init__(self, top, listed=None):
        self.top = top
        self._listed = listed
        self._text = {}

    def paths(self, *suffixes):
        """Every source file whose name ends with one of the suffixes (any file without)."""
        found = []
        for folder, folders, names in os.walk(self.top):
            folders[:] = sorted(d for d in folders if self._is_source_folder(folder, d))
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), self.top)
                if self._is_source(path) and (not suffixes or name.endswith(suffixes)):
                    found.append(path)
        return found

    def product_paths(self, *suffixes):
        return [p for p in self.paths(*suffixes) if p.split('/')[0] in PRODUCT_FOLDERS]

    def _is_source_folder(self, folder, name):
        path = os.path.join(folder, name)
        return (name not in SKIPPED_FOLDERS
                and not os.path.exists(os.path.join(path, 'config.status')))

    def _is_source(self, path):
        if self._listed is not None and not is_distributed(path, self._listed):
            return False
        if path == '.git':  # of a linked work tree: a file that names its repository
            return False
        if '/' not in path and (path in GENERATED_AT_TOP or path.startswith('configure')):
            return path == 'configure.ac'
        if path.startswith('po/'):
            return path in ('po/LINGUAS', 'po/Makevars', 'po/POTFILES.in') or path.endswith('.po')
        if path.startswith('m4/'):
            return path.startswith('m4/iommud-')
        return not path.endswith(('~', '.o', '.lo', '.rej', '.orig', '.tar.xz'))

    def read(self, path):
        if path not in self._text:
            with open(os.path.join(self.top, path), encoding='utf-8', errors='replace') as file:
                self._text[path] = file.read()
        return self._text[path]

    def exists(self, path):
        return os.path.exists(os.path.join(self.top, path))


def top_folder():
    return os.environ.get('top_srcdir') or os.path.dirname(os.path.dirname(os.path.dirname(
        os.path.abspath(__file__))))


def source_tree():
    """The project's own. Files that were built beside the sources are none of them."""
    top = top_folder()
    built_in = (os.path.realpath(build_folder()) == os.path.realpath(top)
                and os.path.exists(os.path.join(top, 'Makefile')))
    return Tree(top, files_of_tarball(top) if built_in else None)


def build_folder():
    return os.environ.get('top_builddir') or top_folder()


def files_of_tarball(top):
    """What make dist copies, by path from the top of the tree: files, and whole folders."""
    return files_of_makefile(top, '.') | files_of_makefile(top, 'po')


def files_of_makefile(top, folder):
    build = os.path.join(build_folder(), folder)
    # This make is no part of the one that runs the tests.
    environment = {name: value for name, value in os.environ.items()
                   if name not in ('MAKEFLAGS', 'MFLAGS', 'MAKEOVERRIDES')}
    text = output_of('make', '-s', '--no-print-directory', '-C', build,
                     '--eval=show-distfiles: ; @printf "%s\\n" $(sort $(DISTFILES))',
                     'show-distfiles', env=environment)
    source = os.path.realpath(os.path.join(top, folder))
    return {path_from_top(top, source, build, word) for word in text.split()}


def path_from_top(top, source, build, word):
    """Some words are names in the source tree, some lead there from the build folder."""
    found = [path for path in (os.path.join(build, word), os.path.join(source, word))
             if os.path.realpath(path).startswith(os.path.realpath(top) + os.sep)
             and os.path.exists(path)]
    path = found[0] if found else os.path.join(source, word)
    return os.path.relpath(os.path.realpath(path), os.path.realpath(top))


def is_distributed(path, distributed):
    """By itself, or because a folder that holds it is copied whole."""
    parts = path.split('/')
    return any('/'.join(parts[:n]) in distributed for n in range(len(parts), 0, -1))


def find_binary(name):
    """The real file of a binary in the build tree, not libtool's wrapper script."""
    for pattern in ('.libs', '*/.libs', '*/*/.libs', '.', '*', '*/*'):
        for path in glob.glob(os.path.join(build_folder(), pattern, name)):
            with open(path, 'rb') as file:
                if file.read(4) == b'\x7fELF':
                    return path
    return None


def without_comments(text):
    """C text with comments and string contents blanked, lines kept."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda match: _blank(match.group(0)), text)


def _blank(token):
    if token[0] in '"\'':
        return token[0] + ' ' * (len(token) - 2) + token[0]
    return re.sub(r'[^\n]', ' ', token)


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


def includes(tree, path, folders):
    """(line, path of the included file) of each quoted include that finds a file of the tree.

    It is looked for in the folder of the file that includes and then in folders.
    """
    text = tree.read(path)
    for match in INCLUDE.finditer(text):
        candidates = (os.path.normpath(os.path.join(folder, match.group(1)))
                      for folder in (os.path.dirname(path), *folders))
        found = next((c for c in candidates if tree.exists(c)), None)
        if found:
            yield line_of(text, match.start()), found


def output_of(*command, env=None):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=env).stdout


class Suite:
    """Runs rules, prints TAP."""

    def __init__(self):
        self._count = 0

    def result(self, passed, name, details=()):
        self._count += 1
        print(f'{"ok" if passed else "not ok"} {self._count} {name}')
        for detail in () if passed else details:
            print(f'# {detail}')

    def skip(self, name, reason):
        self._count += 1
        print(f'ok {self._count} {name} # SKIP {reason}')

    def rule(self, name, rule, fixtures, good_fixtures=None):
        """The rule on the tree, then on each fixture: a dict of path to text.

        The rule must find something in each of the fixtures and nothing in the good ones.
        """
        problems = rule(source_tree())
        self.result(not problems, name, problems)
        self.fixtures(name, rule, fixtures)
        for title, files in (good_fixtures or {}).items():
            problems = problems_of_fixture(rule, files)
            self.result(not problems, f'{name}: accepts {title}', problems)

    def fixtures(self, name, rule, fixtures):
        assert fixtures, f'{name} has no fixture'
        for title, files in fixtures.items():
            self.result(bool(problems_of_fixture(rule, files)), f'{name}: flags {title}')

    def finish(self):
        print(f'1..{self._count}')


def problems_of_fixture(rule, files):
    with tempfile.TemporaryDirectory() as folder:
        write_files(folder, files)
        return rule(Tree(folder))


def write_files(folder, files):
    for path, text in files.items():
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'w', encoding='utf-8') as file:
            file.write(text)
