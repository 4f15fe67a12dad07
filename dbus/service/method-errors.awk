# SPDX-License-Identifier: LGPL-2.1-or-later
# The rows of method-errors.c: each error that the comment of a method lists in an interface file.
/<interface name="/ {
  split($0, parts, "\"")
  interface = parts[2]
}

/<!--/ {
  listing = 0
  n = 0
}

/Errors:/ {
  listing = 1
}

listing {
  rest = $0
  while (match(rest, /org\.iommud1\.Error\.[A-Za-z]+/))
    {
      errors[++n] = substr(rest, RSTART, RLENGTH)
      rest = substr(rest, RSTART + RLENGTH)
    }
}

/-->/ {
  listing = 0
}

/<method name="/ {
  split($0, parts, "\"")
  for (i = 1; i <= n; i++)
    printf "{ \"%s\", \"%s\", \"%s\" },\n", interface, parts[2], errors[i]
  n = 0
}
