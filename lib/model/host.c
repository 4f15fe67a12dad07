/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One machine: its devices, the containers made on it, and its leases. */
#include "model/host-private.h"

#include "model/close-all.h"
#include "model/container.h"
#include "iommud-error.h"

/**
 * IommudHost:
 *
 * One machine: its VFIO devices and the containers made on it.
 *
 * A host belongs to the main context that was the thread's default when the host was made: its
 * objects change only there, and its functions must be called there. Asynchronous calls make their
 * kernel calls on worker threads. A synchronous call runs the main context until it has ended, and
 * makes its kernel calls on its own thread, unless it maps or unmaps. It fails with
 * %IOMMUD_ERROR_BUSY in a handler of a signal that an operation of the same IOMMUFD context emits,
 * since that operation ends only after the handler has returned. A call that is cancelled while it
 * waits for its turn ends at once, and nothing was done.
 */
G_DEFINE_FINAL_TYPE (IommudHost, iommud_host, G_TYPE_OBJECT)

enum
{
  PROP_BACKEND = 1,
  PROP_IOMMUFD_AVAILABLE,
  PROP_FEATURES,
  PROP_DEVICES,
  PROP_CONTAINERS,
  PROP_LEASES,
  PROP_JOURNAL,
  N_PROPERTIES,
};

static GParamSpec *properties[N_PROPERTIES];

static void
iommud_host_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudHost *self = IOMMUD_HOST (object);

  switch (id)
    {
    case PROP_BACKEND:
      g_value_set_object (value, self->backend);
      break;
    case PROP_IOMMUFD_AVAILABLE:
      g_value_set_boolean (value, self->iommufd_available);
      break;
    case PROP_FEATURES:
      g_value_set_boxed (value, self->features);
      break;
    case PROP_DEVICES:
      g_value_set_object (value, iommud_device_table_get_list (self->devices));
      break;
    case PROP_CONTAINERS:
      g_value_set_object (value, iommud_container_table_get_list (self->containers));
      break;
    case PROP_LEASES:
      g_value_set_object (value, iommud_lease_table_get_list (self->leases));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
set_journal (IommudHost *self, IommudJournal *journal)
{
  g_autoptr (GError) error = NULL;

  if (!iommud_container_table_check_idle (iommud_host_get_container_table (self), "set the journal",
                                          &error))
    {
      g_critical ("%s", error->message);
      return;
    }
  g_set_object (&self->journal, journal);
  for (guint i = 0;
       i < g_list_model_get_n_items (iommud_container_table_get_list (self->containers)); i++)
    {
      g_autoptr (IommudContainer) container =
          g_list_model_get_item (iommud_container_table_get_list (self->containers), i);

      iommud_queue_set_journal (iommud_context_get_queue (iommud_container_get_context (container)),
                                journal);
    }
}

static void
iommud_host_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  IommudHost *self = IOMMUD_HOST (object);

  if (id == PROP_BACKEND)
    self->backend = g_value_dup_object (value);
  else if (id == PROP_JOURNAL)
    set_journal (self, g_value_get_object (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
iommud_host_dispose (GObject *object)
{
  IommudHost *self = IOMMUD_HOST (object);

  if (self->workers != NULL)
    {
      g_signal_handlers_disconnect_by_data (iommud_backend_get_probe (self->backend), self);
      /* No operation is under way: each holds its host. */
      iommud_close_devices (iommud_device_table_get_list (self->devices),
                            iommud_backend_get_syscalls (self->backend));
      iommud_close_containers (iommud_container_table_get_list (self->containers));
      iommud_workers_free (g_steal_pointer (&self->workers));
    }
  G_OBJECT_CLASS (iommud_host_parent_class)->dispose (object);
}

static void
iommud_host_finalize (GObject *object)
{
  IommudHost *self = IOMMUD_HOST (object);

  iommud_device_table_free (self->devices);
  iommud_container_table_free (self->containers);
  iommud_lease_table_free (self->leases);
  g_strfreev (self->features);
  iommud_mapped_files_unref (self->mapped_files);
  g_clear_pointer (&self->searches.queue, iommud_queue_unref);
  g_clear_pointer (&self->searches.passes, iommud_holder_passes_unref);
  iommud_open_files_unref (self->open_files);
  g_clear_pointer (&self->interrupted, g_ptr_array_unref);
  g_main_context_unref (self->main_context);
  g_clear_object (&self->journal);
  g_clear_object (&self->backend);
  G_OBJECT_CLASS (iommud_host_parent_class)->finalize (object);
}

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
iommud_host_class_init (IommudHostClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_host_get_property;
  object_class->set_property = iommud_host_set_property;
  object_class->dispose = iommud_host_dispose;
  object_class->finalize = iommud_host_finalize;

  /**
   * IommudHost:backend:
   *
   * The kernel, real or simulated, that it uses.
   */
  properties[PROP_BACKEND] =
      g_param_spec_object ("backend", NULL, NULL, IOMMUD_TYPE_BACKEND,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  /**
   * IommudHost:iommufd-available:
   *
   * Whether `/dev/iommu` could be opened when it was last tried.
   */
  properties[PROP_IOMMUFD_AVAILABLE] =
      g_param_spec_boolean ("iommufd-available", NULL, NULL, FALSE, FLAGS);
  /**
   * IommudHost:features:
   *
   * What the kernel's iommufd offers, found by asking it: `hwpt-alloc`, `hw-info`,
   * `dirty-tracking`, `nesting`, `fault-queue`, `map-file`, `viommu`, `change-process`, `veventq`,
   * `hw-queue`.
   */
  properties[PROP_FEATURES] = g_param_spec_boxed ("features", NULL, NULL, G_TYPE_STRV, FLAGS);
  /**
   * IommudHost:devices:
   *
   * The VFIO devices that are present, a list of #IommudDevice.
   */
  properties[PROP_DEVICES] = g_param_spec_object ("devices", NULL, NULL, G_TYPE_LIST_MODEL, FLAGS);
  /**
   * IommudHost:containers:
   *
   * The containers on it, a list of #IommudContainer.
   */
  properties[PROP_CONTAINERS] =
      g_param_spec_object ("containers", NULL, NULL, G_TYPE_LIST_MODEL, FLAGS);
  /**
   * IommudHost:leases:
   *
   * The leases on it, a list of #IommudLease.
   */
  properties[PROP_LEASES] = g_param_spec_object ("leases", NULL, NULL, G_TYPE_LIST_MODEL, FLAGS);
  /**
   * IommudHost:journal: (skip)
   *
   * Where operations say what they are about to do, and what came of it; %NULL: nowhere. It can be
   * set only while no operation is under way: otherwise it stays as it is, and a critical message
   * is logged. The interface is not public yet.
   */
  properties[PROP_JOURNAL] = g_param_spec_object ("journal", NULL, NULL, IOMMUD_TYPE_JOURNAL,
                                                  G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

/* Where serials start. The starts of different lives are far apart, so that a path of an earlier
 * life leads to nothing in this one, even if no state is left. They are small enough for a JSON
 * number. */
static guint64
choose_epoch (void)
{
  return (guint64) g_random_int_range (1, G_MAXINT32) << 16;
}

static void
iommud_host_init (IommudHost *self)
{
  self->last_container_serial = choose_epoch ();
  self->last_context_serial = self->last_container_serial;
  self->last_lease_serial = self->last_container_serial;
  self->main_context = g_main_context_ref_thread_default ();
  self->features = g_new0 (char *, 1);
  self->mapped_files = iommud_mapped_files_new ();
  self->open_files = iommud_open_files_new ();
  self->devices = iommud_device_table_new ();
  self->containers = iommud_container_table_new ();
  self->leases = iommud_lease_table_new (self->main_context);
}

IommudDeviceTable *
iommud_host_get_device_table (IommudHost *self)
{
  return self->devices;
}

IommudContainerTable *
iommud_host_get_container_table (IommudHost *self)
{
  return self->containers;
}

IommudJournal *
iommud_host_get_journal (IommudHost *self)
{
  return self->journal;
}

IommudLeaseTable *
iommud_host_get_lease_table (IommudHost *self)
{
  return self->leases;
}

IommudHost *
iommud_host_new_empty (IommudBackend *backend, GError **error)
{
  IommudWorkers *workers = iommud_workers_new (iommud_queue_work, IOMMUD_MAX_WORKERS, error);
  IommudHost *self;

  if (workers == NULL)
    return NULL;
  self = g_object_new (IOMMUD_TYPE_HOST, "backend", backend, NULL);
  self->workers = workers;
  self->searches.queue = iommud_queue_new (workers, self->main_context);
  self->searches.passes = iommud_holder_passes_new (iommud_backend_get_probe (backend));
  return self;
}

GMainContext *
iommud_host_get_main_context (IommudHost *self)
{
  return self != NULL ? self->main_context : NULL;
}

IommudOpenFiles *
iommud_host_get_open_files (IommudHost *self)
{
  return self->open_files;
}

IommudMappedFiles *
iommud_host_get_mapped_files (IommudHost *self)
{
  return self->mapped_files;
}

IommudQueue *
iommud_host_new_queue (IommudHost *self)
{
  IommudQueue *queue = iommud_queue_new (self->workers, self->main_context);

  iommud_queue_set_journal (queue, self->journal);
  return queue;
}

IommudHolderSearches *
iommud_host_get_holder_searches (IommudHost *self)
{
  return &self->searches;
}

IommudContext *
iommud_host_new_context (IommudHost *self)
{
  const IommudContextRecord record = { .serial = ++self->last_context_serial };

  return iommud_host_adopt_context (self, &record);
}

IommudContext *
iommud_host_adopt_context (IommudHost *self, const IommudContextRecord *record)
{
  IommudQueue *queue = iommud_host_new_queue (self);

  self->last_context_serial = MAX (self->last_context_serial, record->serial);
  return iommud_context_new (record, iommud_backend_get_syscalls (self->backend), queue,
                             self->open_files);
}

void
iommud_host_fill_record (IommudHost *self, IommudHostRecord *record)
{
  record->version = IOMMUD_RECORD_VERSION;
  record->last_context_serial = self->last_context_serial;
  record->last_container_serial = self->last_container_serial;
  record->last_lease_serial = self->last_lease_serial;
}

void
iommud_host_adopt_serials (IommudHost *self, const IommudHostRecord *record)
{
  self->last_context_serial = MAX (self->last_context_serial, record->last_context_serial);
  self->last_container_serial = MAX (self->last_container_serial, record->last_container_serial);
  self->last_lease_serial = MAX (self->last_lease_serial, record->last_lease_serial);
}

guint64
iommud_host_next_container_serial (IommudHost *self)
{
  return ++self->last_container_serial;
}

guint64
iommud_host_next_lease_serial (IommudHost *self)
{
  return ++self->last_lease_serial;
}

void
iommud_host_add_container (IommudHost *self, IommudContainer *container)
{
  self->last_container_serial =
      MAX (self->last_container_serial, iommud_container_get_serial (container));
  iommud_container_table_add (self->containers, container);
}

void
iommud_host_take_features (IommudHost *self, char **features)
{
  if (features == NULL)
    return;
  self->iommufd_available = TRUE;
  g_strfreev (self->features);
  self->features = features;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IOMMUFD_AVAILABLE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FEATURES]);
}

/**
 * iommud_host_get_backend:
 * @self: a host
 *
 * The backend that the host uses.
 *
 * Returns: (transfer none): its backend
 */
IommudBackend *
iommud_host_get_backend (IommudHost *self)
{
  g_return_val_if_fail (IOMMUD_IS_HOST (self), NULL);
  return self->backend;
}

/**
 * iommud_host_get_iommufd_available:
 * @self: a host
 *
 * Whether `/dev/iommu` could be opened when it was last tried.
 *
 * Returns: whether there is an iommufd
 */
gboolean
iommud_host_get_iommufd_available (IommudHost *self)
{
  g_return_val_if_fail (IOMMUD_IS_HOST (self), FALSE);
  return self->iommufd_available;
}

/**
 * iommud_host_get_features:
 * @self: a host
 *
 * What the kernel's iommufd offers.
 *
 * Returns: (transfer none) (array zero-terminated=1): names of features
 */
const char *const *
iommud_host_get_features (IommudHost *self)
{
  g_return_val_if_fail (IOMMUD_IS_HOST (self), NULL);
  return (const char *const *) self->features;
}
