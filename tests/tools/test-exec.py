# SPDX-License-Identifier: LGPL-2.1-or-later
"""iommuctl exec: what a program gets, how it ends, and how its lease ends.

The files of an in-process simulated host are sockets, which is enough to see that they are there.
"""

import json
import os
import pty
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time

from simulated import Session, Suite, has_terminals

FIRST = '0000:01:00.0'
SECOND = '0000:02:00.0'
MDEV = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'
# What a program sees of its files and its environment.
LOOK = r'''
import json, os, sys
files = {}
for number in os.listdir('/proc/self/fd'):
    try:
        files[number] = os.fstat(int(number)).st_mode
    except OSError:
        pass
print(json.dumps({
    'pid': os.getpid(), 'files': files, 'arguments': sys.argv[1:],
    'environment': {name: value for name, value in os.environ.items()
                    if name.startswith('LISTEN_')}}))
'''
# Says which signals come, until SIGTERM does. Numbers of signals are for the exit status, too.
LISTEN = r'''
import os, signal, sys
def tell(number, frame):
    os.write(1, b'%d\n' % number)
    if number == signal.SIGTERM:
        os._exit(9)
for number in map(int, sys.argv[1:]):
    signal.signal(number, tell)
os.write(1, b'ready %d\n' % os.getpid())
while True:
    signal.pause()
'''
# Likewise, but no two signals of a kind are taken for one while the interpreter is busy.
WAIT = r'''
import os, signal
expected = {signal.SIGINT, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, expected)
os.write(1, b'ready\n')
number = None
while number != signal.SIGTERM:
    number = signal.sigwaitinfo(expected).si_signo
    os.write(1, b'%d\n' % number)
os._exit(9)
'''
PASSED_ON = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2,
             signal.SIGCONT)
N_INTERRUPTS = 8
MANY = 17


def execute(session, *words, **options):
    return session.run('iommuctl', 'exec', *words, **options)


def leases(session):
    return json.loads(session.run('iommuctl', '--json', 'leases')[1])


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def no_lease_is_left(session):
    return wait_until(lambda: leases(session) == [])


def state_of(pid):
    """As ps shows it: "S" asleep, "T" stopped."""
    with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as file:
        return file.read().rpartition(')')[2].split()[0]


def start(session, *words, **options):
    """A program that runs, and its process id."""
    process = session.start('iommuctl', 'exec', *words, '--', sys.executable, '-c', LISTEN,
                            *(str(int(number)) for number in (*PASSED_ON, signal.SIGTERM)),
                            **options)
    return process, int(process.stdout.readline().split()[1])


def finish(process):
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def check_files(suite, session):
    python = (sys.executable, '-c', LOOK)
    status, output, errors = execute(session, FIRST, '02:00.0', '--name=job', '--', *python,
                                     'fd={iommufd}', '{guard}', f'{{{FIRST}}}:{{{SECOND}}}',
                                     '{02:00.0}', '{}', '{none}', '{{iommufd}', '{iommufd',
                                     '--json', 'x}')
    suite.equal((status, errors), (0, ''), 'a program with two devices')
    seen = json.loads(output)
    suite.equal(seen['environment'],
                {'LISTEN_PID': str(seen['pid']), 'LISTEN_FDS': '4',
                 'LISTEN_FDNAMES': 'iommufd:0000%3A01%3A00.0:0000%3A02%3A00.0:guard'},
                'its environment')
    suite.equal(seen['arguments'], ['fd=3', '6', '4:5', '5', '{}', '{none}', '{3', '{iommufd',
                                    '--json', 'x}'], 'its arguments')
    # The last one is what it lists its own files with.
    suite.equal(sorted(seen['files']), ['0', '1', '2', '3', '4', '5', '6'], 'its files')
    suite.result(all(stat.S_ISSOCK(seen['files'][number]) for number in '345')
                 and stat.S_ISFIFO(seen['files']['6']), 'and what they are', output)
    output = execute(session, FIRST, '--', 'sh', '-c', 'exec "$@"', 'sh', *python)[1]
    suite.equal(sorted(json.loads(output)['files']), ['0', '1', '2', '3', '4', '5'],
                'its children have them, too')
    suite.result(no_lease_is_left(session), 'the lease has ended')


def check_inherited(suite, session):
    """Files that iommuctl has itself go on to the program, if their numbers are free."""
    reading, writing = os.pipe()
    os.dup2(reading, 7)
    command = f'exec iommuctl exec {FIRST} -- {sys.executable} -c "$1" 3<&7'
    output = session.run('sh', '-c', command, 'sh', LOOK, pass_fds=(7,))[1]
    files = json.loads(output)['files']
    suite.result(stat.S_ISSOCK(files['3']) and stat.S_ISFIFO(files['7']), 'inherited files', output)
    for end in (reading, writing, 7):
        os.close(end)


def check_closed_streams(suite, session):
    """As if there were no iommuctl in between."""
    look = ('for n in 0 1 2; do [ -e /proc/$$/fd/$n ] && set -- "$@" $n; done; '
            'exec 4>"$0"; echo $* >&4')
    for closed in ('<&-', '>&-', '<&- >&- 2>&-', ''):
        found = []
        for program in ('env', f'iommuctl exec {FIRST} --'):
            path = os.path.join(session.folder, 'streams')
            session.run('sh', '-c', f'exec {program} sh -c "$1" "$2" {closed}', 'sh', look, path)
            with open(path, encoding='utf-8') as file:
                found.append(file.read())
        suite.equal(found[1], found[0], f'streams with "{closed}"')


def check_signal_state(suite, session):
    """The program finds signals as iommuctl did."""
    # Without the digit that has signal 33: the C library keeps that for its threads.
    look = ('sed', '-n', 's/\\(^Sig[BI].*\\)[0-9a-f]\\(.\\{8\\}\\)$/\\1\\2/p', '/proc/self/status')
    def ignore():
        for number in (signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)

    for prepare in (None, ignore):
        found = [session.run(*program, *look, preexec_fn=prepare)
                 for program in (('env',), ('iommuctl', 'exec', FIRST, '--'))]
        suite.equal(found[1], found[0], 'ignored and blocked signals')
        suite.equal(found[1][0], 0, 'exit status')
    ignored = lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # noqa: E731
    suite.equal(execute(session, FIRST, '--', 'sh', '-c', 'exit 7', preexec_fn=ignored)[0], 7,
                'exit status although SIGCHLD is ignored')


def check_ends(suite, session):
    for program, expected in ((('true',), 0), (('sh', '-c', 'exit 7'), 7),
                              (('sh', '-c', 'kill -TERM $$'), 143),
                              (('sh', '-c', 'kill -KILL $$'), 137)):
        suite.equal(execute(session, FIRST, '--', *program), (expected, '', ''),
                    f'{" ".join(program)}: exit status')
    plain = os.path.join(session.folder, 'plain')
    with open(plain, 'w', encoding='utf-8') as file:
        file.write('exit 5\n')
    for program, status, cause in (('nonesuch', 127, 'No such file or directory'),
                                   ('/nonesuch', 127, 'No such file or directory'),
                                   (plain, 126, 'Permission denied'),
                                   (session.folder, 126, 'Permission denied')):
        suite.equal(execute(session, FIRST, '--', program),
                    (status, '', f"iommuctl: Cannot run '{program}': {cause}\n"),
                    f'a program that cannot be run: {cause}')
        suite.equal(session.run('env', program)[0], status, 'as env(1) has it')
    status, output, errors = execute(session, '--json', FIRST, '--', 'nonesuch', '--json')
    suite.equal((status, json.loads(output)['Error']['Name'], errors),
                (127, 'org.iommud1.iommuctl.NoProgram', ''), 'for programs')
    os.chmod(plain, 0o755)
    suite.equal(execute(session, FIRST, '--', plain)[0], 5, 'a script without a first line')
    suite.result(no_lease_is_left(session), 'no lease is left')


def check_usage(suite, session):
    message = ("iommuctl: exec needs a program after '--': iommuctl exec DEVICE... -- PROGRAM "
               '[ARGUMENT...]\n')
    for words in ((), (FIRST,), (FIRST, '--'), (FIRST, 'qemu', '-m', '1G'), (FIRST, '--qemu')):
        suite.equal(execute(session, *words), (2, '', message), f'exec {" ".join(words)}')
    suite.equal(execute(session, '--', 'true')[0], 2, 'no device')
    for words, status in (((FIRST, '--fast', '--', 'true'), 2), (('nothing', '--', 'true'), 3),
                          ((FIRST, FIRST, '--', 'true'), 2),
                          ((FIRST, '--name=1', '--', 'true'), 2),
                          ((FIRST, '--accounting=nobody', '--', 'true'), 2),
                          ((FIRST, '--locked-memory=much', '--', 'true'), 2)):
        found = execute(session, *words)
        suite.result(found[0] == status and found[2].count('\n') == 1, f'exec {" ".join(words)}',
                     *found)
    status, output, _ = execute(session, '--help')
    suite.result(status == 0 and 'exec DEVICE... -- PROGRAM' in output, '--help', output)
    odd = b'a\xffb\xc3'
    result = subprocess.run((b'iommuctl', b'exec', FIRST.encode(), b'--', b'printf', b'%s', odd),
                            env=session.environment, stdout=subprocess.PIPE, check=False)
    suite.equal((result.returncode, result.stdout), (0, odd), 'an argument that is no text')
    suite.equal(execute(session, FIRST, '--accounting=user', '--name=job', '--', 'iommuctl',
                        'leases', '--names'), (0, 'job\n', ''), 'options of the lease')


def check_qemu(suite, session):
    suite.equal(execute(session, FIRST, '--qemu', MDEV, '--', 'echo', '-m', '{iommufd}G'),
                (0, '-object iommufd,id=iommufd0,fd=3 '
                    '-device vfio-pci,iommufd=iommufd0,fd=4,id=hostdev0 '
                    '-device vfio-pci,iommufd=iommufd0,fd=5,id=hostdev1 -m 3G\n', ''), '--qemu')


def check_signals(suite, session):
    process, pid = start(session, FIRST)
    for number in PASSED_ON:
        process.send_signal(number)
        suite.equal(process.stdout.readline(), f'{int(number)}\n', f'{number.name} is passed on')
    process.send_signal(signal.SIGTSTP)
    suite.result(wait_until(lambda: state_of(pid) == state_of(process.pid) == 'T'),
                 'both are stopped')
    process.send_signal(signal.SIGCONT)
    suite.equal(process.stdout.readline(), f'{int(signal.SIGCONT)}\n', 'and continued')
    process.terminate()
    suite.equal(finish(process), (9, f'{int(signal.SIGTERM)}\n', ''), 'SIGTERM is passed on')
    process, pid = start(session, FIRST, start_new_session=True)
    os.kill(pid, signal.SIGKILL)
    suite.equal(finish(process), (137, '', ''), 'SIGKILL of the program')
    suite.result(no_lease_is_left(session), 'ends the lease')


def check_orphan(suite, session):
    """The program keeps its lease without iommuctl."""
    process, pid = start(session, FIRST, '--name=job')
    process.kill()
    process.wait()
    time.sleep(0.2)
    suite.equal([(lease['Name'], lease['State']) for lease in leases(session)], [('job', 'active')],
                'SIGKILL of iommuctl leaves the lease')
    os.kill(pid, signal.SIGUSR1)
    suite.equal(process.stdout.readline(), f'{int(signal.SIGUSR1)}\n', 'and the program')
    os.kill(pid, signal.SIGKILL)
    suite.result(no_lease_is_left(session), 'which ends it')
    process.stdout.close()
    process.stderr.close()


def check_daemon(suite, session):
    """What a program leaves behind keeps the lease."""
    status, output, _ = execute(session, FIRST, '--name=job', '--', 'sh', '-c',
                                'sleep 600 >/dev/null 2>&1 & echo $!')
    suite.equal((status, [lease['State'] for lease in leases(session)]), (0, ['active']),
                'a program that goes on in the background')
    os.kill(int(output), signal.SIGTERM)
    suite.result(no_lease_is_left(session), 'ends the lease when it ends')


def check_release(suite, session):
    process, pid = start(session, FIRST, '--name=job')
    errors = session.run('iommuctl', 'release', 'job')[2]
    suite.result(f'(pid {pid}' in errors, 'release: the program has it open', errors)
    suite.equal(process.stderr.readline(),
                f'iommuctl: Lease job was released: {sys.executable} goes on, and keeps what it '
                'has open until it closes it\n', 'which is told to people')
    output = session.run('iommuctl', 'devices')[1]
    suite.result(re.search(f'^{FIRST} +leased job ', output, re.M), 'the device is not free',
                 output)
    process.send_signal(signal.SIGUSR1)
    suite.equal(process.stdout.readline(), f'{int(signal.SIGUSR1)}\n', 'it goes on')
    process.terminate()
    suite.equal(finish(process), (9, f'{int(signal.SIGTERM)}\n', ''), 'and ends as ever')
    suite.result(no_lease_is_left(session), 'then it is free')


def check_closed_device(suite, session):
    """iommuctl keeps no copy of a file that the program closes."""
    status, output, _ = execute(session, FIRST, '--name=job', '--', 'sh', '-c',
                                'exec 4>&-; iommuctl release job')
    suite.equal((status, output), (0, 'Released lease job\n'), 'a device that the program closes')


def read_lines(terminal, count):
    output = b''
    while output.count(b'\n') < count:
        output += os.read(terminal, 4096)
    return output


def check_terminal(suite, session):
    """Ctrl-C comes to both: it is not passed on once more."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe('iommuctl', ['iommuctl', 'exec', FIRST, '--', sys.executable, '-c', WAIT],
                   session.environment)
    output = read_lines(terminal, 1)
    for _ in range(N_INTERRUPTS):
        os.write(terminal, b'\x03')
        output += read_lines(terminal, 1)
    os.kill(pid, signal.SIGTERM)
    while b'15' not in output:
        output += read_lines(terminal, 1)
    suite.equal(output.replace(b'^C', b'').split(), [b'ready', *([b'2'] * N_INTERRUPTS), b'15'],
                'Ctrl-C on a terminal')
    suite.equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 9, 'exit status')
    os.close(terminal)


def write_host(path, devices, *faults):
    text = ''.join(f'<device name="0000:{n:02x}:00.0" iommu="smmu0" group="{n}"/>'
                   for n in devices)
    with open(path + '.new', 'w', encoding='utf-8') as file:
        file.write(f'<simulated-host><iommu name="smmu0"/>{text}{"".join(faults)}'
                   '</simulated-host>\n')
    os.rename(path + '.new', path)


def check_many(suite, folder):
    """More than a message carries."""
    path = os.path.join(folder, 'many.xml')
    write_host(path, range(1, MANY + 1))
    names = [f'0000:{n:02x}:00.0' for n in range(1, MANY + 1)]
    with Session(f'--simulate={path}') as session:
        status, output, errors = execute(session, *names, '--', sys.executable, '-c', LOOK,
                                         *(f'{{{name}}}' for name in names))
        suite.equal((status, errors), (0, ''), f'{MANY} devices')
        seen = json.loads(output)
        suite.equal(seen['arguments'], [str(4 + n) for n in range(MANY)], 'their numbers')
        suite.equal((len(seen['files']), seen['environment']['LISTEN_FDS']),
                    (3 + 1 + MANY + 1, str(MANY + 2)), 'their files')


def check_wanted(suite, folder):
    """A device that is unplugged."""
    path = os.path.join(folder, 'unplug.xml')
    write_host(path, (1, 2))
    with Session(f'--simulate={path}') as session:
        process, _ = start(session, FIRST)
        write_host(path, (2,))
        suite.equal(process.stderr.readline(),
                    f'iommuctl: The host wants {FIRST} back, and waits until {sys.executable} '
                    'closes it\n', 'a device that is unplugged')
        process.terminate()
        suite.equal(finish(process)[0], 9, 'the program decides')


def check_interrupt(suite, folder):
    """Ctrl-C while the service makes the lease."""
    path = os.path.join(folder, 'slow.xml')
    write_host(path, (1,), '<fault operation="open-cdev" call="1" delay="2000"/>')
    with Session(f'--simulate={path}') as session:
        process = session.start('iommuctl', 'exec', FIRST, '--', 'echo', 'too late')
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        status, output, errors = finish(process)
        suite.equal((status, output), (130, ''), 'interrupted before there is a lease')
        suite.result(errors.startswith('iommuctl: Interrupted'), 'and told so', errors)
        suite.result(no_lease_is_left(session), 'no lease is left')
    with Session(f'--simulate={path}') as session:
        process = session.start(
            'iommuctl', 'exec', FIRST, '--', 'echo', 'done',
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        time.sleep(0.5)
        process.send_signal(signal.SIGHUP)
        suite.equal(finish(process), (0, 'done\n', ''), 'a signal that nohup ignores')


def main():
    suite = Suite()
    with Session() as session:
        check_files(suite, session)
        check_inherited(suite, session)
        check_closed_streams(suite, session)
        check_signal_state(suite, session)
        check_ends(suite, session)
        check_usage(suite, session)
        check_qemu(suite, session)
        check_signals(suite, session)
        check_orphan(suite, session)
        check_daemon(suite, session)
        check_release(suite, session)
        check_closed_device(suite, session)
        if has_terminals():
            check_terminal(suite, session)
        else:
            suite.skip('Ctrl-C on a terminal', 'no terminals')
    with tempfile.TemporaryDirectory(prefix='iommud-test.') as folder:
        check_many(suite, folder)
        check_wanted(suite, folder)
        check_interrupt(suite, folder)
    suite.finish()


if __name__ == '__main__':
    main()
