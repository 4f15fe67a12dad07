/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adopting a host that was written down: from records and descriptors to objects. */
#include "adoption/adoption.h"

static void
free_context (gpointer data)
{
  IommudAdoptedContext *self = data;

  g_hash_table_unref (self->ids);
  g_clear_pointer (&self->context, iommud_context_unref);
  g_free (self);
}

static void
free_container (gpointer data)
{
  IommudAdoptedContainer *self = data;

  iommud_iova_space_clear (&self->space);
  g_hash_table_unref (self->hwpts);
  iommud_mapping_table_free (self->mappings);
  g_clear_object (&self->container);
  g_free (self);
}

static void
adoption_init (IommudAdoption *self, IommudHost *host, IommudHostRecord *record,
               IommudDescriptors *descriptors)
{
  self->host = host;
  self->record = record;
  self->descriptors = descriptors;
  self->dropped = g_ptr_array_new_with_free_func (g_free);
  self->contexts = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, free_context);
  self->containers = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, free_container);
  self->names = g_hash_table_new (g_str_hash, g_str_equal);
  self->leases = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->lease_names = g_hash_table_new (g_str_hash, g_str_equal);
  self->built_leases = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_object_unref);
  self->bindings = g_hash_table_new (g_str_hash, g_str_equal);
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->listed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static void
adoption_clear (IommudAdoption *self)
{
  g_ptr_array_unref (self->dropped);
  g_hash_table_unref (self->containers);
  g_hash_table_unref (self->contexts);
  g_hash_table_unref (self->names);
  g_hash_table_unref (self->leases);
  g_hash_table_unref (self->lease_names);
  g_hash_table_unref (self->built_leases);
  g_hash_table_unref (self->bindings);
  g_hash_table_unref (self->seen);
  g_hash_table_unref (self->listed);
}

/* Containers and contexts, as many as there were. */
static void
check_host (IommudAdoption *self)
{
  const IommudHostRecord *record = self->record;

  if (record->n_contexts != record->contexts->len)
    iommud_adoption_drop (self, "The host: %u contexts were written down, and %u are known",
                          record->n_contexts, record->contexts->len);
  if (record->n_containers != record->containers->len)
    iommud_adoption_drop (self, "The host: %u containers were written down, and %u are known",
                          record->n_containers, record->containers->len);
}

/* All that can fail comes before the first change. */
static gboolean
adopt (IommudAdoption *self, GError **error)
{
  check_host (self);
  if (!iommud_adoption_check_containers (self, error) || !iommud_adoption_check_leases (self, error)
      || !iommud_adoption_check_devices (self, error) || !iommud_adoption_check_memory (self, error)
      || !iommud_adoption_check_trackers (self, error))
    return FALSE;
  iommud_adoption_check_counts (self);
  iommud_adoption_doubt (self);
  iommud_adoption_keep_intents (self);
  iommud_adoption_build (self);
  iommud_adoption_close_rest (self);
  iommud_adoption_search (self);
  return TRUE;
}

static char **
steal_dropped (IommudAdoption *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < self->dropped->len; i++)
    g_strv_builder_add (builder, g_ptr_array_index (self->dropped, i));
  return g_strv_builder_end (builder);
}

/**
 * iommud_host_adopt:
 * @backend: what the host stands on; no other host may stand on it
 * @records: what iommud_host_write_down() gave in an earlier life
 * @descriptors: its open files; those that the host needs are taken out, the others are closed
 * @dropped: (out) (optional) (transfer full) (array zero-terminated=1): one sentence for each thing
 *   that is not as it was written down, with the reason
 * @error: where to put an error
 *
 * Makes a host again, with the serials, names and owners that its objects had, without a change in
 * the kernel: devices stay attached, memory stays mapped, and dirty tracking goes on.
 *
 * Each record is compared with the others and with the kernel, by questions that change nothing.
 * One that does not fit is dropped, and so is what depends on it: a device whose descriptor is
 * missing or that was unplugged, a HWPT that the kernel does not know, a container of a context
 * that is gone. The kernel cannot be asked which HWPT a device is attached to, nor whether a
 * tracker is on: there the records are believed. What the kernel has and no record names is freed
 * with the next operation of its context.
 *
 * A mapping that the kernel knows by an address of another process can be unmapped, and nothing new
 * can be made of it.
 *
 * Like iommud_host_new(), it follows the devices in the main context that is the thread's default
 * now.
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT if @records are damaged, which names the record and its
 * field; %IOMMUD_ERROR_FAILED if the kernel could not say whether something is there. Then nothing
 * has changed, and @descriptors are as they were.
 *
 * Returns: (transfer full): the host
 */
IommudHost *
iommud_host_adopt (IommudBackend *backend, GVariant *records, IommudDescriptors *descriptors,
                   char ***dropped, GError **error)
{
  g_autoptr (IommudHostRecord) record = NULL;
  g_autoptr (IommudHost) host = NULL;
  IommudAdoption adoption = { 0 };
  gboolean adopted;

  g_return_val_if_fail (IOMMUD_IS_BACKEND (backend), NULL);
  g_return_val_if_fail (records != NULL && descriptors != NULL, NULL);

  record = iommud_host_record_from_variant (records, error);
  host = record != NULL ? iommud_host_new (backend, error) : NULL;
  if (host == NULL)
    return NULL;
  adoption_init (&adoption, host, record, descriptors);
  adopted = adopt (&adoption, error);
  if (adopted && dropped != NULL)
    *dropped = steal_dropped (&adoption);
  adoption_clear (&adoption);
  return adopted ? g_steal_pointer (&host) : NULL;
}
