/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be done to the busy host: each act that a journal is told of. */
#include "config.h"

#include "journal-acts.h"

#include <unistd.h>

static IommudDevice *
device (AdoptFixture *self, const char *name)
{
  return model_fixture_device (&self->model, name);
}

static void
do_create_container (AdoptFixture *self, GError **error)
{
  g_autoptr (IommudContainer) container G_GNUC_UNUSED =
      iommud_host_create_container (self->model.host, NULL, NULL, error);
}

static void
do_free_container (AdoptFixture *self, GError **error)
{
  iommud_container_free (adopt_fixture_get (self, "c"), TRUE, NULL, error);
}

static void
do_attach (AdoptFixture *self, GError **error)
{
  call_attach_device (adopt_fixture_get (self, "b"), device (self, "0000:01:08.0"),
                      IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, error);
}

static void
do_replace (AdoptFixture *self, GError **error)
{
  iommud_hwpt_attach_device (adopt_fixture_get_hwpt (self, "b", 1), device (self, "0000:01:08.0"),
                             NULL, error);
}

static void
do_detach (AdoptFixture *self, GError **error)
{
  iommud_device_detach (device (self, "0000:83:00.0"), NULL, error);
}

static void
do_alloc_hwpt (AdoptFixture *self, GError **error)
{
  g_autoptr (IommudHwpt) hwpt G_GNUC_UNUSED =
      call_alloc_hwpt (adopt_fixture_get (self, "a"), device (self, "0000:01:01.0"),
                       IOMMUD_HWPT_FLAGS_NONE, NULL, error);
}

static void
do_free_hwpt (AdoptFixture *self, GError **error)
{
  iommud_hwpt_free (adopt_fixture_get_hwpt (self, "b", 2), NULL, error);
}

static void
do_map (AdoptFixture *self, GError **error)
{
  call_map_file (adopt_fixture_get (self, "a"), self->file, 0, MIB, 16 * MIB, FIXED, NULL, NULL,
                 error);
}

static void
do_copy (AdoptFixture *self, GError **error)
{
  call_copy_mapping (adopt_fixture_get (self, "b"), adopt_fixture_get (self, "a"), 0, MIB, 64 * MIB,
                     FIXED, NULL, NULL, error);
}

static void
do_unmap (AdoptFixture *self, GError **error)
{
  call_unmap (adopt_fixture_get (self, "b"), MIB, 64 * PAGE, 0, NULL, NULL, NULL, NULL, error);
}

static void
do_unmap_and_read (AdoptFixture *self, GError **error)
{
  int bitmap = -1;

  call_unmap (adopt_fixture_get (self, "a"), 0, MIB, PAGE, NULL, NULL, &bitmap, NULL, error);
  if (bitmap >= 0)
    close (bitmap);
}

static void
do_set_allowed (AdoptFixture *self, GError **error)
{
  call_set_allowed_iovas (adopt_fixture_get (self, "a"),
                          g_variant_new_parsed ("[(@t 0, @t 0x3fffffff)]"), NULL, error);
}

static void
do_start (AdoptFixture *self, GError **error)
{
  call_start_dirty_tracking (adopt_fixture_get (self, "b"), 0, NULL, error);
}

static void
do_stop (AdoptFixture *self, GError **error)
{
  call_stop_dirty_tracking (adopt_fixture_get (self, "a"), NULL, error);
}

void
journal_read (AdoptFixture *self, GError **error)
{
  int bitmap = call_read_dirty_bitmap (adopt_fixture_get (self, "a"), 0, MIB, PAGE, FALSE,
                                       IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, error);

  if (bitmap >= 0)
    close (bitmap);
}

const JournalAct journal_acts[] = {
  { "create-container", do_create_container, "ioas-alloc" },
  { "free-container", do_free_container, "destroy" },
  { "attach-device", do_attach, "attach" },
  { "replace", do_replace, "attach" },
  { "detach-device", do_detach, "detach" },
  { "alloc-hwpt", do_alloc_hwpt, "hwpt-alloc" },
  { "free-hwpt", do_free_hwpt, "destroy" },
  { "map-file", do_map, "ioas-map" },
  { "copy-mapping", do_copy, "ioas-copy" },
  { "unmap", do_unmap, "ioas-unmap" },
  { "unmap-and-read-bitmap", do_unmap_and_read, "ioas-unmap" },
  { "set-allowed-iovas", do_set_allowed, "ioas-allow-iovas" },
  { "start-dirty-tracking", do_start, "set-dirty-tracking" },
  { "stop-dirty-tracking", do_stop, "set-dirty-tracking" },
  { NULL, NULL, NULL },
};
