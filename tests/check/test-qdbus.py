# SPDX-License-Identifier: LGPL-2.1-or-later
"""Qt programs can generate their proxies: qdbusxml2cpp accepts the XML of every interface."""

import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

from house import Suite

# Debian keeps that of Qt 6 out of PATH.
FOLDERS = ('/usr/lib/qt6/bin', '/usr/lib64/qt6/bin', '/usr/lib/qt6/libexec')
NAMES = ('qdbusxml2cpp', 'qdbusxml2cpp-qt6', 'qdbusxml2cpp-qt5')
TYPE_NAME = 'org.qtproject.QtDBus.QtTypeName'
# What has a type in Qt without an annotation: basic types, variants and simple arrays.
KNOWN_TO_QT = re.compile('a?[ybnqiuxtdsogv]|h')


def interfaces(tree):
    return [path for path in tree.paths('.xml') if re.match(r'dbus/org\.iommud1\.\w+\.xml$', path)]


def typed_things(member):
    """Each D-Bus type in a member, with the name of the annotation that would give it one in Qt."""
    if member.tag == 'property':
        yield member.get('type'), TYPE_NAME
    for direction in ('in', 'out'):
        arguments = [a for a in member.findall('arg') if a.get('direction', 'in') == direction]
        for number, argument in enumerate(arguments):
            yield argument.get('type'), f'{TYPE_NAME}.{direction.title()}{number}'


def check_annotations(tree):
    """Without an annotation the program stops, and an annotation of nothing is a mistake."""
    problems = []
    for path in interfaces(tree):
        for member in ElementTree.fromstring(tree.read(path).encode()).iterfind('interface/*'):
            there = {a.get('name') for a in member.findall('annotation')
                     if a.get('name').startswith(TYPE_NAME)}
            needed = {name for dbus_type, name in typed_things(member)
                      if not KNOWN_TO_QT.fullmatch(dbus_type)}
            problems += [f'{path}: {member.get("name")}: no annotation {name}'
                         for name in sorted(needed - there)]
            problems += [f'{path}: {member.get("name")}: nothing needs {name}'
                         for name in sorted(there - needed)]
    return problems


def find_programs():
    candidates = [shutil.which(name) for name in NAMES]
    candidates += [os.path.join(folder, NAMES[0]) for folder in FOLDERS]
    return sorted({path for path in candidates if path and os.access(path, os.X_OK)})


def check_accepted(program):
    def rule(tree):
        problems = []
        with tempfile.TemporaryDirectory() as folder:
            for path in interfaces(tree):
                result = subprocess.run(
                    [program, '-p', os.path.join(folder, 'proxy'), os.path.join(tree.top, path)],
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                if result.returncode != 0 or result.stderr:
                    problems.append(f'{path}: {result.stderr.strip()}')
        return problems
    return rule


def interface(body):
    return {'dbus/org.iommud1.Thing.xml':
            f'<node><interface name="org.iommud1.Thing">{body}</interface></node>'}


OPTIONS = '<arg name="options" type="a{sv}" direction="in"/>'


def main():
    suite = Suite()
    bare = {'options without a type': interface(f'<method name="Go">{OPTIONS}</method>'),
            'ranges without a type': interface(
                '<property name="Ranges" type="a(tt)" access="read"/>')}
    suite.rule('types have names in Qt', check_annotations, {
        **bare, 'an annotation of another argument': interface(
            f'<method name="Go"><annotation name="{TYPE_NAME}.In1" value="QVariantMap"/>'
            f'{OPTIONS}</method>')})
    programs = find_programs()
    for program in programs:
        suite.rule(f'{program} accepts the interfaces', check_accepted(program), bare)
    if not programs:
        suite.skip('qdbusxml2cpp accepts the interfaces', 'no qdbusxml2cpp')
    suite.finish()


if __name__ == '__main__':
    main()
