/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Open files under names, on their way from one life of a host to the next. */
#include "config.h"

#include "model/descriptors.h"

#include <string.h>
#include <unistd.h>

#include "iommud-error.h"

/**
 * IommudDescriptors:
 *
 * The open files of a host under names that say what they are: `context-` with a serial for an
 * IOMMUFD context, `device-` with the name of the device for a VFIO device, whose colons are
 * written as `%3A`, and `lease-` with a serial for this side of a lease's guard. A service manager
 * can keep them under these names while nothing runs. What iommud_host_lease_devices_finish()
 * returns has also `guard` and `iommufd`.
 *
 * When the last reference goes, the files that are still in the table are closed.
 */
struct _IommudDescriptors
{
  gatomicrefcount references;
  GTree *fds;        /* name -> descriptor */
  GHashTable *taken; /* set of those descriptors */
  GHashTable *files; /* "container-iova" -> IommudMappedFile */
};

G_DEFINE_BOXED_TYPE (IommudDescriptors, iommud_descriptors, iommud_descriptors_ref,
                     iommud_descriptors_unref)

static int
compare_names (gconstpointer a, gconstpointer b, gpointer unused)
{
  return strcmp (a, b);
}

/**
 * iommud_descriptors_new:
 *
 * Makes an empty table.
 *
 * Returns: (transfer full): a new table
 */
IommudDescriptors *
iommud_descriptors_new (void)
{
  IommudDescriptors *self = g_new0 (IommudDescriptors, 1);

  g_atomic_ref_count_init (&self->references);
  self->fds = g_tree_new_full (compare_names, NULL, g_free, NULL);
  self->taken = g_hash_table_new (NULL, NULL);
  self->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                       (GDestroyNotify) iommud_mapped_file_unref);
  return self;
}

/**
 * iommud_descriptors_ref:
 * @self: a table
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 */
IommudDescriptors *
iommud_descriptors_ref (IommudDescriptors *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

/* Devices before the contexts that they are bound to. */
static void
close_all (IommudDescriptors *self)
{
  GTreeNode *node;

  for (node = g_tree_node_last (self->fds); node != NULL; node = g_tree_node_previous (node))
    close (GPOINTER_TO_INT (g_tree_node_value (node)));
}

/**
 * iommud_descriptors_unref:
 * @self: (transfer full): a table
 *
 * Drops a reference. With the last one, the files that are still in the table are closed.
 */
void
iommud_descriptors_unref (IommudDescriptors *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  close_all (self);
  g_tree_unref (self->fds);
  g_hash_table_unref (self->taken);
  g_hash_table_unref (self->files);
  g_free (self);
}

/* What a service manager accepts as the name of a descriptor. */
static gboolean
is_name (const char *name)
{
  if (*name == '\0')
    return FALSE;
  while (*name >= ' ' && *name < 127 && *name != ':')
    name++;
  return *name == '\0';
}

static gboolean
check_new (IommudDescriptors *self, const char *name, int fd, GError **error)
{
  gboolean named = iommud_descriptors_peek (self, name) >= 0;

  if (!named && !g_hash_table_contains (self->taken, GINT_TO_POINTER (fd)))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_EXISTS,
               named ? "Cannot keep descriptor %d: there is one of the name %s"
                     : "Cannot keep descriptor %d as %s: it has another name already",
               fd, name);
  return FALSE;
}

/**
 * iommud_descriptors_add:
 * @self: a table
 * @name: what it is, in printable ASCII without a colon
 * @fd: an open file, which is taken if the call succeeds, and is not in the table yet
 * @error: where to put an error
 *
 * Puts an open file into the table.
 *
 * Fails with %IOMMUD_ERROR_INVALID_ARGUMENT if @name is not a valid name or @fd is negative, and
 * with %IOMMUD_ERROR_EXISTS if there is a file of that name already, or if @fd is in the table
 * under another name: it would be closed twice.
 *
 * Returns: whether it was put in
 */
gboolean
iommud_descriptors_add (IommudDescriptors *self, const char *name, int fd, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  if (fd < 0 || !is_name (name))
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                   "Cannot keep a descriptor: its name must be printable ASCII without a colon, "
                   "and it must be open");
      return FALSE;
    }
  if (!check_new (self, name, fd, error))
    return FALSE;
  g_tree_insert (self->fds, g_strdup (name), GINT_TO_POINTER (fd));
  g_hash_table_add (self->taken, GINT_TO_POINTER (fd));
  return TRUE;
}

/**
 * iommud_descriptors_dup_names:
 * @self: a table
 *
 * The names of all files in the table, sorted.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 */
char **
iommud_descriptors_dup_names (IommudDescriptors *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GTreeNode *node;

  g_return_val_if_fail (self != NULL, NULL);
  for (node = g_tree_node_first (self->fds); node != NULL; node = g_tree_node_next (node))
    g_strv_builder_add (builder, g_tree_node_key (node));
  return g_strv_builder_end (builder);
}

/**
 * iommud_descriptors_peek:
 * @self: a table
 * @name: a name
 *
 * Finds an open file, which stays in the table.
 *
 * Returns: the file; -1 if there is no file of that name
 */
int
iommud_descriptors_peek (IommudDescriptors *self, const char *name)
{
  gpointer fd;

  g_return_val_if_fail (self != NULL, -1);
  g_return_val_if_fail (name != NULL, -1);
  return g_tree_lookup_extended (self->fds, name, NULL, &fd) ? GPOINTER_TO_INT (fd) : -1;
}

/**
 * iommud_descriptors_steal:
 * @self: a table
 * @name: a name
 *
 * Takes an open file out of the table. The caller has to close it.
 *
 * Returns: the file; -1 if there is no file of that name
 */
int
iommud_descriptors_steal (IommudDescriptors *self, const char *name)
{
  int fd = iommud_descriptors_peek (self, name);

  if (fd < 0)
    return -1;
  g_tree_remove (self->fds, name);
  g_hash_table_remove (self->taken, GINT_TO_POINTER (fd));
  return fd;
}

char *
iommud_descriptors_name_context (guint64 serial)
{
  return g_strdup_printf ("context-%" G_GUINT64_FORMAT, serial);
}

/**
 * iommud_descriptors_name_lease:
 * @serial: the serial number of a lease
 *
 * What this host's end of a lease's guard is called in a table, such as `lease-7`.
 *
 * Returns: (transfer full): the name
 */
char *
iommud_descriptors_name_lease (guint64 serial)
{
  return g_strdup_printf ("lease-%" G_GUINT64_FORMAT, serial);
}

/**
 * iommud_descriptors_name_device:
 * @device: the name of a device, such as `0000:01:00.0`
 *
 * What the file of a device is called in a table: `device-` and its name, in which what a name of a
 * file cannot have is escaped, as in `device-0000%3A01%3A00.0`.
 *
 * Returns: (transfer full): the name
 */
char *
iommud_descriptors_name_device (const char *device)
{
  g_autofree char *escaped = g_uri_escape_string (device, NULL, FALSE);

  return g_strconcat ("device-", escaped, NULL);
}

static char *
name_file (guint64 container, guint64 iova)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, container, iova);
}

void
iommud_descriptors_keep_file (IommudDescriptors *self, guint64 container, guint64 iova,
                              IommudMappedFile *file)
{
  if (file != NULL)
    g_hash_table_insert (self->files, name_file (container, iova), iommud_mapped_file_ref (file));
}

IommudMappedFile *
iommud_descriptors_peek_file (IommudDescriptors *self, guint64 container, guint64 iova)
{
  g_autofree char *name = name_file (container, iova);

  return g_hash_table_lookup (self->files, name);
}

void
iommud_descriptors_drop_files (IommudDescriptors *self)
{
  g_hash_table_remove_all (self->files);
}
