#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What "quickstart check" says about a build that it did not make: a failure must never look like
# success.
set -u

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
number=0
driver=${top_srcdir:?}/build-aux/tap-driver.sh
unset MAKEFLAGS MFLAGS MAKEOVERRIDES

# A tree whose configure writes the given recipe of "make check", on a machine that lacks nothing.
make_tree ()
{
  mkdir -p "$work/tree" "$work/bin"
  cp "$top_srcdir/quickstart" "$work/tree/quickstart"
  : >"$work/tree/Makefile.in"
  printf '#!/bin/sh\ncp "%s/Makefile" .\n' "$work" >"$work/tree/configure"
  chmod +x "$work/tree/configure"
  for command in autoreconf autopoint libtoolize automake pkg-config cc msgfmt xgettext \
      gdbus-codegen glib-mkenums g-ir-scanner gdbus dbus-daemon rst2man xmllint busctl python3; do
    printf '#!/bin/sh\nexit 0\n' >"$work/bin/$command"
    chmod +x "$work/bin/$command"
  done
}

# what it shows, recipe, last line of quickstart, its status, what else it prints
check ()
{
  rm -rf "$work/tree/build"
  mkdir -p "$work/tree/build/tests" "$work/tree/build/other/tests"
  echo ':test-result: FAIL' >"$work/tree/build/other/tests/old.trs"
  printf 'all:\ncheck:\n\t%s\n' "$2" >"$work/Makefile"
  PATH=$work/bin:$PATH TEST_TIMEOUT=3 "$work/tree/quickstart" check >"$work/output" 2>&1
  status=$?
  number=$((number + 1))
  if [ "$(tail -n 1 "$work/output")" = "$3" ] && [ "$status" -eq "$4" ] \
      && grep -q "$5" "$work/output"; then
    echo "ok $number - $1"
  else
    echo "not ok $number - $1: status $status"
    sed 's/^/# /' "$work/output"
  fi
}

# A program as the build runs it; make fails as it does there, for each that has not passed.
run ()
{
  printf '@sh "%s" --test-name a --log-file tests/a.log --trs-file tests/a.trs -- \\\n' "$driver"
  printf '\t  %s; \\\n' "sh '$top_srcdir/tests/time-limit' 1 -- sh '$work/$1'"
  printf '\tgrep -q "^:global-test-result: PASS" tests/a.trs'
}

make_tree
printf 'echo "ok 1 - a"\necho "1..1"\n' >"$work/good"
printf 'echo "ok 1 - a"\necho "not ok 2 - b"\necho "1..2"\n' >"$work/bad"
printf 'echo "ok 1 - a"\nsleep 1000\n' >"$work/hang"
check 'all passed' "$(run good)" '1 passed, 0 failed' 0 'Running the tests'
check 'one failed' "$(run bad)" '1 passed, 1 failed' 1 '^not ok 2 - b$'
check 'one hung' "$(run hang)" '1 passed, 1 failed' 1 '^Bail out! timed out after 3 seconds$'
check 'no test ran' '@true' '0 passed, 1 failed' 1 'No test ran'
check 'make failed' '@echo trouble; exit 1' '0 passed, 1 failed' 1 '^trouble$'
echo "1..$number"
