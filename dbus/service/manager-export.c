/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Manager: the host as a whole. */
#include "config.h"

#include "manager-export.h"

#include "arguments.h"
#include "container-export.h"
#include "iommud-dbus-generated.h"
#include "manager-leases.h"

#define MAX_NAME_BYTES 4096

static void
handle_create_container (IommudExport *self, IommudCall *call)
{
  iommud_container_export_create (call, NULL);
}

/* An error repeats the name that was not found, and it appears in logs and on terminals. */
static gboolean
is_printable (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (!g_unichar_isprint (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

/* Borrowed from the call; NULL with error set for what cannot be a name. */
static const char *
read_name (IommudCall *call, GError **error)
{
  const char *name = NULL;

  g_variant_get (iommud_call_get_arguments (call), "(&s)", &name);
  if (*name != '\0' && strlen (name) <= MAX_NAME_BYTES && is_printable (name))
    return name;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "A name is empty, is longer than %d bytes or holds control characters",
               MAX_NAME_BYTES);
  return NULL;
}

static void
handle_find_device (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;
  const char *name = read_name (call, &error);
  IommudDevice *device = NULL;

  if (name != NULL)
    device = iommud_host_find_device (iommud_export_get_model (self), name, &error);
  if (device == NULL)
    iommud_call_fail (call, error);
  else
    iommud_call_return_object (call, device);
}

static void
handle_find_container (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;
  const char *name = read_name (call, &error);
  IommudContainer *container = NULL;

  if (name != NULL)
    container = iommud_host_find_container (iommud_export_get_model (self), name, &error);
  if (container == NULL)
    iommud_call_fail (call, error);
  else
    iommud_call_return_object (call, container);
}

static GVariant *
read_own_property (IommudExport *export, const char *member)
{
  IommudHost *host = iommud_export_get_model (export);

  if (g_str_equal (member, "Version"))
    return g_variant_ref_sink (g_variant_new_string (PACKAGE_VERSION));
  if (g_str_equal (member, "Backend"))
    return g_variant_ref_sink (
        g_variant_new_string (iommud_backend_get_name (iommud_host_get_backend (host))));
  return NULL;
}

static const IommudMethod methods[] = {
  { "CreateContainer", IOMMUD_ACCESS_USE_CONTAINERS, handle_create_container },
  { "CreateLease", IOMMUD_ACCESS_LEASE_DEVICE, iommud_manager_handle_create_lease },
  { "LeaseDevices", IOMMUD_ACCESS_LEASE_DEVICE, iommud_manager_handle_lease_devices },
  { "FindDevice", IOMMUD_ACCESS_READ, handle_find_device },
  { "FindContainer", IOMMUD_ACCESS_READ, handle_find_container },
};

const IommudInterface iommud_manager_interface = {
  .get_info = iommud_dbus_manager_interface_info,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
  .read_own_property = read_own_property,
};
