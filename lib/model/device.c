/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One VFIO device: what discovery says of it, and what it is bound and attached to. */
#include "model/device-private.h"

#include "model/blocker.h"
#include "model/device-discovered.h"
#include "model/device-hardware.h"
#include "iommud-container.h"
#include "iommud-enum-types.h"
#include "iommud-error.h"
#include "model/hwpt.h"
#include "model/lease.h"

/**
 * IommudDevice:
 *
 * One VFIO device of the host: a PCI, platform, AP, CCW, FSL-MC or CDX device, or an mdev.
 */
G_DEFINE_FINAL_TYPE (IommudDevice, iommud_device, G_TYPE_OBJECT)

enum
{
  PROP_STATE = IOMMUD_N_DISCOVERED + 1,
  PROP_CONTAINER,
  PROP_HWPT,
  PROP_DEVICE_ID,
  PROP_HARDWARE,
  PROP_DIRTY_TRACKER = PROP_HARDWARE + IOMMUD_N_HARDWARE,
  PROP_LEASE,
  N_PROPERTIES,
};

static GParamSpec *properties[N_PROPERTIES];

/* What the device's HWPT can do if it is attached. A container with policy off makes HWPTs that
 * cannot track, which says nothing about the device. */
static gboolean
hwpt_tracks (IommudDevice *self)
{
  IommudDirtyTracking *tracking = iommud_container_get_dirty_tracking (self->container);

  if (!self->attached
      || iommud_dirty_tracking_get_policy (tracking) == IOMMUD_DIRTY_TRACKING_POLICY_OFF)
    return iommud_binding_iommu_can_track (&self->binding);
  return self->hwpt != NULL
         && (iommud_hwpt_get_flags (self->hwpt) & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) != 0;
}

IommudTrackerKind
iommud_device_get_tracker (IommudDevice *self)
{
  if (!iommud_binding_is_bound (&self->binding) || self->container == NULL)
    return IOMMUD_TRACKER_KIND_UNKNOWN;
  return iommud_binding_get_tracker (&self->binding, hwpt_tracks (self));
}

static void
iommud_device_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudDevice *self = IOMMUD_DEVICE (object);

  if (iommud_discovered_get_property (self->binding.info, id, value))
    return;
  if (id >= PROP_HARDWARE && id < PROP_HARDWARE + IOMMUD_N_HARDWARE)
    {
      iommud_hardware_get_property (&self->binding, id - PROP_HARDWARE, value);
      return;
    }
  switch (id)
    {
    case PROP_STATE:
      g_value_set_enum (value, iommud_device_get_state (self));
      break;
    case PROP_CONTAINER:
      g_value_set_object (value, self->container);
      break;
    case PROP_HWPT:
      g_value_set_object (value, self->hwpt);
      break;
    case PROP_DEVICE_ID:
      g_value_set_uint (value, self->binding.device_id);
      break;
    case PROP_DIRTY_TRACKER:
      g_value_set_enum (value, iommud_device_get_tracker (self));
      break;
    case PROP_LEASE:
      g_value_set_object (value, self->lease);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_device_finalize (GObject *object)
{
  IommudDevice *self = IOMMUD_DEVICE (object);

  g_clear_pointer (&self->successor, iommud_device_info_unref);
  iommud_binding_clear (&self->binding);
  G_OBJECT_CLASS (iommud_device_parent_class)->finalize (object);
}

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
install_state_properties (void)
{
  /**
   * IommudDevice:state:
   *
   * Whether it is available, bound, attached or leased.
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, IOMMUD_TYPE_DEVICE_STATE,
                                              IOMMUD_DEVICE_STATE_AVAILABLE, FLAGS);
  /**
   * IommudDevice:container:
   *
   * The container whose context it is bound to; %NULL while it is available.
   */
  properties[PROP_CONTAINER] =
      g_param_spec_object ("container", NULL, NULL, IOMMUD_TYPE_CONTAINER, FLAGS);
  /**
   * IommudDevice:hwpt:
   *
   * The HWPT that it is attached to; %NULL while it is not attached, and for an mdev.
   */
  properties[PROP_HWPT] = g_param_spec_object ("hwpt", NULL, NULL, IOMMUD_TYPE_HWPT, FLAGS);
  /**
   * IommudDevice:device-id:
   *
   * The id that it has in its IOMMUFD context; 0 while it is not bound.
   */
  properties[PROP_DEVICE_ID] =
      g_param_spec_uint ("device-id", NULL, NULL, 0, G_MAXUINT32, 0, FLAGS);
  iommud_hardware_make_properties (&properties[PROP_HARDWARE]);
  /**
   * IommudDevice:dirty-tracker:
   *
   * What records the pages that it dirties, or will record them once it is attached: the device
   * itself if it has a log of its own DMA, else its IOMMU, else nothing; or the tracker that its
   * attach or iommud_device_set_tracker() asked for. This says what could record, even if the
   * policy of the container is off and nothing does.
   */
  properties[PROP_DIRTY_TRACKER] = g_param_spec_enum (
      "dirty-tracker", NULL, NULL, IOMMUD_TYPE_TRACKER_KIND, IOMMUD_TRACKER_KIND_UNKNOWN, FLAGS);
  /**
   * IommudDevice:lease:
   *
   * The lease that it belongs to: it was handed out to the lease's client, or is bound to a
   * container of the lease; %NULL: none.
   */
  properties[PROP_LEASE] = g_param_spec_object ("lease", NULL, NULL, IOMMUD_TYPE_LEASE, FLAGS);
}

static void
iommud_device_class_init (IommudDeviceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_device_get_property;
  object_class->finalize = iommud_device_finalize;
  iommud_discovered_make_properties (properties);
  install_state_properties ();
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
iommud_device_init (IommudDevice *self)
{
  self->binding.cdev = -1;
}

IommudDevice *
iommud_device_new (IommudHost *host, IommudDeviceInfo *info)
{
  IommudDevice *self = g_object_new (IOMMUD_TYPE_DEVICE, NULL);

  self->host = host;
  self->binding.info = iommud_device_info_ref (info);
  return self;
}

IommudHost *
iommud_device_get_host (IommudDevice *self)
{
  return self->host;
}

void
iommud_device_forget_host (IommudDevice *self)
{
  self->host = NULL;
}

IommudDeviceInfo *
iommud_device_get_info (IommudDevice *self)
{
  return self->binding.info;
}

void
iommud_device_set_info (IommudDevice *self, IommudDeviceInfo *info)
{
  g_autoptr (IommudDeviceInfo) old = self->binding.info;

  self->binding.info = iommud_device_info_ref (info);
  g_object_freeze_notify (G_OBJECT (self));
  for (guint id = 1; id <= IOMMUD_N_DISCOVERED; id++)
    if (iommud_discovered_differs (old, info, id))
      g_object_notify_by_pspec (G_OBJECT (self), properties[id]);
  g_object_thaw_notify (G_OBJECT (self));
}

const IommudBinding *
iommud_device_get_binding (IommudDevice *self)
{
  return &self->binding;
}

gboolean
iommud_device_is_attached (IommudDevice *self)
{
  return self->attached;
}

static char *
describe_blocker (IommudDevice *self, IommudDirtyTrackingPolicy policy)
{
  const IommudBlockerFacts facts = {
    .info = self->binding.info,
    .policy = policy,
    .iommu_can_track = iommud_binding_iommu_can_track (&self->binding),
    .container = self->container != NULL ? iommud_container_get_name (self->container) : "(gone)",
    .hwpt_serial = self->hwpt != NULL ? iommud_hwpt_get_serial (self->hwpt) : 0,
    .hwpt_management = self->hwpt != NULL ? iommud_hwpt_get_management (self->hwpt)
                                          : IOMMUD_HWPT_MANAGEMENT_KERNEL,
  };

  return iommud_blocker_describe (&facts);
}

void
iommud_device_get_coverage (IommudDevice *self, IommudDirtyTrackingPolicy policy,
                            IommudDeviceCoverage *coverage)
{
  coverage->attached = self->attached;
  coverage->covered = self->attached && policy != IOMMUD_DIRTY_TRACKING_POLICY_OFF
                      && iommud_device_get_tracker (self) != IOMMUD_TRACKER_KIND_NONE;
  coverage->blocker = self->attached && !coverage->covered ? describe_blocker (self, policy) : NULL;
}

void
iommud_device_set_bound (IommudDevice *self, IommudContainer *container,
                         const IommudBinding *binding)
{
  self->binding.cdev = binding->cdev;
  self->binding.device_id = binding->device_id;
  self->binding.iommu_capabilities = binding->iommu_capabilities;
  self->binding.iommu_type = binding->iommu_type;
  self->binding.max_pasid_width = binding->max_pasid_width;
  self->binding.dma_logging = binding->dma_logging;
  self->binding.tracker = binding->tracker;
  self->container = container;
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CONTAINER]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DEVICE_ID]);
  for (guint i = 0; i < IOMMUD_N_HARDWARE; i++)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HARDWARE + i]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DIRTY_TRACKER]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  g_object_thaw_notify (G_OBJECT (self));
}

void
iommud_device_put_tracker (IommudDevice *self, IommudTrackerChoice tracker)
{
  IommudTrackerKind before = iommud_device_get_tracker (self);

  self->binding.tracker = tracker;
  if (iommud_device_get_tracker (self) != before)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DIRTY_TRACKER]);
}

void
iommud_device_set_attached (IommudDevice *self, gboolean attached, IommudHwpt *hwpt)
{
  IommudTrackerKind before = iommud_device_get_tracker (self);

  g_object_freeze_notify (G_OBJECT (self));
  if (self->hwpt != hwpt)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HWPT]);
  if (self->attached != attached)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  self->hwpt = hwpt;
  self->attached = attached;
  if (iommud_device_get_tracker (self) != before)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DIRTY_TRACKER]);
  g_object_thaw_notify (G_OBJECT (self));
}

/* The lease is told last of what it gets, and first of what it loses. */
void
iommud_device_set_lease (IommudDevice *self, IommudLease *lease, gboolean handed_out)
{
  IommudLease *old = self->lease;

  g_object_freeze_notify (G_OBJECT (self));
  if (old != NULL && old != lease)
    iommud_lease_remove_device (old, self);
  if (self->handed_out != handed_out)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  self->lease = lease;
  self->handed_out = handed_out;
  if (old != lease)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LEASE]);
  g_object_thaw_notify (G_OBJECT (self));
  if (lease != NULL && old != lease)
    iommud_lease_add_device (lease, self);
}

IommudLease *
iommud_device_get_lease (IommudDevice *self)
{
  return self->lease;
}

gboolean
iommud_device_is_handed_out (IommudDevice *self)
{
  return self->handed_out;
}

/**
 * iommud_device_get_name:
 * @self: a device
 *
 * The bus address or UUID of the device.
 *
 * Returns: its name
 */
const char *
iommud_device_get_name (IommudDevice *self)
{
  g_return_val_if_fail (IOMMUD_IS_DEVICE (self), NULL);
  return self->binding.info->name;
}

/**
 * iommud_device_get_state:
 * @self: a device
 *
 * Whether the device is available, bound, attached or leased.
 *
 * Returns: its state
 */
IommudDeviceState
iommud_device_get_state (IommudDevice *self)
{
  g_return_val_if_fail (IOMMUD_IS_DEVICE (self), IOMMUD_DEVICE_STATE_AVAILABLE);
  if (self->attached)
    return IOMMUD_DEVICE_STATE_ATTACHED;
  if (iommud_binding_is_bound (&self->binding))
    return IOMMUD_DEVICE_STATE_BOUND;
  return self->handed_out ? IOMMUD_DEVICE_STATE_LEASED : IOMMUD_DEVICE_STATE_AVAILABLE;
}

/**
 * iommud_device_get_container:
 * @self: a device
 *
 * The container whose context the device is bound to.
 *
 * Returns: (transfer none) (nullable): a container, or %NULL while the device is available
 */
IommudContainer *
iommud_device_get_container (IommudDevice *self)
{
  g_return_val_if_fail (IOMMUD_IS_DEVICE (self), NULL);
  return self->container;
}

/**
 * iommud_device_get_hwpt:
 * @self: a device
 *
 * The HWPT that the device translates through.
 *
 * Returns: (transfer none) (nullable): a HWPT, or %NULL for an mdev or a device that is not
 * attached
 */
IommudHwpt *
iommud_device_get_hwpt (IommudDevice *self)
{
  g_return_val_if_fail (IOMMUD_IS_DEVICE (self), NULL);
  return self->hwpt;
}
