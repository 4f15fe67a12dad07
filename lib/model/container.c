/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One container: its properties, its devices and HWPTs, and how they come and go in the model. */
#include "model/container.h"

#include "model/blocker.h"
#include "model/device.h"
#include "iommud-enum-types.h"
#include "iommud-error.h"
#include "model/host.h"
#include "model/hwpt.h"

/**
 * IommudContainer:
 *
 * One I/O address space (IOAS) in an IOMMUFD context, with the HWPTs made from it and the devices
 * that use it.
 */
struct _IommudContainer
{
  GObject parent_instance;

  IommudHost *host; /* weak */
  IommudContext *context;
  guint64 serial;
  guint64 last_hwpt_serial;
  char *name;
  guint owner;
  guint32 ioas_id;
  IommudDirtyTrackingPolicy policy;
  IommudAccounting accounting;
  GListStore *devices;
  GListStore *hwpts;
  GHashTable *hwpts_by_id; /* kernel id -> IommudHwpt, not owned */
  IommudIovaSpace space;
  GArray *orphans;
  IommudMappingTable *mappings;
  gconstpointer mappings_holder;
  GArray *allowed; /* of IommudIovaRange */
  gboolean huge_pages;
  guint n_attached;
  guint n_covered;
  guint n_refusals;
  IommudTrackers *trackers;
  gboolean dirty_tracking_active; /* as the property says it */
  gboolean freed;
};

G_DEFINE_FINAL_TYPE (IommudContainer, iommud_container, G_TYPE_OBJECT)

enum
{
  PROP_SERIAL = 1,
  PROP_NAME,
  PROP_OWNER,
  PROP_IOAS_ID,
  PROP_CONTEXT,
  PROP_DIRTY_TRACKING_POLICY,
  PROP_ACCOUNTING,
  PROP_DEVICES,
  PROP_HWPTS,
  PROP_IOVA_RANGES,
  PROP_IOVA_ALIGNMENT,
  PROP_DIRTY_TRACKING,
  PROP_DIRTY_TRACKING_ACTIVE,
  PROP_MIGRATION_BLOCKERS,
  PROP_MAPPINGS,
  PROP_MAPPING_COUNT,
  PROP_MAPPED_BYTES,
  PROP_ALLOWED_IOVAS,
  PROP_HUGE_PAGES,
  N_PROPERTIES,
};

static GParamSpec *properties[N_PROPERTIES];

/* How many mappings the property lists. */
#define MAX_LISTED_MAPPINGS 256

static GVariant *
build_ranges (const GArray *ranges)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(tt)"));
  for (guint i = 0; ranges != NULL && i < ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (ranges, IommudIovaRange, i);

      g_variant_builder_add (&builder, "(tt)", range->first, range->last);
    }
  return g_variant_builder_end (&builder);
}

/* Bounded: with a page for each mapping there could be millions. */
static GVariant *
build_mappings (IommudContainer *self)
{
  const IommudMapping *mapping = iommud_mapping_table_find (self->mappings, 0, G_MAXUINT64);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(tttu)"));
  for (guint i = 0; mapping != NULL && i < MAX_LISTED_MAPPINGS; i++)
    {
      g_variant_builder_add (&builder, "(tttu)", mapping->iova, mapping->length,
                             mapping->file_offset, (guint32) mapping->flags);
      mapping = iommud_mapping_table_next (self->mappings, mapping);
    }
  return g_variant_builder_end (&builder);
}

static IommudDirtyTrackingCoverage
get_coverage (IommudContainer *self)
{
  if (self->n_attached == 0)
    return self->policy == IOMMUD_DIRTY_TRACKING_POLICY_OFF ? IOMMUD_DIRTY_TRACKING_COVERAGE_NONE
                                                            : IOMMUD_DIRTY_TRACKING_COVERAGE_FULL;
  if (self->n_covered == self->n_attached)
    return IOMMUD_DIRTY_TRACKING_COVERAGE_FULL;
  return self->n_covered > 0 ? IOMMUD_DIRTY_TRACKING_COVERAGE_PARTIAL
                             : IOMMUD_DIRTY_TRACKING_COVERAGE_NONE;
}

static GStrv
dup_blockers (IommudContainer *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GListModel *devices = G_LIST_MODEL (self->devices);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);
      g_autofree char *blocker = iommud_blocker_describe (device);

      if (blocker != NULL)
        g_strv_builder_add (builder, blocker);
    }
  return g_strv_builder_end (builder);
}

static void
get_mapping_property (IommudContainer *self, guint id, GValue *value, GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_MAPPINGS:
      g_value_set_variant (value, build_mappings (self));
      break;
    case PROP_MAPPING_COUNT:
      g_value_set_uint64 (value, iommud_mapping_table_get_count (self->mappings));
      break;
    case PROP_MAPPED_BYTES:
      g_value_set_uint64 (value, iommud_mapping_table_get_bytes (self->mappings));
      break;
    case PROP_ALLOWED_IOVAS:
      g_value_set_variant (value, build_ranges (self->allowed));
      break;
    case PROP_HUGE_PAGES:
      g_value_set_boolean (value, self->huge_pages);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (self, id, pspec);
    }
}

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
    case PROP_DIRTY_TRACKING_POLICY:
      g_value_set_enum (value, self->policy);
      break;
    case PROP_ACCOUNTING:
      g_value_set_enum (value, self->accounting);
      break;
    case PROP_DEVICES:
      g_value_set_object (value, self->devices);
      break;
    case PROP_HWPTS:
      g_value_set_object (value, self->hwpts);
      break;
    case PROP_IOVA_RANGES:
      g_value_set_variant (value, build_ranges (self->space.ranges));
      break;
    case PROP_IOVA_ALIGNMENT:
      g_value_set_uint64 (value, self->space.alignment);
      break;
    case PROP_DIRTY_TRACKING:
      g_value_set_enum (value, get_coverage (self));
      break;
    case PROP_DIRTY_TRACKING_ACTIVE:
      g_value_set_boolean (value, self->dirty_tracking_active);
      break;
    case PROP_MIGRATION_BLOCKERS:
      g_value_take_boxed (value, dup_blockers (self));
      break;
    default:
      get_mapping_property (self, id, value, pspec);
    }
}

static void
iommud_container_finalize (GObject *object)
{
  IommudContainer *self = IOMMUD_CONTAINER (object);

  g_clear_weak_pointer (&self->host);
  iommud_context_unref (self->context);
  g_free (self->name);
  g_object_unref (self->devices);
  g_object_unref (self->hwpts);
  g_hash_table_unref (self->hwpts_by_id);
  iommud_iova_space_clear (&self->space);
  g_array_unref (self->orphans);
  iommud_mapping_table_free (self->mappings);
  g_array_unref (self->allowed);
  iommud_trackers_free (self->trackers);
  G_OBJECT_CLASS (iommud_container_parent_class)->finalize (object);
}

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
install_constant_properties (void)
{
  /**
   * IommudContainer:serial:
   *
   * A number of ours that is never used twice.
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
   * The number of its IOMMUFD context; containers of one context have the same.
   */
  properties[PROP_CONTEXT] = g_param_spec_uint64 ("context", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS);
  /**
   * IommudContainer:dirty-tracking-policy:
   *
   * What it asks of the devices that are attached to it.
   */
  properties[PROP_DIRTY_TRACKING_POLICY] =
      g_param_spec_enum ("dirty-tracking-policy", NULL, NULL, IOMMUD_TYPE_DIRTY_TRACKING_POLICY,
                         IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED, FLAGS);
  /**
   * IommudContainer:accounting:
   *
   * Whom the kernel charges for pinned memory.
   */
  properties[PROP_ACCOUNTING] = g_param_spec_enum ("accounting", NULL, NULL, IOMMUD_TYPE_ACCOUNTING,
                                                   IOMMUD_ACCOUNTING_USER, FLAGS);
}

static void
install_changing_properties (void)
{
  /**
   * IommudContainer:devices:
   *
   * The devices that are bound to its context for it, a list of #IommudDevice.
   */
  properties[PROP_DEVICES] = g_param_spec_object ("devices", NULL, NULL, G_TYPE_LIST_MODEL, FLAGS);
  /**
   * IommudContainer:hwpts:
   *
   * The HWPTs made from its IOAS, a list of #IommudHwpt.
   */
  properties[PROP_HWPTS] = g_param_spec_object ("hwpts", NULL, NULL, G_TYPE_LIST_MODEL, FLAGS);
  /**
   * IommudContainer:iova-ranges: (type GLib.Variant)
   *
   * The I/O virtual addresses that can be mapped, first and last of each range, as `a(tt)`. Devices
   * and HWPTs narrow them (IOMMU_IOAS_IOVA_RANGES).
   */
  properties[PROP_IOVA_RANGES] =
      g_param_spec_variant ("iova-ranges", NULL, NULL, G_VARIANT_TYPE ("a(tt)"), NULL, FLAGS);
  /**
   * IommudContainer:iova-alignment:
   *
   * What IOVAs and lengths of mappings are a multiple of, in bytes.
   */
  properties[PROP_IOVA_ALIGNMENT] =
      g_param_spec_uint64 ("iova-alignment", NULL, NULL, 0, G_MAXUINT64, 1, FLAGS);
  /**
   * IommudContainer:dirty-tracking:
   *
   * How many of the attached devices some tracker covers; none of a container made with dirty
   * tracking off.
   */
  properties[PROP_DIRTY_TRACKING] =
      g_param_spec_enum ("dirty-tracking", NULL, NULL, IOMMUD_TYPE_DIRTY_TRACKING_COVERAGE,
                         IOMMUD_DIRTY_TRACKING_COVERAGE_FULL, FLAGS);
  /**
   * IommudContainer:dirty-tracking-active:
   *
   * Whether trackers record what the devices dirty; see
   * iommud_container_start_dirty_tracking_async().
   */
  properties[PROP_DIRTY_TRACKING_ACTIVE] =
      g_param_spec_boolean ("dirty-tracking-active", NULL, NULL, FALSE, FLAGS);
  /**
   * IommudContainer:migration-blockers:
   *
   * One sentence for each attached device that no tracker covers: the device, its IOMMU, the cause
   * and the way out. Empty where a migration may go on.
   */
  properties[PROP_MIGRATION_BLOCKERS] =
      g_param_spec_boxed ("migration-blockers", NULL, NULL, G_TYPE_STRV, FLAGS);
}

static void
install_mapping_properties (void)
{
  /**
   * IommudContainer:mappings: (type GLib.Variant)
   *
   * The first 256 mappings by IOVA, as `a(tttu)`: IOVA, length in bytes, offset in the file and
   * #IommudMapFlags (1 readable, 2 writable) of each. #IommudContainer:mapping-count says how many
   * there are. One that is being made or unmade is listed with as much as is mapped of it.
   */
  properties[PROP_MAPPINGS] =
      g_param_spec_variant ("mappings", NULL, NULL, G_VARIANT_TYPE ("a(tttu)"), NULL, FLAGS);
  /**
   * IommudContainer:mapping-count:
   *
   * How many mappings there are.
   */
  properties[PROP_MAPPING_COUNT] =
      g_param_spec_uint64 ("mapping-count", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS);
  /**
   * IommudContainer:mapped-bytes:
   *
   * How much is mapped, in bytes. Grows while a long mapping is being made.
   */
  properties[PROP_MAPPED_BYTES] =
      g_param_spec_uint64 ("mapped-bytes", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS);
  /**
   * IommudContainer:allowed-iovas: (type GLib.Variant)
   *
   * The IOVAs that the kernel may choose from, first and last of each range, as `a(tt)`; none: all.
   * See iommud_container_set_allowed_iovas_async().
   */
  properties[PROP_ALLOWED_IOVAS] =
      g_param_spec_variant ("allowed-iovas", NULL, NULL, G_VARIANT_TYPE ("a(tt)"), NULL, FLAGS);
  /**
   * IommudContainer:huge-pages:
   *
   * Whether the kernel may map it in pages larger than the smallest (IOMMU_OPTION_HUGE_PAGES).
   */
  properties[PROP_HUGE_PAGES] = g_param_spec_boolean ("huge-pages", NULL, NULL, TRUE, FLAGS);
}

static void
iommud_container_class_init (IommudContainerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_container_get_property;
  object_class->finalize = iommud_container_finalize;
  install_constant_properties ();
  install_changing_properties ();
  install_mapping_properties ();
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
iommud_container_init (IommudContainer *self)
{
  self->devices = g_list_store_new (IOMMUD_TYPE_DEVICE);
  self->hwpts = g_list_store_new (IOMMUD_TYPE_HWPT);
  self->hwpts_by_id = g_hash_table_new (NULL, NULL);
  self->orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->mappings = iommud_mapping_table_new ();
  self->allowed = g_array_new (FALSE, FALSE, sizeof (IommudIovaRange));
  self->trackers = iommud_trackers_new ();
}

IommudContainer *
iommud_container_new (IommudHost *host, IommudContext *context, guint64 serial,
                      const IommudContainerOptions *options, guint32 ioas_id,
                      const IommudIovaSpace *space)
{
  IommudContainer *self = g_object_new (IOMMUD_TYPE_CONTAINER, NULL);

  g_set_weak_pointer (&self->host, host);
  self->context = iommud_context_ref (context);
  self->serial = serial;
  self->name = g_strdup (options->name);
  self->owner = options->owner;
  self->policy = options->dirty_tracking;
  self->accounting = options->accounting;
  self->huge_pages = options->huge_pages;
  self->ioas_id = ioas_id;
  iommud_iova_space_copy (&self->space, space);
  return self;
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

IommudDirtyTrackingPolicy
iommud_container_get_policy (IommudContainer *self)
{
  return self->policy;
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

gboolean
iommud_container_check_may_hold (IommudContainer *self, IommudDevice *device, const char *what,
                                 GError **error)
{
  IommudContainer *holder = iommud_device_get_container (device);

  if (holder == NULL || holder == self)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY,
               "Cannot %s: the device belongs to container %s: detach it first", what,
               holder->name);
  return FALSE;
}

gboolean
iommud_container_claim_device (IommudContainer *self, IommudDevice *device, const char *what,
                               GTask *task)
{
  GError *error = NULL;

  if (iommud_container_check_alive (self, what, &error)
      && iommud_device_claim (device, what, &error))
    return TRUE;
  g_task_return_error (task, error);
  return FALSE;
}

static void
notify_mappings (IommudContainer *self, gboolean count_changed)
{
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAPPINGS]);
  if (count_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAPPING_COUNT]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAPPED_BYTES]);
  g_object_thaw_notify (G_OBJECT (self));
}

void
iommud_container_set_freed (IommudContainer *self)
{
  gboolean mapped = iommud_mapping_table_get_count (self->mappings) > 0;

  self->freed = TRUE;
  if (!mapped)
    return;
  iommud_mapping_table_free (self->mappings);
  self->mappings = iommud_mapping_table_new ();
  notify_mappings (self, TRUE);
}

static char *
describe_group_holder (IommudContainer *self, IommudDevice *device)
{
  IommudDevice *sibling = iommud_host_find_sibling_elsewhere (self->host, device, self);

  if (sibling == NULL)
    return NULL;
  return g_strdup_printf ("%s in container %s", iommud_device_get_name (sibling),
                          iommud_device_get_container (sibling)->name);
}

void
iommud_container_fill_call (IommudContainer *self, IommudKernelAccess *access, char *what,
                            IommudDevice *device)
{
  IommudBackend *backend = iommud_host_get_backend (self->host);

  iommud_kernel_access_clear (access);
  access->syscalls = iommud_backend_get_syscalls (backend);
  access->probe = g_object_ref (iommud_backend_get_probe (backend));
  access->iommufd = iommud_context_get_fd (self->context);
  access->what = what;
  access->group_holder = device != NULL ? describe_group_holder (self, device) : NULL;
}

static gboolean
same_ranges (const GArray *a, const GArray *b)
{
  return a != NULL && b != NULL && a->len == b->len
         && (a->len == 0 || memcmp (a->data, b->data, a->len * sizeof (IommudIovaRange)) == 0);
}

void
iommud_container_set_space (IommudContainer *self, const IommudIovaSpace *space)
{
  gboolean ranges_changed, alignment_changed;

  if (space->ranges == NULL)
    return;
  ranges_changed = !same_ranges (self->space.ranges, space->ranges);
  alignment_changed = self->space.alignment != space->alignment;
  iommud_iova_space_clear (&self->space);
  iommud_iova_space_copy (&self->space, space);
  if (ranges_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IOVA_RANGES]);
  if (alignment_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IOVA_ALIGNMENT]);
}

void
iommud_container_set_orphans (IommudContainer *self, GArray *orphans)
{
  g_array_ref (orphans);
  g_array_unref (self->orphans);
  self->orphans = orphans;
}

guint
iommud_container_get_n_refusals (IommudContainer *self)
{
  return self->n_refusals;
}

void
iommud_container_count_refusal (IommudContainer *self)
{
  self->n_refusals++;
}

const IommudIovaSpace *
iommud_container_get_space (IommudContainer *self)
{
  return &self->space;
}

IommudMappingTable *
iommud_container_get_mappings (IommudContainer *self)
{
  return self->mappings;
}

void
iommud_container_add_mapping (IommudContainer *self, const IommudMapping *mapping)
{
  iommud_mapping_table_add (self->mappings, mapping);
  notify_mappings (self, TRUE);
}

void
iommud_container_resize_mapping (IommudContainer *self, guint64 iova, guint64 length)
{
  guint64 bytes_before = iommud_mapping_table_get_bytes (self->mappings);

  iommud_mapping_table_resize (self->mappings, iova, length);
  if (iommud_mapping_table_get_bytes (self->mappings) != bytes_before)
    notify_mappings (self, length == 0);
}

void
iommud_container_set_allowed (IommudContainer *self, GArray *ranges)
{
  gboolean same = same_ranges (self->allowed, ranges);

  g_array_ref (ranges);
  g_array_unref (self->allowed);
  self->allowed = ranges;
  if (!same)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ALLOWED_IOVAS]);
}

void
iommud_container_hold_mappings (IommudContainer *self, gconstpointer operation)
{
  g_assert (self->mappings_holder == NULL || self->mappings_holder == operation);
  self->mappings_holder = operation;
}

void
iommud_container_release_mappings (IommudContainer *self, gconstpointer operation)
{
  if (self->mappings_holder == operation)
    self->mappings_holder = NULL;
}

gboolean
iommud_container_mappings_are_held (IommudContainer *self, gconstpointer by_other_than)
{
  return self->mappings_holder != NULL && self->mappings_holder != by_other_than;
}

IommudHwpt *
iommud_container_find_hwpt (IommudContainer *self, guint32 hwpt_id)
{
  return g_hash_table_lookup (self->hwpts_by_id, GUINT_TO_POINTER (hwpt_id));
}

void
iommud_container_add_device (IommudContainer *self, IommudDevice *device,
                             const IommudBinding *binding)
{
  if (iommud_device_get_container (device) == self)
    {
      iommud_device_set_tracker (device, binding->tracker);
      return;
    }
  iommud_device_set_bound (device, self, binding);
  g_list_store_append (self->devices, device);
}

IommudHwpt *
iommud_container_add_hwpt (IommudContainer *self, guint32 hwpt_id, IommudHwptManagement management,
                           IommudHwptFlags flags, const char *iommu, IommudDevice *device)
{
  g_autoptr (IommudHwpt) hwpt =
      iommud_hwpt_new (self, ++self->last_hwpt_serial, hwpt_id, management, flags, iommu);

  if (device != NULL)
    iommud_hwpt_add_device (hwpt, device);
  g_hash_table_insert (self->hwpts_by_id, GUINT_TO_POINTER (hwpt_id), hwpt);
  g_list_store_append (self->hwpts, hwpt);
  return hwpt;
}

void
iommud_container_remove_hwpt (IommudContainer *self, IommudHwpt *hwpt)
{
  g_autoptr (IommudHwpt) removed = g_object_ref (hwpt);
  guint position;

  g_hash_table_remove (self->hwpts_by_id, GUINT_TO_POINTER (iommud_hwpt_get_id (hwpt)));
  if (g_list_store_find (self->hwpts, hwpt, &position))
    g_list_store_remove (self->hwpts, position);
  iommud_hwpt_set_freed (removed);
}

/* Counted before and after every change, so that the coverage costs nothing per device. */
static void
count_device (IommudContainer *self, IommudDevice *device, int by)
{
  if (iommud_device_is_attached (device))
    self->n_attached += by;
  if (iommud_device_is_covered (device))
    self->n_covered += by;
}

static void
set_attachment (IommudContainer *self, IommudDevice *device, gboolean attached, IommudHwpt *hwpt)
{
  IommudDirtyTrackingCoverage before = get_coverage (self);
  g_autofree char *blocker_before = iommud_blocker_describe (device);
  g_autofree char *blocker = NULL;

  count_device (self, device, -1);
  iommud_device_set_attached (device, attached, hwpt);
  count_device (self, device, 1);
  if (get_coverage (self) != before)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DIRTY_TRACKING]);
  blocker = iommud_blocker_describe (device);
  if (g_strcmp0 (blocker, blocker_before) != 0)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MIGRATION_BLOCKERS]);
}

IommudTrackers *
iommud_container_get_trackers (IommudContainer *self)
{
  return self->trackers;
}

void
iommud_container_update_mapped (IommudContainer *self)
{
  iommud_trackers_set_mapped (
      self->trackers,
      iommud_mapping_table_get_runs (self->mappings, 0, G_MAXUINT64, IOMMUD_MAP_FLAGS_NONE),
      iommud_mapping_table_get_runs (self->mappings, 0, G_MAXUINT64, IOMMUD_MAP_FLAGS_WRITABLE));
}

IommudTrackers *
iommud_container_prepare_trackers (IommudContainer *self)
{
  if (iommud_trackers_is_active (self->trackers))
    iommud_container_update_mapped (self);
  return self->trackers;
}

gboolean
iommud_container_check_tracking (IommudContainer *self, const char *what, GError **error)
{
  if (iommud_trackers_is_complete (self->trackers))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot %s: its dirty tracking %s", what,
               iommud_trackers_is_active (self->trackers)
                   ? "is being stopped, and some tracker did not: stop it once more"
                   : "is not active: start it first");
  return FALSE;
}

void
iommud_container_update_tracking (IommudContainer *self)
{
  gboolean active = iommud_trackers_is_active (self->trackers);

  if (self->dirty_tracking_active == active)
    return;
  self->dirty_tracking_active = active;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DIRTY_TRACKING_ACTIVE]);
}

/* The kernel frees its own HWPTs with their last device. */
static void
drop_from_hwpt (IommudContainer *self, IommudDevice *device, IommudHwpt *hwpt)
{
  iommud_hwpt_remove_device (hwpt, device);
  if (iommud_hwpt_get_management (hwpt) == IOMMUD_HWPT_MANAGEMENT_KERNEL
      && iommud_hwpt_get_n_devices (hwpt) == 0)
    iommud_container_remove_hwpt (self, hwpt);
}

/* A new HWPT lists the device that it was made for before it is listed itself. */
static gboolean
was_made_for (IommudHwpt *hwpt, IommudDevice *device)
{
  g_autoptr (GObject) first = g_list_model_get_item (iommud_hwpt_get_devices (hwpt), 0);

  return first == G_OBJECT (device);
}

void
iommud_container_attach (IommudContainer *self, IommudDevice *device, IommudHwpt *hwpt)
{
  IommudHwpt *old = iommud_device_get_hwpt (device);

  if (hwpt != NULL && hwpt != old && !was_made_for (hwpt, device))
    iommud_hwpt_add_device (hwpt, device);
  set_attachment (self, device, TRUE, hwpt);
  if (old != NULL && old != hwpt)
    drop_from_hwpt (self, device, old);
}

void
iommud_container_detach (IommudContainer *self, IommudDevice *device)
{
  IommudHwpt *hwpt = iommud_device_get_hwpt (device);

  set_attachment (self, device, FALSE, NULL);
  if (hwpt != NULL)
    drop_from_hwpt (self, device, hwpt);
}

void
iommud_container_remove_device (IommudContainer *self, IommudDevice *device)
{
  const IommudBinding unbound = { .cdev = -1 };
  guint position;

  iommud_container_detach (self, device);
  iommud_device_set_bound (device, NULL, &unbound);
  if (g_list_store_find (self->devices, device, &position))
    g_list_store_remove (self->devices, position);
}

/**
 * iommud_container_get_serial:
 * @self: a container
 *
 * A number of ours that is never used twice.
 *
 * Returns: the serial
 */
guint64
iommud_container_get_serial (IommudContainer *self)
{
  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), 0);
  return self->serial;
}

/**
 * iommud_container_get_name:
 * @self: a container
 *
 * The container's name, which no other container of the host has.
 *
 * Returns: the name
 */
const char *
iommud_container_get_name (IommudContainer *self)
{
  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), NULL);
  return self->name;
}

/**
 * iommud_container_get_devices:
 * @self: a container
 *
 * The devices that are bound to the container's context for it; emits #GListModel::items-changed as
 * they come and go.
 *
 * Returns: (transfer none): a list of #IommudDevice
 */
GListModel *
iommud_container_get_devices (IommudContainer *self)
{
  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), NULL);
  return G_LIST_MODEL (self->devices);
}

/**
 * iommud_container_get_hwpts:
 * @self: a container
 *
 * The HWPTs made from the container's IOAS; emits #GListModel::items-changed as they come and go.
 *
 * Returns: (transfer none): a list of #IommudHwpt
 */
GListModel *
iommud_container_get_hwpts (IommudContainer *self)
{
  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), NULL);
  return G_LIST_MODEL (self->hwpts);
}
