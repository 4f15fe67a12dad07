/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adoption: what is there and was not written down. */
#include "model/container.h"
#include "adoption/adoption.h"

/* The kernel gives away the lowest id that is free. So far behind the highest known one, and no
 * further in all, is searched. */
#define SEARCH_BEYOND 32
#define MAX_ID 65536

/* In the reverse order of the names: devices before the contexts that they are bound to. */
void
iommud_adoption_close_rest (IommudAdoption *self)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (iommud_host_get_backend (self->host));
  g_auto (GStrv) names = iommud_descriptors_dup_names (self->descriptors);

  for (guint i = g_strv_length (names); i > 0; i--)
    {
      syscalls->close (syscalls, iommud_descriptors_steal (self->descriptors, names[i - 1]));
      iommud_adoption_drop (self, "Descriptor %s: nothing that was adopted has it; it was closed",
                            names[i - 1]);
    }
  iommud_descriptors_drop_files (self->descriptors);
}

static guint32
get_last_id (const IommudAdoptedContext *context)
{
  guint32 last = 0;
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, context->ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    last = MAX (last, GPOINTER_TO_UINT (id));
  return MIN (last, MAX_ID) + SEARCH_BEYOND;
}

/* "HWPT" or "IOAS"; NULL if it is neither, or the kernel could not say. */
static const char *
find_kind (const IommudAdoptedContext *context, guint32 id)
{
  IommudIovaSpace space = { 0 };
  gboolean present;

  if (g_hash_table_contains (context->ids, GUINT_TO_POINTER (id)))
    return NULL;
  if (iommud_presence_of_hwpt (&context->access, id, &present, NULL) && present)
    return "HWPT";
  if (!iommud_presence_of_ioas (&context->access, id, &space, &present, NULL) || !present)
    return NULL;
  iommud_iova_space_clear (&space);
  return "IOAS";
}

/* HWPTs go before the IOAS that they are of: orphans are freed from the last one on. */
static void
add_orphans (IommudAdoption *self, IommudContainer *container, const IommudAdoptedContext *context)
{
  g_autoptr (GArray) orphans = g_array_new (FALSE, FALSE, sizeof (guint32));

  iommud_container_copy_orphans (container, orphans);
  for (guint32 id = get_last_id (context); id > 0; id--)
    {
      const char *kind = find_kind (context, id);

      if (kind == NULL)
        continue;
      iommud_adoption_drop (self,
                            "%s id %u of context %" G_GUINT64_FORMAT
                            ": no record names it; it is freed with the next operation",
                            kind, id, context->record->serial);
      if (*kind == 'I')
        g_array_prepend_val (orphans, id);
      else
        g_array_append_val (orphans, id);
    }
  iommud_container_set_orphans (container, orphans);
}

/* A kernel that cannot be asked for HWPTs has every id. */
static gboolean
can_search (const IommudAdoptedContext *context)
{
  gboolean present = TRUE;

  return iommud_presence_of_hwpt (&context->access, G_MAXINT32, &present, NULL) && !present;
}

void
iommud_adoption_search (IommudAdoption *self)
{
  g_autoptr (GHashTable) searched = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < self->record->containers->len; i++)
    {
      const IommudContainerRecord *record = g_ptr_array_index (self->record->containers, i);
      IommudAdoptedContainer *adopted = iommud_adoption_find_container (self, record->serial);

      /* What others have made in a context of which they have a copy is theirs. */
      if (!adopted->context->record->shared && g_hash_table_add (searched, adopted->context)
          && can_search (adopted->context))
        add_orphans (self, adopted->container, adopted->context);
    }
}
