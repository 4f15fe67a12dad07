#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A test that hangs ends, fails, and leaves its log and nothing else behind.
set -u
. "${top_srcdir:?}/tests/check/tap.sh"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
limit=${top_srcdir:?}/tests/time-limit
# The makes below are no part of the one that runs the tests.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES

show_failure ()
{
  cat "$work/log" "$work/trs" "$work/output" 2>/dev/null
}

# kind of test: "", "PY_" or "SH_"; its limit; a script that is run as the build runs that kind
run_as_test ()
{
  rm -f "$work/log" "$work/trs" "$work/pid"
  TEST_TIMEOUT=$2 make -s --no-print-directory -C "${top_builddir:?}" -o Makefile \
    time_limit_factor=1 --eval="run-one: ;
	@\$($1LOG_DRIVER) --test-name '$3' --log-file '$work/log' --trs-file '$work/trs' \
	  \$(AM_$1LOG_DRIVER_FLAGS) \$($1LOG_DRIVER_FLAGS) -- sh '$work/$3'" run-one >"$work/output" 2>&1
}

# A process that was killed ends when it is next run, and its name stays until its parent asks.
is_gone ()
{
  waited=0
  while grep -q '^[0-9]* (.*) [^ZX]' "/proc/$(cat "$work/pid")/stat" 2>/dev/null; do
    waited=$((waited + 1))
    [ "$waited" -lt 300 ] || return 1
    sleep 0.1
  done
}

cat >"$work/hang" <<END
echo 'ok 1 - before'
printf 'half a line'
sleep 1000 &
echo "\$!" >'$work/pid'
wait
sleep 1000
END
{ echo "trap '' TERM"; cat "$work/hang"; } >"$work/stubborn"
printf 'echo "ok 1 - quick"\necho "1..1"\n' >"$work/quick"
printf 'echo "1..1"\necho "ok 1 - bad end"\nexit 124\n' >"$work/bad-end"

for kind in '' PY_ SH_; do
  expect "${kind}a quick one ends" run_as_test "$kind" 60 quick
  expect "${kind}it passes" grep -q '^:global-test-result: PASS' "$work/trs"
  expect "${kind}one that hangs ends" run_as_test "$kind" 2 hang
  expect "${kind}it has failed" grep -q '^:global-test-result: ERROR' "$work/trs"
  expect "${kind}what it printed is in the log" grep -q '^ok 1 - before' "$work/log"
  expect "${kind}the log says why" grep -q 'Bail out! timed out after 2 seconds$' "$work/log"
  expect "${kind}what it started is gone" is_gone
done

run_as_test '' 2 stubborn
expect 'one that does not end when it is told to has failed' \
  grep -q 'Bail out! timed out after 2 seconds$' "$work/log"
expect 'it is gone' is_gone
run_as_test '' 60 bad-end
expect 'one that ends with the status of a time-out has failed by itself' \
  grep -q '^ERROR: .*exited with status 124' "$work/log"

TEST_TIMEOUT=1 "$limit" 60 -- sh -c 'sleep 1.5; echo late' >"$work/output"
expect 'the factor counts' test "$?:$(cat "$work/output")" = 0:late
TEST_TIMEOUT=0 "$limit" 1 -- sh -c 'sleep 0.1; exit 124' >"$work/output"
expect 'no limit' test "$?:$(cat "$work/output")" = 124:

rm -f "$work/pid"
"$limit" 1 -- sh "$work/hang" >"$work/output" &
pid=$!
while [ ! -s "$work/pid" ]; do
  sleep 0.05
done
kill "$pid"
wait "$pid"
expect 'a signal ends it before' test "$?" -eq 1
expect 'what it started is gone, then, too' is_gone
echo "1..$number"
