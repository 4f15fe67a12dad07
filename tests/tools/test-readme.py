# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of README.md do what it says: Python, busctl and iommuctl exec."""

import os
import re
import shutil
import sys

from simulated import TOP, Session, Suite


def main():
    with open(os.path.join(TOP, 'README.md'), encoding='utf-8') as file:
        text = file.read()
    suite = Suite()
    scripts = re.findall(r'```python\n(.*?)```', text, re.S)
    suite.equal(len(scripts), 2, 'two Python scripts')
    for number, script in enumerate(scripts, 1):
        with Session() as session:
            status, output, errors = session.run(sys.executable, '-c', script)
        suite.result(status == 0 and '0000:01:00.0 is on' in output, f'script {number}', output,
                     errors)
    suite.equal(text.split('\n')[3].split('#')[0].strip(), './quickstart demo',
                'the README opens with the two commands')
    commands = re.findall(r'^    \$ (busctl (?:[^\n]*\\\n)*[^\n]*)$', text, re.M)
    suite.equal([command.split()[1] for command in commands],
                ['tree', 'introspect', 'call', 'monitor'], 'one example of each')
    if shutil.which('busctl'):
        with Session() as session:
            for command in commands[:3]:
                status, output, errors = session.run('sh', '-c', f'{command} </dev/null')
                suite.result(status == 0 and 'iommud1' in output, command, output, errors)
    else:
        suite.skip('busctl', 'no busctl')
    command, output = re.search(r'^    \$ (iommuctl exec 01:.*)\n((?:    [^$\s].*\n)+)', text,
                                re.M).groups()
    with Session() as session:
        expected = (0, re.sub('^ {4}', '', output, flags=re.M), '')
        suite.equal(session.run('sh', '-c', command), expected, command)
    suite.finish()


if __name__ == '__main__':
    main()
