# SPDX-License-Identifier: LGPL-2.1-or-later
"""iommuctl against the daemon: what each command prints, word for word.

A transcript in golden/ is what a terminal would show: "$ COMMAND", its output and errors, and
"[N]" if its exit status is not 0. Each runs on a fresh service. Serials, which start at random, are
counted from 1 in a transcript. <uid> stands for
the user's number. Commands find a memfd of 4 GiB behind descriptor 9. Properties that a transcript
does not know may be added to JSON and to what show prints. With the argument --update the files are
written anew from what is printed.
"""

import glob
import json
import os
import re
import sys

from simulated import TOP, Session, Suite

MEMORY = 9
FOLDER = os.path.join(TOP, 'tests', 'tools', 'golden')


def read_transcript(path):
    """Its opening comment, then (command, expected output) pairs."""
    with open(path, encoding='utf-8') as file:
        parts = re.split(r'^\$ (.*)\n', file.read(), flags=re.M)
    return parts[0], list(zip(parts[1::2], parts[2::2]))


class Serials:
    """Between the serials of a service and those of a transcript, where the first one is 1."""

    def __init__(self, session):
        self.session = session
        self.epoch = None

    def learn(self):
        """The first container has the first serial."""
        listed = self.session.run('iommuctl', 'containers', '--json')[1]
        serials = [int(serial) for serial in re.findall(r'/containers/(\d+)"', listed)]
        if self.epoch is None and serials:
            self.epoch = min(serials) - 1

    def to_service(self, command):
        return re.sub(r'(?<=/containers/)\d+',
                      lambda match: str(int(match.group()) + (self.epoch or 0)), command)

    def to_transcript(self, output):
        if self.epoch is None:
            return output
        width = len(str(self.epoch + 1))
        numbers = range(self.epoch + 1, self.epoch + 1000)
        # The column of a list gets as wide as its numbers.
        output = re.sub(rf'^NUMBER {{1,{width - 5}}}', 'NUMBER ', output, flags=re.M)
        output = re.sub(rf'^\d{{{width}}}(?= )', lambda match: self.small(match, numbers).ljust(6),
                        output, flags=re.M)
        return re.sub(rf'(?<!\d)\d{{{width}}}(?!\d)', lambda match: self.small(match, numbers),
                      output)

    def small(self, match, numbers):
        number = int(match.group())
        return str(number - self.epoch) if number in numbers else match.group()


def run(session, command, serials):
    status, output, _ = session.run('sh', '-c', f'{{ {serials.to_service(command)}\n}} 2>&1',
                                    pass_fds=(MEMORY,))
    serials.learn()
    return serials.to_transcript(output) + (f'[{status}]\n' if status else '')


def as_pattern(expected):
    parts = [re.escape(part) for part in re.split(r'<uid>(?: +)?', expected)]
    return re.compile(rf'{os.getuid()} *'.join(parts))


def covers(found, expected):
    """Whether JSON values are the same but for members that only the found ones have."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(key in found and covers(found[key], value) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(found, list):
        return len(found) == len(expected) and all(map(covers, found, expected))
    return found == expected


def covers_json(found, expected):
    decoder = json.JSONDecoder()
    try:
        found, rest = decoder.raw_decode(found)[0], found[decoder.raw_decode(found)[1]:]
        expected, end = decoder.raw_decode(expected)[0], expected[decoder.raw_decode(expected)[1]:]
    except ValueError:
        return False
    return rest == end and covers(found, expected)


def covers_lines(found, expected):
    """Each expected "Key value" is there, in its order."""
    lines = iter([' '.join(line.split()) for line in found.split('\n')])
    return all(' '.join(line.split()) in lines for line in expected.split('\n'))


def matches(command, found, expected):
    own = expected.replace('<uid>', str(os.getuid()))
    return (as_pattern(expected).fullmatch(found)
            or '--json' in command and covers_json(found, own)
            or command.startswith('iommuctl show') and covers_lines(found, own))


def without_uid(output):
    output = re.sub(r'("Owner" : )\d+', r'\1<uid>', output)
    output = re.sub(r'^(Owner +)\d+$', r'\1<uid>', output, flags=re.M)
    return re.sub(r'^(\d+ +\S+ +)\d+( +\d+ +\d+ +\S+ \w+ +(?:off|preferred|required))',
                  r'\1<uid>\2', output, flags=re.M)


def check(suite, path):
    name = os.path.basename(path)
    _, steps = read_transcript(path)
    suite.result(bool(steps), f'{name}: has commands')
    with Session() as session:
        serials = Serials(session)
        for number, (command, expected) in enumerate(steps, 1):
            found = run(session, command, serials)
            suite.result(matches(command, found, expected), f'{name} {number}: {command}',
                         'printed', found, 'expected', expected)
            # An error and a blocker are one sentence on one line, however long.
            wide = [line for line in found.split('\n')
                    if len(line) > 80 and not line.startswith(('iommuctl: ', 'But: '))]
            if '--json' not in command and 'iommuctl' in command:
                suite.result(not wide, f'{name} {number}: fits 80 columns', *wide)


def make_memory():
    file = os.memfd_create('guest')
    os.ftruncate(file, 4 << 30)
    os.dup2(file, MEMORY)


def update(path):
    opening, steps = read_transcript(path)
    with Session() as session:
        serials = Serials(session)
        text = opening + ''.join(f'$ {command}\n{without_uid(run(session, command, serials))}'
                                 for command, _ in steps)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def main():
    make_memory()
    paths = sorted(glob.glob(os.path.join(FOLDER, '*.txt')))
    if sys.argv[1:] == ['--update']:
        for path in paths:
            update(path)
        return
    suite = Suite()
    suite.result(len(paths) >= 5, 'transcripts are there')
    suite.result(not matches('iommuctl show x', 'Kind device\nName b\n', 'Kind device\nName a\n')
                 and not matches('iommuctl --json x', '{"a": 1}', '{"a": 2}')
                 and not matches('iommuctl x', 'freed', 'free'), 'another output is noticed')
    suite.result(matches('iommuctl show x', 'Kind  device\nMore 1\n', 'Kind device\n')
                 and matches('iommuctl --json x', '[{"a": 1, "b": 2}]\n', '[{"b": 2}]\n'),
                 'a new property is not')
    for path in paths:
        check(suite, path)
    suite.finish()


if __name__ == '__main__':
    main()
