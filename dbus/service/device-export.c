/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Device: one VFIO device. */
#include "device-export.h"

#include "arguments.h"
#include "iommud-dbus-generated.h"

static void
on_detached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_device_detach_finish (IOMMUD_DEVICE (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

static void
handle_detach (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;

  if (!iommud_arguments_parse_options (call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_device_detach_async (iommud_export_get_model (self), iommud_call_get_cancellable (call),
                                on_detached, call);
}

static void
on_tracker_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_device_set_tracker_finish (IOMMUD_DEVICE (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

/* The argument is read as an option of that name would be. */
static gboolean
read_tracker (IommudCall *call, IommudTrackerChoice *tracker, GError **error)
{
  const IommudOption known[] = {
    { "tracker", IOMMUD_TYPE_TRACKER_CHOICE, tracker },
  };
  const char *word = NULL;
  g_autoptr (GVariant) options = NULL;

  g_variant_get_child (iommud_call_get_arguments (call), 0, "&s", &word);
  options = g_variant_ref_sink (g_variant_new_parsed ("{'tracker': <%s>}", word));
  return iommud_options_parse (options, known, G_N_ELEMENTS (known), iommud_call_get_objects (call),
                               error);
}

static void
handle_set_tracker (IommudExport *self, IommudCall *call)
{
  IommudTrackerChoice tracker = IOMMUD_TRACKER_CHOICE_AUTO;
  GError *error = NULL;

  if (!iommud_arguments_parse_options (call, NULL, 0, &error)
      || !read_tracker (call, &tracker, &error))
    iommud_call_fail (call, error);
  else
    iommud_device_set_tracker_async (iommud_export_get_model (self), tracker,
                                     iommud_call_get_cancellable (call), on_tracker_set, call);
}

static GVariant *
make_holders (GPtrArray *holders)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(uss)"));
  for (guint i = 0; i < holders->len; i++)
    {
      IommudHolder *holder = holders->pdata[i];

      g_variant_builder_add (&list, "(uss)", (guint32) iommud_holder_get_pid (holder),
                             iommud_holder_get_command (holder), iommud_holder_get_unit (holder));
    }
  return g_variant_new ("(a(uss))", &list);
}

static void
on_holders (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;
  g_autoptr (GPtrArray) holders =
      iommud_device_get_holders_finish (IOMMUD_DEVICE (source), result, &error);

  if (holders == NULL)
    iommud_call_fail (call, error);
  else
    iommud_call_return_read (call, make_holders (holders));
}

/* Every user may call it, but it takes the service some time, as a change does. */
static void
handle_get_holders (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;

  if (!iommud_call_admit (call, &error) || !iommud_arguments_parse_options (call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_device_get_holders_async (iommud_export_get_model (self),
                                     iommud_call_get_cancellable (call), on_holders, call);
}

static const IommudMethod methods[] = {
  { "Detach", IOMMUD_ACCESS_OWNER, handle_detach },
  { "SetTracker", IOMMUD_ACCESS_OWNER, handle_set_tracker },
  { "GetHolders", IOMMUD_ACCESS_READ, handle_get_holders },
};

const IommudInterface iommud_device_interface = {
  .get_info = iommud_dbus_device_interface_info,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
};
