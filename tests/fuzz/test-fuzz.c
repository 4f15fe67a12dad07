/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs of two users call the service at random, with what introspection says, objects that are
 * there and that were, and files of all kinds; some are killed. What the bus shows stays what the
 * simulated kernel has, and when all of them are gone nothing is left.
 *
 * --seconds=N says how long, --seed=N which calls: each process makes the same ones again, but not
 * at the same moments. */
#include "config.h"

#include <stdlib.h>

#include "client.h"
#include "clients.h"
#include "leases.h"
#include "target.h"
#include "truth.h"
#include "users.h"

#define MEBIBYTE (G_GUINT64_CONSTANT (1) << 20)
#define LONGEST_ROUND_SECONDS 60
/* Until what is under way has ended. */
#define PATIENCE_SECONDS 60

/* What the service may grow by after the first round. A sanitizer keeps memory that was freed. */
#ifdef __SANITIZE_ADDRESS__
#define MAX_GROWTH (512 * MEBIBYTE)
#else
#define MAX_GROWTH (64 * MEBIBYTE)
#endif

typedef struct
{
  int seconds;
  gint64 seed;
  char *address; /* of a client: where it connects */
  int uid;       /* whose it is */
} Options;

typedef struct
{
  Target target;
  GRand *rand;
  Clients *clients;
  guint n_files;    /* of the service before the first round */
  guint64 memory;   /* of it after the first round; 0: before that */
  GPtrArray *names; /* of devices */
} Fuzz;

/* --- The main loop ---------------------------------------------------------------------------- */

static gboolean
on_time (gpointer done)
{
  *(gboolean *) done = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for (guint time_ms)
{
  gboolean done = FALSE;

  g_timeout_add (time_ms, on_time, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

/* Until @check finds nothing more to say: what callers that have left asked for still goes on. */
static void
expect (Fuzz *self, char *(*check) (Fuzz *self))
{
  gint64 end = g_get_monotonic_time () + PATIENCE_SECONDS * G_USEC_PER_SEC;
  g_autofree char *cause = check (self);

  while (cause != NULL && g_get_monotonic_time () < end)
    {
      run_for (20);
      g_free (cause);
      cause = check (self);
    }
  if (cause != NULL)
    g_error ("%s", cause);
}

/* --- What is there ---------------------------------------------------------------------------- */

static char *
find_difference (Fuzz *self)
{
  g_autoptr (GVariant) objects = bed_get_managed_objects (self->target.bed);

  return self->target.bed->simulator != NULL ? truth_compare (self->target.bed, objects) : NULL;
}

static gboolean
is_rest (const char *path)
{
  return g_str_has_prefix (path, IOMMUD_DBUS_CONTAINERS_PATH "/")
         || g_str_has_prefix (path, IOMMUD_DBUS_LEASES_PATH "/");
}

/* They may go by themselves meanwhile. */
static void
free_object (Fuzz *self, const char *path)
{
  Bed *bed = self->target.bed;
  g_autoptr (GVariant) reply G_GNUC_UNUSED =
      g_str_has_prefix (path, IOMMUD_DBUS_LEASES_PATH)
          ? bed_call (bed, path, "Release", bed_options (NULL), NULL)
          : bed_call (bed, path, "Free", bed_options ("{'force': <true>}"), NULL);
}

static char *
free_rest (Fuzz *self)
{
  g_autoptr (GVariant) objects = bed_get_managed_objects (self->target.bed);
  GVariantIter iter;
  const char *path = NULL;
  char *rest = NULL;

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_next (&iter, "{&o@a{sa{sv}}}", &path, NULL))
    if (is_rest (path) && strstr (path, "/hwpts/") == NULL)
      {
        free_object (self, path);
        g_free (rest);
        rest = g_strdup_printf ("%s is still there", path);
      }
  return rest;
}

static char *
find_busy_device (Fuzz *self)
{
  for (guint i = 0; i < self->names->len; i++)
    {
      Bed *bed = self->target.bed;
      g_autoptr (GVariant) reply =
          bed_call (bed, IOMMUD_DBUS_MANAGER_PATH, "FindDevice",
                    g_variant_new ("(s)", (const char *) self->names->pdata[i]), NULL);
      g_autoptr (GVariant) state = NULL;
      const char *path = NULL;

      if (reply != NULL)
        g_variant_get (reply, "(&o)", &path);
      if (path != NULL)
        state = bed_get (bed, path, "State");
      if (state == NULL || !g_str_equal (g_variant_get_string (state, NULL), "available"))
        return g_strdup_printf ("%s is %s", (const char *) self->names->pdata[i],
                                state != NULL ? g_variant_get_string (state, NULL) : "missing");
    }
  return NULL;
}

static char *
count_files (Fuzz *self)
{
  guint n = target_count_files (&self->target);

  return n == self->n_files
             ? NULL
             : g_strdup_printf ("The service has %u files open, and %u before", n, self->n_files);
}

static void
check_memory (Fuzz *self)
{
  guint64 memory = target_get_memory (&self->target);

  g_test_message ("%" G_GUINT64_FORMAT " MiB", memory / MEBIBYTE);
  if (self->memory == 0)
    self->memory = memory;
  g_assert_cmpuint (memory, <, self->memory + MAX_GROWTH);
}

/* --- Quotas ----------------------------------------------------------------------------------- */

static void
expect_limit (Bed *bed, const char *method)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      bed_call (bed, IOMMUD_DBUS_MANAGER_PATH, method, bed_options (NULL), &error);

  g_assert_null (reply);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED);
}

static void
close_lease (gpointer lease)
{
  lease_close (lease);
}

/* Who has nothing can have all that a user may have, and nothing more. */
static void
use_up (Fuzz *self, guint uid)
{
  Bed *bed = self->target.bed;
  GDBusConnection *usual = bed->client;
  g_autoptr (GPtrArray) leases = g_ptr_array_new_with_free_func (close_lease);

  bed->client = users_connect (bed->address, uid);
  for (guint i = 0; i < TARGET_CONTAINERS; i++)
    g_free (bed_create (bed, NULL));
  for (guint i = 0; i < TARGET_LEASES; i++)
    g_ptr_array_add (leases, leases_create (bed, NULL));
  expect_limit (bed, "CreateContainer");
  expect_limit (bed, "CreateLease");
  bed_disconnect (bed->client);
  bed->client = usual;
}

static void
check_quotas (Fuzz *self)
{
  if (!users_can_be_two ())
    return; /* one who may do everything has no limits */
  for (guint i = 0; i < self->target.n_uids; i++)
    use_up (self, self->target.uids[i]);
  expect (self, free_rest);
}

/* --- Rounds ----------------------------------------------------------------------------------- */

static const char *
pick_name (Fuzz *self)
{
  return self->names->pdata[g_rand_int_range (self->rand, 0, (gint32) self->names->len)];
}

/* The machine does something, too. */
static void
disturb (Fuzz *self)
{
  IommudSimulator *simulator = self->target.bed->simulator;
  const char *name = pick_name (self);

  if (simulator == NULL)
    return;
  for (guint64 iova = 0; iova < 32; iova++)
    iommud_simulator_device_write (simulator, name, iova << 12, 1, 1, NULL);
  if (g_rand_int_range (self->rand, 0, 3) == 0)
    iommud_simulator_unplug_device (simulator, name, NULL);
  else
    iommud_simulator_plug_device (simulator, name, NULL);
}

/* It may be plugged again when its last file is closed. */
static char *
plug_all (Fuzz *self)
{
  for (guint i = 0; self->target.bed->simulator != NULL && i < self->names->len; i++)
    {
      g_autoptr (GError) error = NULL;

      iommud_simulator_plug_device (self->target.bed->simulator, self->names->pdata[i], &error);
      if (error != NULL && !g_error_matches (error, IOMMUD_ERROR, IOMMUD_ERROR_EXISTS))
        return g_strdup (error->message);
    }
  return NULL;
}

static void
look (Fuzz *self)
{
  clients_pause (self->clients);
  expect (self, find_difference);
  clients_resume (self->clients);
}

static void
play (Fuzz *self, gint64 end)
{
  for (guint n = 1; g_get_monotonic_time () < end; n++)
    {
      run_for ((guint) g_rand_int_range (self->rand, 50, 400));
      disturb (self);
      if (n % 2 == 0)
        clients_kill_one (self->clients);
      if (n % 4 == 0)
        look (self);
    }
}

static void
play_round (Fuzz *self, gint64 end)
{
  gint64 longest = g_get_monotonic_time () + LONGEST_ROUND_SECONDS * G_USEC_PER_SEC;

  clients_start (self->clients);
  play (self, MIN (end, longest));
  clients_end (self->clients);
  expect (self, free_rest);
  expect (self, plug_all);
  expect (self, find_busy_device);
  expect (self, find_difference);
  check_quotas (self);
  expect (self, count_files);
  check_memory (self);
}

static void
learn_names (Fuzz *self)
{
  g_autoptr (GVariant) objects = bed_get_managed_objects (self->target.bed);
  GVariantIter iter;
  const char *path = NULL;
  GVariant *interfaces = NULL;

  self->names = g_ptr_array_new_with_free_func (g_free);
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    {
      g_autoptr (GVariant) device =
          g_variant_lookup_value (interfaces, IOMMUD_DBUS_DEVICE_INTERFACE, NULL);
      char *name = NULL;

      if (device != NULL && g_variant_lookup (device, "Name", "s", &name))
        g_ptr_array_add (self->names, name);
    }
  g_assert_cmpuint (self->names->len, >, 0);
}

static void
fuzz (Fuzz *self, const Options *options)
{
  gint64 end = g_get_monotonic_time () + options->seconds * G_USEC_PER_SEC / 2;

  g_test_message ("--seed=%" G_GINT64_FORMAT, options->seed);
  self->rand = g_rand_new_with_seed ((guint32) options->seed);
  learn_names (self);
  check_quotas (self);
  self->n_files = target_count_files (&self->target);
  self->clients =
      clients_new (self->target.bed->address, self->target.uids, self->target.n_uids, self->rand);
  do
    play_round (self, end);
  while (g_get_monotonic_time () < end);
}

static void
end_fuzz (Fuzz *self)
{
  clients_free (self->clients);
  target_stop (&self->target);
  g_ptr_array_unref (self->names);
  g_rand_free (self->rand);
}

static void
test_service (gconstpointer options)
{
  Fuzz self = { 0 };

  target_start (&self.target);
  fuzz (&self, options);
  end_fuzz (&self);
}

/* It is asked to end while it still does what those asked for who were just killed. */
static void
test_program (gconstpointer options)
{
  Fuzz self = { 0 };

  target_start_program (&self.target);
  fuzz (&self, options);
  clients_start (self.clients);
  run_for (1000);
  clients_end (self.clients);
  end_fuzz (&self);
}

/* --- The program ------------------------------------------------------------------------------ */

/* Files that are handed out are messages. */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer unused)
{
  return level > G_LOG_LEVEL_WARNING ? G_LOG_WRITER_HANDLED
                                     : g_log_writer_default (level, fields, n_fields, NULL);
}

/* Before g_test_init(), which has a --seed of its own. */
static void
read_options (Options *self, int *argc, char ***argv)
{
  const GOptionEntry entries[] = {
    { "seconds", 0, 0, G_OPTION_ARG_INT, &self->seconds, "How long", "N" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &self->seed, "Which calls", "N" },
    { "address", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &self->address, NULL, NULL },
    { "uid", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &self->uid, NULL, NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_set_ignore_unknown_options (context, TRUE);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_parse (context, argc, argv, &error);
  if (error != NULL)
    g_error ("%s", error->message);
}

int
main (int argc, char **argv)
{
  Options options = { .seconds = 6, .seed = 1 };

  /* In the programs that are started, too, no critical message may go unnoticed. */
  g_setenv ("G_DEBUG", "fatal-criticals", TRUE);
  read_options (&options, &argc, &argv);
  g_test_init (&argc, &argv, NULL);
  if (options.address != NULL)
    return client_main (options.address, (guint) options.uid, (guint32) options.seed);
  g_log_set_writer_func (write_log, NULL, NULL);
  g_test_add_data_func ("/fuzz/service", &options, test_service);
  g_test_add_data_func ("/fuzz/program", &options, test_program);
  return g_test_run ();
}
