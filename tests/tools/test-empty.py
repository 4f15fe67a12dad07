# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host without devices and containers: people are told, programs get nothing."""

import os

from simulated import Session, Suite


def main():
    suite = Suite()
    path = os.path.join(os.environ.get('TMPDIR', '/tmp'), f'iommud-empty.{os.getpid()}.xml')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('<simulated-host/>\n')
    try:
        with Session(f'--simulate={path}') as session:
            for command, expected in (
                    ('devices', 'The simulated host has no VFIO devices\n'),
                    ('containers', "There are no containers. 'iommuctl create' makes one\n"),
                    ('tree', "There are no containers and no VFIO devices. 'iommuctl devices' says "
                             'more\n')):
                suite.equal(session.run('iommuctl', command), (0, expected, ''), command)
                suite.equal(session.run('iommuctl', command, '--names'), (0, '', ''),
                            f'{command} --names')
            for command in ('devices', 'containers'):
                suite.equal(session.run('iommuctl', '--json', command), (0, '[]\n', ''),
                            f'--json {command}')
    finally:
        os.unlink(path)
    suite.finish()


if __name__ == '__main__':
    main()
