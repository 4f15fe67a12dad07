/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files a host keeps open, for the one that follows them. */
#include "model/open-files.h"

struct _IommudOpenFiles
{
  grefcount references;
  GHashTable *fds; /* name -> descriptor */
  IommudOpenFilesFunc func;
  gpointer user_data;
};

IommudOpenFiles *
iommud_open_files_new (void)
{
  IommudOpenFiles *self = g_new0 (IommudOpenFiles, 1);

  g_ref_count_init (&self->references);
  self->fds = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

IommudOpenFiles *
iommud_open_files_ref (IommudOpenFiles *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
iommud_open_files_unref (IommudOpenFiles *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  g_hash_table_unref (self->fds);
  g_free (self);
}

static void
tell (IommudOpenFiles *self, const char *name, int fd)
{
  if (self->func != NULL)
    self->func (name, fd, self->user_data);
}

void
iommud_open_files_add (IommudOpenFiles *self, char *name, int fd)
{
  g_hash_table_insert (self->fds, name, GINT_TO_POINTER (fd));
  tell (self, name, fd);
}

void
iommud_open_files_remove (IommudOpenFiles *self, char *name)
{
  if (g_hash_table_remove (self->fds, name))
    tell (self, name, -1);
  g_free (name);
}

int
iommud_open_files_find (IommudOpenFiles *self, const char *name)
{
  gpointer fd;

  return g_hash_table_lookup_extended (self->fds, name, NULL, &fd) ? GPOINTER_TO_INT (fd) : -1;
}

void
iommud_open_files_follow (IommudOpenFiles *self, IommudOpenFilesFunc func, gpointer user_data)
{
  GHashTableIter iter;
  gpointer name, fd;

  self->func = func;
  self->user_data = user_data;
  g_hash_table_iter_init (&iter, self->fds);
  while (g_hash_table_iter_next (&iter, &name, &fd))
    tell (self, name, GPOINTER_TO_INT (fd));
}
