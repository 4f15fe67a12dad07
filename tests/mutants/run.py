#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the product with one deliberate error at a time, and runs the test that must notice it.

Usage: run.py [TEXT...]     only mutants whose description or file has one of the texts

It works on a copy of the sources, in the folder mutants/ of the build. A mutant that no test
notices has survived: a test is missing. To be called by `make check-mutants`.
"""

import os
import shutil
import subprocess
import sys

from mutants import read_all

TOP = os.environ['top_srcdir']
WORK = os.path.join(os.environ['top_builddir'], 'mutants')
SOURCE = os.path.join(WORK, 'source')
BUILD = os.path.join(WORK, 'build')
LOG = os.path.join(WORK, 'log')


def run(*command, folder=BUILD):
    """Its exit status. The output goes to the log."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ('MAKEFLAGS', 'MFLAGS', 'MAKEOVERRIDES')}
    with open(LOG, 'w', encoding='utf-8') as log:
        return subprocess.run(command, cwd=folder, env=environment, stdout=log,
                              stderr=subprocess.STDOUT, check=False).returncode


def run_or_stop(*command, folder=BUILD):
    if run(*command, folder=folder) != 0:
        with open(LOG, encoding='utf-8', errors='replace') as log:
            sys.exit(f'{" ".join(command)} failed:\n{log.read()[-4000:]}')


def make(*arguments):
    return ('make', '-s', f'-j{os.cpu_count()}', *arguments)


def build(tests):
    """What they need: a script runs any of the programs. `all` is a make of its own: if the
    programs of the tests were built beside it, both would make the same libraries at once."""
    if any(is_script(test) for test in tests):
        run_or_stop(*make('all'))
    compiled = [test for test in tests if not is_script(test)]
    run_or_stop(*make(*compiled, 'iommud', 'iommud-simulated', 'tools/iommuctl'))


def is_script(test):
    return test.endswith(('.py', '.sh'))


def test_command(test):
    """The command that runs it again. `check-TESTS` would link all other test programs, too."""
    log = (os.path.splitext(test)[0] if is_script(test) else test) + '.log'
    for old in (log, 'test-suite.log'):
        if os.path.exists(os.path.join(BUILD, old)):
            os.remove(os.path.join(BUILD, old))
    return make('test-suite.log', f'TEST_LOGS={log}')


def prepare(tests):
    if os.path.exists(os.path.join(TOP, 'config.status')):
        sys.exit('The sources are built in their own folder: build in another one')
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(BUILD)
    shutil.copytree(TOP, SOURCE, symlinks=True, ignore=what_is_no_source)
    run_or_stop(os.path.join(SOURCE, 'configure'), 'CFLAGS=-O0 -g', '--disable-introspection')
    run_or_stop(*make('built-sources'))
    build(tests)


def what_is_no_source(folder, names):
    return [name for name in names
            if name == '.git' or os.path.exists(os.path.join(folder, name, 'config.status'))]


def is_noticed(mutant):
    path = os.path.join(SOURCE, mutant.file)
    with open(path, encoding='utf-8') as file:
        text = file.read()
    write(path, mutant.change(text))
    try:
        build([mutant.test])
        return run(*test_command(mutant.test)) != 0
    finally:
        write(path, text)


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def check_tests_pass(tests):
    """A test that fails anyway notices nothing."""
    for test in tests:
        run_or_stop(*test_command(test))


def main():
    wanted = [mutant for mutant in read_all(TOP)
              if not sys.argv[1:] or any(text in mutant.mutant + mutant.file
                                         for text in sys.argv[1:])]
    tests = sorted({mutant.test for mutant in wanted})
    survivors = 0
    prepare(tests)
    check_tests_pass(tests)
    for number, mutant in enumerate(wanted, 1):
        noticed = is_noticed(mutant)
        survivors += not noticed
        print(f'{number}/{len(wanted)} {"noticed" if noticed else "SURVIVED"}: {mutant.mutant} '
              f'({mutant.file}, {mutant.test})', flush=True)
    print(f'{len(wanted) - survivors} of {len(wanted)} mutants were noticed')
    return survivors != 0


if __name__ == '__main__':
    sys.exit(main())
