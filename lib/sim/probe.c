/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hands the simulated kernel's uevents to the main context that listens for them. */
#include "config.h"

#include "sim/probe.h"

#include "probe/process-files.h"

#include <string.h>
#include <unistd.h>

/* A file of the simulated kernel is one end of a pair of them. */
#define SOCKET "socket:["

struct _IommudSimulatedProbe
{
  GObject parent_instance;
  IommudSimulatedKernel *kernel;
  GMainContext *context; /* NULL until it is started */
};

static void iommud_simulated_probe_iface_init (IommudProbeInterface *iface);

G_DEFINE_TYPE_WITH_CODE (IommudSimulatedProbe, iommud_simulated_probe, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (IOMMUD_TYPE_PROBE,
                                                iommud_simulated_probe_iface_init))

/* A uevent on its way to the main context. */
typedef struct
{
  IommudSimulatedProbe *probe;
  IommudSimulatedUevent event;
  IommudDeviceInfo *info;
} Delivery;

static void
delivery_free (gpointer data)
{
  Delivery *self = data;

  g_object_unref (self->probe);
  iommud_device_info_unref (self->info);
  g_free (self);
}

static gboolean
deliver (gpointer data)
{
  Delivery *self = data;
  IommudProbe *probe = IOMMUD_PROBE (self->probe);

  switch (self->event)
    {
    case IOMMUD_SIMULATED_DEVICE_ADDED:
      iommud_probe_emit_added (probe, self->info);
      break;
    case IOMMUD_SIMULATED_DEVICE_REMOVED:
      iommud_probe_emit_removed (probe, self->info->sysfs_path);
      break;
    default:
      g_assert_not_reached ();
    }
  return G_SOURCE_REMOVE;
}

static void
on_uevent (IommudSimulatedUevent event, IommudDeviceInfo *info, gpointer data)
{
  IommudSimulatedProbe *self = data;
  Delivery *delivery = g_new0 (Delivery, 1);

  delivery->probe = g_object_ref (self);
  delivery->event = event;
  delivery->info = iommud_device_info_ref (info);
  g_main_context_invoke_full (self->context, G_PRIORITY_DEFAULT, deliver, delivery, delivery_free);
}

static gboolean
iommud_simulated_probe_start (IommudProbe *probe, GError **error)
{
  IommudSimulatedProbe *self = IOMMUD_SIMULATED_PROBE (probe);
  g_autoptr (GPtrArray) devices = NULL;

  g_clear_pointer (&self->context, g_main_context_unref);
  self->context = g_main_context_ref_thread_default ();
  iommud_simulated_kernel_set_listener (self->kernel, on_uevent, self);
  devices = iommud_simulated_kernel_list_devices (self->kernel);
  for (guint i = 0; i < devices->len; i++)
    iommud_probe_emit_added (probe, devices->pdata[i]);
  return TRUE;
}

static GPtrArray *
iommud_simulated_probe_list_group (IommudProbe *probe, gint32 iommu_group)
{
  return iommud_simulated_kernel_list_group (IOMMUD_SIMULATED_PROBE (probe)->kernel, iommu_group);
}

static void
look_at_socket (IommudProcessFiles *files, const IommudProcessFile *file, gpointer user_data)
{
  const GArray *open_files = user_data;
  guint64 inode;

  if (!g_str_has_prefix (file->target, SOCKET))
    return;
  inode = g_ascii_strtoull (file->target + strlen (SOCKET), NULL, 10);
  for (guint i = 0; i < open_files->len; i++)
    {
      const IommudSimulatedOpenFile *candidate =
          &g_array_index (open_files, IommudSimulatedOpenFile, i);

      if (candidate->inode == inode)
        iommud_process_files_mark (files, candidate->device);
    }
}

static GPtrArray *
iommud_simulated_probe_find_holders (IommudProbe *probe, GPtrArray *infos, gboolean *complete)
{
  g_autoptr (GArray) open_files =
      iommud_simulated_kernel_list_open_files (IOMMUD_SIMULATED_PROBE (probe)->kernel, infos);
  const IommudProcessFilesQuestion question = { .n_devices = infos->len,
                                                .max_holders = IOMMUD_MAX_HOLDERS,
                                                .max_seconds = IOMMUD_MAX_HOLDER_SECONDS,
                                                .max_files = IOMMUD_MAX_FILES_OF_USER,
                                                .look = look_at_socket,
                                                .user_data = open_files };

  *complete = TRUE;
  if (open_files->len == 0)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_found_holder_free);
  return iommud_process_files_search (&question, complete);
}

/* Other processes that have it open; if there are none, it is this one. */
static char *
describe_holders (IommudProbe *probe, IommudDeviceInfo *info)
{
  g_autoptr (GPtrArray) infos = g_ptr_array_new ();
  g_autoptr (GPtrArray) found = NULL;
  const char *program = g_get_prgname ();
  gboolean complete;
  char *others;

  g_ptr_array_add (infos, info);
  found = iommud_simulated_probe_find_holders (probe, infos, &complete);
  others = iommud_found_holders_describe (found, 0);
  if (others != NULL)
    return others;
  return g_strdup_printf ("%s (pid %d)", program != NULL ? program : "simulated", (int) getpid ());
}

static char *
iommud_simulated_probe_describe_holder (IommudProbe *probe, const IommudDeviceInfo *info,
                                        gboolean *complete)
{
  *complete = TRUE;
  if (!iommud_simulated_kernel_is_held (IOMMUD_SIMULATED_PROBE (probe)->kernel, info))
    return NULL;
  return describe_holders (probe, (IommudDeviceInfo *) info);
}

static char *
iommud_simulated_probe_describe_sibling_holder (IommudProbe *probe, const IommudDeviceInfo *info)
{
  g_autoptr (IommudDeviceInfo) sibling =
      iommud_simulated_kernel_find_open_sibling (IOMMUD_SIMULATED_PROBE (probe)->kernel, info);
  g_autofree char *holders = sibling != NULL ? describe_holders (probe, sibling) : NULL;

  if (holders == NULL)
    return NULL;
  return g_strdup_printf ("%s, which %s has open", sibling->name, holders);
}

/* Its groups have no nodes of their own. */
static char *
iommud_simulated_probe_describe_group_holder (IommudProbe *probe, const IommudDeviceInfo *info,
                                              gboolean *complete)
{
  *complete = TRUE;
  return NULL;
}

static char *
iommud_simulated_probe_describe_interrupts (IommudProbe *probe, const IommudDeviceInfo *info)
{
  return iommud_simulated_kernel_describe_interrupts (IOMMUD_SIMULATED_PROBE (probe)->kernel, info);
}

static gboolean
iommud_simulated_probe_owns_node (IommudProbe *probe, const IommudDeviceInfo *info, int fd)
{
  return iommud_simulated_kernel_owns_node (IOMMUD_SIMULATED_PROBE (probe)->kernel, info, fd);
}

static void
iommud_simulated_probe_iface_init (IommudProbeInterface *iface)
{
  iface->start = iommud_simulated_probe_start;
  iface->list_group = iommud_simulated_probe_list_group;
  iface->describe_holder = iommud_simulated_probe_describe_holder;
  iface->describe_sibling_holder = iommud_simulated_probe_describe_sibling_holder;
  iface->describe_group_holder = iommud_simulated_probe_describe_group_holder;
  iface->find_holders = iommud_simulated_probe_find_holders;
  iface->describe_interrupts = iommud_simulated_probe_describe_interrupts;
  iface->owns_node = iommud_simulated_probe_owns_node;
}

static void
iommud_simulated_probe_finalize (GObject *object)
{
  IommudSimulatedProbe *self = IOMMUD_SIMULATED_PROBE (object);

  iommud_simulated_kernel_set_listener (self->kernel, NULL, NULL);
  iommud_simulated_kernel_unref (self->kernel);
  g_clear_pointer (&self->context, g_main_context_unref);
  G_OBJECT_CLASS (iommud_simulated_probe_parent_class)->finalize (object);
}

static void
iommud_simulated_probe_class_init (IommudSimulatedProbeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = iommud_simulated_probe_finalize;
}

static void
iommud_simulated_probe_init (IommudSimulatedProbe *self)
{
}

IommudProbe *
iommud_simulated_probe_new (IommudSimulatedKernel *kernel)
{
  IommudSimulatedProbe *self = g_object_new (IOMMUD_TYPE_SIMULATED_PROBE, NULL);

  self->kernel = iommud_simulated_kernel_ref (kernel);
  return IOMMUD_PROBE (self);
}
