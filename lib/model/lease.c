/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One lease: its properties and its signals. */
#include "model/lease-private.h"

#include <unistd.h>

#include "iommud-enum-types.h"
#include "model/descriptors.h"

/**
 * IommudLease:
 *
 * The right of one client to devices, iommufds and containers. The client has the *guard*, one end
 * of a pipe: when its last copy is closed, the lease ends. Then everything that was made under it
 * is freed, and its devices are available again once no process has them open any more. A program
 * that still has the guard of a lease that was released finds it readable, at its end.
 */
G_DEFINE_FINAL_TYPE (IommudLease, iommud_lease, G_TYPE_OBJECT)

enum
{
  PROP_SERIAL = 1,
  PROP_NAME,
  PROP_OWNER,
  PROP_PID,
  PROP_COMMAND,
  PROP_UNIT,
  PROP_SINCE,
  PROP_LOCKED_MEMORY,
  PROP_STATE,
  PROP_DEVICES,
  PROP_CONTAINERS,
  PROP_HOLDERS,
  N_PROPERTIES,
};

static GParamSpec *properties[N_PROPERTIES];

enum
{
  RELEASE_REQUESTED,
  DEVICE_WANTED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
iommud_lease_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudLease *self = IOMMUD_LEASE (object);

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
    case PROP_PID:
      g_value_set_uint (value, self->pid);
      break;
    case PROP_COMMAND:
      g_value_set_string (value, self->command);
      break;
    case PROP_UNIT:
      g_value_set_string (value, self->unit);
      break;
    case PROP_SINCE:
      g_value_set_uint64 (value, self->since);
      break;
    case PROP_LOCKED_MEMORY:
      g_value_set_uint64 (value, self->locked_memory);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_DEVICES:
      g_value_set_object (value, self->devices);
      break;
    case PROP_CONTAINERS:
      g_value_set_object (value, self->containers);
      break;
    case PROP_HOLDERS:
      g_value_set_variant (value, self->holders);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_lease_finalize (GObject *object)
{
  IommudLease *self = IOMMUD_LEASE (object);

  iommud_lease_close_guard (self);
  iommud_queue_unref (self->queue);
  g_free (self->name);
  g_free (self->command);
  g_free (self->unit);
  g_object_unref (self->devices);
  g_object_unref (self->containers);
  g_clear_pointer (&self->holders, g_variant_unref);
  G_OBJECT_CLASS (iommud_lease_parent_class)->finalize (object);
}

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
install_constant_properties (void)
{
  /**
   * IommudLease:serial:
   *
   * Its number, which is never used twice.
   */
  properties[PROP_SERIAL] = g_param_spec_uint64 ("serial", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS);
  /**
   * IommudLease:name:
   *
   * Its name, which no other lease of the host has.
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, FLAGS);
  /**
   * IommudLease:owner:
   *
   * The user id of its owner.
   */
  properties[PROP_OWNER] = g_param_spec_uint ("owner", NULL, NULL, 0, G_MAXUINT32, 0, FLAGS);
  /**
   * IommudLease:pid:
   *
   * The process that asked for it; 0: not known. It may have ended, and given the guard to another.
   */
  properties[PROP_PID] = g_param_spec_uint ("pid", NULL, NULL, 0, G_MAXUINT32, 0, FLAGS);
  /**
   * IommudLease:command:
   *
   * What that process called itself; "": not known.
   */
  properties[PROP_COMMAND] = g_param_spec_string ("command", NULL, NULL, "", FLAGS);
  /**
   * IommudLease:unit:
   *
   * The systemd unit of that process, or its control group; "": not known.
   */
  properties[PROP_UNIT] = g_param_spec_string ("unit", NULL, NULL, "", FLAGS);
  /**
   * IommudLease:since:
   *
   * When it was made, in microseconds since 1970.
   */
  properties[PROP_SINCE] = g_param_spec_uint64 ("since", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS);
  /**
   * IommudLease:locked-memory:
   *
   * How many bytes of memory the process was let lock when the lease was made; 0: its limit was
   * left as it was.
   */
  properties[PROP_LOCKED_MEMORY] =
      g_param_spec_uint64 ("locked-memory", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS);
}

static void
install_changing_properties (void)
{
  /**
   * IommudLease:state:
   *
   * Whether it is in force.
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, IOMMUD_TYPE_LEASE_STATE,
                                              IOMMUD_LEASE_STATE_ACTIVE, FLAGS);
  /**
   * IommudLease:devices:
   *
   * The devices that it was handed, and those that are bound to its containers; a list of
   * #IommudDevice.
   */
  properties[PROP_DEVICES] = g_param_spec_object ("devices", NULL, NULL, G_TYPE_LIST_MODEL, FLAGS);
  /**
   * IommudLease:containers:
   *
   * The containers that were made under it, a list of #IommudContainer.
   */
  properties[PROP_CONTAINERS] =
      g_param_spec_object ("containers", NULL, NULL, G_TYPE_LIST_MODEL, FLAGS);
  /**
   * IommudLease:holders:
   *
   * Once the lease has ended: the processes that still have a device of it open, as far as they
   * were found when it was last looked for them; for each its pid, its command and its unit.
   */
  properties[PROP_HOLDERS] =
      g_param_spec_variant ("holders", NULL, NULL, G_VARIANT_TYPE ("a(uss)"), NULL, FLAGS);
}

static void
install_signals (GObjectClass *klass)
{
  /**
   * IommudLease::release-requested:
   * @self: a lease
   * @reason: why, for people
   *
   * The lease has ended, and something of it was handed out that cannot be taken back: its holder
   * should close it.
   */
  signals[RELEASE_REQUESTED] =
      g_signal_new ("release-requested", G_OBJECT_CLASS_TYPE (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                    NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  /**
   * IommudLease::device-wanted:
   * @self: a lease
   * @device: a device of it
   *
   * The host wants the device back: it is being unplugged, unbound from its driver or removed, and
   * the kernel waits until its file is closed.
   */
  signals[DEVICE_WANTED] =
      g_signal_new ("device-wanted", G_OBJECT_CLASS_TYPE (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 1, IOMMUD_TYPE_DEVICE);
}

static void
iommud_lease_class_init (IommudLeaseClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_lease_get_property;
  object_class->finalize = iommud_lease_finalize;
  install_constant_properties ();
  install_changing_properties ();
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
  install_signals (object_class);
}

static void
iommud_lease_init (IommudLease *self)
{
  self->devices = g_list_store_new (IOMMUD_TYPE_DEVICE);
  self->containers = g_list_store_new (IOMMUD_TYPE_CONTAINER);
}

IommudLease *
iommud_lease_new (IommudHost *host, IommudQueue *queue, const IommudLeaseRecord *record, int guard)
{
  IommudLease *self = g_object_new (IOMMUD_TYPE_LEASE, NULL);

  self->host = host;
  self->queue = queue;
  self->serial = record->serial;
  self->name = g_strdup (record->name);
  self->owner = record->owner;
  self->pid = record->pid;
  self->command = g_strdup (record->command);
  self->unit = g_strdup (record->unit);
  self->since = record->since;
  self->locked_memory = record->locked_memory;
  self->state = record->lingering ? IOMMUD_LEASE_STATE_LINGERING : IOMMUD_LEASE_STATE_ACTIVE;
  self->guard = guard;
  return self;
}

IommudHost *
iommud_lease_get_host (IommudLease *self)
{
  return self->host;
}

void
iommud_lease_forget_host (IommudLease *self)
{
  self->host = NULL;
}

IommudQueue *
iommud_lease_get_queue (IommudLease *self)
{
  return self->queue;
}

int
iommud_lease_get_guard (IommudLease *self)
{
  return self->guard;
}

void
iommud_lease_keep_guard (IommudLease *self, IommudOpenFiles *files)
{
  self->files = iommud_open_files_ref (files);
  iommud_open_files_add (files, iommud_descriptors_name_lease (self->serial), self->guard);
}

static void
forget_file (IommudLease *self)
{
  if (self->files != NULL)
    iommud_open_files_remove (self->files, iommud_descriptors_name_lease (self->serial));
  g_clear_pointer (&self->files, iommud_open_files_unref);
}

/* What is kept is removed first: a file that nothing removes would be kept for ever. */
void
iommud_lease_close_guard (IommudLease *self)
{
  forget_file (self);
  if (self->guard >= 0)
    close (self->guard);
  self->guard = -1;
}

int
iommud_lease_steal_guard (IommudLease *self)
{
  int guard = self->guard;

  g_clear_pointer (&self->files, iommud_open_files_unref);
  self->guard = -1;
  return guard;
}

void
iommud_lease_set_lingering (IommudLease *self)
{
  if (self->state == IOMMUD_LEASE_STATE_LINGERING)
    return;
  self->state = IOMMUD_LEASE_STATE_LINGERING;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

void
iommud_lease_set_holders (IommudLease *self, GVariant *holders)
{
  g_autoptr (GVariant) old = self->holders;

  self->holders = holders != NULL ? g_variant_ref_sink (holders) : NULL;
  if (old == self->holders
      || (old != NULL && self->holders != NULL && g_variant_equal (old, self->holders)))
    return;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HOLDERS]);
}

void
iommud_lease_emit_release_requested (IommudLease *self, const char *reason)
{
  g_signal_emit (self, signals[RELEASE_REQUESTED], 0, reason);
}

void
iommud_lease_emit_device_wanted (IommudLease *self, IommudDevice *device)
{
  g_signal_emit (self, signals[DEVICE_WANTED], 0, device);
}
