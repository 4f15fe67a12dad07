/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs files of conformance steps and prints each step with the answer that this kernel gave. */
#include "config.h"

#include "conformance-interpreter.h"

#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct
{
  gboolean real;
  gboolean compare;
  char *description;
  char **devices;
  char **only;
  char **files;
  guint differences;
} Program;

static ConformanceHost *
make_host (Program *program, GError **error)
{
  static const char *const none[] = { NULL };
  const char *const *devices =
      program->devices != NULL ? (const char *const *) program->devices : none;

  if (program->real)
    return conformance_host_new_real (devices, error);
  return conformance_host_new_simulated (program->description, devices, error);
}

static gboolean
is_wanted (Program *program, const char *sequence)
{
  return program->only == NULL || g_strv_contains ((const char *const *) program->only, sequence);
}

/* The steps of one sequence stand together: how many from @first on. */
static guint
count_steps (GPtrArray *steps, guint first)
{
  const ConformanceStep *start = g_ptr_array_index (steps, first);
  guint end = first;

  while (end < steps->len
         && g_str_equal (((ConformanceStep *) g_ptr_array_index (steps, end))->sequence,
                         start->sequence))
    end++;
  return end - first;
}

static char *
find_refusal (Conformance *conformance, GPtrArray *steps, guint first, guint count)
{
  for (guint i = first; i < first + count; i++)
    {
      const ConformanceStep *step = g_ptr_array_index (steps, i);
      char *reason = conformance_refuse (conformance, step->text);

      if (reason != NULL)
        return reason;
    }
  return NULL;
}

static void
run_step (Program *program, Conformance *conformance, const ConformanceStep *step)
{
  g_autofree char *answer = conformance_run (conformance, step->text);

  printf ("%s %s -> %s\n", step->label, step->text, answer);
  fflush (stdout);
  if (!program->compare || step->answer == NULL || g_str_equal (step->answer, answer))
    return;
  printf ("# expected: %s\n", step->answer);
  program->differences++;
}

static gboolean
run_sequence (Program *program, GPtrArray *steps, guint first, guint count, GError **error)
{
  const ConformanceStep *start = g_ptr_array_index (steps, first);
  g_autoptr (Conformance) conformance = NULL;
  g_autofree char *refusal = NULL;
  ConformanceHost *host = make_host (program, error);

  if (host == NULL)
    return FALSE;
  conformance = conformance_new (host);
  refusal = find_refusal (conformance, steps, first, count);
  if (refusal != NULL)
    printf ("# %s is left out: %s\n", start->sequence, refusal);
  for (guint i = first; refusal == NULL && i < first + count; i++)
    run_step (program, conformance, g_ptr_array_index (steps, i));
  return TRUE;
}

static gboolean
run_file (Program *program, const char *filename, GError **error)
{
  g_autoptr (GPtrArray) steps = conformance_steps_read (filename, error);

  if (steps == NULL)
    return FALSE;
  for (guint first = 0, count; first < steps->len; first += count)
    {
      const ConformanceStep *step = g_ptr_array_index (steps, first);

      count = count_steps (steps, first);
      if (is_wanted (program, step->sequence)
          && !run_sequence (program, steps, first, count, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
parse (Program *program, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "real", 0, 0, G_OPTION_ARG_NONE, &program->real,
      "Run on this machine's /dev/iommu, not on a simulated host", NULL },
    { "simulate", 0, 0, G_OPTION_ARG_FILENAME, &program->description,
      "Run on the simulated host of an XML file", "FILE" },
    { "device", 0, 0, G_OPTION_ARG_STRING_ARRAY, &program->devices,
      "A PCI function that 'dev' steps may use, or a device of the XML file (N-th: 'dev id=N')",
      "NAME" },
    { "only", 0, 0, G_OPTION_ARG_STRING_ARRAY, &program->only, "Run this sequence alone",
      "SEQUENCE" },
    { "compare", 0, 0, G_OPTION_ARG_NONE, &program->compare,
      "Show where the files expect another answer, and exit with status 1", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &program->files, NULL, "FILE..." },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  g_autoptr (GOptionContext) context =
      g_option_context_new ("- ask a kernel what it answers to sequences of calls");

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (program->files == NULL || (program->real && program->description != NULL))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "give files of steps, and --real or --simulate but not both; see --help");
      return FALSE;
    }
  return TRUE;
}

static void
clear (Program *program)
{
  g_free (program->description);
  g_strfreev (program->devices);
  g_strfreev (program->only);
  g_strfreev (program->files);
}

int
main (int argc, char **argv)
{
  Program program = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean ok = parse (&program, &argc, &argv, &error);

  for (guint i = 0; ok && program.files[i] != NULL; i++)
    ok = run_file (&program, program.files[i], &error);
  clear (&program);
  if (!ok)
    fprintf (stderr, "conformance: %s\n", error->message);
  if (!ok)
    return 2;
  return program.differences == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
