# SPDX-License-Identifier: LGPL-2.1-or-later
"""iommuctl against the daemon: what each command prints, word for word.

A transcript in golden/ is what a terminal would show: "$ COMMAND", its output and errors, and
"[N]" where it ends with another exit status than 0. Each runs on a fresh service. <uid> stands for
the user's number. With the argument --update the files are written anew from what is printed.
"""

import glob
import os
import re
import sys

from simulated import TOP, Session, Suite

FOLDER = os.path.join(TOP, 'tests', 'tools', 'golden')


def read_transcript(path):
    """Its opening comment, then (command, expected output) pairs."""
    with open(path, encoding='utf-8') as file:
        parts = re.split(r'^\$ (.*)\n', file.read(), flags=re.M)
    return parts[0], list(zip(parts[1::2], parts[2::2]))


def run(session, command):
    status, output, _ = session.run('sh', '-c', f'{{ {command}\n}} 2>&1')
    return output + (f'[{status}]\n' if status else '')


def as_pattern(expected):
    parts = [re.escape(part) for part in re.split(r'<uid>(?: +)?', expected)]
    return re.compile(rf'{os.getuid()} *'.join(parts))


def without_uid(output):
    output = re.sub(r'("Owner" : )\d+', r'\1<uid>', output)
    output = re.sub(r'^(Owner +)\d+$', r'\1<uid>', output, flags=re.M)
    return re.sub(r'^(\d+ +\S+ +)\d+( +\d+ +\d+ +(?:off|preferred|required))', r'\1<uid>\2', output,
                  flags=re.M)


def check(suite, path):
    name = os.path.basename(path)
    _, steps = read_transcript(path)
    suite.result(bool(steps), f'{name}: has commands')
    with Session() as session:
        for number, (command, expected) in enumerate(steps, 1):
            found = run(session, command)
            suite.result(as_pattern(expected).fullmatch(found), f'{name} {number}: {command}',
                         'printed', found, 'expected', expected)
            # An error is one sentence on one line, however long.
            wide = [line for line in found.split('\n')
                    if len(line) > 80 and not line.startswith('iommuctl: ')]
            if '--json' not in command and 'iommuctl' in command:
                suite.result(not wide, f'{name} {number}: fits 80 columns', *wide)


def update(path):
    opening, steps = read_transcript(path)
    with Session() as session:
        text = opening + ''.join(f'$ {command}\n{without_uid(run(session, command))}'
                                 for command, _ in steps)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def main():
    paths = sorted(glob.glob(os.path.join(FOLDER, '*.txt')))
    if sys.argv[1:] == ['--update']:
        for path in paths:
            update(path)
        return
    suite = Suite()
    suite.result(len(paths) >= 5, 'transcripts are there')
    suite.result(not as_pattern('free').fullmatch('freed'), 'another output is noticed')
    for path in paths:
        check(suite, path)
    suite.finish()


if __name__ == '__main__':
    main()
