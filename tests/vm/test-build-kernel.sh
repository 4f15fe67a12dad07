#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# build-kernel on a source of three rules: what went wrong or was interrupted is never kept.
set -u

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME="$work/cache" IOMMUD_LINUX_SOURCE="$work/linux.tar.xz"
number=0

for tool in make gcc bc bison flex xz cpio; do
  command -v $tool >/dev/null || { echo "1..0 # SKIP $tool is missing"; exit 0; }
done

# name, what olddefconfig does, what bzImage does
make_source () {
  mkdir -p "$work/linux"
  printf 'tinyconfig:\n\t: >.config\nolddefconfig:\n\t%s\nbzImage:\n\t%s\n' "$1" "$2" \
    >"$work/linux/Makefile"
  tar -C "$work" --mtime=@0 -cJf "$IOMMUD_LINUX_SOURCE" linux
}

ok () { # condition's status, what
  number=$((number + 1))
  [ "$1" -eq 0 ] || { printf 'not '; sed 's/^/# /' "$work/log" >&2; }
  echo "ok $number - $2"
}

build () {
  image=$("${top_srcdir:?}/tests/vm/build-kernel" 2>"$work/log")
}

kept () {
  find "$work/cache" -name bzImage | wc -l
}

image_rule='mkdir -p arch/x86/boot && echo image >arch/x86/boot/bzImage'

make_source 'sed -i s/^CONFIG_VFIO=y// .config' "$image_rule"
! build && grep -q 'no effect: CONFIG_VFIO=y$' "$work/log"
ok $? 'a dropped line is named'

make_source 'echo CONFIG_SMP=y >>.config' "$image_rule"
! build && grep -q 'CONFIG_SMP is not set' "$work/log"
ok $? 'a line that was to be off is named'

make_source : 'echo that does not compile >&2; exit 1'
! build && grep -q 'that does not compile' "$work/log"
ok $? 'a failed compilation shows its end'

make_source : 'sleep 60'
"$top_srcdir/tests/vm/build-kernel" >"$work/log" 2>&1 &
builder=$!
tries=0
until grep -q compiling "$work/log" || [ $tries -ge 100 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
kill $builder
! wait $builder && [ "$(kept)" -eq 0 ] && [ -z "$(ls "$work/cache/iommud")" ]
ok $? 'what is interrupted leaves nothing'

make_source : "$image_rule"
build && [ -s "$image" ] && [ "$(kept)" -eq 1 ]
ok $? 'a good one is kept'

make_source : 'exit 1'
! build && [ "$(kept)" -eq 1 ]
ok $? 'another source is another kernel'

make_source : "$image_rule"
find "$work/cache" -name bzImage -exec touch -d 2001-01-01 {} +
build && [ -z "$(find "$image" -newermt 2002-01-01)" ]
ok $? 'the same one is not built again'
echo "1..$number"
