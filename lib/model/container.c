/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One container: its properties, its HWPTs, and how they come and go in the model. */
#include "model/container-private.h"

#include "model/device.h"
#include "iommud-enum-types.h"
#include "iommud-error.h"
#include "model/hwpt.h"
#include "model/lease.h"

/**
 * IommudContainer:
 *
 * One I/O address space (IOAS) in an IOMMUFD context, with the HWPTs made from it and the devices
 * that use it.
 */
G_DEFINE_FINAL_TYPE (IommudContainer, iommud_container, G_TYPE_OBJECT)

enum
{
  PROP_SERIAL = 1,
  PROP_NAME,
  PROP_OWNER,
  PROP_IOAS_ID,
  PROP_CONTEXT,
  PROP_ACCOUNTING,
  PROP_ORPHAN_COUNT,
  PROP_DEVICES,
  PROP_HWPTS,
  PROP_MEMORY,
  PROP_DIRTY_TRACKING,
  PROP_LEASE,
  PROP_SHARED,
  N_PROPERTIES,
};

static GParamSpec *properties[N_PROPERTIES];

static void
iommud_container_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudContainer *self = IOMMUD_CONTAINER (object);

  switch (id)
    {
    case PROP_SERIAL:
      g_value_set_uint64 (value, self->serial);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_OWNER:
      g_value_set_uint (value, self->owner);
      break;
    case PROP_IOAS_ID:
      g_value_set_uint (value, self->ioas_id);
      break;
    case PROP_CONTEXT:
      g_value_set_uint64 (value, iommud_context_get_serial (self->context));
      break;
    case PROP_ACCOUNTING:
      g_value_set_enum (value, self->accounting);
      break;
    case PROP_ORPHAN_COUNT:
      g_value_set_uint (value, self->orphans->len);
      break;
    case PROP_DEVICES:
      g_value_set_object (value, self->devices);
      break;
    case PROP_HWPTS:
      g_value_set_object (value, self->hwpts);
      break;
    case PROP_MEMORY:
      g_value_set_object (value, self->memory);
      break;
    case PROP_DIRTY_TRACKING:
      g_value_set_object (value, self->dirty_tracking);
      break;
    case PROP_LEASE:
      g_value_set_object (value, self->lease);
      break;
    case PROP_SHARED:
      g_value_set_boolean (value, iommud_context_is_shared (self->context));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (self, id, pspec);
    }
}

/* A weak pointer of each would make the end of one cost more the more there are. */
static void
forget_hwpts (IommudContainer *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->hwpts)); i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (G_LIST_MODEL (self->hwpts), i);

      iommud_hwpt_set_freed (hwpt);
    }
}

static void
iommud_container_finalize (GObject *object)
{
  IommudContainer *self = IOMMUD_CONTAINER (object);

  forget_hwpts (self);
  iommud_context_unref (self->context);
  g_free (self->name);
  g_object_unref (self->devices);
  g_object_unref (self->hwpts);
  g_hash_table_unref (self->hwpts_by_id);
  g_hash_table_unref (self->changed_hwpts);
  g_array_unref (self->orphans);
  g_object_unref (self->memory);
  g_object_unref (self->dirty_tracking);
  G_OBJECT_CLASS (iommud_container_parent_class)->finalize (object);
}

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
install_constant_properties (void)
{
  /**
   * IommudContainer:serial:
   *
   * Its number, which is never used twice.
   */
  properties[PROP_SERIAL] = g_param_spec_uint64 ("serial", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS);
  /**
   * IommudContainer:name:
   *
   * Its name, which no other container of the host has.
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, FLAGS);
  /**
   * IommudContainer:owner:
   *
   * The user id of its owner.
   */
  properties[PROP_OWNER] = g_param_spec_uint ("owner", NULL, NULL, 0, G_MAXUINT32, 0, FLAGS);
  /**
   * IommudContainer:ioas-id:
   *
   * The kernel's id of its IOAS in its context.
   */
  properties[PROP_IOAS_ID] = g_param_spec_uint ("ioas-id", NULL, NULL, 0, G_MAXUINT32, 0, FLAGS);
  /**
   * IommudContainer:context:
   *
   * The number of its IOMMUFD context, which is the same for all containers of that context.
   */
  properties[PROP_CONTEXT] = g_param_spec_uint64 ("context", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS);
  /**
   * IommudContainer:accounting:
   *
   * Whom the kernel charges for pinned memory.
   */
  properties[PROP_ACCOUNTING] = g_param_spec_enum ("accounting", NULL, NULL, IOMMUD_TYPE_ACCOUNTING,
                                                   IOMMUD_ACCOUNTING_USER, FLAGS);
}

static void
install_object_properties (void)
{
  /**
   * IommudContainer:orphan-count:
   *
   * How many kernel objects the container has left behind: HWPTs that it no longer lists, and
   * IOASes of containers that could not be made in its context, which the kernel would not free
   * when an operation was undone. The next operation on the container tries again to free them.
   */
  properties[PROP_ORPHAN_COUNT] =
      g_param_spec_uint ("orphan-count", NULL, NULL, 0, G_MAXUINT, 0, FLAGS);
  /**
   * IommudContainer:devices:
   *
   * The devices that are bound to its context on its behalf, a list of #IommudDevice.
   */
  properties[PROP_DEVICES] = g_param_spec_object ("devices", NULL, NULL, G_TYPE_LIST_MODEL, FLAGS);
  /**
   * IommudContainer:hwpts:
   *
   * The HWPTs made from its IOAS, a list of #IommudHwpt.
   */
  properties[PROP_HWPTS] = g_param_spec_object ("hwpts", NULL, NULL, G_TYPE_LIST_MODEL, FLAGS);
  /**
   * IommudContainer:memory:
   *
   * Its I/O virtual addresses, and the memory that is mapped at them.
   */
  properties[PROP_MEMORY] = g_param_spec_object ("memory", NULL, NULL, IOMMUD_TYPE_MEMORY, FLAGS);
  /**
   * IommudContainer:dirty-tracking:
   *
   * Its dirty tracking.
   */
  properties[PROP_DIRTY_TRACKING] =
      g_param_spec_object ("dirty-tracking", NULL, NULL, IOMMUD_TYPE_DIRTY_TRACKING, FLAGS);
  /**
   * IommudContainer:lease:
   *
   * The lease that it was made under, and with which it ends; %NULL: none.
   */
  properties[PROP_LEASE] = g_param_spec_object ("lease", NULL, NULL, IOMMUD_TYPE_LEASE, FLAGS);
  /**
   * IommudContainer:shared:
   *
   * Whether a copy of its IOMMUFD context was handed out. Who has it can change everything in the
   * context, so the container shows what was last known of it.
   */
  properties[PROP_SHARED] = g_param_spec_boolean ("shared", NULL, NULL, FALSE, FLAGS);
}

static void
iommud_container_class_init (IommudContainerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_container_get_property;
  object_class->finalize = iommud_container_finalize;
  install_constant_properties ();
  install_object_properties ();
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
iommud_container_init (IommudContainer *self)
{
  self->devices = g_list_store_new (IOMMUD_TYPE_DEVICE);
  self->hwpts = g_list_store_new (IOMMUD_TYPE_HWPT);
  self->hwpts_by_id = g_hash_table_new (NULL, NULL);
  self->changed_hwpts = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  self->orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
}

IommudContainer *
iommud_container_new (IommudHost *host, IommudContext *context, const IommudContainerRecord *record,
                      const IommudIovaSpace *space)
{
  IommudContainer *self = g_object_new (IOMMUD_TYPE_CONTAINER, NULL);

  self->host = host;
  self->context = iommud_context_ref (context);
  self->serial = record->serial;
  self->name = g_strdup (record->name);
  self->owner = record->owner;
  self->accounting = record->accounting;
  self->ioas_id = record->ioas_id;
  self->last_hwpt_serial = record->last_hwpt_serial;
  self->n_refusals = record->n_refusals;
  g_array_append_vals (self->orphans, record->orphans->data, record->orphans->len);
  self->memory = iommud_memory_new (self, record, space);
  self->dirty_tracking =
      iommud_dirty_tracking_new (self, record->policy, G_LIST_MODEL (self->devices));
  return self;
}

void
iommud_container_fill_record (IommudContainer *self, IommudContainerRecord *record)
{
  record->serial = self->serial;
  record->context = iommud_context_get_serial (self->context);
  iommud_record_set_string (&record->name, self->name);
  record->owner = self->owner;
  record->ioas_id = self->ioas_id;
  record->accounting = self->accounting;
  record->policy = iommud_dirty_tracking_get_policy (self->dirty_tracking);
  record->last_hwpt_serial = self->last_hwpt_serial;
  record->n_refusals = self->n_refusals;
  record->lease = self->lease != NULL ? iommud_lease_get_serial (self->lease) : 0;
  record->n_hwpts = g_list_model_get_n_items (G_LIST_MODEL (self->hwpts));
  record->n_devices = g_list_model_get_n_items (G_LIST_MODEL (self->devices));
  g_array_append_vals (record->orphans, self->orphans->data,
                       MIN (self->orphans->len, IOMMUD_MAX_ORPHANS));
  iommud_memory_fill_record (self->memory, record);
}

IommudHost *
iommud_container_get_host (IommudContainer *self)
{
  return self->host;
}

IommudContext *
iommud_container_get_context (IommudContainer *self)
{
  return self->context;
}

guint32
iommud_container_get_ioas_id (IommudContainer *self)
{
  return self->ioas_id;
}

IommudLease *
iommud_container_get_lease (IommudContainer *self)
{
  return self->lease;
}

/* Before it is listed; and, for NULL, once it was freed. */
void
iommud_container_set_lease (IommudContainer *self, IommudLease *lease)
{
  if (self->lease != NULL)
    iommud_lease_remove_container (self->lease, self);
  self->lease = lease;
  if (lease != NULL)
    iommud_lease_add_container (lease, self);
}

void
iommud_container_set_accounting (IommudContainer *self, IommudAccounting accounting)
{
  if (self->accounting == accounting)
    return;
  self->accounting = accounting;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ACCOUNTING]);
}

void
iommud_container_notify_shared (IommudContainer *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHARED]);
}

IommudAccounting
iommud_container_get_accounting (IommudContainer *self)
{
  return self->accounting;
}

void
iommud_container_copy_orphans (IommudContainer *self, GArray *orphans)
{
  g_array_append_vals (orphans, self->orphans->data, self->orphans->len);
}

gboolean
iommud_container_check_alive (IommudContainer *self, const char *what, GError **error)
{
  if (!self->freed && self->host != NULL)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND, "Cannot %s: container %s is gone", what,
               self->name);
  return FALSE;
}

void
iommud_container_set_freed (IommudContainer *self)
{
  self->freed = TRUE;
  iommud_memory_forget_mappings (self->memory);
}

void
iommud_container_forget_host (IommudContainer *self)
{
  self->host = NULL;
}

void
iommud_container_set_orphans (IommudContainer *self, GArray *orphans)
{
  g_autoptr (GArray) old = self->orphans;

  self->orphans = g_array_ref (orphans);
  if (orphans->len != old->len)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ORPHAN_COUNT]);
}

IommudTrackers *
iommud_container_lend_trackers (IommudContainer *self)
{
  const IommudTrackers *trackers = iommud_dirty_tracking_peek (self->dirty_tracking);

  return iommud_dirty_tracking_lend (
      self->dirty_tracking,
      iommud_trackers_is_active (trackers) ? iommud_memory_get_mapped_ranges (self->memory) : NULL);
}
