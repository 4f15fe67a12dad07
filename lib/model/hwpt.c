/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One hardware page table: what it was made with, and the devices on it. */
#include "model/hwpt.h"

#include "model/container.h"
#include "model/device.h"
#include "iommud-enum-types.h"
#include "iommud-error.h"

/**
 * IommudHwpt:
 *
 * One hardware page table of a container.
 */
struct _IommudHwpt
{
  GObject parent_instance;

  IommudContainer *container; /* not owned; NULL once freed, or once the container is gone */
  guint64 serial;
  guint32 hwpt_id;
  IommudHwptManagement management;
  IommudHwptFlags flags;
  char *iommu;
  GListStore *devices;
  GHashTable *refused; /* set of IOMMU instance names */
};

G_DEFINE_FINAL_TYPE (IommudHwpt, iommud_hwpt, G_TYPE_OBJECT)

enum
{
  PROP_SERIAL = 1,
  PROP_HWPT_ID,
  PROP_CONTAINER,
  PROP_PARENT,
  PROP_MANAGEMENT,
  PROP_FLAGS,
  PROP_IOMMU,
  PROP_DEVICES,
  N_PROPERTIES,
};

static GParamSpec *properties[N_PROPERTIES];

static void
iommud_hwpt_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudHwpt *self = IOMMUD_HWPT (object);

  switch (id)
    {
    case PROP_SERIAL:
      g_value_set_uint64 (value, self->serial);
      break;
    case PROP_HWPT_ID:
      g_value_set_uint (value, self->hwpt_id);
      break;
    case PROP_CONTAINER:
      g_value_set_object (value, self->container);
      break;
    case PROP_PARENT:
      g_value_set_object (value, NULL);
      break;
    case PROP_MANAGEMENT:
      g_value_set_enum (value, self->management);
      break;
    case PROP_FLAGS:
      g_value_set_flags (value, self->flags);
      break;
    case PROP_IOMMU:
      g_value_set_string (value, self->iommu);
      break;
    case PROP_DEVICES:
      g_value_set_object (value, self->devices);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_hwpt_finalize (GObject *object)
{
  IommudHwpt *self = IOMMUD_HWPT (object);

  g_free (self->iommu);
  g_object_unref (self->devices);
  g_hash_table_unref (self->refused);
  G_OBJECT_CLASS (iommud_hwpt_parent_class)->finalize (object);
}

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
iommud_hwpt_class_init (IommudHwptClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_hwpt_get_property;
  object_class->finalize = iommud_hwpt_finalize;

  /**
   * IommudHwpt:serial:
   *
   * Its number in its container, which is never used twice.
   */
  properties[PROP_SERIAL] = g_param_spec_uint64 ("serial", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS);
  /**
   * IommudHwpt:hwpt-id:
   *
   * The id that it has in its IOMMUFD context. The kernel uses ids again at once.
   */
  properties[PROP_HWPT_ID] = g_param_spec_uint ("hwpt-id", NULL, NULL, 0, G_MAXUINT32, 0, FLAGS);
  /**
   * IommudHwpt:container:
   *
   * The container that it belongs to; %NULL once the HWPT was freed.
   */
  properties[PROP_CONTAINER] =
      g_param_spec_object ("container", NULL, NULL, IOMMUD_TYPE_CONTAINER, FLAGS);
  /**
   * IommudHwpt:parent:
   *
   * The nest parent of a nested HWPT; %NULL for one that was made from the IOAS itself.
   */
  properties[PROP_PARENT] = g_param_spec_object ("parent", NULL, NULL, IOMMUD_TYPE_HWPT, FLAGS);
  /**
   * IommudHwpt:management:
   *
   * Who made it and who frees it.
   */
  properties[PROP_MANAGEMENT] = g_param_spec_enum (
      "management", NULL, NULL, IOMMUD_TYPE_HWPT_MANAGEMENT, IOMMUD_HWPT_MANAGEMENT_AUTO, FLAGS);
  /**
   * IommudHwpt:flags:
   *
   * What it was allocated with.
   */
  properties[PROP_FLAGS] = g_param_spec_flags ("flags", NULL, NULL, IOMMUD_TYPE_HWPT_FLAGS,
                                               IOMMUD_HWPT_FLAGS_NONE, FLAGS);
  /**
   * IommudHwpt:iommu:
   *
   * The IOMMU instance that it was allocated for.
   */
  properties[PROP_IOMMU] = g_param_spec_string ("iommu", NULL, NULL, NULL, FLAGS);
  /**
   * IommudHwpt:devices:
   *
   * The devices on it, a list of #IommudDevice.
   */
  properties[PROP_DEVICES] = g_param_spec_object ("devices", NULL, NULL, G_TYPE_LIST_MODEL, FLAGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
iommud_hwpt_init (IommudHwpt *self)
{
  self->devices = g_list_store_new (IOMMUD_TYPE_DEVICE);
  self->refused = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

IommudHwpt *
iommud_hwpt_new (IommudContainer *container, const IommudHwptRecord *record)
{
  IommudHwpt *self = g_object_new (IOMMUD_TYPE_HWPT, NULL);

  self->container = container;
  self->serial = record->serial;
  self->hwpt_id = record->hwpt_id;
  self->management = record->management;
  self->flags = record->flags;
  self->iommu = g_strdup (record->iommu);
  for (guint i = 0; i < record->refused->len; i++)
    iommud_hwpt_set_refused (self, g_ptr_array_index (record->refused, i));
  return self;
}

void
iommud_hwpt_fill_record (IommudHwpt *self, IommudHwptRecord *record)
{
  GHashTableIter refused;
  gpointer iommu;

  record->container = iommud_container_get_serial (self->container);
  record->serial = self->serial;
  record->hwpt_id = self->hwpt_id;
  record->management = self->management;
  record->flags = self->flags;
  iommud_record_set_string (&record->iommu, self->iommu);
  g_hash_table_iter_init (&refused, self->refused);
  while (g_hash_table_iter_next (&refused, &iommu, NULL))
    g_ptr_array_add (record->refused, g_strdup (iommu));
  for (guint i = 0; i < iommud_hwpt_get_n_devices (self); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (G_LIST_MODEL (self->devices), i);

      g_ptr_array_add (record->devices, g_strdup (iommud_device_get_name (device)));
    }
}

void
iommud_hwpt_set_freed (IommudHwpt *self)
{
  self->container = NULL;
}

gboolean
iommud_hwpt_check_alive (IommudHwpt *self, const char *what, GError **error)
{
  if (self->container != NULL)
    return iommud_container_check_alive (self->container, what, error);
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND, "Cannot %s: the HWPT is gone", what);
  return FALSE;
}

static void
note_change (IommudHwpt *self)
{
  if (self->container != NULL)
    iommud_container_note_hwpt (self->container, self);
}

void
iommud_hwpt_add_device (IommudHwpt *self, IommudDevice *device)
{
  g_list_store_append (self->devices, device);
  note_change (self);
}

void
iommud_hwpt_remove_device (IommudHwpt *self, IommudDevice *device)
{
  guint position;

  if (g_list_store_find (self->devices, device, &position))
    g_list_store_remove (self->devices, position);
  note_change (self);
}

guint
iommud_hwpt_get_n_devices (IommudHwpt *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->devices));
}

gboolean
iommud_hwpt_tracks_any (IommudHwpt *self, IommudDevice *but)
{
  if ((self->flags & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) == 0)
    return FALSE;
  for (guint i = 0; i < iommud_hwpt_get_n_devices (self); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (G_LIST_MODEL (self->devices), i);

      if (device != but && iommud_device_get_tracker (device) == IOMMUD_TRACKER_KIND_IOMMU)
        return TRUE;
    }
  return FALSE;
}

const char *
iommud_hwpt_get_iommu (IommudHwpt *self)
{
  return self->iommu;
}

void
iommud_hwpt_set_refused (IommudHwpt *self, const char *iommu)
{
  g_hash_table_add (self->refused, g_strdup (iommu));
  note_change (self);
}

gboolean
iommud_hwpt_has_refused (IommudHwpt *self, const char *iommu)
{
  return g_hash_table_contains (self->refused, iommu);
}

/**
 * iommud_hwpt_get_serial:
 * @self: a HWPT
 *
 * Its number in its container, which is never used twice.
 *
 * Returns: the serial
 */
guint64
iommud_hwpt_get_serial (IommudHwpt *self)
{
  g_return_val_if_fail (IOMMUD_IS_HWPT (self), 0);
  return self->serial;
}

/**
 * iommud_hwpt_get_id:
 * @self: a HWPT
 *
 * The id that the HWPT has in its IOMMUFD context.
 *
 * Returns: the id
 */
guint32
iommud_hwpt_get_id (IommudHwpt *self)
{
  g_return_val_if_fail (IOMMUD_IS_HWPT (self), 0);
  return self->hwpt_id;
}

/**
 * iommud_hwpt_get_container:
 * @self: a HWPT
 *
 * The container that the HWPT belongs to.
 *
 * Returns: (transfer none) (nullable): a container, or %NULL once the HWPT was freed
 */
IommudContainer *
iommud_hwpt_get_container (IommudHwpt *self)
{
  g_return_val_if_fail (IOMMUD_IS_HWPT (self), NULL);
  return self->container;
}

/**
 * iommud_hwpt_get_management:
 * @self: a HWPT
 *
 * Who made the HWPT and who frees it.
 *
 * Returns: its management
 */
IommudHwptManagement
iommud_hwpt_get_management (IommudHwpt *self)
{
  g_return_val_if_fail (IOMMUD_IS_HWPT (self), IOMMUD_HWPT_MANAGEMENT_AUTO);
  return self->management;
}

/**
 * iommud_hwpt_get_flags:
 * @self: a HWPT
 *
 * What the HWPT was allocated with.
 *
 * Returns: its flags
 */
IommudHwptFlags
iommud_hwpt_get_flags (IommudHwpt *self)
{
  g_return_val_if_fail (IOMMUD_IS_HWPT (self), IOMMUD_HWPT_FLAGS_NONE);
  return self->flags;
}

/**
 * iommud_hwpt_get_devices:
 * @self: a HWPT
 *
 * The devices on the HWPT; emits #GListModel::items-changed as they come and go.
 *
 * Returns: (transfer none): a list of #IommudDevice
 */
GListModel *
iommud_hwpt_get_devices (IommudHwpt *self)
{
  g_return_val_if_fail (IOMMUD_IS_HWPT (self), NULL);
  return G_LIST_MODEL (self->devices);
}
