/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exit status, the name and the words for each error. */
#include "config.h"

#include "exit-status.h"

#include "escape.h"
#include "iommud-dbus.h"

#include <glib/gi18n.h>

/* The formatter would put spaces around the hyphens of the name. */
/* clang-format off */
G_DEFINE_QUARK (iommuctl-error-quark, iommuctl_error)
/* clang-format on */

typedef struct
{
  int code;
  IommuctlExitStatus status;
} ErrorStatus;

static const ErrorStatus service_errors[] = {
  { IOMMUD_DBUS_ERROR_FAILED, IOMMUCTL_EXIT_FAILED },
  { IOMMUD_DBUS_ERROR_NOT_FOUND, IOMMUCTL_EXIT_NOT_FOUND },
  { IOMMUD_DBUS_ERROR_EXISTS, IOMMUCTL_EXIT_BUSY },
  { IOMMUD_DBUS_ERROR_BUSY, IOMMUCTL_EXIT_BUSY },
  { IOMMUD_DBUS_ERROR_INVALID_ARGUMENT, IOMMUCTL_EXIT_USAGE },
  { IOMMUD_DBUS_ERROR_NOT_SUPPORTED, IOMMUCTL_EXIT_NOT_SUPPORTED },
  { IOMMUD_DBUS_ERROR_INCOMPATIBLE, IOMMUCTL_EXIT_NOT_SUPPORTED },
  { IOMMUD_DBUS_ERROR_PERMISSION_DENIED, IOMMUCTL_EXIT_NOT_AUTHORIZED },
  { IOMMUD_DBUS_ERROR_NOT_AUTHORIZED, IOMMUCTL_EXIT_NOT_AUTHORIZED },
  { IOMMUD_DBUS_ERROR_ADDRESS_IN_USE, IOMMUCTL_EXIT_BUSY },
  { IOMMUD_DBUS_ERROR_NO_SPACE, IOMMUCTL_EXIT_LIMITS },
  { IOMMUD_DBUS_ERROR_NO_MEMORY, IOMMUCTL_EXIT_LIMITS },
  { IOMMUD_DBUS_ERROR_LIMITS_EXCEEDED, IOMMUCTL_EXIT_LIMITS },
  { IOMMUD_DBUS_ERROR_DEVICE_GONE, IOMMUCTL_EXIT_NOT_FOUND },
  { IOMMUD_DBUS_ERROR_TIMED_OUT, IOMMUCTL_EXIT_TIMED_OUT },
};
G_STATIC_ASSERT (G_N_ELEMENTS (service_errors) == IOMMUD_DBUS_N_ERRORS);

static const ErrorStatus bus_errors[] = {
  { G_DBUS_ERROR_SERVICE_UNKNOWN, IOMMUCTL_EXIT_NO_SERVICE },
  { G_DBUS_ERROR_NAME_HAS_NO_OWNER, IOMMUCTL_EXIT_NO_SERVICE },
  { G_DBUS_ERROR_NO_SERVER, IOMMUCTL_EXIT_NO_SERVICE },
  { G_DBUS_ERROR_DISCONNECTED, IOMMUCTL_EXIT_NO_SERVICE },
  { G_DBUS_ERROR_SPAWN_EXEC_FAILED, IOMMUCTL_EXIT_NO_SERVICE },
  { G_DBUS_ERROR_SPAWN_CHILD_EXITED, IOMMUCTL_EXIT_NO_SERVICE },
  { G_DBUS_ERROR_SPAWN_FAILED, IOMMUCTL_EXIT_NO_SERVICE },
  { G_DBUS_ERROR_ACCESS_DENIED, IOMMUCTL_EXIT_NOT_AUTHORIZED },
  { G_DBUS_ERROR_AUTH_FAILED, IOMMUCTL_EXIT_NOT_AUTHORIZED },
  { G_DBUS_ERROR_NO_REPLY, IOMMUCTL_EXIT_TIMED_OUT },
  { G_DBUS_ERROR_TIMED_OUT, IOMMUCTL_EXIT_TIMED_OUT },
  { G_DBUS_ERROR_TIMEOUT, IOMMUCTL_EXIT_TIMED_OUT },
  { G_DBUS_ERROR_LIMITS_EXCEEDED, IOMMUCTL_EXIT_LIMITS },
  { G_DBUS_ERROR_UNKNOWN_OBJECT, IOMMUCTL_EXIT_NOT_FOUND },
};

static IommuctlExitStatus
look_up (const ErrorStatus *table, gsize length, int code)
{
  for (gsize i = 0; i < length; i++)
    if (table[i].code == code)
      return table[i].status;
  return IOMMUCTL_EXIT_FAILED;
}

IommuctlExitStatus
iommuctl_exit_status_of_error (const GError *error)
{
  if (error->domain == IOMMUCTL_ERROR)
    return error->code;
  if (error->domain == G_OPTION_ERROR)
    return IOMMUCTL_EXIT_USAGE;
  if (error->domain == IOMMUD_DBUS_ERROR)
    return look_up (service_errors, G_N_ELEMENTS (service_errors), error->code);
  if (error->domain == G_DBUS_ERROR)
    return look_up (bus_errors, G_N_ELEMENTS (bus_errors), error->code);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return IOMMUCTL_EXIT_TIMED_OUT;
  return IOMMUCTL_EXIT_FAILED;
}

char *
iommuctl_error_name (const GError *error)
{
  static const char *const own_names[] = {
    [IOMMUCTL_EXIT_FAILED] = "Failed",
    [IOMMUCTL_EXIT_USAGE] = "Usage",
    [IOMMUCTL_EXIT_NOT_FOUND] = "NotFound",
    [IOMMUCTL_EXIT_BUSY] = "Busy",
    [IOMMUCTL_EXIT_NOT_AUTHORIZED] = "NotAuthorized",
    [IOMMUCTL_EXIT_NO_SERVICE] = "NoService",
    [IOMMUCTL_EXIT_NOT_SUPPORTED] = "NotSupported",
    [IOMMUCTL_EXIT_LIMITS] = "LimitsExceeded",
    [IOMMUCTL_EXIT_TIMED_OUT] = "TimedOut",
    [IOMMUCTL_EXIT_CANNOT_RUN] = "CannotRun",
    [IOMMUCTL_EXIT_NO_PROGRAM] = "NoProgram",
    [IOMMUCTL_EXIT_INTERRUPTED] = "Interrupted",
  };
  g_autofree char *remote = g_dbus_error_get_remote_error (error);

  if (remote != NULL)
    return g_steal_pointer (&remote);
  if (error->domain == IOMMUD_DBUS_ERROR || error->domain == G_DBUS_ERROR)
    return g_dbus_error_encode_gerror (error);
  return g_strconcat (IOMMUD_DBUS_BUS_NAME ".iommuctl.",
                      own_names[iommuctl_exit_status_of_error (error)], NULL);
}

char *
iommuctl_error_message (const GError *error)
{
  g_autoptr (GError) copy = g_error_copy (error);
  g_autofree char *escaped = NULL;

  g_dbus_error_strip_remote_error (copy);
  escaped = iommuctl_escape (copy->message);
  if (iommuctl_exit_status_of_error (error) == IOMMUCTL_EXIT_NO_SERVICE
      && error->domain == G_DBUS_ERROR)
    return g_strdup_printf (_ ("iommud does not run on this bus (%s). Start it with 'systemctl "
                               "start iommud', or name the bus it is on with --address"),
                            escaped);
  return g_steal_pointer (&escaped);
}
