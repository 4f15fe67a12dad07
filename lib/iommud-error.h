/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one error domain of iommud. */
#pragma once

#include "iommud-types.h"

G_BEGIN_DECLS

/**
 * IOMMUD_ERROR:
 *
 * The error domain of the library and, over D-Bus, of the service and its clients.
 */
#define IOMMUD_ERROR (iommud_error_quark ())

/**
 * IommudError:
 * @IOMMUD_ERROR_FAILED: anything that no other code fits
 * @IOMMUD_ERROR_NOT_FOUND: no such device, container or HWPT, or it is gone
 * @IOMMUD_ERROR_EXISTS: the name or thing is there already
 * @IOMMUD_ERROR_BUSY: something else holds or uses it
 * @IOMMUD_ERROR_INVALID_ARGUMENT: an argument is wrong by itself
 * @IOMMUD_ERROR_NOT_SUPPORTED: this kernel, device or kind of object cannot do it
 * @IOMMUD_ERROR_INCOMPATIBLE: the device does not fit the HWPT
 * @IOMMUD_ERROR_PERMISSION_DENIED: the kernel refused for lack of rights
 * @IOMMUD_ERROR_NOT_AUTHORIZED: the service refused this caller
 * @IOMMUD_ERROR_ADDRESS_IN_USE: a mapping lies in a range that the device reserves
 * @IOMMUD_ERROR_NO_SPACE: no IOVA space or instances left
 * @IOMMUD_ERROR_NO_MEMORY: the kernel is out of memory, or a locked-memory limit was met
 * @IOMMUD_ERROR_LIMITS_EXCEEDED: more than a limit allows
 * @IOMMUD_ERROR_DEVICE_GONE: the device was unplugged, unbound or deleted
 * @IOMMUD_ERROR_TIMED_OUT: it took too long
 *
 * Error codes. The message names the operation, the object, the errno and the cause.
 */
typedef enum
{
  IOMMUD_ERROR_FAILED,
  IOMMUD_ERROR_NOT_FOUND,
  IOMMUD_ERROR_EXISTS,
  IOMMUD_ERROR_BUSY,
  IOMMUD_ERROR_INVALID_ARGUMENT,
  IOMMUD_ERROR_NOT_SUPPORTED,
  IOMMUD_ERROR_INCOMPATIBLE,
  IOMMUD_ERROR_PERMISSION_DENIED,
  IOMMUD_ERROR_NOT_AUTHORIZED,
  IOMMUD_ERROR_ADDRESS_IN_USE,
  IOMMUD_ERROR_NO_SPACE,
  IOMMUD_ERROR_NO_MEMORY,
  IOMMUD_ERROR_LIMITS_EXCEEDED,
  IOMMUD_ERROR_DEVICE_GONE,
  IOMMUD_ERROR_TIMED_OUT,
} IommudError;

IOMMUD_PUBLIC GQuark iommud_error_quark (void);
IOMMUD_PUBLIC IommudError iommud_error_code_from_errno (int errnum);

G_END_DECLS
