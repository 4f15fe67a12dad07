/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapping over the bus: the methods, their options, and what the properties then say. */
#include "memory.h"
#include "recorder.h"

#include <unistd.h>

#define PCI_1 "0000:01:00.0"
#define RANGE (64 * PAGE)

/* A container with a device, and a file of 64 pages. */
typedef struct
{
  Bed *bed;
  char *container;
  char *device;
  int file;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *hwpt = NULL;

  fixture->bed = bed_new (NULL);
  fixture->container = bed_create (fixture->bed, "{'name': <'vm1'>}");
  fixture->device = bed_device (fixture->bed, PCI_1);
  hwpt = bed_attach (fixture->bed, fixture->container, fixture->device);
  fixture->file = memory_new (RANGE);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  bed_call_ok (fixture->bed, fixture->container, "Free", bed_options ("{'force': <true>}"));
  close (fixture->file);
  g_free (fixture->container);
  g_free (fixture->device);
  bed_free (fixture->bed);
}

static guint64
map (Fixture *fixture, guint64 offset, guint64 length, guint64 iova, const char *options)
{
  return memory_map (fixture->bed, fixture->container, fixture->file, offset, length, iova,
                     options);
}

static void
check (Fixture *fixture, const char *member, const char *expected)
{
  bed_assert (fixture->bed, fixture->container, member, expected);
}

static void
test_nothing (Fixture *fixture, gconstpointer data)
{
  check (fixture, "Mappings", "[]");
  check (fixture, "MappingCount", "0");
  check (fixture, "MappedBytes", "0");
  check (fixture, "AllowedIovas", "[]");
  check (fixture, "HugePages", "true");
}

static void
test_map (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (map (fixture, 0, RANGE, GIBIBYTE, NULL), ==, GIBIBYTE);
  g_assert_cmpuint (map (fixture, 4 * PAGE, PAGE, PAGE, "{'writable': <false>}"), ==, PAGE);
  g_assert_cmpuint (map (fixture, 0, 2 * PAGE, 2 * GIBIBYTE, "{'readable': <false>}"), ==,
                    2 * GIBIBYTE);
  check (fixture, "Mappings",
         "[(4096, 4096, 16384, 1), (1073741824, 262144, 0, 3), (2147483648, 8192, 0, 2)]");
  check (fixture, "MappingCount", "3");
  check (fixture, "MappedBytes", "274432");

  g_assert_cmpuint (memory_unmap (fixture->bed, fixture->container, GIBIBYTE, RANGE), ==, RANGE);
  check (fixture, "Mappings", "[(4096, 4096, 16384, 1), (2147483648, 8192, 0, 2)]");
  check (fixture, "MappingCount", "2");
  check (fixture, "MappedBytes", "12288");
}

/* The address that the kernel chooses is returned, and lies in an allowed range. */
static void
test_not_fixed (Fixture *fixture, gconstpointer data)
{
  guint64 iova = map (fixture, 0, RANGE, 123, "{'fixed': <false>}");
  g_autofree char *mappings = g_strdup_printf ("[(%" G_GUINT64_FORMAT ", 262144, 0, 3)]", iova);

  g_assert_cmpuint (iova % PAGE, ==, 0);
  check (fixture, "Mappings", mappings);

  bed_call_ok (fixture->bed, fixture->container, "SetAllowedIovas",
               g_variant_new_parsed ("([(@t 0x40000000, @t 0x4fffffff)], @a{sv} {})"));
  check (fixture, "AllowedIovas", "[(1073741824, 1342177279)]");
  iova = map (fixture, 0, RANGE, 0, "{'fixed': <false>}");
  g_assert_cmpuint (iova, >=, GIBIBYTE);
  g_assert_cmpuint (iova + RANGE, <=, 0x50000000);
  bed_call_ok (fixture->bed, fixture->container, "SetAllowedIovas",
               g_variant_new_parsed ("(@a(tt) [], @a{sv} {})"));
  check (fixture, "AllowedIovas", "[]");
}

static guint64
unmap_all (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      bed_call (fixture->bed, fixture->container, "UnmapAll", bed_options (NULL), &error);
  guint64 n_bytes = 0;

  g_assert_no_error (error);
  g_variant_get (reply, "(t)", &n_bytes);
  return n_bytes;
}

static void
test_unmap (Fixture *fixture, gconstpointer data)
{
  map (fixture, 0, PAGE, GIBIBYTE, NULL);
  map (fixture, 0, PAGE, GIBIBYTE + 2 * PAGE, NULL);
  map (fixture, 0, PAGE, GIBIBYTE + 8 * PAGE, NULL);
  /* A range may hold gaps. */
  g_assert_cmpuint (memory_unmap (fixture->bed, fixture->container, GIBIBYTE, 4 * PAGE), ==,
                    2 * PAGE);
  check (fixture, "MappedBytes", "4096");
  g_assert_cmpuint (unmap_all (fixture), ==, PAGE);
  check (fixture, "MappingCount", "0");
  g_assert_cmpuint (unmap_all (fixture), ==, 0);
}

static void
test_copy (Fixture *fixture, gconstpointer data)
{
  g_autofree char *options =
      g_strdup_printf ("{'share-context': <objectpath '%s'>}", fixture->container);
  g_autofree char *other = bed_create (fixture->bed, options);
  g_autofree char *stranger = bed_create (fixture->bed, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  guint64 iova = 0;

  map (fixture, 0, RANGE, GIBIBYTE, NULL);
  reply = bed_call (fixture->bed, other, "CopyMapping",
                    g_variant_new_parsed ("(%o, @t 0x40000000, @t 0x2000, @t 0x1000, "
                                          "{'writable': <false>})",
                                          fixture->container),
                    &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(t)", &iova);
  g_assert_cmpuint (iova, ==, PAGE);
  bed_assert (fixture->bed, other, "MappedBytes", "8192");
  bed_call_fails (fixture->bed, stranger, "CopyMapping",
                  g_variant_new_parsed ("(%o, @t 0x40000000, @t 0x2000, @t 0x1000, @a{sv} {})",
                                        fixture->container),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*context*");
  bed_call_fails (fixture->bed, other, "CopyMapping",
                  g_variant_new_parsed ("(%o, @t 0x80000000, @t 0x2000, @t 0x4000, @a{sv} {})",
                                        fixture->container),
                  IOMMUD_ERROR_NOT_FOUND, "*");
  bed_call_fails (fixture->bed, other, "CopyMapping",
                  g_variant_new_parsed ("(%o, @t 0x40000000, @t 0x2000, @t 0x4000, @a{sv} {})",
                                        fixture->device),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*is a device, not a container*");

  /* It is unmapped in one container, and stays mapped in the other. */
  g_assert_cmpuint (unmap_all (fixture), ==, RANGE);
  bed_assert (fixture->bed, other, "MappedBytes", "8192");
  bed_call_ok (fixture->bed, other, "Free", bed_options (NULL));
  bed_call_ok (fixture->bed, stranger, "Free", bed_options (NULL));
}

static void
test_huge_pages (Fixture *fixture, gconstpointer data)
{
  g_autofree char *small = bed_create (fixture->bed, "{'huge-pages': <false>}");

  bed_assert (fixture->bed, small, "HugePages", "false");
  bed_assert (fixture->bed, small, "IovaAlignment", "4096");
  bed_call_ok (fixture->bed, small, "Free", bed_options (NULL));
  bed_call_fails (fixture->bed, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer",
                  bed_options ("{'huge-pages': <'no'>}"), IOMMUD_ERROR_INVALID_ARGUMENT,
                  "*'huge-pages'*'b'*'s'*");
}

/* The list is cut off at its limit, but the numbers count everything. */
static void
test_many (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) mappings = NULL;
  g_autoptr (GVariant) last = NULL;
  guint64 iova = 0;

  for (guint64 i = 0; i < 300; i++)
    map (fixture, 0, PAGE, GIBIBYTE + 2 * i * PAGE, NULL);
  check (fixture, "MappingCount", "300");
  check (fixture, "MappedBytes", "1228800");
  mappings = bed_get (fixture->bed, fixture->container, "Mappings");
  g_assert_cmpuint (g_variant_n_children (mappings), ==, 256);
  last = g_variant_get_child_value (mappings, 255);
  g_variant_get (last, "(tttu)", &iova, NULL, NULL, NULL);
  g_assert_cmpuint (iova, ==, GIBIBYTE + 510 * PAGE);
}

/* The signal says that the list has changed, and does not carry it. */
static void
test_signal (Fixture *fixture, gconstpointer data)
{
  Recorder *recorder = recorder_new (fixture->bed->client);

  bed_settle (fixture->bed);
  recorder_clear (recorder);
  map (fixture, 0, PAGE, GIBIBYTE, NULL);
  g_assert_cmpuint (recorder_count (recorder, "PropertiesChanged *'MappedBytes': <*4096>*"), ==, 1);
  g_assert_cmpuint (recorder_count (recorder, "PropertiesChanged *'Mappings': *"), ==, 0);
  g_assert_cmpuint (recorder_count (recorder, "* invalidated ['Mappings']"), ==, 1);
  g_assert_cmpint (recorder_find (recorder, "* invalidated ['Mappings']"), <,
                   recorder_find (recorder, "reply"));
  recorder_free (recorder);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/mapping/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("nothing", test_nothing);
  ADD ("map", test_map);
  ADD ("not-fixed", test_not_fixed);
  ADD ("unmap", test_unmap);
  ADD ("copy", test_copy);
  ADD ("huge-pages", test_huge_pages);
  ADD ("many", test_many);
  ADD ("signal", test_signal);
  return g_test_run ();
}
