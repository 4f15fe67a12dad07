/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be said of a lease when it is made. */
#include "model/lease.h"

#include <unistd.h>

#include "iommud-enum-types.h"

/**
 * IommudLeaseOptions:
 *
 * What can be said of a lease when it is made.
 */
G_DEFINE_FINAL_TYPE (IommudLeaseOptions, iommud_lease_options, G_TYPE_OBJECT)

enum
{
  PROP_NAME = 1,
  PROP_OWNER,
  PROP_PID,
  PROP_COMMAND,
  PROP_UNIT,
  PROP_ACCOUNTING,
  PROP_LOCKED_MEMORY,
  N_PROPERTIES,
};

static GParamSpec *properties[N_PROPERTIES];

static void
iommud_lease_options_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudLeaseOptions *self = IOMMUD_LEASE_OPTIONS (object);

  switch (id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_OWNER:
      g_value_set_uint (value, self->owner);
      break;
    case PROP_PID:
      g_value_set_uint (value, self->pid);
      break;
    case PROP_COMMAND:
      g_value_set_string (value, self->command);
      break;
    case PROP_UNIT:
      g_value_set_string (value, self->unit);
      break;
    case PROP_ACCOUNTING:
      g_value_set_enum (value, self->accounting);
      break;
    case PROP_LOCKED_MEMORY:
      g_value_set_uint64 (value, self->locked_memory);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
set_string (char **string, const GValue *value)
{
  g_free (*string);
  *string = g_value_dup_string (value);
}

static void
iommud_lease_options_set_property (GObject *object, guint id, const GValue *value,
                                   GParamSpec *pspec)
{
  IommudLeaseOptions *self = IOMMUD_LEASE_OPTIONS (object);

  switch (id)
    {
    case PROP_NAME:
      set_string (&self->name, value);
      break;
    case PROP_OWNER:
      self->owner = g_value_get_uint (value);
      break;
    case PROP_PID:
      self->pid = g_value_get_uint (value);
      break;
    case PROP_COMMAND:
      set_string (&self->command, value);
      break;
    case PROP_UNIT:
      set_string (&self->unit, value);
      break;
    case PROP_ACCOUNTING:
      self->accounting = g_value_get_enum (value);
      break;
    case PROP_LOCKED_MEMORY:
      self->locked_memory = g_value_get_uint64 (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_lease_options_finalize (GObject *object)
{
  IommudLeaseOptions *self = IOMMUD_LEASE_OPTIONS (object);

  g_free (self->name);
  g_free (self->command);
  g_free (self->unit);
  G_OBJECT_CLASS (iommud_lease_options_parent_class)->finalize (object);
}

#define FLAGS (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)

static void
iommud_lease_options_class_init (IommudLeaseOptionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_lease_options_get_property;
  object_class->set_property = iommud_lease_options_set_property;
  object_class->finalize = iommud_lease_options_finalize;

  /**
   * IommudLeaseOptions:name:
   *
   * The lease's name: 1 to 64 letters, digits, `.`, `_`, `-` or `:`, not only digits. If it is
   * %NULL, the host makes one up.
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, FLAGS);
  /**
   * IommudLeaseOptions:owner:
   *
   * The user id of the lease's owner; by default that of this process.
   */
  properties[PROP_OWNER] = g_param_spec_uint ("owner", NULL, NULL, 0, G_MAXUINT32, 0, FLAGS);
  /**
   * IommudLeaseOptions:pid:
   *
   * The process that asks for the lease; by default this one.
   */
  properties[PROP_PID] = g_param_spec_uint ("pid", NULL, NULL, 0, G_MAXUINT32, 0, FLAGS);
  /**
   * IommudLeaseOptions:command:
   *
   * What that process calls itself; %NULL: what /proc says.
   */
  properties[PROP_COMMAND] = g_param_spec_string ("command", NULL, NULL, NULL, FLAGS);
  /**
   * IommudLeaseOptions:unit:
   *
   * The systemd unit of that process, or its control group; %NULL: what /proc says.
   */
  properties[PROP_UNIT] = g_param_spec_string ("unit", NULL, NULL, NULL, FLAGS);
  /**
   * IommudLeaseOptions:accounting:
   *
   * Whom the kernel charges for memory that is pinned through the iommufd that
   * iommud_host_lease_devices_async() opens. By default it is the process that maps, whose limit of
   * locked memory counts then.
   */
  properties[PROP_ACCOUNTING] = g_param_spec_enum ("accounting", NULL, NULL, IOMMUD_TYPE_ACCOUNTING,
                                                   IOMMUD_ACCOUNTING_PROCESS, FLAGS);
  /**
   * IommudLeaseOptions:locked-memory:
   *
   * How many bytes of memory the process that asks must be able to lock: its limit
   * (RLIMIT_MEMLOCK) is raised to that if it is lower, and programs that it starts inherit it. 0
   * leaves the limit as it is. The memory of a virtual machine and 3 % more are enough for it.
   */
  properties[PROP_LOCKED_MEMORY] =
      g_param_spec_uint64 ("locked-memory", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
iommud_lease_options_init (IommudLeaseOptions *self)
{
  self->owner = getuid ();
  self->pid = (guint) getpid ();
  self->accounting = IOMMUD_ACCOUNTING_PROCESS;
}

/**
 * iommud_lease_options_new:
 *
 * Makes options that all have their default values.
 *
 * Returns: (transfer full): new options
 */
IommudLeaseOptions *
iommud_lease_options_new (void)
{
  return g_object_new (IOMMUD_TYPE_LEASE_OPTIONS, NULL);
}

IommudLeaseOptions *
iommud_lease_options_copy (IommudLeaseOptions *options)
{
  IommudLeaseOptions *copy = iommud_lease_options_new ();

  if (options == NULL)
    return copy;
  copy->name = g_strdup (options->name);
  copy->owner = options->owner;
  copy->pid = options->pid;
  copy->command = g_strdup (options->command);
  copy->unit = g_strdup (options->unit);
  copy->accounting = options->accounting;
  copy->locked_memory = options->locked_memory;
  return copy;
}
