/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration that is in force: read on another thread at the start and at each change, and
 * then replaced as a whole. What is wrong in it is said in the log once for each reading. */
#include "access/follow-configuration.h"

struct _IommudConfigurationFollower
{
  char *folder; /* NULL: there is none */
  IommudConfigurationFunc changed;
  gpointer user_data;
  IommudConfiguration *current; /* NULL until it was read for the first time */
  GFileMonitor *monitor;
  GFileMonitor *grants_monitor;
  GCancellable *reading; /* NULL: it is not being read */
  gboolean is_stale;     /* it has changed since the reading began */
};

/* What one reading gave. */
typedef struct
{
  IommudConfiguration *configuration;
  IommudProblems *problems;
} Result;

static void
free_result (gpointer data)
{
  Result *result = data;

  iommud_configuration_unref (result->configuration);
  iommud_problems_free (result->problems);
  g_free (result);
}

static void
read_on_worker (GTask *task, gpointer source, gpointer folder, GCancellable *cancellable)
{
  Result *result = g_new0 (Result, 1);

  result->problems = iommud_problems_new ();
  result->configuration = iommud_configuration_read (folder, result->problems);
  g_task_return_pointer (task, result, free_result);
}

static void
log_problems (const IommudProblems *problems)
{
  const GPtrArray *texts = iommud_problems_get (problems);

  for (guint i = 0; i < texts->len; i++)
    g_warning ("%s", (const char *) g_ptr_array_index (texts, i));
}

static void read_anew (IommudConfigurationFollower *self);

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudConfigurationFollower *self = user_data;
  Result *read = g_task_propagate_pointer (G_TASK (result), NULL);

  if (read == NULL)
    return; /* cancelled: the follower is gone */
  g_clear_object (&self->reading);
  g_clear_pointer (&self->current, iommud_configuration_unref);
  self->current = iommud_configuration_ref (read->configuration);
  log_problems (read->problems);
  free_result (read);
  if (self->is_stale)
    read_anew (self);
  self->changed (self->user_data);
}

static void
read_anew (IommudConfigurationFollower *self)
{
  g_autoptr (GTask) task = NULL;

  self->is_stale = self->reading != NULL;
  if (self->is_stale)
    return;
  self->reading = g_cancellable_new ();
  task = g_task_new (NULL, self->reading, on_read, self);
  g_task_set_task_data (task, g_strdup (self->folder), g_free);
  g_task_run_in_thread (task, read_on_worker);
}

static void follow_grants (IommudConfigurationFollower *self);

static void
on_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
            IommudConfigurationFollower *self)
{
  /* The folder of grants may be a new one. */
  if (monitor == self->monitor)
    follow_grants (self);
  read_anew (self);
}

static GFileMonitor *
watch (IommudConfigurationFollower *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  GFileMonitor *monitor = g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL, &error);

  if (monitor == NULL)
    g_warning ("%s: changes will not be noticed: %s", path, error->message);
  else
    g_signal_connect (monitor, "changed", G_CALLBACK (on_changed), self);
  return monitor;
}

static void
stop_watching (IommudConfigurationFollower *self, GFileMonitor **monitor)
{
  if (*monitor != NULL)
    g_signal_handlers_disconnect_by_data (*monitor, self);
  g_clear_object (monitor);
}

static void
follow_grants (IommudConfigurationFollower *self)
{
  stop_watching (self, &self->grants_monitor);
  self->grants_monitor = watch (self, IOMMUD_CONFIGURATION_GRANTS_FOLDER);
}

/* @folder: NULL for none, which has no grants. Calls @changed first when it was read for the first
 * time. */
IommudConfigurationFollower *
iommud_configuration_follower_new (const char *folder, IommudConfigurationFunc changed,
                                   gpointer user_data)
{
  IommudConfigurationFollower *self = g_new0 (IommudConfigurationFollower, 1);

  self->folder = g_strdup (folder);
  self->changed = changed;
  self->user_data = user_data;
  if (folder == NULL)
    {
      g_autoptr (IommudProblems) none = iommud_problems_new ();

      self->current = iommud_configuration_read (NULL, none);
      return self;
    }
  self->monitor = watch (self, NULL);
  follow_grants (self);
  read_anew (self);
  return self;
}

void
iommud_configuration_follower_free (IommudConfigurationFollower *self)
{
  stop_watching (self, &self->grants_monitor);
  stop_watching (self, &self->monitor);
  if (self->reading != NULL)
    g_cancellable_cancel (self->reading);
  g_clear_object (&self->reading);
  g_clear_pointer (&self->current, iommud_configuration_unref);
  g_free (self->folder);
  g_free (self);
}

/* Borrowed; NULL until it was read for the first time. */
const IommudConfiguration *
iommud_configuration_follower_get (const IommudConfigurationFollower *self)
{
  return self->current;
}
