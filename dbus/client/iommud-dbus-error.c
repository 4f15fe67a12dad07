/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one table of error names on the bus, registered alike by the service and its clients. */
#include "iommud-dbus-error.h"

#define ERROR_PREFIX "org.iommud1.Error."

static const GDBusErrorEntry entries[] = {
  { IOMMUD_DBUS_ERROR_FAILED, ERROR_PREFIX "Failed" },
  { IOMMUD_DBUS_ERROR_NOT_FOUND, ERROR_PREFIX "NotFound" },
  { IOMMUD_DBUS_ERROR_EXISTS, ERROR_PREFIX "Exists" },
  { IOMMUD_DBUS_ERROR_BUSY, ERROR_PREFIX "Busy" },
  { IOMMUD_DBUS_ERROR_INVALID_ARGUMENT, ERROR_PREFIX "InvalidArgument" },
  { IOMMUD_DBUS_ERROR_NOT_SUPPORTED, ERROR_PREFIX "NotSupported" },
  { IOMMUD_DBUS_ERROR_INCOMPATIBLE, ERROR_PREFIX "Incompatible" },
  { IOMMUD_DBUS_ERROR_PERMISSION_DENIED, ERROR_PREFIX "PermissionDenied" },
  { IOMMUD_DBUS_ERROR_NOT_AUTHORIZED, ERROR_PREFIX "NotAuthorized" },
  { IOMMUD_DBUS_ERROR_ADDRESS_IN_USE, ERROR_PREFIX "AddressInUse" },
  { IOMMUD_DBUS_ERROR_NO_SPACE, ERROR_PREFIX "NoSpace" },
  { IOMMUD_DBUS_ERROR_NO_MEMORY, ERROR_PREFIX "NoMemory" },
  { IOMMUD_DBUS_ERROR_LIMITS_EXCEEDED, ERROR_PREFIX "LimitsExceeded" },
  { IOMMUD_DBUS_ERROR_DEVICE_GONE, ERROR_PREFIX "DeviceGone" },
  { IOMMUD_DBUS_ERROR_TIMED_OUT, ERROR_PREFIX "TimedOut" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (entries) == IOMMUD_DBUS_N_ERRORS);

/**
 * iommud_dbus_error_quark:
 *
 * The error domain. The first call registers the errors' names, so that GDBus makes errors of this
 * domain from the service's replies; creating a client makes that call.
 *
 * Returns: the quark of #IommudDBusError
 */
GQuark
iommud_dbus_error_quark (void)
{
  static gsize quark = 0;

  /* The string is that of libiommud, so that errors of both libraries have one domain. */
  g_dbus_error_register_error_domain ("iommud-error-quark", &quark, entries,
                                      G_N_ELEMENTS (entries));
  return (GQuark) quark;
}
