# SPDX-License-Identifier: LGPL-2.1-or-later
"""What bash offers as the continuation of an iommuctl command line."""

import os
import shutil

from simulated import TOP, Session, Suite, skip_all

MDEV = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'
SCRIPT = r'''
. "$1"
COMP_WORDBREAKS=$' \t\n'
COMP_LINE=$2
COMP_POINT=${#COMP_LINE}
read -r -a COMP_WORDS <<<"$COMP_LINE"
COMP_CWORD=${#COMP_WORDS[@]}
_iommuctl
printf '%s\n' "${COMPREPLY[@]}"
'''


def complete(session, line):
    completion = os.path.join(TOP, 'tools', 'completions', 'iommuctl')
    _, output, _ = session.run('bash', '-c', SCRIPT, 'bash', completion, line)
    return output.split()


def main():
    if not shutil.which('bash'):
        skip_all('no bash')
    suite = Suite()
    memory = os.memfd_create('guest')
    os.ftruncate(memory, 1 << 20)
    with Session() as session:
        for command in (('create', 'vm1'), ('create', 'other'), ('attach', 'vm1', '01:00.0'),
                        ('attach', 'vm1', MDEV),
                        ('map', 'vm1', f'/dev/fd/{memory}', '--iova=0'),
                        ('map', 'vm1', f'/dev/fd/{memory}', '--iova=1G')):
            session.run('iommuctl', *command, pass_fds=(memory,))
        client = session.start('iommuctl', 'exec', '0000:81:00.0', '--name=job', '--', 'sh', '-c',
                               'echo; exec sleep 600')
        client.stdout.readline()
        for line, expected in (
                ('iommuctl de', ['devices', 'detach']),
                ('iommuctl attach ', ['vm1', 'other']),
                ('iommuctl attach v', ['vm1']),
                ('iommuctl attach vm1 0000:8', ['0000:81:00.0', '0000:81:00.1', '0000:82:00.0',
                                                '0000:83:00.1']),
                ('iommuctl --json detach ', ['0000:01:00.0', MDEV]),
                ('iommuctl --json detach 0000:02', []),
                ('iommuctl holders 0000:02', ['0000:02:00.0']),
                ('iommuctl holders 0000:02:00.0 --columns=pid,u', ['pid,unit']),
                ('iommuctl help un', ['unmap']),
                ('iommuctl help dirty s', ['start', 'stop']),
                ('iommuctl devices --columns=ve', ['vendor']),
                ('iommuctl devices --columns=name,ve', ['name,vendor']),
                ('iommuctl mappings vm1 --columns=iova,l', ['iova,length']),
                ('iommuctl leases --columns=ho', ['holders']),
                ('iommuctl rel', ['release']),
                ('iommuctl exec 0000:83', ['0000:83:00.1']),
                ('iommuctl exec 0000:01:00.0 0000:83', ['0000:83:00.1']),
                ('iommuctl exec 0000:01:00.0 --q', ['--qemu']),
                ('iommuctl exec 0000:01:00.0 --accounting=u', ['user']),
                ('iommuctl exec 0000:01:00.0 -- iommuct', ['iommuctl']),
                ('iommuctl exec 0000:01:00.0 -- env --help /dev/nul', ['/dev/null']),
                ('iommuctl release ', ['job']),
                ('iommuctl leases j', ['job']),
                ('iommuctl show j', ['job']),
                ('iommuctl free vm1', ['vm1', 'vm1/1']),
                ('iommuctl show vm1/', ['vm1/1']),
                ('iommuctl create new --dirty-tracking=r', ['required']),
                ('iommuctl attach vm1 0000:02:00.0 --hwpt=', ['vm1/1']),
                ('iommuctl monitor --c', ['--count=']),
                ('iommuctl devices --n', ['--names']),
                ('iommuctl devices ', []),
                ('iommuctl di', ['dirty']),
                ('iommuctl dirty ', ['start', 'stop', 'read', 'tracker']),
                ('iommuctl dirty r', ['read']),
                ('iommuctl dirty read ', ['vm1', 'other']),
                ('iommuctl dirty read --p', ['--page-size=', '--plot']),
                ('iommuctl dirty read vm1 ', ['0x0', '0x40000000']),
                ('iommuctl --json unmap vm1 0x4', ['0x40000000']),
                ('iommuctl unmap vm1 0x40000000 ', ['1048576']),
                ('iommuctl copy-mapping other vm1 ', ['0x0', '0x40000000']),
                ('iommuctl copy-mapping other vm1 0x0 ', ['1048576']),
                ('iommuctl map vm1 /dev/nul', ['/dev/null']),
                ('iommuctl dirty read vm1 --output=/dev/nul', ['/dev/null']),
                ('iommuctl mappings ', ['vm1', 'other']),
                ('iommuctl attach vm1 02:00.0 --tracker=', ['auto', 'device', 'iommu']),
                ('iommuctl create --huge-pages=', ['yes', 'no'])):
            suite.equal(complete(session, line), expected, line)
        client.terminate()
        client.communicate()
    suite.finish()


if __name__ == '__main__':
    main()
