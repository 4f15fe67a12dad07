/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl holders: which processes have a device open. */
#include "config.h"

#include "columns.h"
#include "holder.h"
#include "names.h"
#include "records.h"

#include <glib/gi18n.h>

typedef struct
{
  guint32 pid;
  const char *command;
  const char *unit;
} Holder;

static const IommuctlColumn columns[] = {
  { N_ ("PID"), "Pid", NULL, FALSE, FALSE },
  { N_ ("COMMAND"), "Command", NULL, TRUE, FALSE },
  { N_ ("UNIT"), "Unit", NULL, TRUE, FALSE },
  { NULL },
};

static int
compare_pids (gconstpointer a, gconstpointer b)
{
  const Holder *first = a;
  const Holder *second = b;

  return first->pid < second->pid ? -1 : first->pid > second->pid;
}

/* What the service lists in no order, by pid. */
static GArray *
sort_holders (GVariant *holders)
{
  GArray *sorted = g_array_new (FALSE, FALSE, sizeof (Holder));
  GVariantIter iter;
  Holder holder;

  g_variant_iter_init (&iter, holders);
  while (g_variant_iter_next (&iter, "(u&s&s)", &holder.pid, &holder.command, &holder.unit))
    g_array_append_val (sorted, holder);
  g_array_sort (sorted, compare_pids);
  return sorted;
}

static GVariant *
make_record (const char *device, GVariant *holders)
{
  g_autoptr (GArray) sorted = sort_holders (holders);
  GVariantBuilder list = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (guint i = 0; i < sorted->len; i++)
    {
      const Holder *holder = &g_array_index (sorted, Holder, i);

      g_variant_builder_add_value (
          &list, iommuctl_holder_record (holder->pid, holder->command, holder->unit));
    }
  return g_variant_ref_sink (g_variant_new_parsed ("{'Device': <%o>, 'Holders': <%*>}", device,
                                                   g_variant_builder_end (&list)));
}

static GVariant *
get_holders (IommuctlRequest *request, const char *device, GError **error)
{
  g_autoptr (IommudDBusDevice) proxy = iommuctl_service_new_proxy (
      request->service, device, IOMMUD_DBUS_TYPE_DEVICE_PROXY, IOMMUD_DBUS_DEVICE_INTERFACE, error);
  GVariant *holders = NULL;

  if (proxy == NULL
      || !iommud_dbus_device_call_get_holders_sync (proxy, g_variant_new ("a{sv}", NULL),
                                                    G_DBUS_CALL_FLAGS_NONE, G_MAXINT, &holders,
                                                    request->cancellable, error))
    return NULL;
  return holders;
}

/* The service itself is no holder, but it keeps others from using a device that it has. */
static gboolean
say_none (IommuctlRequest *request, const char *device, GError **error)
{
  g_autofree char *name = iommuctl_names_of_path (request->service, device);
  g_autoptr (GVariant) container = iommuctl_service_read (
      request->service, device, IOMMUD_DBUS_DEVICE_INTERFACE, "Container", error);
  g_autofree char *container_name = NULL;
  g_autofree char *text = NULL;

  if (container == NULL)
    return FALSE;
  container_name =
      iommuctl_names_of_path (request->service, g_variant_get_string (container, NULL));
  if (g_str_equal (g_variant_get_string (container, NULL), IOMMUD_DBUS_NO_PATH))
    text = g_strdup_printf (_ ("No process has %s open"), name);
  else
    text = g_strdup_printf (_ ("No process has %s open but iommud, which has it in container %s"),
                            name, container_name);
  iommuctl_output_text (request->output, text);
  return TRUE;
}

gboolean
iommuctl_holders_run (IommuctlRequest *request, GError **error)
{
  g_autofree IommuctlColumn *chosen = iommuctl_columns_choose (request, columns, error);
  g_autofree char *device = NULL;
  g_autoptr (GVariant) holders = NULL;
  g_autoptr (GVariant) record = NULL;

  if (chosen == NULL)
    return FALSE;
  device = iommuctl_names_find_device (request->service, request->arguments[0], error);
  if (device == NULL)
    return FALSE;
  holders = get_holders (request, device, error);
  if (holders == NULL)
    return FALSE;
  if (!iommuctl_output_is_json (request->output) && g_variant_n_children (holders) == 0)
    return say_none (request, device, error);
  record = make_record (device, holders);
  iommuctl_output_table_of (request->output, record, "Holders", chosen);
  return TRUE;
}
