# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every file under version control is in the tarball."""

import os
import shutil
import subprocess

from house import Suite, build_folder, output_of, source_tree

# What only a checkout needs, and what gettext's own rule copies.
NOT_LISTED = {'.gitignore', 'po/LINGUAS'}


def files_under_version_control(top):
    """None if the tree is not a checkout of its own, or if git is not there."""
    if not shutil.which('git') or not os.path.exists(os.path.join(top, '.git')):
        return None
    try:
        listed = output_of('git', '-c', 'safe.directory=*', '-C', top, 'ls-files', '-z')
    except subprocess.CalledProcessError:
        return None
    return [p for p in listed.split('\0') if p and os.path.exists(os.path.join(top, p))]


def files_of_tarball(top, folder):
    """What make dist copies from one folder of the build, by path from the top of the tree."""
    build = os.path.join(build_folder(), folder)
    text = output_of('make', '-s', '--no-print-directory', '-C', build,
                     '--eval=show-distfiles: ; @printf "%s\\n" $(sort $(DISTFILES))',
                     'show-distfiles')
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


def missing_files(controlled, distributed):
    return [f'{path} is not in the tarball: name it in a Makefile.inc' for path in controlled
            if path not in NOT_LISTED and not is_distributed(path, distributed)]


def main():
    suite = Suite()
    top = source_tree().top
    # This make is no part of the one that runs the tests.
    for variable in ('MAKEFLAGS', 'MFLAGS', 'MAKEOVERRIDES'):
        os.environ.pop(variable, None)
    distributed = files_of_tarball(top, '.') | files_of_tarball(top, 'po')
    suite.result('Makefile.am' in distributed and 'po/Makevars' in distributed,
                 'the lists of the tarball are read', sorted(distributed)[:5])
    suite.result(bool(missing_files(['lib/forgotten.c'], distributed)), 'flags a forgotten file')
    controlled = files_under_version_control(top)
    if controlled is None:
        suite.skip('every file is in the tarball', 'not a checkout')
    else:
        problems = missing_files(controlled, distributed)
        suite.result(not problems and len(controlled) > 20, 'every file is in the tarball',
                     problems)
    suite.finish()


if __name__ == '__main__':
    main()
