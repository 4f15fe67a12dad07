# SPDX-License-Identifier: LGPL-2.1-or-later
"""The mutants of `make check-mutants` fit the sources: each can be made, its test is there."""

import os
import sys

from house import Suite

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'mutants'))

from mutants import parse  # noqa: E402


def check_mutants(tree):
    problems = []
    for path in tree.paths('.txt'):
        if path.startswith('tests/mutants/'):
            problems += check_list(tree, path)
    return problems


def check_list(tree, path):
    try:
        mutants = parse(path, tree.read(path))
    except ValueError as error:
        return [str(error)]
    return [problem for mutant in mutants for problem in check_mutant(tree, mutant)]


def check_mutant(tree, mutant):
    if not mutant.mutant:
        return [f'{mutant.where}: it does not say what goes wrong']
    if not tree.exists(mutant.file) or not mutant.file:
        return [f'{mutant.where}: there is no {mutant.file or "file"}']
    if not tree.exists(mutant.test) and not tree.exists(f'{mutant.test}.c'):
        return [f'{mutant.where}: there is no test {mutant.test}']
    try:
        changed = mutant.change(tree.read(mutant.file))
    except ValueError as error:
        return [str(error)]
    return [] if changed != tree.read(mutant.file) else [f'{mutant.where}: it changes nothing']


LIST = 'tests/mutants/some.txt'
GOOD = 'mutant: It is wrong\nfile: lib/a.c\ntest: tests/lib/test-a\n-one\n+two\n'
FILES = {'lib/a.c': 'zero\none\nthree\n', 'tests/lib/test-a.c': ''}


def fixture(text, **files):
    return {**FILES, **files, LIST: text}


def main():
    suite = Suite()
    suite.rule('mutants', check_mutants, {
        'a line that is not there': fixture(GOOD.replace('-one', '-four')),
        'a line that is there twice': fixture(GOOD, **{'lib/a.c': 'one\none\n'}),
        'a part of a line': fixture(GOOD.replace('-one', '-on')),
        'a file that is not there': fixture(GOOD.replace('lib/a.c', 'lib/b.c')),
        'a test that is not there': fixture(GOOD.replace('test-a', 'test-b')),
        'an edit that changes nothing': fixture(GOOD.replace('+two', '+one')),
        'a mutant without a description': fixture(GOOD.replace('mutant: It is wrong\n', '')),
        'a line that is not understood': fixture(GOOD + 'where: here\n')})
    suite.finish()


if __name__ == '__main__':
    main()
