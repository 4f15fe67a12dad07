# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes the bus policy from its template, which is the last argument, after the files with the
# service's handlers. Every user may call the methods that some user may: who has what a method
# needs is for the service to say, which knows owners and grants. All others are left to root.

# Gives org.iommud1.DirtyTracking for dirty-tracking-export.c.
function interface_of(path,    words, n, i, name)
{
  sub(/^.*\//, "", path)
  n = split(path, words, "-")
  for (i = 1; i < n; i++)
    name = name toupper(substr(words[i], 1, 1)) substr(words[i], 2)
  return "org.iommud1." name
}

/^ *\{ "[A-Za-z]+", IOMMUD_ACCESS_[A-Z_]+,/ && !/IOMMUD_ACCESS_NONE,/ {
  split($0, parts, "\"")
  rows = rows "    <allow send_destination=\"org.iommud1\" send_type=\"method_call\"\n" \
    "           send_interface=\"" interface_of(FILENAME) "\" send_member=\"" parts[2] "\"/>\n"
}

FILENAME ~ /\.conf\.in$/ {
  if ($1 == "@methods_for_all@")
    printf "%s", rows
  else
    print
}
