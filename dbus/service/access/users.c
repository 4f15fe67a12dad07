/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users and groups of this machine. Where they are kept is up to the system, and asking may take
 * any time: not for the main loop. */
#include "access/users.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

/* An entry with very many members takes more than this, and is not looked up. */
#define MAX_ENTRY_BYTES ((gsize) 4 << 20)
#define MAX_GROUPS 65536

/* A number is one, even if a user has such a name. */
static gboolean
read_number (const char *name, guint32 *id)
{
  guint64 number = 0;

  if (!g_ascii_string_to_unsigned (name, 10, 0, G_MAXUINT32 - 1, &number, NULL))
    return FALSE;
  *id = (guint32) number;
  return TRUE;
}

/* Returns an errno; *entry is NULL if there is no such user. */
static int
look_up_user (const char *name, struct passwd *storage, char **buffer, struct passwd **entry)
{
  int error = ERANGE;

  *entry = NULL;
  for (gsize size = 1024; error == ERANGE && size <= MAX_ENTRY_BYTES; size *= 4)
    {
      *buffer = g_realloc (*buffer, size);
      error = getpwnam_r (name, storage, *buffer, size, entry);
    }
  return error;
}

static int
look_up_group (const char *name, struct group *storage, char **buffer, struct group **entry)
{
  int error = ERANGE;

  *entry = NULL;
  for (gsize size = 1024; error == ERANGE && size <= MAX_ENTRY_BYTES; size *= 4)
    {
      *buffer = g_realloc (*buffer, size);
      error = getgrnam_r (name, storage, *buffer, size, entry);
    }
  return error;
}

static const char *
describe (int error, const char *missing)
{
  /* Some modules say so if there is none. */
  const gboolean none = error == 0 || error == ENOENT || error == ESRCH;

  return none ? missing : g_strerror (error);
}

/* @name: of a user, or a number. */
gboolean
iommud_users_find_user (const char *name, guint32 *uid, const char **cause)
{
  struct passwd storage;
  struct passwd *entry = NULL;
  g_autofree char *buffer = NULL;
  int error = 0;

  if (read_number (name, uid))
    return TRUE;
  error = look_up_user (name, &storage, &buffer, &entry);
  if (entry != NULL)
    *uid = entry->pw_uid;
  else
    *cause = describe (error, "There is no such user");
  return entry != NULL;
}

/* @name: of a group, or a number. */
gboolean
iommud_users_find_group (const char *name, guint32 *gid, const char **cause)
{
  struct group storage;
  struct group *entry = NULL;
  g_autofree char *buffer = NULL;
  int error = 0;

  if (read_number (name, gid))
    return TRUE;
  error = look_up_group (name, &storage, &buffer, &entry);
  if (entry != NULL)
    *gid = entry->gr_gid;
  else
    *cause = describe (error, "There is no such group");
  return entry != NULL;
}

static void
add_groups (GArray *groups, const struct passwd *entry)
{
  int n = 64;

  g_array_set_size (groups, (guint) n);
  if (getgrouplist (entry->pw_name, entry->pw_gid, (gid_t *) (gpointer) groups->data, &n) < 0)
    {
      n = MIN (n, MAX_GROUPS);
      g_array_set_size (groups, (guint) n);
      if (getgrouplist (entry->pw_name, entry->pw_gid, (gid_t *) (gpointer) groups->data, &n) < 0)
        n = 0;
    }
  g_array_set_size (groups, (guint) n);
}

/* The groups that a user is a member of: guint32, owned; empty if that cannot be found out. */
GArray *
iommud_users_get_groups (guint32 uid)
{
  GArray *groups = g_array_new (FALSE, FALSE, sizeof (guint32));
  struct passwd storage;
  struct passwd *entry = NULL;
  g_autofree char *buffer = NULL;
  int error = ERANGE;

  for (gsize size = 1024; error == ERANGE && size <= MAX_ENTRY_BYTES; size *= 4)
    {
      buffer = g_realloc (buffer, size);
      error = getpwuid_r (uid, &storage, buffer, size, &entry);
    }
  if (entry != NULL)
    add_groups (groups, entry);
  return groups;
}

G_STATIC_ASSERT (sizeof (gid_t) == sizeof (guint32));
