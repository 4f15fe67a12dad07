/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The errors that the interface files list for each method, and what becomes of all other
 * errors. */
#include "method-errors.h"

#include <gio/gio.h>
#include <iommud.h>
#include <string.h>

#define MAX_ERROR_BYTES 4096

/* Made from the interface files, in their order. */
static const struct
{
  const char *interface;
  const char *method;
  const char *error;
} rows[] = {
#include "method-errors-rows.h"
};

static gboolean
is_listed (const char *interface, const char *method, const char *error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].error, error) && g_str_equal (rows[i].method, method)
        && g_str_equal (rows[i].interface, interface))
      return TRUE;
  return FALSE;
}

void
iommud_method_errors_limit (const char *interface, const char *method, GError *error)
{
  g_autofree char *name = g_dbus_error_encode_gerror (error);

  if (error->code == IOMMUD_ERROR_FAILED || is_listed (interface, method, name))
    return;
  /* Perhaps the documentation of the method should list the error, so this leaves a message in the
   * log. */
  g_warning ("%s.%s does not list %s, and gives Failed instead: %s", interface, method, name,
             error->message);
  error->code = IOMMUD_ERROR_FAILED;
}

/* Takes the error, and returns it. Callers know one domain. An error of another domain comes from
 * below the model and is a failure.
 */
GError *
iommud_method_errors_translate (GError *error)
{
  g_autofree char *message = NULL;

  if (error->domain == IOMMUD_ERROR && strlen (error->message) <= MAX_ERROR_BYTES)
    return error;

  message = g_utf8_make_valid (error->message, MIN (strlen (error->message), MAX_ERROR_BYTES));
  g_free (error->message);
  error->message = g_steal_pointer (&message);
  if (error->domain != IOMMUD_ERROR)
    {
      error->domain = IOMMUD_ERROR;
      error->code = IOMMUD_ERROR_FAILED;
    }
  return error;
}
