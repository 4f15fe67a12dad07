/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated kernel gives exactly the answers that a running Linux 6.12 gave: one test for each
 * sequence. */
#include "config.h"

#include "conformance-interpreter.h"

static void
test_sequence (gconstpointer data)
{
  const GPtrArray *steps = data;
  g_autoptr (GError) error = NULL;
  ConformanceHost *host = conformance_host_new_simulated (NULL, NULL, &error);
  g_autoptr (Conformance) conformance = NULL;

  g_assert_no_error (error);
  conformance = conformance_new (host);
  for (guint i = 0; i < steps->len; i++)
    {
      const ConformanceStep *step = g_ptr_array_index (steps, i);
      g_autofree char *answer = conformance_run (conformance, step->text);

      if (g_strcmp0 (answer, step->answer) == 0)
        continue;
      g_test_message ("%s %s: expected %s, got %s", step->label, step->text, step->answer, answer);
      g_test_fail ();
    }
}

/* Cuts the steps of a file into one array for each sequence, in order. */
static GPtrArray *
split_sequences (GPtrArray *steps)
{
  GPtrArray *sequences = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  const char *name = "";
  GPtrArray *sequence = NULL;

  for (guint i = 0; i < steps->len; i++)
    {
      ConformanceStep *step = g_ptr_array_index (steps, i);

      if (!g_str_equal (step->sequence, name))
        {
          sequence = g_ptr_array_new ();
          g_ptr_array_add (sequences, sequence);
          name = step->sequence;
        }
      g_ptr_array_add (sequence, step);
    }
  return sequences;
}

/* Adds the tests of a file; what they use lives as long as @files. */
static void
add_file (GPtrArray *files, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *filename =
      g_test_build_filename (G_TEST_DIST, "tests", "kernel", "answers", name, NULL);
  GPtrArray *steps = conformance_steps_read (filename, &error);
  GPtrArray *sequences;

  g_assert_no_error (error);
  g_ptr_array_add (files, steps);
  sequences = split_sequences (steps);
  g_ptr_array_add (files, sequences);
  for (guint i = 0; i < sequences->len; i++)
    {
      GPtrArray *sequence = g_ptr_array_index (sequences, i);
      const ConformanceStep *first = g_ptr_array_index (sequence, 0);
      g_autofree char *path = g_strdup_printf ("/kernel/conformance/%s", first->sequence);

      g_test_add_data_func (path, sequence, test_sequence);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);

  g_test_init (&argc, &argv, NULL);
  add_file (files, "linux-6.12.txt");
  add_file (files, "linux-6.12-more.txt");
  add_file (files, "linux-6.12-pci.txt");
  add_file (files, "linux-6.12-random.txt");
  return g_test_run ();
}
