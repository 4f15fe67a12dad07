/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client of the fuzzer makes of answers: it learns from them, and ends if one is an error
 * that no call may get. */
#include "config.h"

#include "answers.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
answers_give_up (const char *what, const char *cause)
{
  fprintf (stderr, "fuzz client: %s: %s\n", what, cause);
  _exit (1);
}

/* What a call may get that was not made by this client's own leaving. */
static gboolean
is_usual_error (const AnsweredCall *call, GHashTable *listed, const char *name)
{
  static const char *const from_bus[] = {
    "UnknownMethod", "UnknownInterface", "UnknownObject",  "UnknownProperty", "PropertyReadOnly",
    "InvalidArgs",   "AccessDenied",     "LimitsExceeded", "InvalidSignature"
  };
  g_autofree char *line = g_strdup_printf ("%s.%s %s", call->interface, call->method, name);

  if (g_str_has_prefix (name, "org.iommud1.Error."))
    return g_hash_table_contains (listed, line)
           || !g_str_has_prefix (call->interface, "org.iommud1.");
  if (!g_str_has_prefix (name, "org.freedesktop.DBus.Error."))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (from_bus); i++)
    if (g_str_equal (name + strlen ("org.freedesktop.DBus.Error."), from_bus[i]))
      return TRUE;
  return FALSE;
}

/* @listed: see documented-errors.h. */
void
answers_check_error (const AnsweredCall *call, GHashTable *listed, const GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  g_autofree char *what =
      g_strdup_printf ("%s of %s at %s", call->method, call->interface, call->path);

  if (name != NULL && is_usual_error (call, listed, name))
    return;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  answers_give_up (what, error->message);
}

/* OpenDevice returns the file and what it does not say. */
static gboolean
is_bound (GVariant *reply)
{
  g_autoptr (GVariant) info = g_variant_get_child_value (reply, 1);
  gboolean bound = FALSE;

  return g_variant_lookup (info, "bound", "b", &bound) && bound;
}

static PoolFileKind
get_kind (const AnsweredCall *call, GVariant *reply, guint n)
{
  if (g_str_equal (call->method, "LeaseDevices"))
    return n == 0 ? POOL_FILE_GUARD : n == 1 ? POOL_FILE_IOMMUFD : POOL_FILE_CDEV;
  if (g_str_equal (call->method, "CreateLease"))
    return POOL_FILE_GUARD;
  if (g_str_equal (call->method, "OpenIommufd"))
    return POOL_FILE_IOMMUFD;
  if (g_str_equal (call->method, "OpenDevice"))
    return is_bound (reply) ? POOL_FILE_BOUND_CDEV : POOL_FILE_CDEV;
  return POOL_FILE_BITMAP;
}

static void
take_files (const AnsweredCall *call, Pool *pool, GVariant *reply, GUnixFDList *files)
{
  gint n = 0;
  g_autofree gint *fds = files != NULL ? g_unix_fd_list_steal_fds (files, &n) : NULL;

  for (gint i = 0; i < n; i++)
    pool_take_file (pool, get_kind (call, reply, (guint) i), fds[i]);
}

static void
learn (const AnsweredCall *call, Pool *pool, GVariant *reply)
{
  const char *path = NULL;
  const char *xml = NULL;

  if (g_str_equal (call->method, "GetManagedObjects"))
    {
      g_autoptr (GVariant) objects = g_variant_get_child_value (reply, 0);

      pool_learn_objects (pool, objects);
    }
  else if (g_str_equal (call->method, "Introspect"))
    {
      g_variant_get (reply, "(&s)", &xml);
      pool_learn_info (pool, call->path, xml);
    }
  else if (g_str_has_prefix (g_variant_get_type_string (reply), "(o"))
    {
      g_variant_get_child (reply, 0, "&o", &path);
      if (!g_str_equal (path, "/")) /* an mdev has no HWPT */
        pool_learn_path (pool, path, strstr (call->method, "Find") == NULL);
    }
}

/* What an answer brings. */
void
answers_take (const AnsweredCall *call, Pool *pool, GVariant *reply, GUnixFDList *files)
{
  take_files (call, pool, reply, files);
  learn (call, pool, reply);
}
