/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Open files under names, as a program gets them: in their order, from descriptor 3 on. */
#include "config.h"

#include "files.h"

#include "exit-status.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  char *name;
  char *other_name; /* or NULL */
  int fd;
} NamedFile;

struct _IommuctlFiles
{
  GArray *files; /* of NamedFile */
};

static void
file_clear (gpointer file)
{
  NamedFile *self = file;

  g_free (self->name);
  g_free (self->other_name);
  close (self->fd);
}

IommuctlFiles *
iommuctl_files_new (void)
{
  IommuctlFiles *self = g_new0 (IommuctlFiles, 1);

  self->files = g_array_new (FALSE, TRUE, sizeof (NamedFile));
  g_array_set_clear_func (self->files, file_clear);
  return self;
}

void
iommuctl_files_free (IommuctlFiles *self)
{
  g_array_unref (self->files);
  g_free (self);
}

gboolean
iommuctl_files_add (IommuctlFiles *self, const char *name, const char *other_name,
                    GUnixFDList *list, GVariant *handle, GError **error)
{
  NamedFile file = { NULL, NULL, -1 };

  if (list == NULL)
    {
      g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_FAILED,
                           _ ("The service sent no files"));
      return FALSE;
    }
  file.fd = g_unix_fd_list_get (list, g_variant_get_handle (handle), error);
  if (file.fd < 0)
    return FALSE;
  file.name = g_strdup (name);
  file.other_name = g_strdup (other_name);
  g_array_append_val (self->files, file);
  return TRUE;
}

guint
iommuctl_files_count (const IommuctlFiles *self)
{
  return self->files->len;
}

static gboolean
is_name (const char *name, const char *text, gsize length)
{
  return name != NULL && strlen (name) == length && strncmp (name, text, length) == 0;
}

int
iommuctl_files_get_number (const IommuctlFiles *self, const char *name, gsize length)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      const NamedFile *file = &g_array_index (self->files, NamedFile, i);

      if (is_name (file->name, name, length) || is_name (file->other_name, name, length))
        return IOMMUCTL_FILES_FIRST + (int) i;
    }
  return -1;
}

char *
iommuctl_files_join_names (const IommuctlFiles *self)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->files->len; i++)
    g_ptr_array_add (
        names, g_uri_escape_string (g_array_index (self->files, NamedFile, i).name, NULL, FALSE));
  g_ptr_array_add (names, NULL);
  return g_strjoinv (":", (char **) names->pdata);
}

/* Calls only what is allowed after a fork. First they all move out of the way: one may stand where
 * another has to go. */
gboolean
iommuctl_files_place (const IommuctlFiles *self)
{
  const int n = (int) self->files->len;

  for (int i = 0; i < n; i++)
    {
      NamedFile *file = &g_array_index (self->files, NamedFile, i);

      file->fd = fcntl (file->fd, F_DUPFD_CLOEXEC, IOMMUCTL_FILES_FIRST + n);
      if (file->fd < 0)
        return FALSE;
    }
  for (int i = 0; i < n; i++)
    if (dup2 (g_array_index (self->files, NamedFile, i).fd, IOMMUCTL_FILES_FIRST + i) < 0)
      return FALSE;
  return TRUE;
}
