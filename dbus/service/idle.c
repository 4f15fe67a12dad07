/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work of the main loop that goes on as long as there is some: it takes turns with all other
 * sources of the main loop. */
#include "idle.h"

/* @turn is called by the main loop of this thread, again and again, until iommud_idle_stop(). Does
 * nothing if it is started already. */
void
iommud_idle_start (GSource **source, GSourceFunc turn, gpointer user_data)
{
  if (*source != NULL)
    return;
  *source = g_idle_source_new ();
  g_source_set_priority (*source, G_PRIORITY_DEFAULT);
  g_source_set_callback (*source, turn, user_data, NULL);
  g_source_attach (*source, g_main_context_get_thread_default ());
}

/* Does nothing if it is not started. */
void
iommud_idle_stop (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}
