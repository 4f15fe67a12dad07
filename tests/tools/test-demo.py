# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ./quickstart demo prints, word for word; --update writes the golden file anew."""

import os
import subprocess
import sys

from simulated import BUILD, RUNNER, TOP, Suite

GOLDEN = os.path.join(TOP, 'tests', 'tools', 'golden', 'demo.out')


def run_demo():
    demo = os.path.join(TOP, 'tools', 'demo')
    result = subprocess.run(['sh', RUNNER, BUILD, 'sh', demo], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env=dict(os.environ, LC_ALL='C.UTF-8', COLUMNS='80'), timeout=120)
    return result.returncode, result.stdout


def main():
    status, output = run_demo()
    if sys.argv[1:] == ['--update']:
        with open(GOLDEN, 'w', encoding='utf-8') as file:
            file.write(output)
        return
    with open(GOLDEN, encoding='utf-8') as file:
        expected = file.read()
    suite = Suite()
    suite.equal(status, 0, 'the demo ends well')
    suite.result(output == expected, 'the demo shows what it should', 'printed', output)
    wide = [line for line in output.split('\n')
            if len(line) > 90 and not line.startswith(('iommuctl: ', 'But: '))]
    suite.result(not wide, 'its lines are short', *wide)
    suite.result('HWPT vm1/2' in output, 'a second HWPT appears')
    suite.result('without a HWPT' in output, 'an mdev has none')
    suite.finish()


if __name__ == '__main__':
    main()
