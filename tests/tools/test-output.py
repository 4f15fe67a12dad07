# SPDX-License-Identifier: LGPL-2.1-or-later
"""What iommuctl prints where nothing can be written, and of words that hold what no terminal should
get."""

import json
import os
import subprocess

from simulated import Session, Suite

HELP = (('--help',), ('--version',), ('help',), ('help', 'map'), ('create', '--help'),
        ('dirty', '--help'), ('-?',))
# A word, and how a message shows it.
WORDS = ((b'a\nb\x1b[2J', '\'a\\nb\\x1b[2J\''), ('a\u202eb\u200b\u2028'.encode(),
                                                 '\'a\\u202eb\\u200b\\u2028\''),
         (b'a\xffb\xc3', '\'a\\xffb\\xc3\''), ('\u00fc \u4f8b'.encode(), '\'\u00fc \u4f8b\''))
COMMANDS = ((), (b'help',), (b'show',), (b'attach', b'vm1'), (b'create', b'vm2'), (b'map', b'vm1'),
            (b'devices', b'--columns'), (b'allow-iovas', b'vm1'), (b'dirty', b'read', b'vm1'),
            (b'monitor', b'--count'), (b'create', b'--dirty-tracking'), (b'--address',))


def run(session, *words):
    """The exit status, the output and the errors as bytes."""
    result = subprocess.run((b'iommuctl', *words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=session.environment, timeout=60)
    return result.returncode, result.stdout, result.stderr


def check_nowhere_to_write(suite, session):
    for words in HELP:
        for target, cause in (('/dev/full', 'No space left on device'),
                              ('&-', 'Bad file descriptor')):
            found = session.run('sh', '-c', f'exec iommuctl "$@" >{target}', 'sh', *words)
            suite.equal(found, (1, '', f'iommuctl: Cannot write the output: {cause}\n'),
                        f'{" ".join(words)} >{target}')


def check_closed_streams(suite, session):
    """What is opened, such as the file that is mapped, does not become the output."""
    session.run('iommuctl', 'create', 'closed')
    failure = 'iommuctl: Cannot write the output: Bad file descriptor\n'
    for closed, expected in (('>&-', (1, failure)), ('<&- >&-', (1, failure)),
                             ('<&- >&- 2>&-', (1, '')), ('2>&-', (0, '')), ('<&-', (0, ''))):
        memory = os.memfd_create('guest')
        os.truncate(memory, 4096)
        status, _, errors = session.run(
            'sh', '-c', f'exec iommuctl map closed /dev/fd/{memory} {closed}', pass_fds=(memory,))
        suite.equal((status, errors), expected, f'map {closed}')
        suite.equal(os.pread(memory, 4096, 0).strip(b'\0'), b'', f'map {closed}: the memory')
        os.close(memory)


def check_help_as_json(suite, session):
    for words in HELP:
        status, output, errors = session.run('iommuctl', *words)
        suite.equal((status, bool(output), errors), (0, True, ''), ' '.join(words))
        status, found, _ = session.run('iommuctl', '--json', *words)
        expected = ({'Version': output.split()[1]} if words == ('--version',)
                    else {'Help': output})
        suite.equal((status, json.loads(found)), (0, expected), f'--json {" ".join(words)}')
    ascii_locale = dict(session.environment, LC_ALL='C')
    output = subprocess.run(('iommuctl', '--help'), stdout=subprocess.PIPE, env=ascii_locale,
                            check=True).stdout
    suite.result(output.isascii(), 'help in a locale that has only ASCII', output)


def is_one_line(data):
    """Whether it is printable text in UTF-8."""
    try:
        text = data.decode('utf-8')
    except UnicodeDecodeError:
        return False
    return text.endswith('\n') and text[:-1].isprintable()


def check_words(suite, session):
    session.run('iommuctl', 'create', 'vm1')
    for command in COMMANDS:
        for word, shown in WORDS:
            words = ((command[0], command[1] + b'=' + word)
                     if len(command) == 2 and command[1].startswith(b'--')
                     else (*command, word))
            name = ascii(b' '.join(words))
            status, output, errors = run(session, *words)
            suite.result(status != 0 and output == b'' and is_one_line(errors), name, status,
                         output, errors)
            status, output, errors = run(session, b'--json', *words)
            message = json.loads(output)['Error']['Message'] if output else None
            suite.result(status != 0 and errors == b'' and message and message.isprintable(),
                         f'--json {name}', status, output, errors)
            if command in ((), (b'help',), (b'map', b'vm1')):
                suite.result(message and shown in message, f'{name}: shows the word', message)


def check_file_name(suite, session):
    """Also what succeeds repeats words."""
    memory = os.memfd_create('guest')
    os.truncate(memory, 4096)
    path = os.path.join(session.folder, 'guest\n\u202e')
    os.symlink(f'/dev/fd/{memory}', path)
    status, output, errors = session.run('iommuctl', 'map', 'vm1', path, pass_fds=(memory,))
    suite.equal((status, errors), (0, ''), 'a file with an odd name is mapped')
    suite.result(output.count('\n') == 1 and 'guest\\n\\u202e into vm1' in output, 'and shown',
                 output)
    os.close(memory)


def check_address(suite, session):
    found = session.run('iommuctl', '--address=', 'devices')
    suite.equal(found, (2, '', 'iommuctl: --address is empty: it takes the address of a bus, such '
                               'as unix:path=/run/bus\n'), 'an empty address')


def main():
    suite = Suite()
    with Session() as session:
        check_nowhere_to_write(suite, session)
        check_closed_streams(suite, session)
        check_help_as_json(suite, session)
        check_words(suite, session)
        check_file_name(suite, session)
        check_address(suite, session)
    suite.finish()


if __name__ == '__main__':
    main()
