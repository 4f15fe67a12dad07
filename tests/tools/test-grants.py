# SPDX-License-Identifier: LGPL-2.1-or-later
"""iommuctl grant and grants: the files that they write and list."""

import json
import os
import pwd
import stat
import tempfile

from simulated import Session, Suite

DEVICE = '0000:01:00.0'
ME = pwd.getpwuid(os.getuid()).pw_name
WHOLE = f'''# Made by iommuctl grant; see iommud.conf(5).
[{DEVICE}]
devices={DEVICE}
users={ME}
groups=7
locked-memory=17179869184
'''
LISTED = f'''DEVICES      USERS GROUPS LOCKED MEMORY FILE
{DEVICE} 1001  -      -             {DEVICE}-1001.conf
'''
BY_HAND = '''[cards]
ids=8086:*;10de:1eb8
drivers = vfio-pci
iommu-groups=12
users=alice; bob
locked-memory=2G

[mdevs]
mdev-types=mtty-1
groups=kvm
'''


class Config:
    """A folder for --config-dir, and the commands on it."""

    def __init__(self, session, folder):
        self.session = session
        self.folder = folder
        self.option = f'--config-dir={folder}'

    def path(self, name=''):
        return os.path.join(self.folder, 'grants.d', name)

    def read(self, name):
        with open(self.path(name), encoding='utf-8') as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)

    def grant(self, *arguments):
        return self.session.run('iommuctl', 'grant', self.option, *arguments)

    def grants(self, *arguments):
        return self.session.run('iommuctl', 'grants', self.option, *arguments)


def test_grant(suite, config):
    suite.equal(config.grants(), (0, "There are no grants. 'iommuctl grant' makes one\n", ''),
                'no folder has no grants')
    suite.equal(config.grant('01:00.0', '--user=1001'),
                (0, f'Granted {DEVICE} to user 1001\n', ''), 'a grant to a user')
    suite.equal(config.grants(), (0, LISTED, ''), 'it is listed')
    suite.equal(config.grant('vfio0', f'--user={ME}', '--group=7', '--locked-memory=16G'),
                (0, f'Granted {DEVICE} to user {ME} and group 7\n', ''), 'one with everything')
    name = f'{DEVICE}-{ME}-group-7.conf'
    suite.equal(config.read(name), WHOLE, 'the file says it')
    suite.equal(stat.S_IMODE(os.stat(config.path(name)).st_mode), 0o644, 'only its owner writes it')
    suite.equal(sorted(os.listdir(config.path())), sorted([name, f'{DEVICE}-1001.conf']),
                'nothing else is left in the folder')
    status, output, _ = config.grant(DEVICE, '--group=9', '--json')
    suite.equal((status, json.loads(output)),
                (0, {'Folder': config.path()[:-1], 'Device': DEVICE, 'Group': '9',
                     'LockedMemory': 0}), 'as JSON')


def test_refused(suite, config):
    status, _, errors = config.grant(DEVICE, '--user=1001')
    suite.equal((status, errors),
                (4, f"iommuctl: '{config.path(DEVICE)}-1001.conf' grants device {DEVICE} to them "
                    'already\n'), 'one that is there already')
    status, _, errors = config.grant(DEVICE, '--user=1001', '--group=7')
    suite.equal(status, 0, 'one to more people is another one')
    config.write(f'{DEVICE}-1002.conf', '')
    status, _, errors = config.grant(DEVICE, '--user=1002')
    suite.equal((status, errors),
                (4, f"iommuctl: '{config.path(DEVICE)}-1002.conf' is there already: remove it to "
                    'grant something else\n'), 'no file is replaced')
    suite.equal(config.read(f'{DEVICE}-1002.conf'), '', 'it is as it was')
    before = sorted(os.listdir(config.path()))
    status, _, errors = config.grant(DEVICE)
    suite.equal((status, errors), (2, 'iommuctl: A grant is for somebody: --user or --group says '
                                      'for whom\n'), 'one to nobody')
    for option, error in (('--user=no-such-user-here', "no user 'no-such-user-here'"),
                          ('--user=root;daemon', "no user 'root;daemon'"),
                          ('--group=no-such-group-here', "no group 'no-such-group-here'"),
                          ('--user=', "no user ''")):
        status, _, errors = config.grant(DEVICE, option)
        suite.equal((status, errors), (3, f'iommuctl: There is {error}\n'), option)
    status, _, errors = config.grant('0000:09:00.0', '--user=1003')
    suite.result(status == 3 and '0000:09:00.0' in errors, 'a device that is not there', errors)
    suite.equal(sorted(os.listdir(config.path())), before, 'nothing was written')


def test_lists(suite, config):
    config.write('hand.conf', BY_HAND)
    config.write('broken.conf', 'this is no file of keys\n')
    config.write('.hidden.conf', BY_HAND)
    config.write('notes.txt', 'notes')
    os.mkfifo(config.path('fifo.conf'))
    status, output, _ = config.grants('--json')
    records = {(os.path.basename(record['File']), record.get('Section')): record
               for record in json.loads(output)}
    suite.equal(status, 0, 'what is wrong does not hide the rest')
    files = [os.path.basename(record['File']) for record in json.loads(output)]
    suite.equal(files, sorted(files), 'in the order of their names')
    cards = records[('hand.conf', 'cards')]
    suite.equal({key: value for key, value in cards.items() if key != 'File'},
                {'Section': 'cards', 'Ids': ['8086:*', '10de:1eb8'], 'Drivers': ['vfio-pci'],
                 'IommuGroups': ['12'], 'Users': ['alice', 'bob'], 'LockedMemory': 2 << 30},
                'a grant with other conditions')
    suite.result('Problem' in records[('broken.conf', None)], 'a file that is none', output)
    suite.result('Problem' in records[('fifo.conf', None)], 'a pipe is not waited for', output)
    suite.equal({name for name, _ in records} & {'.hidden.conf', 'notes.txt'}, set(),
                'others are left alone')
    _, output, _ = config.grants('--columns=devices,groups')
    suite.result('id 8086:*, 10de:1eb8; driver vfio-pci; IOMMU group 12' in output,
                 'conditions in words', output)
    suite.result('mdev type mtty-1' in output and 'kvm' in output, 'and the groups', output)
    suite.equal(config.grants('--columns=Devices,GROUPS')[1], output, 'columns in any letters')


def test_not_root(suite, config):
    if os.getuid() == 0:
        suite.skip('only root may', 'root may')
        return
    os.chmod(config.path(), 0o555)
    status, _, errors = config.grant(DEVICE, '--user=1009')
    os.chmod(config.path(), 0o755)
    suite.result(status == 5 and 'sudo' in errors, 'only root may', errors)


def main():
    suite = Suite()
    with tempfile.TemporaryDirectory() as folder, Session() as session:
        config = Config(session, folder)
        test_grant(suite, config)
        test_refused(suite, config)
        test_lists(suite, config)
        test_not_root(suite, config)
    suite.finish()


if __name__ == '__main__':
    main()
