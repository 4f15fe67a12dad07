# SPDX-License-Identifier: LGPL-2.1-or-later
# What the checks in shell share: results in TAP.

number=0

# What there is to see after a failure. A check may have its own.
show_failure ()
{
  :
}

# Says under a name whether a command succeeds.
expect ()
{
  name=$1
  shift
  number=$((number + 1))
  if "$@"; then
    echo "ok $number - $name"
  else
    echo "not ok $number - $name"
    show_failure | sed 's/^/# /'
  fi
}
