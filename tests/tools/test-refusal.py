# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a user is told whom the bus or the service refuses: what is missing, and the way out."""

import json
import os

from simulated import Session, Suite

POLICY = '''    <deny send_destination="org.iommud1" send_interface="org.iommud1.Manager"
      send_member="CreateContainer"/>
'''
NO_LISTING = '''    <deny send_destination="org.iommud1"
      send_interface="org.freedesktop.DBus.ObjectManager" send_member="GetManagedObjects"/>
'''
OTHER_USER = 65534
REFUSED_BY_SERVICE = (
    f'iommuctl: User {OTHER_USER} may not call org.iommud1.Manager.CreateContainer: no grant is '
    "for that user, and otherwise only root may: try it with sudo, or let 'iommuctl grant' give "
    'the device to this user\n')


def test_service(suite, session):
    """The service refuses, and says why; the tool knows the way out."""
    if os.getuid() != 0:
        suite.skip('another user is refused by the service', 'only root can be two users')
        return
    # Only the own user could reach the bus.
    os.chmod(os.path.dirname(session.address.split('=', 1)[1].split(',')[0]), 0o755)
    status, output, errors = session.run('iommuctl', 'create', user=OTHER_USER, group=OTHER_USER,
                                         extra_groups=[])
    suite.equal((status, output, errors), (5, '', REFUSED_BY_SERVICE),
                'another user is refused by the service')


def main():
    suite = Suite()
    with Session(f'--deny={POLICY}{NO_LISTING}') as session:
        status, output, errors = session.run('iommuctl', 'create', 'vm1')
        suite.equal((status, output), (5, ''), 'a change is refused')
        suite.result('policy' in errors and 'org.iommud1.conf' in errors, 'in words of ours',
                     errors)
        status, output, _ = session.run('iommuctl', '--json', 'create', 'vm1')
        suite.equal((status, json.loads(output)['Error']['Name']),
                    (5, 'org.iommud1.Error.NotAuthorized'), 'also for programs')
        status, output, _ = session.run('iommuctl', 'show', '0000:01:00.0')
        suite.result(status == 0 and 'vfio0' in output, 'a question is answered', output)
        status, _, errors = session.run('iommuctl', 'devices')
        suite.result(status == 5 and 'policy' in errors and 'org.iommud1.conf' in errors,
                     'one that should have been allowed', errors)
    with Session() as session:
        test_service(suite, session)
    suite.finish()


if __name__ == '__main__':
    main()
