/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Callers of other users. Only root can be several users, and for root everything is allowed; any
 * other user is one whom the service of the system bus does not know. */
#include "users.h"

#include <unistd.h>

#include "bed.h"

#define NOBODY 65534

/* A user who is not trusted with everything on the system bus. */
uid_t
users_get_stranger (void)
{
  return getuid () == 0 ? NOBODY : getuid ();
}

gboolean
users_can_be_two (void)
{
  return getuid () == 0;
}

GDBusConnection *
users_connect (const char *address, uid_t uid)
{
  GDBusConnection *connection = NULL;
  uid_t own = geteuid ();

  g_assert_cmpint (seteuid (uid), ==, 0);
  connection = bed_connect (address);
  g_assert_cmpint (seteuid (own), ==, 0);
  return connection;
}
