/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dirty tracking of a container: its policy, which devices are covered, and its trackers. */
#include "model/dirty-tracking.h"

#include "iommud-enum-types.h"
#include "iommud-error.h"

/**
 * IommudDirtyTracking:
 *
 * The dirty tracking of a container: the trackers of all its devices as one.
 */
struct _IommudDirtyTracking
{
  GObject parent_instance;

  IommudContainer *container; /* weak */
  IommudDirtyTrackingPolicy policy;
  GListModel *devices;
  GHashTable *coverages; /* device, not owned -> IommudDeviceCoverage */
  guint n_attached;
  guint n_covered;
  IommudTrackers *trackers;
  gboolean lent;
  gboolean active; /* the value of the property */
};

G_DEFINE_FINAL_TYPE (IommudDirtyTracking, iommud_dirty_tracking, G_TYPE_OBJECT)

enum
{
  PROP_POLICY = 1,
  PROP_COVERAGE,
  PROP_ACTIVE,
  PROP_BLOCKERS,
  PROP_N_BLOCKERS,
  N_PROPERTIES,
};

static GParamSpec *properties[N_PROPERTIES];

static void
coverage_free (gpointer data)
{
  IommudDeviceCoverage *coverage = data;

  g_free (coverage->blocker);
  g_free (coverage);
}

IommudDirtyTrackingCoverage
iommud_dirty_tracking_get_coverage (IommudDirtyTracking *self)
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
dup_blockers (IommudDirtyTracking *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < g_list_model_get_n_items (self->devices); i++)
    {
      g_autoptr (GObject) device = g_list_model_get_item (self->devices, i);
      const IommudDeviceCoverage *coverage = g_hash_table_lookup (self->coverages, device);

      if (coverage != NULL && coverage->blocker != NULL)
        g_strv_builder_add (builder, coverage->blocker);
    }
  return g_strv_builder_end (builder);
}

/* Each attached device has a blocker or is covered. */
static guint
count_blockers (IommudDirtyTracking *self)
{
  return self->n_attached - self->n_covered;
}

static void
iommud_dirty_tracking_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudDirtyTracking *self = IOMMUD_DIRTY_TRACKING (object);

  switch (id)
    {
    case PROP_POLICY:
      g_value_set_enum (value, self->policy);
      break;
    case PROP_COVERAGE:
      g_value_set_enum (value, iommud_dirty_tracking_get_coverage (self));
      break;
    case PROP_ACTIVE:
      g_value_set_boolean (value, self->active);
      break;
    case PROP_BLOCKERS:
      g_value_take_boxed (value, dup_blockers (self));
      break;
    case PROP_N_BLOCKERS:
      g_value_set_uint (value, count_blockers (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (self, id, pspec);
    }
}

static void
iommud_dirty_tracking_finalize (GObject *object)
{
  IommudDirtyTracking *self = IOMMUD_DIRTY_TRACKING (object);

  g_clear_weak_pointer (&self->container);
  g_object_unref (self->devices);
  g_hash_table_unref (self->coverages);
  iommud_trackers_free (self->trackers);
  G_OBJECT_CLASS (iommud_dirty_tracking_parent_class)->finalize (object);
}

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
iommud_dirty_tracking_class_init (IommudDirtyTrackingClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_dirty_tracking_get_property;
  object_class->finalize = iommud_dirty_tracking_finalize;

  /**
   * IommudDirtyTracking:policy:
   *
   * What the container asks of the devices that are attached to it.
   */
  properties[PROP_POLICY] =
      g_param_spec_enum ("policy", NULL, NULL, IOMMUD_TYPE_DIRTY_TRACKING_POLICY,
                         IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED, FLAGS);
  /**
   * IommudDirtyTracking:coverage:
   *
   * How many of the attached devices some tracker covers; none if the policy is off.
   */
  properties[PROP_COVERAGE] =
      g_param_spec_enum ("coverage", NULL, NULL, IOMMUD_TYPE_DIRTY_TRACKING_COVERAGE,
                         IOMMUD_DIRTY_TRACKING_COVERAGE_FULL, FLAGS);
  /**
   * IommudDirtyTracking:active:
   *
   * Whether trackers record the pages that devices dirty; see iommud_dirty_tracking_start_async().
   */
  properties[PROP_ACTIVE] = g_param_spec_boolean ("active", NULL, NULL, FALSE, FLAGS);
  /**
   * IommudDirtyTracking:blockers:
   *
   * One sentence for each attached device that no tracker covers: it names the device, its IOMMU,
   * the cause and the way out. The list is empty if a migration can proceed.
   */
  properties[PROP_BLOCKERS] = g_param_spec_boxed ("blockers", NULL, NULL, G_TYPE_STRV, FLAGS);
  /**
   * IommudDirtyTracking:n-blockers:
   *
   * How many attached devices no tracker covers; unlike the list it costs nothing.
   */
  properties[PROP_N_BLOCKERS] =
      g_param_spec_uint ("n-blockers", NULL, NULL, 0, G_MAXUINT, 0, FLAGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
iommud_dirty_tracking_init (IommudDirtyTracking *self)
{
  self->coverages = g_hash_table_new_full (NULL, NULL, NULL, coverage_free);
  self->trackers = iommud_trackers_new ();
}

IommudDirtyTracking *
iommud_dirty_tracking_new (IommudContainer *container, IommudDirtyTrackingPolicy policy,
                           GListModel *devices)
{
  IommudDirtyTracking *self = g_object_new (IOMMUD_TYPE_DIRTY_TRACKING, NULL);

  g_set_weak_pointer (&self->container, container);
  self->policy = policy;
  self->devices = g_object_ref (devices);
  return self;
}

IommudDirtyTrackingPolicy
iommud_dirty_tracking_get_policy (IommudDirtyTracking *self)
{
  return self->policy;
}

static void
count (IommudDirtyTracking *self, const IommudDeviceCoverage *coverage, int by)
{
  self->n_attached += coverage->attached ? by : 0;
  self->n_covered += coverage->covered ? by : 0;
}

/* The devices are counted, so that a change of one device does not cost a look at all of them. */
void
iommud_dirty_tracking_set_device (IommudDirtyTracking *self, gpointer device,
                                  IommudDeviceCoverage *coverage)
{
  IommudDirtyTrackingCoverage before = iommud_dirty_tracking_get_coverage (self);
  const IommudDeviceCoverage *old = g_hash_table_lookup (self->coverages, device);
  gboolean blockers_changed = g_strcmp0 (old != NULL ? old->blocker : NULL, coverage->blocker) != 0;
  guint n_blockers = count_blockers (self);

  if (old != NULL)
    count (self, old, -1);
  count (self, coverage, 1);
  if (coverage->attached)
    g_hash_table_insert (self->coverages, device, g_memdup2 (coverage, sizeof *coverage));
  else
    g_hash_table_remove (self->coverages, device);
  if (iommud_dirty_tracking_get_coverage (self) != before)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COVERAGE]);
  if (blockers_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BLOCKERS]);
  if (count_blockers (self) != n_blockers)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_BLOCKERS]);
}

IommudTrackers *
iommud_dirty_tracking_lend (IommudDirtyTracking *self, IommudMappedRanges *mapped)
{
  g_assert (!self->lent);
  self->lent = TRUE;
  if (mapped != NULL)
    iommud_trackers_set_mapped (self->trackers, mapped);
  return self->trackers;
}

void
iommud_dirty_tracking_return (IommudDirtyTracking *self)
{
  gboolean active = iommud_trackers_is_active (self->trackers);

  g_assert (self->lent);
  self->lent = FALSE;
  if (self->active == active)
    return;
  self->active = active;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ACTIVE]);
}

const IommudTrackers *
iommud_dirty_tracking_peek (IommudDirtyTracking *self)
{
  g_assert (!self->lent);
  return self->trackers;
}

gboolean
iommud_dirty_tracking_check_active (IommudDirtyTracking *self, const char *what, GError **error)
{
  const IommudTrackers *trackers = iommud_dirty_tracking_peek (self);

  if (iommud_trackers_is_complete (trackers))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot %s: its dirty tracking %s", what,
               iommud_trackers_is_active (trackers)
                   ? "is being stopped, and some tracker did not stop: stop it once more"
                   : "is not active: start it first");
  return FALSE;
}

/**
 * iommud_dirty_tracking_get_container:
 * @self: the dirty tracking of a container
 *
 * The container whose dirty tracking this is.
 *
 * Returns: (transfer none) (nullable): the container; %NULL once it is gone
 */
IommudContainer *
iommud_dirty_tracking_get_container (IommudDirtyTracking *self)
{
  g_return_val_if_fail (IOMMUD_IS_DIRTY_TRACKING (self), NULL);
  return self->container;
}
