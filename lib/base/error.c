/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error domain, and how errnos become its codes. */
#include "base/error.h"

#include <errno.h>

/**
 * iommud_error_quark:
 *
 * Returns: the error domain, %IOMMUD_ERROR
 */
/* The formatter would put spaces around the hyphens of the name. */
/* clang-format off */
G_DEFINE_QUARK (iommud-error-quark, iommud_error)
/* clang-format on */

static const struct
{
  int errnum;
  IommudError code;
  const char *name;
} errnos[] = {
  { ENOENT, IOMMUD_ERROR_NOT_FOUND, "ENOENT" },
  { EEXIST, IOMMUD_ERROR_EXISTS, "EEXIST" },
  { EBUSY, IOMMUD_ERROR_BUSY, "EBUSY" },
  { EINVAL, IOMMUD_ERROR_INVALID_ARGUMENT, "EINVAL" },
  { EOVERFLOW, IOMMUD_ERROR_INVALID_ARGUMENT, "EOVERFLOW" },
  { EBADF, IOMMUD_ERROR_INVALID_ARGUMENT, "EBADF" },
  { EBADFD, IOMMUD_ERROR_INVALID_ARGUMENT, "EBADFD" },
  { EFAULT, IOMMUD_ERROR_INVALID_ARGUMENT, "EFAULT" },
  { EOPNOTSUPP, IOMMUD_ERROR_NOT_SUPPORTED, "EOPNOTSUPP" },
  { ENOTTY, IOMMUD_ERROR_NOT_SUPPORTED, "ENOTTY" },
  { ENOSYS, IOMMUD_ERROR_NOT_SUPPORTED, "ENOSYS" },
  { EPERM, IOMMUD_ERROR_PERMISSION_DENIED, "EPERM" },
  { EACCES, IOMMUD_ERROR_PERMISSION_DENIED, "EACCES" },
  { EADDRINUSE, IOMMUD_ERROR_ADDRESS_IN_USE, "EADDRINUSE" },
  { ENOSPC, IOMMUD_ERROR_NO_SPACE, "ENOSPC" },
  { EUSERS, IOMMUD_ERROR_NO_SPACE, "EUSERS" },
  { ENOMEM, IOMMUD_ERROR_NO_MEMORY, "ENOMEM" },
  { E2BIG, IOMMUD_ERROR_LIMITS_EXCEEDED, "E2BIG" },
  { EMFILE, IOMMUD_ERROR_LIMITS_EXCEEDED, "EMFILE" },
  { ENFILE, IOMMUD_ERROR_LIMITS_EXCEEDED, "ENFILE" },
  { EMSGSIZE, IOMMUD_ERROR_LIMITS_EXCEEDED, "EMSGSIZE" },
  { ENODEV, IOMMUD_ERROR_DEVICE_GONE, "ENODEV" },
  { ENXIO, IOMMUD_ERROR_DEVICE_GONE, "ENXIO" },
  { ETIMEDOUT, IOMMUD_ERROR_TIMED_OUT, "ETIMEDOUT" },
  { EIO, IOMMUD_ERROR_FAILED, "EIO" },
  { EINTR, IOMMUD_ERROR_FAILED, "EINTR" },
  { EAGAIN, IOMMUD_ERROR_FAILED, "EAGAIN" },
  { EDEADLK, IOMMUD_ERROR_FAILED, "EDEADLK" },
  { ELOOP, IOMMUD_ERROR_FAILED, "ELOOP" },
};

/**
 * iommud_error_code_from_errno:
 * @errnum: a positive errno
 *
 * The code of an errno if nothing more is known about its cause.
 *
 * Returns: a code; %IOMMUD_ERROR_FAILED for an errno that has no code of its own
 */
IommudError
iommud_error_code_from_errno (int errnum)
{
  for (gsize i = 0; i < G_N_ELEMENTS (errnos); i++)
    if (errnos[i].errnum == errnum)
      return errnos[i].code;
  return IOMMUD_ERROR_FAILED;
}

/* The constant's name, as an administrator searches for it; for a rare errno, its number. */
char *
iommud_error_describe_errno (int errnum)
{
  for (gsize i = 0; i < G_N_ELEMENTS (errnos); i++)
    if (errnos[i].errnum == errnum)
      return g_strdup_printf ("%s (%s)", g_strerror (errnum), errnos[i].name);
  return g_strdup_printf ("%s (errno %d)", g_strerror (errnum), errnum);
}

void
iommud_error_set_from_errno (GError **error, int code, const char *what, const char *step,
                             int errnum, const char *cause)
{
  g_autofree char *description = iommud_error_describe_errno (errnum);

  /* The ioctls and the open of a file: kernel/syscalls.c repeats them first. */
  if (cause == NULL && (errnum == EINTR || errnum == EAGAIN))
    cause = "it was tried again, and got this answer each time";
  g_set_error (error, IOMMUD_ERROR,
               code >= 0 ? (gint) code : (gint) iommud_error_code_from_errno (errnum),
               "Cannot %s: %s: %s%s%s", what, step, description, cause != NULL ? ": " : "",
               cause != NULL ? cause : "");
}
