# SPDX-License-Identifier: LGPL-2.1-or-later
"""How sources are written: headers, length of functions, words that mean unfinished work."""

import collections
import re

from house import Suite, line_of, source_tree, without_comments

LICENCES = ('LGPL-2.1-or-later', 'GPL-2.0', 'GPL-2.0-only')
SOURCE_SUFFIXES = ('.c', '.h', '.py', '.sh', '.xml', '.rng', '.rst', '.inc', '.am', '.ac', '.m4',
                   '.in', '.rules', '.service', '.policy', '.conf')
LONGEST_FILE = 450
LONGEST_FUNCTION = 60
LONGEST_OF_NINE_IN_TEN = 20
LONGEST_LINE = 100
# How tests get below a simulated host.
TEST_HEADERS = ('lib/sim/kernel-testing.h', 'lib/simulator/simulator-testing.h')
# What is built of the functions below which folders.
PRODUCTS = {
    'libiommud-sim': ('lib/sim/', 'lib/simulator/', 'lib/xml/'),
    'libiommud': ('lib/',),
    'libiommud-dbus': ('dbus/client/',),
    'the service': ('dbus/service/',),
    'iommuctl': ('tools/',),
}

# Written in pieces, so that this file does not hold the words itself.
UNFINISHED = re.compile('|'.join((
    r'\b' + 'TO' + 'DO' + r'\b', r'\b' + 'FIX' + 'ME' + r'\b', r'(?-i:\b' + 'XX' + r'X\b)',
    r'\b' + 'HA' + 'CK' + r'\b', 'for ' + r'now\b', 'place' + 'holder',
    'not ' + r'yet (?:implemented|done|supported|written)',
    'un' + 'implemented', 'work in ' + 'progress')), re.I)
# Folders that exist on the machine of one person or builder, never on a user's.
MACHINE_PATHS = re.compile(r'(?<![\w.$}/-])/(?:work|root|home|builds?|Users)/[\w.-]+'
                           r'|/tmp/(?:build|clone|qs)[\w.-]*')
NAME_OF_SCRIPT = re.compile(r'#!.*\b(sh|bash|python3)\b')

TYPE_DEFINITION = re.compile(
    r'^G_DEFINE_(?:ABSTRACT_)?(?:FINAL_)?TYPE(?:_WITH_\w+|_EXTENDED)?\s*\(\s*(\w+)'
    r'|^struct (_?[A-Z]\w+)\s*\{|^typedef (?:struct|enum)\s*\{[^{}]*\}\s*(\w+);', re.M)


def check_licence(tree):
    """An SPDX line within the first three lines (an XML declaration or #! may come first)."""
    problems = []
    for path in tree.paths():
        text = tree.read(path)
        if not (path.endswith(SOURCE_SUFFIXES) or NAME_OF_SCRIPT.match(text)):
            continue
        match = re.search(r'SPDX-License-Identifier: ([\w.+-]+)', '\n'.join(text.split('\n')[:3]))
        if not match:
            problems.append(f'{path}:1: no SPDX-License-Identifier in its first lines')
        elif match.group(1) not in LICENCES:
            problems.append(f'{path}:1: licence {match.group(1)}')
    return problems


def check_first_comment(tree):
    """After the licence, C files say what the one thing is that they own."""
    opening = re.compile(r'/\* SPDX-License-Identifier: [^*]+\*/\n/\*+\s*\S')
    return [f'{path}:2: no comment that says what this file owns'
            for path in tree.paths('.c', '.h') if not opening.match(tree.read(path))]


def check_unfinished(tree):
    return find_in_text(tree, UNFINISHED, 'unfinished work')


def check_machine_paths(tree):
    return find_in_text(tree, MACHINE_PATHS, 'a path of one machine')


def find_in_text(tree, pattern, what):
    problems = []
    for path in tree.paths():
        text = tree.read(path)
        problems += [f'{path}:{line_of(text, match.start())}: {what}: {match.group(0)}'
                     for match in pattern.finditer(text)]
    return problems


def check_lines(tree):
    problems = []
    for path in tree.paths('.c', '.h', '.py', '.sh', '.inc'):
        for number, line in enumerate(tree.read(path).split('\n'), 1):
            if len(line) > LONGEST_LINE:
                problems.append(f'{path}:{number}: {len(line)} columns')
            if line != line.rstrip():
                problems.append(f'{path}:{number}: white space at its end')
    return problems


def check_goto(tree):
    problems = []
    for path in tree.paths('.c', '.h'):
        text = without_comments(tree.read(path))
        problems += [f'{path}:{line_of(text, match.start())}: goto'
                     for match in re.finditer(r'\bgoto\s+\w+\s*;', text)]
    return problems


def check_quarks(tree):
    """A formatter that takes the hyphens of a name for minus signs changes the name."""
    return [f'{path}: {match.group(0)}' for path in tree.paths('.c')
            for match in re.finditer(r'G_DEFINE_QUARK \([^,)]* - [^)]*\)', tree.read(path))]


def functions(tree):
    """(path, line, name, lines) of each C function, from its { to its }, both at column 0.

    Lines that hold code count: properties are documented where they are installed.
    """
    opening = re.compile(r'^(\w+) \([^;{}]*\)\s*\n\{\n.*?^\}', re.M | re.S)
    for path in tree.paths('.c', '.h'):
        text = without_comments(tree.read(path))
        for match in opening.finditer(text):
            body = match.group(0)[match.group(0).index('\n{'):]
            lines = sum(1 for line in body.split('\n') if line.strip())
            yield path, line_of(text, match.start()), match.group(1), lines


def check_function_length(tree):
    return [f'{path}:{line}: {name} is {lines} lines, at most {LONGEST_FUNCTION}'
            for path, line, name, lines in functions(tree) if lines > LONGEST_FUNCTION]


def check_file_length(tree):
    return [f'{path}: {lines} lines, at most {LONGEST_FILE}' for path in tree.paths('.c')
            if (lines := tree.read(path).count('\n')) > LONGEST_FILE]


def lengths_of_products(tree):
    """The lengths of each product's functions, sorted."""
    lengths = {product: [] for product in PRODUCTS}
    for path, _, _, lines in functions(tree):
        product = next((name for name, folders in PRODUCTS.items() if path.startswith(folders)),
                       None)
        if product is not None:
            lengths[product].append(lines)
    return {product: sorted(found) for product, found in lengths.items() if found}


def nine_in_ten(lengths):
    return lengths[len(lengths) * 9 // 10]


def check_usual_length(tree):
    return [f'{product}: p90 of the lengths of functions is {nine_in_ten(lengths)}, '
            f'at most {LONGEST_OF_NINE_IN_TEN}'
            for product, lengths in lengths_of_products(tree).items()
            if nine_in_ten(lengths) > LONGEST_OF_NINE_IN_TEN]


GLOBAL_FUNCTION = re.compile(r'^(?!static\b)[\w *]+\n([a-z]\w+) \([^;{}]*\)\s*\n\{', re.M)
PUBLIC_FUNCTION = re.compile(r'\bIOMMUD(?:_DBUS)?_PUBLIC\s[^;]*?\b(iommud_\w+)\s*\(')


def words_of_code(tree):
    """How often each word is in the product: in sources, and in what headers define."""
    words = collections.Counter()
    for path in tree.product_paths('.c', '.h'):
        text = without_comments(tree.read(path))
        if path.endswith('.h'):
            text = '\n'.join(re.findall(r'^[ \t]*#[ \t]*define.*(?:\\\n.*)*|G_DEFINE_AUTO.*', text,
                                        re.M))
        words.update(re.findall(r'\w+', text))
    return words


def check_used(tree):
    """No function is there for tests alone, but those that are declared for them."""
    words = words_of_code(tree)
    exempt = {'main'}
    for path in tree.product_paths('.h'):
        pattern = re.compile(r'\w+') if path in TEST_HEADERS else PUBLIC_FUNCTION
        exempt.update(pattern.findall(without_comments(tree.read(path))))
    return [f'{path}: {name} is called by nothing but tests'
            for path in tree.product_paths('.c')
            for name in GLOBAL_FUNCTION.findall(without_comments(tree.read(path)))
            if words[name] == 1 and name not in exempt]


def check_type_names(tree):
    """No type has the name of another one, not even in another folder."""
    seen = {}
    problems = []
    for path in tree.product_paths('.c', '.h'):
        text = without_comments(tree.read(path))
        names = {next(filter(None, match.groups())).lstrip('_')
                 for match in TYPE_DEFINITION.finditer(text)}
        for name in sorted(names):
            room = path.rsplit('.', 1)[0].replace('-private', '')
            first = seen.setdefault(name, room)
            if first.split('/')[0] != room.split('/')[0]:
                problems.append(f'{path}: the type {name} is there already: {first}')
    return problems


def report_lengths(tree):
    for product, lengths in lengths_of_products(tree).items():
        print(f'# {product}: {len(lengths)} functions, median {lengths[len(lengths) // 2]} lines, '
              f'p90 {nine_in_ten(lengths)}, longest {lengths[-1]}')


def ten_functions(long):
    short = 'static void\na (int b)\n{\n}\n'
    return short * (10 - long) + ('static void\na (int b)\n{\n' + '  b++;\n' * 19 + '}\n') * long


C_HEADER = '/* SPDX-License-Identifier: LGPL-2.1-or-later */\n'


def main():
    suite = Suite()
    suite.rule('licence lines', check_licence, {
        'a C file without': {'lib/a.c': 'int a;\n'},
        'a script without': {'tools/a': '#!/bin/sh\nexit 0\n'},
        'another licence': {'lib/a.c': '/* SPDX-License-Identifier: MIT */\n'}})
    suite.rule('first comments', check_first_comment, {
        'a C file without': {'lib/a.c': C_HEADER + '#include <glib.h>\n'}})
    suite.rule('no unfinished work', check_unfinished, {
        'a marker': {'lib/a.c': '/* FIX' + 'ME: later */\n'},
        'a marker in lower case': {'README.md': 'to' + 'do: this\n'},
        'a promise': {'HACKING.md': 'This is a place' + 'holder.\n'}})
    suite.rule('no machine paths', check_machine_paths, {
        'a home folder': {'lib/a.c': '"/ho' + 'me/me/x"\n'},
        'a build folder': {'a.sh': 'cd /t' + 'mp/build-x\n'}})
    suite.rule('lines', check_lines, {
        'a long line': {'lib/a.c': 'x' * 101 + '\n'},
        'white space at an end': {'lib/a.c': 'int a; \n'}})
    suite.rule('no goto', check_goto, {'a goto': {'lib/a.c': '  goto out;\n'}})
    suite.rule('names of quarks', check_quarks, {
        'spaces around hyphens': {'lib/a.c': 'G_DEFINE_QUARK (a - quark, a)\n'}})
    suite.rule('length of functions', check_function_length, {
        'a long function': {'lib/a.c': 'static void\na (int b)\n{\n' + '  b++;\n' * 60 + '}\n'}})
    suite.rule('length of files', check_file_length, {
        'a long file': {'lib/model/a.c': '\n' * 451},
        'a long test': {'tests/lib/test-a.c': '\n' * 451}})
    suite.rule('usual length of functions', check_usual_length, {
        f'two long functions in ten of {product}': {
            f'{folders[0]}a.c': ten_functions(long=2)} for product, folders in PRODUCTS.items()})
    suite.rule('functions that only tests call', check_used, {
        'one that nothing names': {'lib/model/a.c': 'void\niommud_a (int b)\n{\n}\n'},
        'one that its header declares': {
            'lib/model/a.c': 'void\niommud_a (int b)\n{\n}\n',
            'lib/model/a.h': 'void iommud_a (int b);\n',
            'tests/lib/test-a.c': 'int\nmain (void)\n{\n  iommud_a (1);\n}\n'}})
    suite.rule('type names', check_type_names, {
        'one type in two folders': {'lib/a.c': 'struct _IommudThing\n{\n  int a;\n};\n',
                                  'dbus/service/b.c': 'struct _IommudThing\n{\n  int b;\n};\n'}})
    report_lengths(source_tree())
    suite.finish()


if __name__ == '__main__':
    main()
