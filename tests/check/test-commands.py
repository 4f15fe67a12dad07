# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual page and the completion name every command and option that iommuctl has."""

import os
import re
import subprocess

from house import Suite, build_folder

MANUAL = 'tools/iommuctl.1.rst'
COMPLETION = 'tools/completions/iommuctl'


def help_of(*words):
    program = os.path.join(build_folder(), 'tools', 'iommuctl')
    return subprocess.run([program, *words, '--help'], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def commands_of_program():
    """Each command with its options, as --help shows them."""
    listed = help_of().split('Commands:')[1]
    commands = re.findall(r'^  ([\w-]+(?: [\w-]+)?)  ', listed, re.M)
    return {command: set(re.findall(r'^  (?:-\w, )?(--[\w-]+)', help_of(*command.split()), re.M))
            for command in commands}


def section(tree, path, opening, closing):
    text = tree.read(path) if tree.exists(path) else ''
    match = re.search(opening + r'(.*?)' + closing, text, re.S)
    return match.group(1) if match else ''


def check_manual(commands):
    def rule(tree):
        described = section(tree, MANUAL, r'COMMANDS\n=+', r'\nJSON\n')
        problems = [f'{MANUAL}: no entry for {command}' for command in commands
                    if not re.search(rf'^\*\*{command}\*\*', described, re.M)]
        options = set().union(*commands.values())
        return problems + [f'{MANUAL}: says nothing of {option}' for option in sorted(options)
                           if f'**{option}' not in described]
    return rule


def check_synopsis(commands):
    def rule(tree):
        synopsis = section(tree, MANUAL, r'SYNOPSIS\n=+', r'\nDESCRIPTION\n')
        return [f'{MANUAL}: {command} is not in the synopsis' for command in commands
                if f'**{command}**' not in synopsis]
    return rule


def check_completion(commands):
    def rule(tree):
        names = section(tree, COMPLETION, r"_iommuctl_commands='", "'").split()
        first_words = {command.split()[0] for command in commands}
        problems = [f'{COMPLETION}: does not know {command}' for command in commands
                    if command.split()[0] not in names]
        problems += [f'{COMPLETION}: there is no command {name}' for name in names
                     if name not in first_words]
        problems += [f'{COMPLETION}: does not know {command}' for command in commands
                     if ' ' in command and command.split()[1] not in second_words(tree, command)]
        for command, options in commands.items():
            problems += [f'{COMPLETION}: does not know {option} of {command}'
                         for option in sorted(options - completed_options(tree, command))]
        return problems
    return rule


def second_words(tree, command):
    text = section(tree, COMPLETION, rf"{command.split()[0]}/0\) echo '", "'")
    return text.split()


def completed_options(tree, command):
    if not tree.exists(COMPLETION):
        return set()
    result = subprocess.run(['bash', '-c', '. "$1"; _iommuctl_options "$2"', 'bash',
                             os.path.join(tree.top, COMPLETION), command],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return {word.rstrip('=') for word in result.stdout.split()}


def check_width(commands):
    texts = {'iommuctl --help': help_of()}
    texts.update({f'iommuctl {command} --help': help_of(*command.split())
                  for command in commands})
    return [f'{name}: {len(line)} columns: {line}' for name, text in texts.items()
            for line in text.split('\n') if len(line) > 80]


def main():
    suite = Suite()
    commands = commands_of_program()
    suite.result(len(commands) >= 18 and '--mode' in commands['attach']
                 and '--plot' in commands['dirty read'],
                 'the commands of the program are read', [str(commands)])
    empty = {'an empty file': {MANUAL: '', COMPLETION: ''}}
    one_less = {'a command that is missing': {
        MANUAL: 'SYNOPSIS\n====\n**devices**\nDESCRIPTION\n\nCOMMANDS\n====\n**devices**\n\nJSON\n',
        COMPLETION: "_iommuctl_commands='devices'\n"}}
    suite.rule('manual', check_manual(commands), {**empty, **one_less})
    suite.rule('synopsis', check_synopsis(commands), {**empty, **one_less})
    suite.rule('completion', check_completion(commands), {
        **empty, **one_less,
        'a command that does not exist': {
            COMPLETION: f"_iommuctl_commands='{' '.join(commands)} fly'\n"},
        'a second word that is missing': {
            COMPLETION: f"_iommuctl_commands='{' '.join(commands)}'\n"
                        "dirty/0) echo 'start stop'\n"}})
    problems = check_width(commands)
    suite.result(not problems, 'help fits 80 columns', problems)
    suite.finish()


if __name__ == '__main__':
    main()
