/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The code that an errno becomes if nothing more is known, and how messages name it. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

typedef struct
{
  int errnum;
  const char *name;
} Errno;

typedef struct
{
  IommudError code;
  Errno errnos[8];
} Meaning;

#define E(name)                                                                                    \
  {                                                                                                \
    name, "(" #name ")"                                                                            \
  }

/* By what the codes are documented to say. */
static const Meaning meanings[] = {
  { IOMMUD_ERROR_NOT_FOUND, { E (ENOENT) } },
  { IOMMUD_ERROR_EXISTS, { E (EEXIST) } },
  { IOMMUD_ERROR_BUSY, { E (EBUSY) } },
  { IOMMUD_ERROR_INVALID_ARGUMENT,
    { E (EINVAL), E (EOVERFLOW), E (EBADF), E (EBADFD), E (EFAULT) } },
  { IOMMUD_ERROR_NOT_SUPPORTED, { E (EOPNOTSUPP), E (ENOTTY), E (ENOSYS) } },
  { IOMMUD_ERROR_PERMISSION_DENIED, { E (EPERM), E (EACCES) } },
  { IOMMUD_ERROR_ADDRESS_IN_USE, { E (EADDRINUSE) } },
  /* EUSERS: no more instances of a type of mdev. */
  { IOMMUD_ERROR_NO_SPACE, { E (ENOSPC), E (EUSERS) } },
  { IOMMUD_ERROR_NO_MEMORY, { E (ENOMEM) } },
  { IOMMUD_ERROR_LIMITS_EXCEEDED, { E (E2BIG), E (EMFILE), E (ENFILE), E (EMSGSIZE) } },
  { IOMMUD_ERROR_DEVICE_GONE, { E (ENODEV), E (ENXIO) } },
  { IOMMUD_ERROR_TIMED_OUT, { E (ETIMEDOUT) } },
  { IOMMUD_ERROR_FAILED, { E (EIO), E (EINTR), E (EAGAIN), E (EDEADLK), E (ELOOP) } },
  { IOMMUD_ERROR_FAILED, { { ECHRNG, "(errno 44)" }, { ENOTNAM, "(errno 118)" } } },
};

static void
check (IommudError code, const Errno *which)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (iommud_error_code_from_errno (which->errnum), ==, (int) code);
  iommud_error_set_from_errno (&error, -1, "try", "TRY", which->errnum, NULL);
  g_assert_error (error, IOMMUD_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, g_strerror (which->errnum)));
  g_assert_nonnull (strstr (error->message, which->name));
}

static void
test_errnos (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (meanings); i++)
    for (const Errno *which = meanings[i].errnos; which->name != NULL; which++)
      check (meanings[i].code, which);
}

/* What is known of the cause comes last, and may give another code. */
static void
test_cause (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *expected =
      g_strdup_printf ("Cannot try: TRY: %s (EBUSY): because", g_strerror (EBUSY));

  iommud_error_set_from_errno (&error, IOMMUD_ERROR_FAILED, "try", "TRY", EBUSY, "because");
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/errors/errnos", test_errnos);
  g_test_add_func ("/errors/cause", test_cause);
  return g_test_run ();
}
