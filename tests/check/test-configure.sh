#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# configure says it if the system bus or systemd will not find what is installed.
set -u
. "${top_srcdir:?}/tests/check/tap.sh"

check=${top_srcdir:?}/data/check-folders
log=${top_builddir:?}/config.log

# a word of the warning, or "" for none; the folders
says ()
{
  warnings=$(sh "$check" "$2" "$3")
  if [ -z "$1" ]; then
    [ -z "$warnings" ]
  else
    [ "$(printf '%s\n' "$warnings" | grep -c -F -e "$1")" -eq 1 ]
  fi
}

folder_of_build ()
{
  make -s --no-print-directory -C "$top_builddir" -o Makefile \
    --eval="folder: ; @echo \$($1)" folder
}

# What configure said of this build is what is to be said.
said_of_build ()
{
  said=$(sed -n 's/^configure:[0-9]*: WARNING: \(the system bus reads.*\|systemd reads.*\)/\1/p' \
    "$log")
  [ "$said" = "$(sh "$check" "$(folder_of_build dbusdatadir)" \
    "$(folder_of_build systemdsystemunitdir)")" ]
}

unset MAKEFLAGS MFLAGS MAKEOVERRIDES
echo 1..6
expect "nothing is said of /usr" says '' /usr/share/dbus-1 /usr/lib/systemd/system
expect "the bus reads no policy in /usr/local" \
  says --with-dbusdatadir=/usr/share/dbus-1 /usr/local/share/dbus-1 /usr/local/lib/systemd/system
expect "systemd reads units in /usr/local" \
  says '' /usr/share/dbus-1 /usr/local/lib/systemd/system
expect "systemd reads no units in /opt" \
  says --with-systemdsystemunitdir=/usr/lib/systemd/system /opt/share/dbus-1 /opt/lib/systemd/system
expect "the bus reads no policy in /opt" \
  says --with-dbusdatadir=/usr/share/dbus-1 /opt/share/dbus-1 /opt/lib/systemd/system
expect "configure said it of this build" said_of_build
