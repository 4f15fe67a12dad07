/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adoption: which contexts, containers and HWPTs that were written down are there, and what was
 * left over. */
#include "adoption/adoption.h"

#define SERIAL G_GUINT64_FORMAT

static gboolean
check_context (IommudAdoption *self, gpointer record, char **reason, GError **error)
{
  const IommudContextRecord *entry = record;
  g_autofree char *name = iommud_descriptors_name_context (entry->serial);
  IommudBackend *backend = iommud_host_get_backend (self->host);
  IommudKernelAccess access = {
    .syscalls = iommud_backend_get_syscalls (backend),
    .probe = iommud_backend_get_probe (backend),
    .iommufd = iommud_descriptors_peek (self->descriptors, name),
    .what = (char *) "adopt the host",
  };
  IommudAdoptedContext *context;
  gboolean present;

  if (g_hash_table_contains (self->contexts, &entry->serial))
    return iommud_adoption_refuse (reason, "Context %" SERIAL ": it is written down twice",
                                   entry->serial);
  if (access.iommufd < 0)
    return iommud_adoption_refuse (reason, "Context %" SERIAL ": its descriptor %s is missing",
                                   entry->serial, name);
  if (!iommud_presence_of_context (&access, &present, error))
    return FALSE;
  if (!present)
    return iommud_adoption_refuse (reason, "Context %" SERIAL ": its descriptor %s is no iommufd",
                                   entry->serial, name);
  context = g_new0 (IommudAdoptedContext, 1);
  context->record = entry;
  context->access = access;
  context->ids = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (self->contexts, (gpointer) &entry->serial, context);
  return TRUE;
}

static char *
describe (const IommudContainerRecord *record)
{
  return g_strdup_printf ("Container %s (%" SERIAL ")", record->name, record->serial);
}

/* Which id of the kernel's it has: no two objects of a context have the same. */
static gboolean
check_id (IommudAdoptedContext *context, guint32 id, const char *what, char **reason)
{
  if (!g_hash_table_contains (context->ids, GUINT_TO_POINTER (id)))
    return TRUE;
  return iommud_adoption_refuse (reason, "%s: its kernel id %u is another object's", what, id);
}

static gboolean
check_identity (IommudAdoption *self, const IommudContainerRecord *record,
                IommudAdoptedContext *context, const char *what, char **reason)
{
  if (g_hash_table_contains (self->containers, &record->serial))
    return iommud_adoption_refuse (reason, "%s: its serial is written down twice", what);
  if (g_hash_table_contains (self->names, record->name))
    return iommud_adoption_refuse (reason, "%s: another container has its name", what);
  if (context == NULL)
    return iommud_adoption_refuse (reason, "%s: context %" SERIAL ", which it is of, is not there",
                                   what, record->context);
  context->n_containers++;
  return check_id (context, record->ioas_id, what, reason);
}

static void
keep_container (IommudAdoption *self, IommudContainerRecord *record, IommudAdoptedContext *context,
                const IommudIovaSpace *space)
{
  IommudAdoptedContainer *container = g_new0 (IommudAdoptedContainer, 1);

  container->record = record;
  container->context = context;
  container->space = *space;
  container->hwpts = g_hash_table_new (g_int64_hash, g_int64_equal);
  container->mappings = iommud_mapping_table_new ();
  g_hash_table_add (context->ids, GUINT_TO_POINTER (record->ioas_id));
  g_hash_table_add (self->names, record->name);
  g_hash_table_insert (self->containers, &record->serial, container);
}

static gboolean
check_container (IommudAdoption *self, gpointer record, char **reason, GError **error)
{
  IommudContainerRecord *entry = record;
  IommudAdoptedContext *context = g_hash_table_lookup (self->contexts, &entry->context);
  g_autofree char *what = describe (entry);
  IommudIovaSpace space = { 0 };
  gboolean present;

  if (!check_identity (self, entry, context, what, reason)
      || !iommud_presence_of_ioas (&context->access, entry->ioas_id, &space, &present, error))
    return FALSE;
  if (!present)
    return iommud_adoption_refuse (reason, "%s: the kernel has no IOAS %u", what, entry->ioas_id);
  keep_container (self, entry, context, &space);
  return TRUE;
}

static gboolean
check_parent (IommudAdoptedContainer *container, const IommudHwptRecord *record, const char *what,
              char **reason)
{
  const IommudHwptRecord *parent = g_hash_table_lookup (container->hwpts, &record->parent);

  if (record->parent == 0
      || (parent != NULL && (parent->flags & IOMMUD_HWPT_FLAGS_NEST_PARENT) != 0))
    return TRUE;
  return iommud_adoption_refuse (reason, "%s: HWPT %" SERIAL " is no nest parent that it can have",
                                 what, record->parent);
}

static gboolean
check_hwpt (IommudAdoption *self, gpointer record, char **reason, GError **error)
{
  IommudHwptRecord *entry = record;
  IommudAdoptedContainer *container = iommud_adoption_find_container (self, entry->container);
  g_autofree char *what =
      g_strdup_printf ("HWPT %" SERIAL " of container %" SERIAL, entry->serial, entry->container);
  gboolean present;

  if (container == NULL)
    return iommud_adoption_refuse (reason, "%s: the container is not there", what);
  if (g_hash_table_contains (container->hwpts, &entry->serial))
    return iommud_adoption_refuse (reason, "%s: it is written down twice", what);
  container->n_hwpts++;
  if (!check_id (container->context, entry->hwpt_id, what, reason)
      || !check_parent (container, entry, what, reason)
      || !iommud_presence_of_hwpt (&container->context->access, entry->hwpt_id, &present, error))
    return FALSE;
  if (!present)
    return iommud_adoption_refuse (reason, "%s: the kernel has no HWPT %u", what, entry->hwpt_id);
  g_hash_table_add (container->context->ids, GUINT_TO_POINTER (entry->hwpt_id));
  g_hash_table_insert (container->hwpts, &entry->serial, entry);
  return TRUE;
}

/* An id that the kernel has given away again since must not be freed. Those of devices are not
 * known yet, but the kernel says that they are neither a HWPT nor an IOAS. */
static gboolean
is_orphan (const IommudAdoptedContext *context, guint32 id, gboolean *orphan, GError **error)
{
  IommudIovaSpace space = { 0 };
  gboolean known = g_hash_table_contains (context->ids, GUINT_TO_POINTER (id));
  gboolean asked;

  *orphan = FALSE;
  if (known)
    return TRUE;
  asked = iommud_presence_of_hwpt (&context->access, id, orphan, error)
          && (*orphan || iommud_presence_of_ioas (&context->access, id, &space, orphan, error));
  iommud_iova_space_clear (&space);
  return asked;
}

static gboolean
check_orphans_of (IommudAdoption *self, IommudAdoptedContainer *container, GError **error)
{
  GArray *orphans = container->record->orphans;
  guint kept = 0;

  for (guint i = 0; i < orphans->len; i++)
    {
      guint32 id = g_array_index (orphans, guint32, i);
      gboolean orphan;

      if (!is_orphan (container->context, id, &orphan, error))
        return FALSE;
      if (!orphan)
        {
          iommud_adoption_drop (self,
                                "Kernel id %u, left over by container %" SERIAL ": it is gone", id,
                                container->record->serial);
          continue;
        }
      g_hash_table_add (container->context->ids, GUINT_TO_POINTER (id));
      g_array_index (orphans, guint32, kept++) = id;
    }
  g_array_set_size (orphans, kept);
  return TRUE;
}

static gboolean
check_orphans (IommudAdoption *self, GError **error)
{
  for (guint i = 0; i < self->record->containers->len; i++)
    {
      const IommudContainerRecord *record = g_ptr_array_index (self->record->containers, i);

      if (!check_orphans_of (self, iommud_adoption_find_container (self, record->serial), error))
        return FALSE;
    }
  return TRUE;
}

gboolean
iommud_adoption_check_containers (IommudAdoption *self, GError **error)
{
  return iommud_adoption_filter (self, self->record->contexts, check_context,
                                 (GDestroyNotify) iommud_context_record_free, error)
         && iommud_adoption_filter (self, self->record->containers, check_container,
                                    (GDestroyNotify) iommud_container_record_free, error)
         && iommud_adoption_filter (self, self->record->hwpts, check_hwpt,
                                    (GDestroyNotify) iommud_hwpt_record_free, error)
         && check_orphans (self, error);
}
