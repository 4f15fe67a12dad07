# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a user is told whom the bus refuses: what it is, who may do it, and the way out."""

import json

from simulated import Session, Suite

POLICY = '''    <deny send_destination="org.iommud1" send_interface="org.iommud1.Manager"
      send_member="CreateContainer"/>
'''
NO_LISTING = '''    <deny send_destination="org.iommud1"
      send_interface="org.freedesktop.DBus.ObjectManager" send_member="GetManagedObjects"/>
'''
REFUSAL = ("iommuctl: 'iommuctl create' changes this host, which only root may do: try it with "
           'sudo. Every user may run devices, containers, leases, show, tree, holders, mappings '
           'and monitor\n')


def main():
    suite = Suite()
    with Session(f'--deny={POLICY}{NO_LISTING}') as session:
        status, output, errors = session.run('iommuctl', 'create', 'vm1')
        suite.equal((status, output), (5, ''), 'a change is refused')
        suite.equal(errors, REFUSAL, 'in words of ours')
        status, output, _ = session.run('iommuctl', '--json', 'create', 'vm1')
        suite.equal((status, json.loads(output)['Error']['Name']),
                    (5, 'org.iommud1.Error.NotAuthorized'), 'also for programs')
        status, output, _ = session.run('iommuctl', 'show', '0000:01:00.0')
        suite.result(status == 0 and 'vfio0' in output, 'a question is answered', output)
        status, _, errors = session.run('iommuctl', 'devices')
        suite.result(status == 5 and 'policy' in errors and 'org.iommud1.conf' in errors,
                     'one that should have been allowed', errors)
    suite.finish()


if __name__ == '__main__':
    main()
