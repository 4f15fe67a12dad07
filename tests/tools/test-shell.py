# SPDX-License-Identifier: LGPL-2.1-or-later
"""./quickstart shell: a host of the user's, completion, and the manual pages."""

import os
import pty
import shutil
import subprocess

from simulated import BUILD, RUNNER, TOP, Session, Suite, has_terminals, skip_all

HOST = '''<simulated-host>
  <iommu name="smmu0" dirty-tracking="yes"/>
  <device name="0000:77:00.0" iommu="smmu0" group="1"/>
</simulated-host>
'''
# What a person types.
INPUT = '''iommuctl devices --names
complete -p iommuctl
for folder in $(echo "$MANPATH" | tr : ' '); do ls "$folder"/man1 "$folder"/man8; done
exit 3
'''


def run_shell(folder, *options):
    """On a terminal: otherwise bash would read no file for people."""
    shell = os.path.join(TOP, 'tools', 'demo-shell')
    environment = dict(os.environ, LC_ALL='C.UTF-8', HOME=folder, SHELL='/bin/sh', MANPATH='')
    main, terminal = pty.openpty()
    process = subprocess.Popen(['sh', RUNNER, BUILD, *options, 'sh', shell, BUILD], text=True,
                               stdin=terminal, stdout=subprocess.PIPE, stderr=terminal,
                               env=environment, start_new_session=True)
    os.close(terminal)
    os.write(main, INPUT.encode())
    output, _ = process.communicate(timeout=120)
    os.close(main)
    return process.returncode, output


def main():
    if not shutil.which('bash') or not has_terminals():
        skip_all('no bash, or no pseudo-terminals')
    suite = Suite()
    with Session() as session:
        host = os.path.join(session.folder, 'host.xml')
        with open(host, 'w', encoding='utf-8') as file:
            file.write(HOST)
        status, output = run_shell(session.folder, f'--simulate={host}')
        suite.equal(status, 0, 'the shell ends well, whatever its last command')
        suite.result('\n0000:77:00.0\n' in output, 'the host is that of the file', output)
        suite.result('-F _iommuctl iommuctl' in output, 'bash completes', output)
        if os.path.exists(os.path.join(BUILD, 'tools', 'iommuctl.1')):
            suite.result('iommuctl.1\n' in output and 'iommud.8\n' in output,
                         'man finds the pages of the build', output)
        status, _, errors = session.run('sh', os.path.join(TOP, 'quickstart'), 'shell',
                                        '/nonexistent')
        suite.result(status == 1 and 'describes a simulated host' in errors,
                     'a file that is not there is told before the build', status, errors)
    suite.finish()


if __name__ == '__main__':
    main()
