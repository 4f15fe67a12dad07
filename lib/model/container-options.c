/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be asked for when a container is created. */
#include "model/container.h"

#include <unistd.h>

#include "iommud-enum-types.h"
#include "iommud-lease.h"

/**
 * IommudContainerOptions:
 *
 * What can be asked for when a container is created.
 */
G_DEFINE_FINAL_TYPE (IommudContainerOptions, iommud_container_options, G_TYPE_OBJECT)

enum
{
  PROP_NAME = 1,
  PROP_OWNER,
  PROP_DIRTY_TRACKING,
  PROP_ACCOUNTING,
  PROP_SHARE_CONTEXT,
  PROP_HUGE_PAGES,
  PROP_LEASE,
  N_PROPERTIES,
};

static GParamSpec *properties[N_PROPERTIES];

static void
iommud_container_options_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudContainerOptions *self = IOMMUD_CONTAINER_OPTIONS (object);

  switch (id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_OWNER:
      g_value_set_uint (value, self->owner);
      break;
    case PROP_DIRTY_TRACKING:
      g_value_set_enum (value, self->dirty_tracking);
      break;
    case PROP_ACCOUNTING:
      g_value_set_enum (value, self->accounting);
      break;
    case PROP_SHARE_CONTEXT:
      g_value_set_object (value, self->share_context);
      break;
    case PROP_HUGE_PAGES:
      g_value_set_boolean (value, self->huge_pages);
      break;
    case PROP_LEASE:
      g_value_set_object (value, self->lease);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_container_options_set_property (GObject *object, guint id, const GValue *value,
                                       GParamSpec *pspec)
{
  IommudContainerOptions *self = IOMMUD_CONTAINER_OPTIONS (object);

  switch (id)
    {
    case PROP_NAME:
      g_free (self->name);
      self->name = g_value_dup_string (value);
      break;
    case PROP_OWNER:
      self->owner = g_value_get_uint (value);
      break;
    case PROP_DIRTY_TRACKING:
      self->dirty_tracking = g_value_get_enum (value);
      break;
    case PROP_ACCOUNTING:
      self->accounting = g_value_get_enum (value);
      self->accounting_set = TRUE;
      break;
    case PROP_SHARE_CONTEXT:
      g_set_object (&self->share_context, g_value_get_object (value));
      break;
    case PROP_HUGE_PAGES:
      self->huge_pages = g_value_get_boolean (value);
      break;
    case PROP_LEASE:
      g_set_object (&self->lease, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_container_options_finalize (GObject *object)
{
  IommudContainerOptions *self = IOMMUD_CONTAINER_OPTIONS (object);

  g_free (self->name);
  g_clear_object (&self->share_context);
  g_clear_object (&self->lease);
  G_OBJECT_CLASS (iommud_container_options_parent_class)->finalize (object);
}

#define FLAGS (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)

static void
iommud_container_options_class_init (IommudContainerOptionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_container_options_get_property;
  object_class->set_property = iommud_container_options_set_property;
  object_class->finalize = iommud_container_options_finalize;

  /**
   * IommudContainerOptions:name:
   *
   * The container's name: 1 to 64 letters, digits, `.`, `_`, `-` or `:`, not only digits. If it is
   * %NULL, the host makes one up.
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, FLAGS);
  /**
   * IommudContainerOptions:owner:
   *
   * The user id of the container's owner; by default that of this process.
   */
  properties[PROP_OWNER] = g_param_spec_uint ("owner", NULL, NULL, 0, G_MAXUINT32, 0, FLAGS);
  /**
   * IommudContainerOptions:dirty-tracking:
   *
   * What is asked of the devices that are attached to it.
   */
  properties[PROP_DIRTY_TRACKING] =
      g_param_spec_enum ("dirty-tracking", NULL, NULL, IOMMUD_TYPE_DIRTY_TRACKING_POLICY,
                         IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED, FLAGS);
  /**
   * IommudContainerOptions:accounting:
   *
   * Whom the kernel charges for pinned memory. A container that shares a context has the setting of
   * that context, which is its default, and can have no other.
   */
  properties[PROP_ACCOUNTING] = g_param_spec_enum ("accounting", NULL, NULL, IOMMUD_TYPE_ACCOUNTING,
                                                   IOMMUD_ACCOUNTING_USER, FLAGS);
  /**
   * IommudContainerOptions:share-context:
   *
   * A container whose IOMMUFD context the new one is to share. If it is %NULL, the new one gets a
   * context of its own.
   */
  properties[PROP_SHARE_CONTEXT] =
      g_param_spec_object ("share-context", NULL, NULL, IOMMUD_TYPE_CONTAINER, FLAGS);
  /**
   * IommudContainerOptions:huge-pages:
   *
   * Whether the kernel may map in pages larger than the smallest. Without huge pages, the IOMMU
   * tracks dirty pages as finely as it can, but translation costs more.
   */
  properties[PROP_HUGE_PAGES] = g_param_spec_boolean ("huge-pages", NULL, NULL, TRUE, FLAGS);
  /**
   * IommudContainerOptions:lease:
   *
   * A lease that the container belongs to, and with which it ends; its owner is that of the lease.
   * %NULL: none.
   */
  properties[PROP_LEASE] = g_param_spec_object ("lease", NULL, NULL, IOMMUD_TYPE_LEASE, FLAGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
iommud_container_options_init (IommudContainerOptions *self)
{
  self->owner = getuid ();
  self->dirty_tracking = IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED;
  self->huge_pages = TRUE;
}

/**
 * iommud_container_options_new:
 *
 * Makes options that all have their default values.
 *
 * Returns: (transfer full): new options
 */
IommudContainerOptions *
iommud_container_options_new (void)
{
  return g_object_new (IOMMUD_TYPE_CONTAINER_OPTIONS, NULL);
}
