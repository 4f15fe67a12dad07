/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Manager: the host as a whole. */
#include "config.h"

#include "manager-export.h"

#include "arguments.h"
#include "iommud-dbus-generated.h"

#define MAX_NAME_BYTES 4096
#define NOT_ASKED (-1)

struct _IommudManagerExport
{
  IommudExport parent_instance;
};

G_DEFINE_FINAL_TYPE (IommudManagerExport, iommud_manager_export, IOMMUD_TYPE_EXPORT)

static void
on_container_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;
  g_autoptr (IommudContainer) container =
      iommud_host_create_container_finish (IOMMUD_HOST (source), result, &error);

  if (container == NULL)
    iommud_call_fail (call, error);
  else
    iommud_call_return_object (call, container);
}

/* NULL with error set for options that are wrong. */
static IommudContainerOptions *
read_container_options (IommudExport *self, IommudCall *call, GError **error)
{
  int policy = IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED;
  int accounting = NOT_ASKED;
  gboolean huge_pages = TRUE;
  g_autofree char *name = NULL;
  g_autoptr (IommudContainer) share_context = NULL;
  IommudContainerOptions *options;
  const IommudOption known[] = {
    { "name", IOMMUD_OPTION_STRING, &name },
    { "dirty-tracking", IOMMUD_OPTION_ENUM, &policy, IOMMUD_TYPE_DIRTY_TRACKING_POLICY },
    { "accounting", IOMMUD_OPTION_ENUM, &accounting, IOMMUD_TYPE_ACCOUNTING },
    { "share-context", IOMMUD_OPTION_OBJECT, &share_context, IOMMUD_TYPE_CONTAINER },
    { "huge-pages", IOMMUD_OPTION_BOOLEAN, &huge_pages },
  };

  if (!iommud_arguments_parse_options (self, call, known, G_N_ELEMENTS (known), error))
    return NULL;
  options = g_object_new (IOMMUD_TYPE_CONTAINER_OPTIONS, "name", name, "dirty-tracking", policy,
                          "share-context", share_context, "owner", iommud_call_get_uid (call),
                          "huge-pages", huge_pages, NULL);
  /* What it is where nobody asks, the model knows. */
  if (accounting != NOT_ASKED)
    g_object_set (options, "accounting", accounting, NULL);
  return options;
}

static void
handle_create_container (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;
  g_autoptr (IommudContainerOptions) options = read_container_options (self, call, &error);

  if (options == NULL)
    iommud_call_fail (call, error);
  else
    iommud_host_create_container_async (iommud_export_get_model (self), options, NULL,
                                        on_container_created, call);
}

/* What is not found is repeated in the error, which ends in logs and on terminals. */
static gboolean
is_printable (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (!g_unichar_isprint (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

/* Borrowed from the call; NULL with error set for a name that no thing can have. */
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
iommud_manager_export_read_own_property (IommudExport *export, const char *member)
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
  { "CreateContainer", handle_create_container },
  { "FindDevice", handle_find_device },
  { "FindContainer", handle_find_container },
};

static void
iommud_manager_export_class_init (IommudManagerExportClass *class)
{
  IommudExportClass *export_class = IOMMUD_EXPORT_CLASS (class);

  export_class->read_own_property = iommud_manager_export_read_own_property;
  iommud_export_class_describe (export_class, iommud_dbus_manager_interface_info (), methods,
                                G_N_ELEMENTS (methods));
}

static void
iommud_manager_export_init (IommudManagerExport *self)
{
}
