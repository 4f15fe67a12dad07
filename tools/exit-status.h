/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exit statuses of iommuctl, and the errors of its own. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* iommuctl(1) documents these numbers: they are never changed. */
typedef enum
{
  IOMMUCTL_EXIT_OK = 0,
  IOMMUCTL_EXIT_FAILED = 1,
  IOMMUCTL_EXIT_USAGE = 2,
  IOMMUCTL_EXIT_NOT_FOUND = 3,
  IOMMUCTL_EXIT_BUSY = 4,
  IOMMUCTL_EXIT_NOT_AUTHORIZED = 5,
  IOMMUCTL_EXIT_NO_SERVICE = 6,
  IOMMUCTL_EXIT_NOT_SUPPORTED = 7,
  IOMMUCTL_EXIT_LIMITS = 8,
  IOMMUCTL_EXIT_TIMED_OUT = 9,
  IOMMUCTL_EXIT_CANNOT_RUN = 126,  /* a program, as env(1) says; */
  IOMMUCTL_EXIT_NO_PROGRAM = 127,  /* there is none */
  IOMMUCTL_EXIT_INTERRUPTED = 130, /* as shells say of SIGINT */
} IommuctlExitStatus;

/* The code of an error in this domain is the exit status. */
#define IOMMUCTL_ERROR (iommuctl_error_quark ())
GQuark iommuctl_error_quark (void);

IommuctlExitStatus iommuctl_exit_status_of_error (const GError *error);
/* The name of the error on the bus, or one of org.iommud1.iommuctl for an error of the tool. */
char *iommuctl_error_name (const GError *error);
/* The error in words for a person, without the name that D-Bus puts before it. It is one line of
 * printable characters in UTF-8, whatever it repeats. */
char *iommuctl_error_message (const GError *error);

G_END_DECLS
