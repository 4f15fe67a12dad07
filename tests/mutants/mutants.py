# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lists of mutants: edits that make the product wrong, each with the test that must notice.

A list (tests/mutants/*.txt) has comments, and blocks that are separated by empty lines:

    mutant: What goes wrong
    file: lib/perform/attach-device.c
    test: tests/lib/test-attach
    -a line of the file, or some
    +what replaces them

The lines that go, as a whole, are in the file exactly once.
"""

import glob
import os

FIELDS = ('mutant', 'file', 'test')


class Mutant:
    def __init__(self, where):
        self.where = where
        self.fields = {}
        self.old = []
        self.new = []

    def __getattr__(self, name):
        if name in FIELDS:
            return self.fields.get(name, '')
        raise AttributeError(name)

    def read_line(self, line):
        name, colon, value = line.partition(': ')
        if line.startswith('-'):
            self.old.append(line[1:])
        elif line.startswith('+'):
            self.new.append(line[1:])
        elif colon and name in FIELDS:
            self.fields[name] = value.strip()
        else:
            raise ValueError(f'{self.where}: not understood: {line}')

    def change(self, text):
        """The file's text with the edit. An error if the edit does not fit it."""
        lines = text.split('\n')
        places = [i for i in range(len(lines)) if lines[i:i + len(self.old)] == self.old]
        if len(places) != 1 or not self.old:
            raise ValueError(f'{self.where}: its lines are {len(places)} times in {self.file}')
        lines[places[0]:places[0] + len(self.old)] = self.new
        return '\n'.join(lines)


def parse(path, text):
    """The mutants of one list."""
    mutants = []
    inside = False
    for number, line in enumerate(text.split('\n'), 1):
        if line.startswith('#'):
            continue
        if not line:
            inside = False
            continue
        if not inside:
            mutants.append(Mutant(f'{path}:{number}'))
            inside = True
        mutants[-1].read_line(line)
    return mutants


def read_all(top):
    mutants = []
    for path in sorted(glob.glob(os.path.join(top, 'tests/mutants/*.txt'))):
        with open(path, encoding='utf-8') as file:
            mutants += parse(os.path.relpath(path, top), file.read())
    return mutants
