/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's errors as they cross the bus. */
#pragma once

#include "iommud-dbus-types.h"

G_BEGIN_DECLS

/**
 * IOMMUD_DBUS_ERROR:
 *
 * The error domain of the service's errors. The library libiommud has the same domain and the same
 * codes, so that a program which uses both handles one kind of error.
 */
#define IOMMUD_DBUS_ERROR (iommud_dbus_error_quark ())

/**
 * IommudDBusError:
 * @IOMMUD_DBUS_ERROR_FAILED: anything that no other code fits
 * @IOMMUD_DBUS_ERROR_NOT_FOUND: no such device, container or HWPT, or it is gone
 * @IOMMUD_DBUS_ERROR_EXISTS: the name or thing is there already
 * @IOMMUD_DBUS_ERROR_BUSY: something else holds or uses it
 * @IOMMUD_DBUS_ERROR_INVALID_ARGUMENT: an argument is wrong by itself
 * @IOMMUD_DBUS_ERROR_NOT_SUPPORTED: this kernel, device or kind of object cannot do it
 * @IOMMUD_DBUS_ERROR_INCOMPATIBLE: the device does not fit the HWPT
 * @IOMMUD_DBUS_ERROR_PERMISSION_DENIED: the kernel refused for lack of rights
 * @IOMMUD_DBUS_ERROR_NOT_AUTHORIZED: the service refused this caller
 * @IOMMUD_DBUS_ERROR_ADDRESS_IN_USE: a mapping lies in a range that the device reserves
 * @IOMMUD_DBUS_ERROR_NO_SPACE: no IOVA space or instances left
 * @IOMMUD_DBUS_ERROR_NO_MEMORY: the kernel is out of memory, or a locked-memory limit was met
 * @IOMMUD_DBUS_ERROR_LIMITS_EXCEEDED: more than a limit allows
 * @IOMMUD_DBUS_ERROR_DEVICE_GONE: the device was unplugged, unbound or deleted
 * @IOMMUD_DBUS_ERROR_TIMED_OUT: it took too long
 *
 * Error codes of %IOMMUD_DBUS_ERROR. On the bus each has a name below org.iommud1.Error, such as
 * org.iommud1.Error.NotFound.
 */
typedef enum
{
  IOMMUD_DBUS_ERROR_FAILED,
  IOMMUD_DBUS_ERROR_NOT_FOUND,
  IOMMUD_DBUS_ERROR_EXISTS,
  IOMMUD_DBUS_ERROR_BUSY,
  IOMMUD_DBUS_ERROR_INVALID_ARGUMENT,
  IOMMUD_DBUS_ERROR_NOT_SUPPORTED,
  IOMMUD_DBUS_ERROR_INCOMPATIBLE,
  IOMMUD_DBUS_ERROR_PERMISSION_DENIED,
  IOMMUD_DBUS_ERROR_NOT_AUTHORIZED,
  IOMMUD_DBUS_ERROR_ADDRESS_IN_USE,
  IOMMUD_DBUS_ERROR_NO_SPACE,
  IOMMUD_DBUS_ERROR_NO_MEMORY,
  IOMMUD_DBUS_ERROR_LIMITS_EXCEEDED,
  IOMMUD_DBUS_ERROR_DEVICE_GONE,
  IOMMUD_DBUS_ERROR_TIMED_OUT,
} IommudDBusError;

/**
 * IOMMUD_DBUS_N_ERRORS: (skip)
 *
 * How many codes #IommudDBusError has.
 */
#define IOMMUD_DBUS_N_ERRORS (IOMMUD_DBUS_ERROR_TIMED_OUT + 1)

IOMMUD_DBUS_PUBLIC GQuark iommud_dbus_error_quark (void);

G_END_DECLS
