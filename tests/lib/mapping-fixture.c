/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container on a simulated host and a file to map in it. */
#include "config.h"

#include "mapping-fixture.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The kernel names a mapping of a memfd after it. */
#define FILE_NAME "iommud-mapping-test"

/* The simulated kernel's files are sockets, whose far ends a thread closes when it comes to it,
 * perhaps while they are looked at; the simulator counts those. */
static gboolean
is_socket_or_gone (int folder, const char *name)
{
  char target[16] = "";

  if (readlinkat (folder, name, target, sizeof target - 1) < 0)
    return errno == ENOENT;
  return g_str_has_prefix (target, "socket:");
}

guint
mapping_fixture_count_files (void)
{
  DIR *dir = opendir ("/proc/self/fd");
  const struct dirent *entry;
  guint count = 0;

  g_assert_nonnull (dir);
  while ((entry = readdir (dir)) != NULL)
    count += is_socket_or_gone (dirfd (dir), entry->d_name) ? 0 : 1;
  closedir (dir);
  return count;
}

guint
mapping_fixture_count_memory (void)
{
  g_autofree char *maps = NULL;
  guint count = 0;

  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  for (const char *at = maps; (at = strstr (at, FILE_NAME)) != NULL; at++)
    count++;
  return count;
}

int
mapping_fixture_new_file (guint64 size)
{
  int file = memfd_create (FILE_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);

  g_assert_cmpint (file, >=, 0);
  g_assert_cmpint (ftruncate (file, (off_t) size), ==, 0);
  return file;
}

void
mapping_fixture_set_up (MappingFixture *self, gconstpointer kernel)
{
  model_fixture_set_up (&self->model, kernel);
  self->file = mapping_fixture_new_file (TIB);
  self->container =
      model_fixture_container (&self->model, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  self->files_before = mapping_fixture_count_files ();
}

void
mapping_fixture_tear_down (MappingFixture *self, gconstpointer unused)
{
  GListModel *devices = iommud_container_get_devices (self->container);

  while (g_list_model_get_n_items (devices) > 0)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, 0);

      g_assert_true (iommud_device_detach (device, NULL, NULL));
    }
  g_assert_true (call_unmap_all (self->container, NULL, NULL, NULL));
  model_fixture_iterate ();
  g_assert_cmpuint (mapping_fixture_count_files (), ==, self->files_before);
  g_assert_cmpuint (mapping_fixture_count_memory (), ==, 0);
  model_fixture_free_container (self->container);
  close (self->file);
  model_fixture_tear_down (&self->model, NULL);
}

IommudContainer *
mapping_fixture_share (MappingFixture *self, const char *name)
{
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (GError) error = NULL;
  IommudContainer *container;

  g_object_set (options, "name", name, "share-context", self->container, NULL);
  container = iommud_host_create_container (self->model.host, options, NULL, &error);
  g_assert_no_error (error);
  return container;
}

guint64
mapping_fixture_map (MappingFixture *self, IommudContainer *container, guint64 offset,
                     guint64 length, guint64 iova, IommudMapFlags flags)
{
  g_autoptr (GError) error = NULL;
  guint64 mapped_iova = 1;

  call_map_file (container, self->file, offset, length, iova, flags, NULL, &mapped_iova, &error);
  g_assert_no_error (error);
  return mapped_iova;
}

void
mapping_fixture_unmap (IommudContainer *container, guint64 iova, guint64 length)
{
  g_autoptr (GError) error = NULL;
  guint64 bytes = 0;

  call_unmap (container, iova, length, 0, NULL, &bytes, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmphex (bytes, ==, length);
}

void
mapping_fixture_assert_refused (const GError *error, IommudError code, const char *text)
{
  g_assert_error (error, IOMMUD_ERROR, (gint) code);
  if (strstr (error->message, text) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, text);
}

void
mapping_fixture_map_fails (MappingFixture *self, int file, guint64 offset, guint64 length,
                           guint64 iova, IommudMapFlags flags, IommudError code, const char *text)
{
  guint memory = mapping_fixture_count_memory ();
  guint files = mapping_fixture_count_files ();
  g_autoptr (GVariant) before = NULL;
  g_autoptr (GVariant) after = NULL;
  g_autoptr (GError) error = NULL;

  g_object_get (iommud_container_get_memory (self->container), "mappings", &before, NULL);
  g_assert_false (
      call_map_file (self->container, file, offset, length, iova, flags, NULL, NULL, &error));
  mapping_fixture_assert_refused (error, code, text);
  g_object_get (iommud_container_get_memory (self->container), "mappings", &after, NULL);
  g_assert_cmpvariant (before, after);
  g_assert_cmpuint (mapping_fixture_count_memory (), ==, memory);
  g_assert_cmpuint (mapping_fixture_count_files (), ==, files);
}

void
mapping_fixture_unmap_fails (MappingFixture *self, guint64 iova, guint64 length, IommudError code,
                             const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (call_unmap (self->container, iova, length, 0, NULL, NULL, NULL, NULL, &error));
  mapping_fixture_assert_refused (error, code, text);
}

void
mapping_fixture_assert_mapped (IommudContainer *container, const char *mappings)
{
  g_autoptr (GVariant) expected = NULL;
  g_autoptr (GVariant) actual = NULL;
  g_autoptr (GError) error = NULL;
  guint64 count, bytes;
  guint64 expected_bytes = 0;

  expected = g_variant_parse (G_VARIANT_TYPE ("a(tttu)"), mappings, NULL, NULL, &error);
  g_assert_no_error (error);
  g_object_get (iommud_container_get_memory (container), "mappings", &actual, "mapping-count",
                &count, "mapped-bytes", &bytes, NULL);
  g_assert_cmpvariant (actual, expected);
  g_assert_cmpuint (count, ==, g_variant_n_children (expected));
  for (gsize i = 0; i < g_variant_n_children (expected); i++)
    {
      guint64 length;

      g_variant_get_child (expected, i, "(tttu)", NULL, &length, NULL, NULL);
      expected_bytes += length;
    }
  g_assert_cmphex (bytes, ==, expected_bytes);
}

void
mapping_fixture_write (MappingFixture *self, const char *device, guint64 iova, guint64 length,
                       guint8 value)
{
  g_autoptr (GError) error = NULL;

  iommud_simulator_device_write (self->model.simulator, device, iova, length, value, &error);
  g_assert_no_error (error);
}

guint8
mapping_fixture_read (MappingFixture *self, guint64 offset)
{
  guint8 value = 0;

  g_assert_cmpint (pread (self->file, &value, 1, (off_t) offset), ==, 1);
  return value;
}

guint64
mapping_fixture_get_mapped_bytes (IommudContainer *container)
{
  guint64 bytes;

  g_object_get (iommud_container_get_memory (container), "mapped-bytes", &bytes, NULL);
  return bytes;
}

guint64
mapping_fixture_copy (IommudContainer *container, IommudContainer *source, guint64 source_iova,
                      guint64 length, guint64 iova, IommudMapFlags flags)
{
  g_autoptr (GError) error = NULL;
  guint64 mapped_iova = 1;

  call_copy_mapping (container, source, source_iova, length, iova, flags, NULL, &mapped_iova,
                     &error);
  g_assert_no_error (error);
  return mapped_iova;
}
