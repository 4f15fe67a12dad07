# SPDX-License-Identifier: LGPL-2.1-or-later
"""The libraries can be used from Vala: bindings are made of their GIRs, and a program runs."""

import os
import shlex
import shutil
import subprocess
import tempfile

from house import Suite, build_folder, source_tree

# Each library with those that its binding needs.
LIBRARIES = (('Iommud-1', ()), ('IommudSim-1', ('Iommud-1',)), ('IommudDBus-1', ()))
EXPECTED = '''0000:01:00.0 on HWPT 1
0000:81:00.0 on HWPT 1
0 objects are left
not found
'''


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)


def make_binding(library, others, folder, gir):
    """What vapigen has to say: nothing, if the binding is as good as it can be."""
    packages = [f'--pkg={name}' for name in ('gio-2.0', *others)]
    result = run('vapigen', f'--library={library}', f'--directory={folder}',
                 f'--girdir={build_folder()}', f'--vapidir={folder}', *packages, gir)
    return [line for line in result.stdout.strip().split('\n')
            if result.returncode != 0 or 'warning:' in line or 'error:' in line]


def check_bindings(suite, folder):
    for library, others in LIBRARIES:
        problems = make_binding(library, others, folder,
                                os.path.join(build_folder(), f'{library}.gir'))
        suite.result(not problems and os.path.exists(os.path.join(folder, f'{library}.vapi')),
                     f'{library}: a binding', problems)


def check_flags_gir(suite, folder):
    """A constructor of an abstract class: nothing can call it."""
    with open(os.path.join(build_folder(), 'Iommud-1.gir'), encoding='utf-8') as file:
        text = file.read()
    wrong = text.replace('glib:type-name="IommudHost"', 'abstract="1" glib:type-name="IommudHost"')
    gir = os.path.join(folder, 'Iommud-1.gir')
    with open(gir, 'w', encoding='utf-8') as file:
        file.write(wrong)
    suite.result(text != wrong and bool(make_binding('Iommud-1', (), folder, gir)),
                 'flags a constructor that nothing can call')


def pkg_config(*arguments):
    command = shlex.split(os.environ.get('PKG_CONFIG', 'pkg-config'))
    return subprocess.run([*command, *arguments], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.split()


def check_program(suite, folder):
    """The program of main-job.vala is translated, compiled and run."""
    top = source_tree().top
    source = shutil.copy(os.path.join(top, 'tests/check/main-job.vala'), folder)
    libraries = os.path.join(build_folder(), '.libs')
    program = os.path.join(folder, 'main-job')
    translation = run('valac', '-C', f'--basedir={folder}', f'--directory={folder}',
                      f'--vapidir={folder}', '--pkg=gio-2.0', '--pkg=Iommud-1',
                      '--pkg=IommudSim-1', source)
    suite.result(translation.returncode == 0, 'a program is translated',
                 translation.stdout.split('\n'))
    folders = [f'-I{os.path.join(place, name)}' for place in (top, build_folder())
               for name in ('lib', 'lib/simulator')]
    compilation = run(*shlex.split(os.environ.get('CC', 'cc')), '-w', *folders,
                      *pkg_config('--cflags', 'gio-2.0'), program + '.c', '-o', program,
                      f'-L{libraries}', '-liommud-sim-1', '-liommud-1',
                      *pkg_config('--libs', 'gio-2.0'))
    suite.result(compilation.returncode == 0, 'is compiled', compilation.stdout.split('\n'))
    if compilation.returncode == 0:
        result = run(program, env={**os.environ, 'LD_LIBRARY_PATH': libraries})
        suite.result(result.returncode == 0 and result.stdout == EXPECTED,
                     'and does the main job', result.stdout.split('\n'))


def main():
    suite = Suite()
    if not os.path.exists(os.path.join(build_folder(), 'IommudSim-1.gir')):
        suite.skip('bindings for Vala', 'built without introspection')
    elif not shutil.which('vapigen') or not shutil.which('valac'):
        suite.skip('bindings for Vala', 'valac or vapigen is not there')
    else:
        with tempfile.TemporaryDirectory() as folder:
            check_bindings(suite, folder)
            check_program(suite, folder)
        with tempfile.TemporaryDirectory() as folder:
            check_flags_gir(suite, folder)
    suite.finish()


if __name__ == '__main__':
    main()
