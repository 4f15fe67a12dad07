# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every file under version control is in the tarball."""

import os
import shutil
import subprocess

from house import Suite, files_of_tarball, is_distributed, output_of, source_tree

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


def missing_files(controlled, distributed):
    return [f'{path} is not in the tarball: name it in a Makefile.inc' for path in controlled
            if path not in NOT_LISTED and not is_distributed(path, distributed)]


def main():
    suite = Suite()
    top = source_tree().top
    distributed = files_of_tarball(top)
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
