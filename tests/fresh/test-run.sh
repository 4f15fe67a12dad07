#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# How the runs on fresh systems count results, tested without such a system: a failure must never
# look like success.
set -u
. "${top_srcdir:?}/tests/check/tap.sh"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# They stand for the root, and for quickstart in it: it prints $work/COMMAND, exits with what is in
# $work/COMMAND.status.
make_scripts ()
{
  mkdir -p "$work/bin"
  cp "${top_srcdir:?}/tests/fresh/run" "$work/bin/run"
  cat >"$work/bin/make-root" <<'END'
#!/bin/sh
mkdir -p "$2/root"
exit "$(cat "$2/../../root.status")"
END
  cat >"$work/bin/in-root" <<'END'
#!/bin/sh
[ "$2" = ./quickstart ] || exit 99
cat "$1/../../$3"
exit "$(cat "$1/../../$3.status")"
END
  chmod +x "$work"/bin/*
}

# what it shows; status of root, demo and check; what check prints; last line of the run, its status
check ()
{
  echo "$2" >"$work/root.status"
  echo "$3" >"$work/demo.status"
  echo "$4" >"$work/check.status"
  : >"$work/demo"
  printf %b "$5" >"$work/check"
  IOMMUD_FRESH_WORK=$work/fresh "$work/bin/run" 12 13 >"$work/log" 2>&1
  status=$?
  last=$(tail -n 1 "$work/log")
  number=$((number + 1))
  if [ "$last" = "$6" ] && [ "$status" -eq "$7" ]; then
    echo "ok $number - $1"
  else
    echo "not ok $number - $1: '$last', status $status"
    sed 's/^/# /' "$work/log"
  fi
}

make_scripts
check 'all passed' 0 0 0 '3 passed, 0 failed\n' '8 passed, 0 failed' 0
expect 'no root stays' test ! -e "$work/fresh/trixie/root"
check 'a test failed' 0 0 1 '2 passed, 1 failed\n' '6 passed, 2 failed' 1
expect 'the root stays' test -d "$work/fresh/trixie/root"
check 'no root' 1 0 0 '3 passed, 0 failed\n' '0 passed, 2 failed' 1
check 'the demo failed' 0 1 0 '3 passed, 0 failed\n' '6 passed, 2 failed' 1
check 'failed without a failed test' 0 0 1 '3 passed, 0 failed\n' '8 passed, 2 failed' 1
check 'ended early' 0 0 137 'ok 1 - a\n' '2 passed, 2 failed' 1
check 'printed nothing' 0 0 0 '' '2 passed, 2 failed' 1
check 'ran no test' 0 0 0 '0 passed, 0 failed\n' '2 passed, 2 failed' 1
"$work/bin/run" 11 >"$work/log" 2>&1
expect 'an unknown release' test "$?" -eq 2
# What a script of the two fresh systems takes for the folder of the clone, as the root sees it.
folder_in ()
{
  grep -v '^#' "${top_srcdir:?}/tests/fresh/$1" | grep -o '/srv/[a-z]*' | sort -u
}
expect 'commands run in the clone' test "$(folder_in in-root)" = "$(folder_in make-root)"
expect 'there is a clone' test -n "$(folder_in make-root)"
echo "1..$number"
