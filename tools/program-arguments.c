/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arguments of a program that gets open files. */
#include "config.h"

#include "program-arguments.h"

#include <string.h>

/* @brace: begins what may be the name of a file. Returns what comes behind what was appended. */
static const char *
append_filled_in (GString *text, const char *brace, const IommuctlFiles *files)
{
  const gsize length = strcspn (brace + 1, "{}");
  const int number =
      brace[1 + length] == '}' ? iommuctl_files_get_number (files, brace + 1, length) : -1;

  if (number < 0)
    {
      g_string_append_c (text, *brace);
      return brace + 1;
    }
  g_string_append_printf (text, "%d", number);
  return brace + 1 + length + 1;
}

static char *
fill_in (const char *argument, const IommuctlFiles *files)
{
  GString *text = g_string_new (NULL);

  while (*argument != '\0')
    {
      const gsize length = strcspn (argument, "{");

      g_string_append_len (text, argument, length);
      argument += length;
      if (*argument == '{')
        argument = append_filled_in (text, argument, files);
    }
  return g_string_free (text, FALSE);
}

GStrv
iommuctl_program_arguments_fill_in (char **program, const IommuctlFiles *files)
{
  GPtrArray *filled = g_ptr_array_new ();

  g_ptr_array_add (filled, g_strdup (program[0]));
  for (guint i = 1; program[i] != NULL; i++)
    g_ptr_array_add (filled, fill_in (program[i], files));
  g_ptr_array_add (filled, NULL);
  return (GStrv) g_ptr_array_free (filled, FALSE);
}

GStrv
iommuctl_program_arguments_add_qemu (char **program, const char *const *devices)
{
  GPtrArray *all = g_ptr_array_new ();

  g_ptr_array_add (all, g_strdup (program[0]));
  g_ptr_array_add (all, g_strdup ("-object"));
  g_ptr_array_add (all, g_strdup ("iommufd,id=iommufd0,fd={iommufd}"));
  for (guint i = 0; devices[i] != NULL; i++)
    {
      g_ptr_array_add (all, g_strdup ("-device"));
      /* QEMU 11 crashes if it gets a descriptor of a device that has no id. */
      g_ptr_array_add (
          all, g_strdup_printf ("vfio-pci,iommufd=iommufd0,fd={%s},id=hostdev%u", devices[i], i));
    }
  for (guint i = 1; program[i] != NULL; i++)
    g_ptr_array_add (all, g_strdup (program[i]));
  g_ptr_array_add (all, NULL);
  return (GStrv) g_ptr_array_free (all, FALSE);
}
