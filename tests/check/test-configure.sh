#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# configure says it if the system bus, systemd or polkit will not find what is installed.
set -u
. "${top_srcdir:?}/tests/check/tap.sh"

check=${top_srcdir:?}/data/check-folders
log=${top_builddir:?}/config.log

# a word of the warning, or "" for none; the folders
says ()
{
  warnings=$(sh "$check" "$2" "$3" "$4")
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
  said=$(sed -n 's/^configure:[0-9]*: WARNING: //p' "$log" |
    grep -e '^the system bus reads' -e '^systemd reads' -e '^polkit may')
  [ "$said" = "$(sh "$check" "$(folder_of_build dbusdatadir)" \
    "$(folder_of_build systemdsystemunitdir)" "$(folder_of_build polkitdatadir)")" ]
}

unset MAKEFLAGS MFLAGS MAKEOVERRIDES
echo 1..7
polkit=/usr/share/polkit-1
expect "nothing is said of /usr" says '' /usr/share/dbus-1 /usr/lib/systemd/system $polkit
expect "the bus reads no policy in /usr/local" \
  says --with-dbusdatadir=/usr/share/dbus-1 /usr/local/share/dbus-1 /usr/local/lib/systemd/system \
  $polkit
expect "systemd reads units in /usr/local" \
  says '' /usr/share/dbus-1 /usr/local/lib/systemd/system $polkit
expect "systemd reads no units in /opt" \
  says --with-systemdsystemunitdir=/usr/lib/systemd/system /opt/share/dbus-1 \
  /opt/lib/systemd/system $polkit
expect "the bus reads no policy in /opt" \
  says --with-dbusdatadir=/usr/share/dbus-1 /opt/share/dbus-1 /opt/lib/systemd/system $polkit
expect "polkit may read no actions in /opt" \
  says --with-polkitdatadir=/usr/share/polkit-1 /usr/share/dbus-1 /usr/lib/systemd/system \
  /opt/share/polkit-1
expect "configure said it of this build" said_of_build
