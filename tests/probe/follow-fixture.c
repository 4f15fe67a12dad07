/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated host that follows its file, and a log of the devices that come and go. */
#include "config.h"

#include "follow-fixture.h"

#include "backend/backend.h"

#include <glib/gstdio.h>
#include <string.h>

static void
on_added (IommudProbe *probe, IommudDeviceInfo *info, FollowFixture *self)
{
  g_string_append_printf (self->log, "+%s ", info->name);
}

static void
on_removed (IommudProbe *probe, const char *sysfs_path, FollowFixture *self)
{
  g_autofree char *name = g_path_get_basename (sysfs_path);

  g_string_append_printf (self->log, "-%s ", name);
}

void
follow_fixture_write_host (FollowFixture *self, const char *body)
{
  g_autofree char *xml =
      g_strconcat ("<simulated-host>\n<iommu name='a'/>\n", body, "</simulated-host>\n", NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (self->path, xml, -1, &error);
  g_assert_no_error (error);
}

void
follow_fixture_set_up (FollowFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  IommudProbe *probe;

  self->folder = g_dir_make_tmp ("iommud-follow-XXXXXX", &error);
  g_assert_no_error (error);
  self->path = g_build_filename (self->folder, "hosts.xml", NULL);
  follow_fixture_write_host (self, DEVICE ("1"));
  self->log = g_string_new ("");
  self->simulator = iommud_simulator_new (self->path, &error);
  g_assert_no_error (error);
  probe = iommud_backend_get_probe (IOMMUD_BACKEND (self->simulator));
  g_signal_connect (probe, "device-added", G_CALLBACK (on_added), self);
  g_signal_connect (probe, "device-removed", G_CALLBACK (on_removed), self);
  iommud_probe_start (probe, &error);
  g_assert_no_error (error);
  iommud_simulator_follow_file (self->simulator, &error);
  g_assert_no_error (error);
}

void
follow_fixture_tear_down (FollowFixture *self, gconstpointer unused)
{
  g_assert_finalize_object (self->simulator);
  g_remove (self->path);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_string_free (self->log, TRUE);
  g_free (self->path);
  g_free (self->folder);
}

void
follow_fixture_expect (FollowFixture *self, const char *expected)
{
  while (self->log->len < strlen (expected))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (self->log->str, ==, expected);
  g_string_truncate (self->log, 0);
}
