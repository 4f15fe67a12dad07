# SPDX-License-Identifier: LGPL-2.1-or-later
"""What iommuctl prints of words that hold what no terminal should get."""

import json
import os
import subprocess

from simulated import Session, Suite

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
        check_words(suite, session)
        check_file_name(suite, session)
        check_address(suite, session)
    suite.finish()


if __name__ == '__main__':
    main()
