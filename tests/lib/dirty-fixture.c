/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container with mappings on a simulated host, and how its dirty pages are read in tests. */
#include "config.h"

#include "dirty-fixture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void
dirty_fixture_attach (MappingFixture *self, const char *device, IommudTrackerChoice tracker)
{
  g_autoptr (GError) error = NULL;

  call_attach_device (self->container, model_fixture_device (&self->model, device),
                      IOMMUD_ATTACH_MODE_AUTO, tracker, NULL, NULL, &error);
  g_assert_no_error (error);
}

void
dirty_fixture_detach (MappingFixture *self, const char *device)
{
  model_fixture_detach (&self->model, device);
}

void
dirty_fixture_map (MappingFixture *self, guint64 iova, guint64 length)
{
  mapping_fixture_map (self, self->container, iova, length, iova, FIXED);
}

void
dirty_fixture_start (MappingFixture *self)
{
  g_autoptr (GError) error = NULL;

  call_start_dirty_tracking (self->container, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (dirty_fixture_is_active (self));
}

void
dirty_fixture_stop (MappingFixture *self)
{
  g_autoptr (GError) error = NULL;

  call_stop_dirty_tracking (self->container, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (dirty_fixture_is_active (self));
}

gboolean
dirty_fixture_is_active (MappingFixture *self)
{
  gboolean active;

  g_object_get (iommud_container_get_dirty_tracking (self->container), "active", &active, NULL);
  return active;
}

static void
add_run (GString *text, guint64 first, guint64 last)
{
  if (text->len > 0)
    g_string_append_c (text, ' ');
  g_string_append_printf (text, "%" G_GUINT64_FORMAT, first);
  if (last > first)
    g_string_append_printf (text, "-%" G_GUINT64_FORMAT, last);
}

static gboolean
is_set (const guint64 *words, guint64 bit)
{
  return (words[bit / 64] >> bit % 64 & 1) != 0;
}

static char *
describe_words (const guint64 *words, guint64 n_bits, guint64 *count)
{
  GString *text = g_string_new (NULL);
  guint64 bit = 0;

  *count = 0;
  while (bit < n_bits)
    {
      guint64 first = bit;

      if (words[bit / 64] == 0)
        {
          bit = (bit | 63) + 1;
          continue;
        }
      while (bit < n_bits && is_set (words, bit))
        bit++;
      if (bit > first)
        add_run (text, first, bit - 1);
      *count += bit - first;
      bit += bit == first ? 1 : 0;
    }
  return g_string_free (text, FALSE);
}

static void
assert_sealed (int fd, gsize size)
{
  struct stat status;

  g_assert_cmpint (fcntl (fd, F_GET_SEALS), ==,
                   F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  g_assert_cmpint (fstat (fd, &status), ==, 0);
  g_assert_cmpuint ((guint64) status.st_size, ==, size);
}

char *
dirty_fixture_describe (int fd, guint64 n_bits, guint64 dirty_pages)
{
  gsize size = (gsize) ((n_bits + 63) / 64 * 8);
  guint64 count;
  guint64 *words;
  char *text;

  g_assert_cmpint (fd, >=, 0);
  assert_sealed (fd, size);
  words = mmap (NULL, size, PROT_READ, MAP_SHARED, fd, 0);
  g_assert_true (words != MAP_FAILED);
  text = describe_words (words, n_bits, &count);
  g_assert_cmpuint (count, ==, dirty_pages);
  if (n_bits % 64 != 0)
    g_assert_cmphex (words[n_bits / 64] >> n_bits % 64, ==, 0);
  munmap (words, size);
  close (fd);
  return text;
}

char *
dirty_fixture_read_all (MappingFixture *self, guint64 iova, guint64 length, guint64 page_size,
                        gboolean no_clear, IommudTrackerChoice tracker)
{
  g_autoptr (GError) error = NULL;
  guint64 dirty_pages = G_MAXUINT64;
  int fd = call_read_dirty_bitmap (self->container, iova, length, page_size, no_clear, tracker,
                                   NULL, &dirty_pages, &error);

  g_assert_no_error (error);
  return dirty_fixture_describe (fd, length / page_size, dirty_pages);
}

void
dirty_fixture_assert_dirty (MappingFixture *self, guint64 iova, guint64 length, const char *pages)
{
  g_autofree char *dirty =
      dirty_fixture_read_all (self, iova, length, PAGE, FALSE, IOMMUD_TRACKER_CHOICE_AUTO);

  g_assert_cmpstr (dirty, ==, pages);
}

void
dirty_fixture_read_fails (MappingFixture *self, guint64 iova, guint64 length, guint64 page_size,
                          IommudError code, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (call_read_dirty_bitmap (self->container, iova, length, page_size, FALSE,
                                           IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error),
                   ==, -1);
  g_assert_error (error, IOMMUD_ERROR, (gint) code);
  if (strstr (error->message, text) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, text);
}

void
dirty_fixture_write (MappingFixture *self, const char *device, guint64 iova, guint64 n_pages)
{
  mapping_fixture_write (self, device, iova, n_pages * PAGE, 1);
}

guint
dirty_fixture_count (MappingFixture *self, const char *operation)
{
  return iommud_simulator_count_calls (self->model.simulator, operation);
}

char *
dirty_fixture_unmap (MappingFixture *self, guint64 iova, guint64 length)
{
  g_autoptr (GError) error = NULL;
  guint64 bytes = 0, dirty_pages = 0;
  int fd = -1;

  call_unmap (self->container, iova, length, PAGE, NULL, &bytes, &fd, &dirty_pages, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (bytes, ==, length);
  return dirty_fixture_describe (fd, length / PAGE, dirty_pages);
}
