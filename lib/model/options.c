/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What callers can ask for beyond the arguments of a call; every option has a default. */
#include "model/options.h"

#include "iommud-enum-types.h"

#define FLAGS (G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS)

/**
 * IommudMapOptions:
 *
 * How memory is mapped.
 */
G_DEFINE_FINAL_TYPE (IommudMapOptions, iommud_map_options, G_TYPE_OBJECT)

enum
{
  MAP_OPTIONS_READABLE = 1,
  MAP_OPTIONS_WRITABLE,
  MAP_OPTIONS_FIXED,
};

static void
iommud_map_options_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudMapOptions *self = IOMMUD_MAP_OPTIONS (object);

  switch (id)
    {
    case MAP_OPTIONS_READABLE:
      g_value_set_boolean (value, self->readable);
      break;
    case MAP_OPTIONS_WRITABLE:
      g_value_set_boolean (value, self->writable);
      break;
    case MAP_OPTIONS_FIXED:
      g_value_set_boolean (value, self->fixed);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_map_options_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  IommudMapOptions *self = IOMMUD_MAP_OPTIONS (object);

  switch (id)
    {
    case MAP_OPTIONS_READABLE:
      self->readable = g_value_get_boolean (value);
      break;
    case MAP_OPTIONS_WRITABLE:
      self->writable = g_value_get_boolean (value);
      break;
    case MAP_OPTIONS_FIXED:
      self->fixed = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_map_options_class_init (IommudMapOptionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_map_options_get_property;
  object_class->set_property = iommud_map_options_set_property;

  /**
   * IommudMapOptions:readable:
   *
   * Whether devices may read the memory.
   */
  g_object_class_install_property (object_class, MAP_OPTIONS_READABLE,
                                   g_param_spec_boolean ("readable", NULL, NULL, TRUE, FLAGS));
  /**
   * IommudMapOptions:writable:
   *
   * Whether devices may write to the memory.
   */
  g_object_class_install_property (object_class, MAP_OPTIONS_WRITABLE,
                                   g_param_spec_boolean ("writable", NULL, NULL, TRUE, FLAGS));
  /**
   * IommudMapOptions:fixed:
   *
   * Whether the memory is mapped at the given IOVA; if not, the kernel chooses one.
   */
  g_object_class_install_property (object_class, MAP_OPTIONS_FIXED,
                                   g_param_spec_boolean ("fixed", NULL, NULL, TRUE, FLAGS));
}

static void
iommud_map_options_init (IommudMapOptions *self)
{
}

/**
 * iommud_map_options_new:
 *
 * Makes options that all have their default values.
 *
 * Returns: (transfer full): new options
 */
IommudMapOptions *
iommud_map_options_new (void)
{
  return g_object_new (IOMMUD_TYPE_MAP_OPTIONS, NULL);
}

IommudMapOptions *
iommud_map_options_copy (IommudMapOptions *options)
{
  IommudMapOptions *copy = iommud_map_options_new ();

  if (options == NULL)
    return copy;
  copy->readable = options->readable;
  copy->writable = options->writable;
  copy->fixed = options->fixed;
  return copy;
}

/**
 * IommudAttachOptions:
 *
 * How a device is attached to a container.
 */
G_DEFINE_FINAL_TYPE (IommudAttachOptions, iommud_attach_options, G_TYPE_OBJECT)

enum
{
  ATTACH_OPTIONS_MODE = 1,
  ATTACH_OPTIONS_TRACKER,
};

static void
iommud_attach_options_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudAttachOptions *self = IOMMUD_ATTACH_OPTIONS (object);

  switch (id)
    {
    case ATTACH_OPTIONS_MODE:
      g_value_set_enum (value, self->mode);
      break;
    case ATTACH_OPTIONS_TRACKER:
      g_value_set_enum (value, self->tracker);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_attach_options_set_property (GObject *object, guint id, const GValue *value,
                                    GParamSpec *pspec)
{
  IommudAttachOptions *self = IOMMUD_ATTACH_OPTIONS (object);

  switch (id)
    {
    case ATTACH_OPTIONS_MODE:
      self->mode = g_value_get_enum (value);
      break;
    case ATTACH_OPTIONS_TRACKER:
      self->tracker = g_value_get_enum (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_attach_options_class_init (IommudAttachOptionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_attach_options_get_property;
  object_class->set_property = iommud_attach_options_set_property;

  /**
   * IommudAttachOptions:mode:
   *
   * Whether the HWPT is picked or made here, or by the kernel.
   */
  g_object_class_install_property (object_class, ATTACH_OPTIONS_MODE,
                                   g_param_spec_enum ("mode", NULL, NULL, IOMMUD_TYPE_ATTACH_MODE,
                                                      IOMMUD_ATTACH_MODE_AUTO, FLAGS));
  /**
   * IommudAttachOptions:tracker:
   *
   * What is to record the pages that the device dirties.
   */
  g_object_class_install_property (object_class, ATTACH_OPTIONS_TRACKER,
                                   g_param_spec_enum ("tracker", NULL, NULL,
                                                      IOMMUD_TYPE_TRACKER_CHOICE,
                                                      IOMMUD_TRACKER_CHOICE_AUTO, FLAGS));
}

static void
iommud_attach_options_init (IommudAttachOptions *self)
{
}

/**
 * iommud_attach_options_new:
 *
 * Makes options that all have their default values.
 *
 * Returns: (transfer full): new options
 */
IommudAttachOptions *
iommud_attach_options_new (void)
{
  return g_object_new (IOMMUD_TYPE_ATTACH_OPTIONS, NULL);
}

IommudAttachOptions *
iommud_attach_options_copy (IommudAttachOptions *options)
{
  IommudAttachOptions *copy = iommud_attach_options_new ();

  if (options == NULL)
    return copy;
  copy->mode = options->mode;
  copy->tracker = options->tracker;
  return copy;
}

/**
 * IommudHwptOptions:
 *
 * What a HWPT is allocated with.
 */
G_DEFINE_FINAL_TYPE (IommudHwptOptions, iommud_hwpt_options, G_TYPE_OBJECT)

enum
{
  HWPT_OPTIONS_DIRTY_TRACKING = 1,
  HWPT_OPTIONS_NEST_PARENT,
};

static void
iommud_hwpt_options_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudHwptOptions *self = IOMMUD_HWPT_OPTIONS (object);

  switch (id)
    {
    case HWPT_OPTIONS_DIRTY_TRACKING:
      g_value_set_boolean (value, self->dirty_tracking);
      break;
    case HWPT_OPTIONS_NEST_PARENT:
      g_value_set_boolean (value, self->nest_parent);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_hwpt_options_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  IommudHwptOptions *self = IOMMUD_HWPT_OPTIONS (object);

  switch (id)
    {
    case HWPT_OPTIONS_DIRTY_TRACKING:
      self->dirty_tracking = g_value_get_boolean (value);
      break;
    case HWPT_OPTIONS_NEST_PARENT:
      self->nest_parent = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_hwpt_options_class_init (IommudHwptOptionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_hwpt_options_get_property;
  object_class->set_property = iommud_hwpt_options_set_property;

  /**
   * IommudHwptOptions:dirty-tracking:
   *
   * Whether the IOMMU can record dirty pages in it.
   */
  g_object_class_install_property (
      object_class, HWPT_OPTIONS_DIRTY_TRACKING,
      g_param_spec_boolean ("dirty-tracking", NULL, NULL, FALSE, FLAGS));
  /**
   * IommudHwptOptions:nest-parent:
   *
   * Whether it can be the parent of nested HWPTs.
   */
  g_object_class_install_property (object_class, HWPT_OPTIONS_NEST_PARENT,
                                   g_param_spec_boolean ("nest-parent", NULL, NULL, FALSE, FLAGS));
}

static void
iommud_hwpt_options_init (IommudHwptOptions *self)
{
}

/**
 * iommud_hwpt_options_new:
 *
 * Makes options that all have their default values.
 *
 * Returns: (transfer full): new options
 */
IommudHwptOptions *
iommud_hwpt_options_new (void)
{
  return g_object_new (IOMMUD_TYPE_HWPT_OPTIONS, NULL);
}

/**
 * IommudReadOptions:
 *
 * How dirty pages are read.
 */
G_DEFINE_FINAL_TYPE (IommudReadOptions, iommud_read_options, G_TYPE_OBJECT)

enum
{
  READ_OPTIONS_NO_CLEAR = 1,
  READ_OPTIONS_TRACKER,
};

static void
iommud_read_options_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudReadOptions *self = IOMMUD_READ_OPTIONS (object);

  switch (id)
    {
    case READ_OPTIONS_NO_CLEAR:
      g_value_set_boolean (value, self->no_clear);
      break;
    case READ_OPTIONS_TRACKER:
      g_value_set_enum (value, self->tracker);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_read_options_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  IommudReadOptions *self = IOMMUD_READ_OPTIONS (object);

  switch (id)
    {
    case READ_OPTIONS_NO_CLEAR:
      self->no_clear = g_value_get_boolean (value);
      break;
    case READ_OPTIONS_TRACKER:
      self->tracker = g_value_get_enum (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_read_options_class_init (IommudReadOptionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_read_options_get_property;
  object_class->set_property = iommud_read_options_set_property;

  /**
   * IommudReadOptions:no-clear:
   *
   * Whether the pages stay dirty for the next read.
   */
  g_object_class_install_property (object_class, READ_OPTIONS_NO_CLEAR,
                                   g_param_spec_boolean ("no-clear", NULL, NULL, FALSE, FLAGS));
  /**
   * IommudReadOptions:tracker:
   *
   * Which trackers are read: all, the logs of devices, or those of IOMMUs.
   */
  g_object_class_install_property (object_class, READ_OPTIONS_TRACKER,
                                   g_param_spec_enum ("tracker", NULL, NULL,
                                                      IOMMUD_TYPE_TRACKER_CHOICE,
                                                      IOMMUD_TRACKER_CHOICE_AUTO, FLAGS));
}

static void
iommud_read_options_init (IommudReadOptions *self)
{
}

/**
 * iommud_read_options_new:
 *
 * Makes options that all have their default values.
 *
 * Returns: (transfer full): new options
 */
IommudReadOptions *
iommud_read_options_new (void)
{
  return g_object_new (IOMMUD_TYPE_READ_OPTIONS, NULL);
}

IommudReadOptions *
iommud_read_options_copy (IommudReadOptions *options)
{
  IommudReadOptions *copy = iommud_read_options_new ();

  if (options == NULL)
    return copy;
  copy->no_clear = options->no_clear;
  copy->tracker = options->tracker;
  return copy;
}
