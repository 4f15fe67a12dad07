# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each public function and type of the libraries is documented, with parameters and result."""

import re

from house import Suite, line_of, source_tree, without_comments

# What marks a public function, and the headers that declare them; generated ones are not there.
PUBLIC_HEADER = re.compile(r'lib/[^/]+\.h$|lib/simulator/iommud-sim\.h$'
                           r'|dbus/client/iommud-dbus[^/]*\.h$')
DECLARATION = re.compile(
    r'\bIOMMUD(?:_DBUS)?_PUBLIC\s+(?!G_DECLARE)([\w\s*]+?)\b(iommud_\w+)\s*\(([^;]*?)\)\s*;')
TYPE = re.compile(r'^G_DECLARE_\w+ \((\w+),|^typedef struct _(\w+) \2;'
                  r'|^typedef enum[^{]*\{([^}]*)\} (\w+);', re.M)
BLOCK = re.compile(r'/\*\*\n \* (\w+):[^\n]*\n(.*?)\*/', re.S)
PARAMETER = re.compile(r'(\w+)\s*(?:\[\])?$')


def blocks(tree):
    """The text of each documentation comment by the name that it documents."""
    return {match.group(1): match.group(2) for path in tree.product_paths('.c', '.h')
            for match in BLOCK.finditer(tree.read(path))}


def declarations(tree):
    """(path, line, name, what it returns, names of its parameters) of each public function."""
    for path in tree.product_paths('.h'):
        if PUBLIC_HEADER.match(path):
            text = without_comments(tree.read(path))
            for match in DECLARATION.finditer(text):
                returned, name, arguments = match.groups()
                parameters = [PARAMETER.search(word.strip()).group(1)
                              for word in arguments.split(',') if word.strip() != 'void']
                yield path, line_of(text, match.start()), name, returned.strip(), parameters


def description(block):
    """A block without its lines on parameters and result."""
    text = '\n'.join(line[3:] for line in block.split('\n'))
    text = re.sub(r'^(?:@\w+|Returns):.*(?:\n  .*)*', '', text, flags=re.M)
    return text.strip()


def faults_of(block, returned, parameters):
    if block is None:
        return ['is not documented']
    faults = [f'does not document @{name}' for name in parameters
              if not re.search(rf'^ \* @{name}: *\S', block, re.M)]
    faults += [f'documents @{name}, which it does not have'
               for name in re.findall(r'^ \* @(\w+):', block, re.M) if name not in parameters]
    if returned != 'void' and not re.search(r'^ \* Returns: *\S', block, re.M):
        faults.append('does not say what it returns')
    if returned == 'void' and re.search(r'^ \* Returns:', block, re.M):
        faults.append('says what it returns, and returns nothing')
    # What a getter returns is all that it does.
    if not description(block) and (returned == 'void' or len(parameters) > 1):
        faults.append('does not say what it does')
    return faults


def check_functions(tree):
    documented = blocks(tree)
    return [f'{path}:{line}: {name} {fault}'
            for path, line, name, returned, parameters in declarations(tree)
            if not name.endswith('_get_type')
            for fault in faults_of(documented.get(name), returned, parameters)]


def members_of(enumeration):
    return re.findall(r'^\s*(IOMMUD_\w+)', enumeration, re.M)


def check_types(tree):
    documented = blocks(tree)
    problems = []
    for path in tree.product_paths('.h'):
        text = without_comments(tree.read(path)) if PUBLIC_HEADER.match(path) else ''
        for match in TYPE.finditer(text):
            declared, forward, members, enumeration = match.groups()
            name = declared or forward or enumeration
            if name.endswith('Class'):
                continue
            problems += [f'{path}:{line_of(text, match.start())}: {name} {fault}'
                         for fault in faults_of(documented.get(name), 'void',
                                                members_of(members or ''))]
    return problems


def report_share(tree):
    names = [name for _, _, name, _, _ in declarations(tree) if not name.endswith('_get_type')]
    documented = blocks(tree)
    print(f'# {sum(name in documented for name in names)} of {len(names)} public functions '
          'are documented')


def check_found(tree):
    return [] if len(list(declarations(tree))) > 50 else ['hardly a public function was found']


def function(comment, declaration='int iommud_a (int b);'):
    return {'lib/iommud-a.h': f'IOMMUD_PUBLIC {declaration}\n', 'lib/model/a.c': comment}


def main():
    suite = Suite()
    suite.rule('public functions are found', check_found, {'none': {'lib/iommud-a.h': ''}})
    suite.rule('public functions', check_functions, {
        'a function without': function(''),
        'a comment that is no documentation': function('/*\n * iommud_a:\n * @b: b\n */\n'),
        'a parameter that is missing': function('/**\n * iommud_a:\n *\n * A.\n *\n'
                                                ' * Returns: a\n */\n'),
        'a parameter too many': function('/**\n * iommud_a:\n * @b: b\n * @c: c\n *\n * A.\n *\n'
                                         ' * Returns: a\n */\n'),
        'a parameter that nothing is said of': function(
            '/**\n * iommud_a:\n * @b:\n *\n * A.\n *\n * Returns: a\n */\n'),
        'a result that is missing': function('/**\n * iommud_a:\n * @b: b\n *\n * A.\n */\n'),
        'a result that is none': function(
            '/**\n * iommud_a:\n *\n * A.\n *\n * Returns: a\n */\n', 'void iommud_a (void);'),
        'a purpose that is missing': function(
            '/**\n * iommud_a:\n * @b: b\n * @c: c\n *\n * Returns: a\n */\n',
            'int iommud_a (int b, int c);'),
        'a function of the client': {
            'dbus/client/iommud-dbus-a.h': 'IOMMUD_DBUS_PUBLIC void iommud_dbus_a (void);\n'}})
    suite.rule('public types', check_types, {
        'an object without': {'lib/iommud-a.h': 'G_DECLARE_FINAL_TYPE (IommudA, iommud_a, I, A, '
                                                'GObject)\n'},
        'a forward declaration without': {'lib/iommud-a.h': 'typedef struct _IommudA IommudA;\n'},
        'a value of an enumeration without': {
            'lib/iommud-a.h': '/**\n * IommudA:\n * @IOMMUD_A_ONE: 1\n *\n * A.\n */\n'
                              'typedef enum\n{\n  IOMMUD_A_ONE,\n  IOMMUD_A_TWO,\n} IommudA;\n'}})
    report_share(source_tree())
    suite.finish()


if __name__ == '__main__':
    main()
