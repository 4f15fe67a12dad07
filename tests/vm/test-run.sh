#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# How the VM tests count what machines print, tested without a machine: a failure must never look
# like success.
set -u

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
number=0

# Stands for the machine: prints $work/output, writes $work/console, exits with $work/status.
make_scripts () {
  cp "${top_srcdir:?}/tests/vm/run" "$work/run"
  printf '#!/bin/sh\nexit 0\n' >"$work/ensure-packages"
  printf '#!/bin/sh\necho "%s/bzImage"\n' "$work" >"$work/build-kernel"
  cat >"$work/boot" <<'END'
#!/bin/sh
directory=$(dirname "$0")
while [ "$1" != --log ]; do shift; done
cp "$directory/console" "$2"
cat "$directory/output"
exit "$(cat "$directory/status")"
END
  printf '#!/bin/sh\nexit 1\n' >"$work/fetch-qemu"
  chmod +x "$work/run" "$work/ensure-packages" "$work/build-kernel" "$work/fetch-qemu" "$work/boot"
  mkdir -p "$work/stage"
}

# what it shows, exit status of the machine, its output, its console, last line of the run, status
check () {
  echo "$2" >"$work/status"
  printf %b "$3" >"$work/output"
  echo "$4" >"$work/console"
  "$work/run" --stage "$work/stage" intel >"$work/log" 2>&1
  status=$?
  last=$(tail -n 1 "$work/log")
  number=$((number + 1))
  if [ "$last" = "$5" ] && [ "$status" -eq "$6" ]; then
    echo "ok $number - $1"
  else
    echo "not ok $number - $1: '$last', status $status"
    sed 's/^/# /' "$work/log"
  fi
}

make_scripts
quiet='sysrq: Resetting'
check 'all passed' 0 'ok 1 - a\nok 2 - b\n1..2\n' "$quiet" '3 passed, 0 failed' 0
check 'one failed' 1 'ok 1 - a\nnot ok 2 - b\n1..2\n' "$quiet" '2 passed, 1 failed' 1
check 'stopped half way' 0 'ok 1 - a\n' "$quiet" '2 passed, 1 failed' 1
check 'ran out of time' 124 'ok 1 - a\n' "$quiet" '2 passed, 1 failed' 1
check 'failed after its last test' 3 'ok 1 - a\n1..1\n' "$quiet" '2 passed, 1 failed' 1
check 'printed nothing' 125 '' "$quiet" '1 passed, 1 failed' 1
check 'did not start' 125 '' '[ 0.1] Kernel panic - not syncing' '0 passed, 2 failed' 1
check 'the kernel complained' 0 'ok 1 - a\n1..1\n' '[ 1.0] WARNING: CPU: 0 PID: 1 at x' \
  '1 passed, 1 failed' 1
check 'the IOMMU faulted' 0 'ok 1 - a\n1..1\n' 'DMAR: [DMA Read] Request device fault' \
  '1 passed, 1 failed' 1
echo "1..$number"
