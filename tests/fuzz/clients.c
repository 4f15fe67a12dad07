/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes of the fuzzer that call the service: started, paused, killed and started again. */
#include "config.h"

#include "clients.h"

#include "bed.h"

/* Of each user. */
#define PROCESSES 2

typedef struct
{
  guint uid;
  GSubprocess *process; /* NULL: it does not run */
  GDataInputStream *output;
  GCancellable *cancellable; /* of what reads there */
  gboolean paused;
} Client;

struct _Clients
{
  char *address;
  GRand *rand;
  GArray *clients;
};

Clients *
clients_new (const char *address, const guint *uids, guint n_uids, GRand *rand)
{
  Clients *self = g_new0 (Clients, 1);

  self->address = g_strdup (address);
  self->rand = rand;
  self->clients = g_array_new (FALSE, TRUE, sizeof (Client));
  for (guint i = 0; i < n_uids * PROCESSES; i++)
    {
      const Client client = { .uid = uids[i % n_uids] };

      g_array_append_val (self->clients, client);
    }
  return self;
}

void
clients_free (Clients *self)
{
  g_array_unref (self->clients);
  g_free (self->address);
  g_free (self);
}

static Client *
get (Clients *self, guint i)
{
  return &g_array_index (self->clients, Client, i);
}

/* --- One -------------------------------------------------------------------------------------- */

static void on_line (GObject *output, GAsyncResult *result, gpointer user_data);

static void
read_line (Client *self)
{
  g_data_input_stream_read_line_async (self->output, G_PRIORITY_DEFAULT, self->cancellable, on_line,
                                       self);
}

/* A client that ends without having been told has failed, and has said why. */
static void
on_line (GObject *output, GAsyncResult *result, gpointer user_data)
{
  Client *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *line =
      g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (output), result, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (line == NULL)
    g_error ("A client has ended by itself");
  self->paused = self->paused || g_str_equal (line, "p");
  read_line (self);
}

static void
start (Clients *self, Client *client)
{
  g_autofree char *program =
      g_test_build_filename (G_TEST_BUILT, "tests", "fuzz", "test-fuzz", NULL);
  g_autofree char *address = g_strdup_printf ("--address=%s", self->address);
  g_autofree char *uid = g_strdup_printf ("--uid=%u", client->uid);
  g_autofree char *seed = g_strdup_printf ("--seed=%u", g_rand_int (self->rand));
  const char *const argv[] = { program, address, uid, seed, NULL };

  client->process =
      bed_spawn (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, argv);
  client->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (client->process));
  client->cancellable = g_cancellable_new ();
  client->paused = FALSE;
  read_line (client);
}

static void
order (Client *self, char order)
{
  g_autoptr (GError) error = NULL;

  self->paused = FALSE;
  g_output_stream_write_all (g_subprocess_get_stdin_pipe (self->process), &order, 1, NULL, NULL,
                             &error);
  g_assert_no_error (error);
}

static void
on_ended (GObject *process, GAsyncResult *result, gpointer ended)
{
  g_subprocess_wait_finish (G_SUBPROCESS (process), result, NULL);
  *(gboolean *) ended = TRUE;
}

/* The main loop goes on, since the service may be served by it. */
static void
wait_for_end (Client *self)
{
  gboolean ended = FALSE;

  g_subprocess_wait_async (self->process, NULL, on_ended, &ended);
  bed_wait (&ended);
}

static void
forget (Client *self)
{
  g_clear_object (&self->cancellable);
  g_clear_object (&self->output);
  g_clear_object (&self->process);
}

static void
kill_client (Client *self)
{
  g_cancellable_cancel (self->cancellable);
  g_subprocess_force_exit (self->process);
  wait_for_end (self);
  forget (self);
}

static void
end_client (Client *self)
{
  g_cancellable_cancel (self->cancellable);
  order (self, 'e');
  wait_for_end (self);
  g_assert_true (g_subprocess_get_if_exited (self->process));
  g_assert_cmpint (g_subprocess_get_exit_status (self->process), ==, 0);
  forget (self);
}

/* --- All -------------------------------------------------------------------------------------- */

void
clients_start (Clients *self)
{
  for (guint i = 0; i < self->clients->len; i++)
    start (self, get (self, i));
}

/* Another one takes its place. */
void
clients_kill_one (Clients *self)
{
  Client *victim =
      get (self, (guint) g_rand_int_range (self->rand, 0, (gint32) self->clients->len));

  kill_client (victim);
  start (self, victim);
}

/* Returns when no client has a call under way that it waits for. */
void
clients_pause (Clients *self)
{
  for (guint i = 0; i < self->clients->len; i++)
    order (get (self, i), 'p');
  for (guint i = 0; i < self->clients->len; i++)
    bed_wait (&get (self, i)->paused);
}

void
clients_resume (Clients *self)
{
  for (guint i = 0; i < self->clients->len; i++)
    order (get (self, i), 'g');
}

/* Some end in order and some are killed. */
void
clients_end (Clients *self)
{
  for (guint i = 0; i < self->clients->len; i++)
    if (i % 2 == 0)
      end_client (get (self, i));
    else
      kill_client (get (self, i));
}
