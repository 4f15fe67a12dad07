# SPDX-License-Identifier: LGPL-2.1-or-later
"""The D-Bus interfaces: documented, read-only, handled, with an access each, and never changed."""

import re
import xml.etree.ElementTree as ElementTree

from house import Suite

INTERFACE = re.compile(r'dbus/org\.iommud1\.(\w+)\.xml$')
UNIX_FD = 'org.gtk.GDBus.C.UnixFD'
EMITS_CHANGED = 'org.freedesktop.DBus.Property.EmitsChangedSignal'
COUNT_OF = 'org.iommud1.CountOf'
# Looking something up takes a name and nothing else.
WITHOUT_OPTIONS = {'Manager.FindDevice', 'Manager.FindContainer'}
# What programs in the field rely on: completed with each release, and never changed.
API_FILE = 'tests/check/dbus-api-1.txt'
ERRORS_FILE = 'dbus/client/iommud-dbus-error.c'
ACCESS_FILE = 'dbus/service/policy.h'


def kebab(name):
    """IovaRanges as a GObject property: iova-ranges."""
    return re.sub(r'(?<!^)(?=[A-Z])', '-', name).lower()


class Member:
    def __init__(self, interface, element, comment):
        self.interface = interface
        self.element = element
        self.kind = element.tag
        self.name = element.get('name')
        self.comment = comment or ''
        self.full_name = f'{interface}.{self.name}'

    def arguments(self, direction):
        return [a for a in self.element.findall('arg') if a.get('direction', 'in') == direction]

    def annotation(self, name, default):
        values = [a.get('value') for a in self.element.findall('annotation')
                  if a.get('name') == name]
        return values[0] if values else default

    def emits_changed(self):
        return self.annotation(EMITS_CHANGED, 'true')

    def subject(self):
        """The property that is shown, or whose elements are counted."""
        return self.annotation(COUNT_OF, self.name)

    def signature(self):
        if self.kind == 'property':
            constant = ' const' if self.emits_changed() == 'const' else ''
            return f'{self.full_name} {self.element.get("type")}{constant}'
        texts = [', '.join(f'{a.get("type")} {a.get("name")}' for a in self.arguments(direction))
                 for direction in ('in', 'out')]
        return f'{self.full_name} ({texts[0]}) -> ({texts[1]})'


def members(tree):
    """Every member of every interface, with the comment right before it; then the interfaces."""
    for path in tree.paths('.xml'):
        match = INTERFACE.match(path)
        if match:
            yield from members_of(match.group(1), tree.read(path))


def members_of(interface, text):
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    root = ElementTree.fromstring(text.encode(), parser)
    for parent in [root] + root.findall('interface'):
        comment = None
        for element in parent:
            if element.tag is ElementTree.Comment:
                comment = element.text
                continue
            if element.tag in ('interface', 'method', 'property', 'signal'):
                yield Member(interface, element, comment)
            comment = None


def methods(tree):
    return [member for member in members(tree) if member.kind == 'method']


def properties(tree):
    return [member for member in members(tree) if member.kind == 'property']


def check_documented(tree):
    problems = []
    for member in members(tree):
        lines = [line.strip() for line in member.comment.strip().split('\n')]
        if not lines[0].startswith(f'{member.name}:'):
            problems.append(f'{member.full_name}: no comment that begins with its name')
        if not any(line and line[0] != '@' for line in lines[1:]):
            problems.append(f'{member.full_name}: its comment says nothing')
        for argument in member.element.findall('arg'):
            if f'@{argument.get("name")}:' not in member.comment:
                problems.append(f'{member.full_name}: argument {argument.get("name")} is not '
                                'explained')
        if '@since:' not in member.comment:
            problems.append(f'{member.full_name}: no @since')
    return problems


def check_read_only(tree):
    return [f'{member.full_name}: access is {member.element.get("access")}'
            for member in properties(tree) if member.element.get('access') != 'read']


def check_options(tree):
    problems = []
    for member in methods(tree):
        arguments = [(a.get('name'), a.get('type')) for a in member.arguments('in')]
        if member.full_name not in WITHOUT_OPTIONS and arguments[-1:] != [('options', 'a{sv}')]:
            problems.append(f'{member.full_name}: its last argument is not a{{sv}} options')
    return problems


def check_errors(tree):
    """Methods say which errors they give, and these errors exist."""
    table = tree.read(ERRORS_FILE) if tree.exists(ERRORS_FILE) else ''
    known = set(re.findall(r'"(?:org\.iommud1\.Error\.)?([A-Z]\w+)"', table))
    problems = []
    for member in methods(tree):
        named = re.findall(r'org\.iommud1\.Error\.(\w+)', member.comment)
        problems += [f'{member.full_name}: there is no error {name}' for name in named
                     if name not in known]
        if not named:
            problems.append(f'{member.full_name}: lists no error')
    return problems


def export_path(interface):
    """Where the handlers of an interface are: DirtyTracking in dirty-tracking-export.c."""
    return f'dbus/service/{kebab(interface)}-export.c'


def handlers(tree, interface):
    """Each method that has a row in its interface's table, with its access."""
    path = export_path(interface)
    text = tree.read(path) if tree.exists(path) else ''
    return dict(re.findall(r'\{ "(\w+)", (\w+),\s*(?:iommud_\w+_)?handle_\w+ \}', text))


def check_handlers(tree):
    """A method without a handler compiles, but no caller may call it."""
    problems = [f'{member.full_name}: no row {{ "{member.name}", IOMMUD_ACCESS_..., handle_... }}'
                f' in {export_path(member.interface)}'
                for member in methods(tree)
                if member.name not in handlers(tree, member.interface)]
    known = {member.full_name for member in methods(tree)}
    for interface in sorted({member.interface for member in members(tree)}):
        problems += [f'{interface}.{name}: handled, and not in the XML'
                     for name in handlers(tree, interface) if f'{interface}.{name}' not in known]
    return problems


def accesses(tree):
    """What a row can say."""
    return re.findall(r'^  (IOMMUD_ACCESS_\w+),', tree.read(ACCESS_FILE), re.M) \
        if tree.exists(ACCESS_FILE) else []


def check_access(tree):
    """The bus policy is made from what the rows say."""
    return [f'{interface}.{name}: its access is {access}'
            for interface in sorted({member.interface for member in members(tree)})
            for name, access in handlers(tree, interface).items()
            if access == 'IOMMUD_ACCESS_NONE' or access not in accesses(tree)]


def check_files(tree):
    """A message carries files if and only if an argument says so."""
    problems = []
    for member in methods(tree):
        annotated = any(a.get('name') == UNIX_FD for a in member.element.findall('annotation'))
        named = any('h' in a.get('type') for a in member.element.findall('arg'))
        if annotated != named:
            problems.append(f'{member.full_name}: it is {"" if annotated else "not "}annotated to '
                            f'carry files, and {"an" if named else "no"} argument is one')
    return problems


def check_lists(tree):
    """What grows with the devices or mappings is not sent with each change."""
    return [f'{member.full_name}: a list that changes is invalidates, or says "at most"'
            for member in properties(tree)
            if member.element.get('type').startswith('a')
            and member.emits_changed() not in ('const', 'invalidates')
            and not re.search(r'\bat\s+most\b', member.comment, re.I)]


def check_bound_properties(tree):
    """The exporter finds a property of the model by its name, or reads it itself. An object of the
    model is one file, or some that begin with its name: device.c, device-discovered.c."""
    problems = []
    for member in properties(tree):
        noun = 'host' if member.interface == 'Manager' else kebab(member.interface)
        model, export = f'lib/model/{noun}', export_path(member.interface)
        bound = any(f'"{kebab(member.subject())}"' in tree.read(path) for path in tree.paths('.c')
                    if path == f'{model}.c' or path.startswith(f'{model}-'))
        if not bound and not (tree.exists(export) and f'"{member.name}"' in tree.read(export)):
            problems.append(f'{member.full_name}: neither {model}.c nor {export} has it')
    return problems


def check_api(tree):
    listed = set(tree.read(API_FILE).split('\n')) if tree.exists(API_FILE) else set()
    listed = {line for line in listed if line and line[0] != '#'}
    there = {member.signature() for member in members(tree) if member.kind != 'interface'}
    return [f'{line}: promised in {API_FILE}, not in the XML' for line in sorted(listed - there)]


def interface(body, name='Device', comment='<!-- org.iommud1.Device: @since: 1\n\nText. -->'):
    return {f'dbus/org.iommud1.{name}.xml':
            f'<node>{comment}<interface name="org.iommud1.{name}">{body}</interface></node>'}


def method(arguments, comment='Go:\n@since: 1\n\nText.'):
    return interface(f'<!-- {comment} --><method name="Go">{arguments}</method>')


OPTIONS = '<arg name="options" type="a{sv}" direction="in"/>'
METHOD_GO = f'<!-- Go:\n@since: 1\n\nText. --><method name="Go">{OPTIONS}</method>'
COUNT = ('<!-- Count:\n@since: 1\n\nText. --><property name="Count" type="t" access="read">'
         '<annotation name="org.iommud1.CountOf" value="Things"/></property>')
LIST = '<!-- L:\n@since: 1\n\n%s --><property name="L" type="%s" access="read"/>'
STATE = '<!-- State:\n@since: 1\n\nText. --><property name="State" type="s" access="%s"/>'


def main():
    suite = Suite()
    suite.rule('documented', check_documented, {
        'a property without a comment': interface('<property name="A" type="s" access="read"/>'),
        'a comment of another member': method('', comment='Gone:\n@since: 1\n\nText.'),
        'a comment that says nothing': method('', comment='Go:\n@since: 1'),
        'an argument that is not told': method(OPTIONS)})
    suite.rule('no writable property', check_read_only, {
        'readwrite': interface(STATE % 'readwrite'), 'write': interface(STATE % 'write')})
    suite.rule('options come last', check_options, {
        'a method without': method(''),
        'options that are not last': method(OPTIONS + '<arg name="a" type="s" direction="in"/>')})
    suite.rule('errors are told', check_errors, {
        'a method that tells none': method(OPTIONS),
        'an error that does not exist': method('', comment='Go: org.iommud1.Error.Tired')})
    suite.rule('every method has a handler', check_handlers, {
        'a method without': method(OPTIONS),
        'a row without an access': {**method(OPTIONS), 'dbus/service/device-export.c':
                                    '  { "Go", handle_go },\n'},
        'a handler without a method': {**interface(''), 'dbus/service/device-export.c':
                                       '  { "Gone", IOMMUD_ACCESS_READ, handle_gone },\n'},
        'a handler in another file': {**interface(METHOD_GO, name='DirtyTracking'),
                                      'dbus/service/dirtytracking-export.c':
                                      '  { "Go", IOMMUD_ACCESS_READ, handle_go },\n'}})
    suite.rule('every handler says who may call it', check_access, {
        'a row that does not': {**method(OPTIONS), ACCESS_FILE: '  IOMMUD_ACCESS_NONE,\n',
                                'dbus/service/device-export.c':
                                '  { "Go", IOMMUD_ACCESS_NONE, handle_go },\n'},
        'an access that is unknown': {**method(OPTIONS), ACCESS_FILE: '  IOMMUD_ACCESS_READ,\n',
                                      'dbus/service/device-export.c':
                                      '  { "Go", IOMMUD_ACCESS_CHANGE, handle_go },\n'}})
    suite.rule('every file stands in a signature', check_files, {
        'a file that no argument names': method(f'<annotation name="{UNIX_FD}" value="true"/>'),
        'a file without the annotation': method('<arg name="file" type="h" direction="in"/>'),
        'files without the annotation': method('<arg name="files" type="ah" direction="out"/>')})
    suite.rule('lists that grow are not sent', check_lists, {
        'a list of objects': interface(LIST % ('Text.', 'ao')),
        'a list of ranges': interface(LIST % ('Most of them.', 'a(tt)'))})
    suite.rule('every property is bound', check_bound_properties, {
        'a property that the model has not': {**interface(STATE % 'read'),
                                              'lib/model/device.c': '"stat"\n'},
        'a count of what the model has not': {**interface(COUNT),
                                              'lib/model/device.c': '"count"\n'},
        'one that another object has': {**interface(STATE % 'read'),
                                        'lib/model/devices.c': '"state"\n'}})
    suite.rule('the API keeps its promises', check_api, {
        'a type that has changed': {**interface(STATE % 'read'), API_FILE: 'Device.State u\n'},
        'a member that has gone': {**interface(''), API_FILE: 'Device.State s\n'},
        'a constant that is no longer one': {**interface(STATE % 'read'),
                                             API_FILE: 'Device.State s const\n'}})
    suite.finish()


if __name__ == '__main__':
    main()
