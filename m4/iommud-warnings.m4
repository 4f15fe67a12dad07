# SPDX-License-Identifier: LGPL-2.1-or-later
# IOMMUD_COMPILER_WARNINGS: WARN_CFLAGS holds each warning of the house that the compiler knows.
# A newer compiler or scanner may warn of what ours do not know: its warnings are errors on request
# alone, so that they never stop people who only want to build.
AC_DEFUN([IOMMUD_COMPILER_WARNINGS], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [turn warnings of the compiler and of g-ir-scanner into errors])],
    [], [enable_werror=no])
  WARN_CFLAGS=
  for flag in -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
      -Wmissing-declarations -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wcast-align \
      -Wimplicit-fallthrough -Wswitch-enum -Wlogical-op \
      -Wduplicated-cond -Wjump-misses-init -Wno-unused-parameter -Wno-missing-field-initializers \
      -Wint-to-pointer-cast -Wpointer-to-int-cast -Werror=implicit -Werror=return-type \
      -Werror=incompatible-pointer-types -Werror=int-conversion; do
    IOMMUD_TRY_WARNING([$flag])
  done
  WARN_SCANNERFLAGS=--warn-all
  AS_IF([test "x$enable_werror" = xyes],
    [WARN_CFLAGS="$WARN_CFLAGS -Werror"
     WARN_SCANNERFLAGS="$WARN_SCANNERFLAGS --warn-error"])
  AC_SUBST([WARN_CFLAGS])
  AC_SUBST([WARN_SCANNERFLAGS])
])

# A warning that the compiler does not know is an error under this flag, not a note.
AC_DEFUN([IOMMUD_TRY_WARNING], [
  iommud_saved_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS -Werror $1"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [WARN_CFLAGS="$WARN_CFLAGS $1"])
  CFLAGS=$iommud_saved_CFLAGS
])
