/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of errnos: C has no portable way to get the number that belongs to a name. */
#include "config.h"

#include "xml/errno-names.h"

#include <errno.h>

static const struct
{
  const char *name;
  int errnum;
} errnos[] = {
  { "E2BIG", E2BIG },
  { "EACCES", EACCES },
  { "EADDRINUSE", EADDRINUSE },
  { "EAGAIN", EAGAIN },
  { "EBADF", EBADF },
  { "EBADFD", EBADFD },
  { "EBUSY", EBUSY },
  { "EDEADLK", EDEADLK },
  { "EEXIST", EEXIST },
  { "EFAULT", EFAULT },
  { "EINTR", EINTR },
  { "EINVAL", EINVAL },
  { "EIO", EIO },
  { "EMFILE", EMFILE },
  { "EMSGSIZE", EMSGSIZE },
  { "ENFILE", ENFILE },
  { "ENODEV", ENODEV },
  { "ENOENT", ENOENT },
  { "ENOMEM", ENOMEM },
  { "ENOSPC", ENOSPC },
  { "ENOSYS", ENOSYS },
  { "ENOTTY", ENOTTY },
  { "ENXIO", ENXIO },
  { "EOPNOTSUPP", EOPNOTSUPP },
  { "EOVERFLOW", EOVERFLOW },
  { "EPERM", EPERM },
  { "ETIMEDOUT", ETIMEDOUT },
  { "EUSERS", EUSERS },
};

/* 0 for a name that is not in the table. */
int
iommud_xml_errno_from_name (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (errnos); i++)
    if (g_str_equal (errnos[i].name, name))
      return errnos[i].errnum;
  return 0;
}
