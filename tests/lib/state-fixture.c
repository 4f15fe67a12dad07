/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder that a host is written down in. */
#include "config.h"

#include "state-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "state/kept.h"
#include "state/names.h"
#include "state/store.h"

void
state_fixture_make_folder (StateFixture *self)
{
  g_autoptr (GError) error = NULL;

  self->path = g_dir_make_tmp ("iommud-state-XXXXXX", &error);
  g_assert_no_error (error);
  self->folder = open (self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (self->folder, >=, 0);
  self->descriptors = g_string_new (NULL);
}

void
state_fixture_set_up (StateFixture *self, gconstpointer kernel)
{
  adopt_fixture_set_up (&self->adopt, kernel);
  state_fixture_make_folder (self);
}

void
state_fixture_remove_folder (StateFixture *self)
{
  if (self->state != NULL)
    iommud_state_leave (self->state);
  g_clear_object (&self->state);
  g_string_free (self->descriptors, TRUE);
  iommud_state_store_delete (self->folder);
  close (self->folder);
  g_assert_cmpint (g_rmdir (self->path), ==, 0);
  g_free (self->path);
}

void
state_fixture_tear_down (StateFixture *self, gconstpointer unused)
{
  state_fixture_remove_folder (self);
  adopt_fixture_tear_down (&self->adopt, NULL);
}

static void
on_added (IommudState *state, const char *name, int fd, GString *descriptors)
{
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, FD_CLOEXEC);
  g_string_append_printf (descriptors, "+ %s\n", name);
}

static void
on_removed (IommudState *state, const char *name, GString *descriptors)
{
  g_string_append_printf (descriptors, "- %s\n", name);
}

static IommudState *
open_state (StateFixture *self)
{
  g_autoptr (GError) error = NULL;
  IommudState *state = iommud_state_new (self->path, &error);

  g_assert_no_error (error);
  g_signal_connect (state, "descriptor-added", G_CALLBACK (on_added), self->descriptors);
  g_signal_connect (state, "descriptor-removed", G_CALLBACK (on_removed), self->descriptors);
  return state;
}

void
state_fixture_follow (StateFixture *self)
{
  g_autoptr (GError) error = NULL;

  if (self->state == NULL)
    self->state = open_state (self);
  iommud_state_leave (self->state);
  iommud_state_follow (self->state, self->adopt.model.host, &error);
  g_assert_no_error (error);
}

GVariant *
state_fixture_load (StateFixture *self)
{
  g_autofree char *damage = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *records = iommud_state_load (self->folder, &damage, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (damage, ==, NULL);
  return records;
}

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

char *
state_describe (GVariant *records)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  GVariantIter fields;
  GVariant *value;
  const char *name;

  g_variant_iter_init (&fields, records);
  while (g_variant_iter_loop (&fields, "{&sv}", &name, &value))
    {
      gboolean list = g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}"));

      for (gsize i = 0; i < (list ? g_variant_n_children (value) : 1); i++)
        {
          g_autoptr (GVariant) record =
              list ? g_variant_get_child_value (value, i) : g_variant_ref (value);
          g_autofree char *text = g_variant_print (record, TRUE);

          g_ptr_array_add (lines, g_strdup_printf ("%s: %s", name, text));
        }
    }
  g_ptr_array_sort (lines, compare_lines);
  g_ptr_array_add (lines, NULL);
  return g_strjoinv ("\n", (char **) lines->pdata);
}

void
state_fixture_assert_true (StateFixture *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) truth = iommud_host_write_down (self->adopt.model.host, &error);
  g_autoptr (GVariant) records = state_fixture_load (self);
  g_autofree char *expected = state_describe (truth);
  g_autofree char *actual = state_describe (records);

  g_assert_no_error (error);
  g_assert_cmpstr (actual, ==, expected);
}

GBytes *
state_fixture_read_file (StateFixture *self)
{
  g_autofree char *name = g_build_filename (self->path, IOMMUD_STATE_NAME, NULL);
  g_autoptr (GError) error = NULL;
  char *bytes = NULL;
  gsize size = 0;

  g_file_get_contents (name, &bytes, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (bytes, size);
}

void
state_fixture_write_file (StateFixture *self, const guint8 *bytes, gsize size)
{
  int fd = openat (self->folder, IOMMUD_STATE_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, bytes, size), ==, (gssize) size);
  close (fd);
}
