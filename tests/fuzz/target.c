/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service that is fuzzed: in this process, where the simulated kernel can be looked at, or as
 * the program. */
#include "config.h"

#include "target.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config-folder.h"
#include "daemon.h"
#include "iommud-dbus-error.h"
#include "users.h"

#define ANOTHER_UID 1
/* How long the program may take to end. */
#define LONGEST_SECONDS 30

/* Both users may use all devices, but for one. */
#define SHARED                                                                                     \
  "0000:01:00.0;0000:01:00.1;0000:02:00.0;0000:03:00.1;0000:81:00.0;0000:81:00.1;0000:82:00.0;"    \
  "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001;83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"

static void
configure (Target *self)
{
  g_autofree char *limits = g_strdup_printf (
      "[quotas]\ncontainers=%d\nleases=%d\nhwpts=40\nmappings=400\nmapped-bytes=64G\n"
      "locked-memory=256M\ncalls=100\n",
      TARGET_CONTAINERS, TARGET_LEASES);
  g_autofree char *grants =
      g_strdup_printf ("[shared]\nusers=%u;%u\nlocked-memory=64M\ndevices=" SHARED "\n"
                       "[one]\nusers=%u\ndevices=0000:83:00.1\n",
                       (guint) users_get_stranger (), ANOTHER_UID, (guint) users_get_stranger ());

  self->uids[0] = users_get_stranger ();
  self->uids[1] = ANOTHER_UID;
  self->n_uids = users_can_be_two () ? 2 : 1;
  self->folder = config_folder_new ();
  config_folder_write (self->folder, "iommud.conf", limits);
  config_folder_write (self->folder, "grants.d/fuzz.conf", grants);
}

void
target_start (Target *self)
{
  IommudPolicy policy = iommud_policy_for_system_bus ();

  configure (self);
  policy.config_dir = self->folder;
  self->bed = bed_new_with_policy (NULL, policy);
}

/* Each file that is handed out is a message; anything else is shown. */
static gpointer
read_output (gpointer stream)
{
  g_autoptr (GDataInputStream) output = g_data_input_stream_new (stream);
  char *line;

  while ((line = g_data_input_stream_read_line (output, NULL, NULL, NULL)) != NULL)
    {
      if (*line != '\0' && strstr (line, "iommud-Message: ") == NULL)
        fprintf (stderr, "%s\n", line);
      g_free (line);
    }
  g_object_unref (stream);
  return NULL;
}

void
target_start_program (Target *self)
{
  g_autofree char *address = NULL;
  g_autofree char *folder = NULL;

  configure (self);
  (void) IOMMUD_DBUS_ERROR; /* so that errors from the bus are those of the library */
  self->bed = g_new0 (Bed, 1);
  self->bed->bus = bed_start_bus (&self->bed->address);
  address = g_strdup_printf ("--address=%s", self->bed->address);
  folder = g_strdup_printf ("--config-dir=%s", self->folder);
  self->daemon = daemon_spawn (G_SUBPROCESS_FLAGS_STDERR_PIPE,
                               (const char *const[]){ address, "--simulate", folder, NULL });
  self->reader = g_thread_new ("output", read_output,
                               g_object_ref (g_subprocess_get_stderr_pipe (self->daemon)));
  daemon_wait_for_name (self->bed->address);
  self->bed->client = bed_connect (self->bed->address);
}

static void
stop_program (Target *self)
{
  gint64 start = g_get_monotonic_time ();

  daemon_stop (self->daemon);
  g_thread_join (self->reader);
  g_assert_cmpint (g_get_monotonic_time () - start, <, LONGEST_SECONDS * G_USEC_PER_SEC);
  bed_disconnect (self->bed->client);
  bed_stop_bus (self->bed->bus);
  g_free (self->bed->address);
  g_free (self->bed);
}

/* The bed looks at what is left in the kernel. */
void
target_stop (Target *self)
{
  if (self->daemon != NULL)
    stop_program (self);
  else
    bed_free (self->bed);
  config_folder_free (self->folder);
}

static char *
get_path (Target *self, const char *file)
{
  return g_strdup_printf (
      "/proc/%s/%s", self->daemon != NULL ? g_subprocess_get_identifier (self->daemon) : "self",
      file);
}

guint
target_count_files (Target *self)
{
  g_autofree char *path = get_path (self, "fd");
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &error);
  guint count = 0;

  g_assert_no_error (error);
  while (g_dir_read_name (dir) != NULL)
    count++;
  return count;
}

/* Bytes that are in memory. */
guint64
target_get_memory (Target *self)
{
  g_autofree char *path = get_path (self, "statm");
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return g_ascii_strtoull (strchr (text, ' '), NULL, 10) * (guint64) sysconf (_SC_PAGESIZE);
}
