#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The unit lets the service do little that it does not need, as systemd counts it.
set -u
. "${top_srcdir:?}/tests/check/tap.sh"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unit=${top_builddir:?}/data/iommud.service
# In tenths: 2.0.
threshold=20

if ! systemd-analyze security --help 2>/dev/null | grep -q -e --threshold; then
  echo "1..0 # SKIP this systemd-analyze cannot rate a unit file, or there is none"
  exit 0
fi

show_failure ()
{
  cat "$work/output"
}

is_exposed_little ()
{
  systemd-analyze security --no-pager --offline=true --threshold="$threshold" "$1" \
    >"$work/output" 2>&1
}

# Without a line of the unit that gives it more protection.
is_exposed_without ()
{
  grep -v -e "$1" "$unit" >"$work/iommud.service"
  ! cmp -s "$unit" "$work/iommud.service" && ! is_exposed_little "$work/iommud.service"
}

# Beside what systemd rates: the watchdog, and more tasks than the workers that wait at once.
says ()
{
  cp "$unit" "$work/output"
  grep -q -x -e "$1" "$unit"
}

workers=$(sed -n 's/^#define IOMMUD_MAX_WORKERS //p' "${top_srcdir:?}/lib/base/workers.h")

echo 1..10
expect "exposure is at most 2.0" is_exposed_little "$unit"
expect "a unit without ProtectSystem is found" is_exposed_without '^ProtectSystem='
expect "a unit without SystemCallFilter is found" is_exposed_without '^SystemCallFilter='
expect "a unit without CapabilityBoundingSet is found" is_exposed_without '^CapabilityBoundingSet='
expect "systemd watches the main loop" says 'WatchdogSec=[1-9][0-9]*'
expect "tasks are twice the workers" says "TasksMax=$((2 * workers))"
expect "the device files may be opened" says 'DeviceAllow=/dev/iommu rw'
expect "systemd keeps the files" says 'FileDescriptorStoreMax=[1-9][0-9]*'
expect "also while the unit is stopped" says 'FileDescriptorStorePreserve=yes'
expect "and the records" says 'RuntimeDirectoryPreserve=yes'
