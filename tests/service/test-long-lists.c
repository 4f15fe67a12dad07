/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists that grow: a property shows the first of it, and another one says how many there are. */
#include "bed.h"
#include "large-host.h"
#include "recorder.h"

#define N_DEVICES 300 /* more than a list of paths shows */
#define PATHS_SHOWN 256
#define N_RANGES 100 /* more than a list of ranges shows */
#define ELEMENTS_SHOWN 64

static char *
device_path (Bed *bed, guint i)
{
  g_autofree char *name = g_strdup_printf ("0000:%02x:%02x.0", i / 32, i % 32);

  return bed_device (bed, name);
}

/* The HWPT of the last one. */
static char *
attach_all (Bed *bed, const char *container)
{
  char *hwpt = NULL;

  for (guint i = 0; i < N_DEVICES; i++)
    {
      g_autofree char *device = device_path (bed, i);

      g_free (hwpt);
      hwpt = bed_attach (bed, container, device);
    }
  return hwpt;
}

static void
check_list (Bed *bed, const char *path, const char *list, guint n_shown, const char *count,
            guint n_elements)
{
  g_autoptr (GVariant) elements = bed_get (bed, path, list);
  g_autofree char *expected = g_strdup_printf ("%u", n_elements);

  g_assert_cmpuint (g_variant_n_children (elements), ==, n_shown);
  bed_assert (bed, path, count, expected);
}

static void
test_devices (void)
{
  g_autofree char *xml = large_host_describe (1, N_DEVICES);
  g_autoptr (Bed) bed = bed_new (xml);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *hwpt = attach_all (bed, container);
  g_autofree char *last = device_path (bed, N_DEVICES - 1);

  check_list (bed, container, "Devices", PATHS_SHOWN, "DeviceCount", N_DEVICES);
  check_list (bed, container, "Hwpts", 1, "HwptCount", 1);
  check_list (bed, hwpt, "Devices", PATHS_SHOWN, "DeviceCount", N_DEVICES);
  bed_call_ok (bed, last, "Detach", bed_options (NULL));
  check_list (bed, container, "Devices", PATHS_SHOWN, "DeviceCount", N_DEVICES - 1);
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

/* Each device that nothing tracks is a blocker. What is said on the bus of one more of them does
 * not grow with their number. */
static void
test_blockers (void)
{
  g_autofree char *tracked = large_host_describe (1, N_DEVICES);
  g_autoptr (GString) xml = g_string_new (tracked);
  g_autoptr (Bed) bed = NULL;
  g_autofree char *container = NULL;
  g_autofree char *hwpt = NULL;
  g_autofree char *last = NULL;
  g_autoptr (Recorder) recorder = NULL;
  g_autofree char *text = NULL;

  g_string_replace (xml, "dirty-tracking=\"yes\"", "dirty-tracking=\"no\"", 0);
  bed = bed_new (xml->str);
  container = bed_create (bed, NULL);
  hwpt = attach_all (bed, container);
  check_list (bed, container, "Blockers", ELEMENTS_SHOWN, "BlockerCount", N_DEVICES);
  last = device_path (bed, N_DEVICES - 1);
  recorder = recorder_new (bed->client);
  bed_call_ok (bed, last, "Detach", bed_options (NULL));
  text = recorder_get_text (recorder);
  g_assert_cmpuint (strlen (text), <, 4000);
  g_assert_nonnull (strstr (text, "'DeviceCount': <uint64 299>"));
  g_assert_nonnull (strstr (text, "'BlockerCount': <uint64 299>"));
  check_list (bed, container, "Blockers", ELEMENTS_SHOWN, "BlockerCount", N_DEVICES - 1);
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

static void
test_ranges (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, NULL);
  GVariantBuilder ranges;

  check_list (bed, container, "AllowedIovas", 0, "AllowedIovaCount", 0);
  check_list (bed, container, "IovaRanges", 1, "IovaRangeCount", 1);
  g_variant_builder_init (&ranges, G_VARIANT_TYPE ("a(tt)"));
  for (guint64 i = 0; i < N_RANGES; i++)
    g_variant_builder_add (&ranges, "(tt)", i << 20, (i << 20) + 0xffff);
  bed_call_ok (bed, container, "SetAllowedIovas", g_variant_new ("(a(tt)a{sv})", &ranges, NULL));
  check_list (bed, container, "AllowedIovas", ELEMENTS_SHOWN, "AllowedIovaCount", N_RANGES);
  check_list (bed, container, "IovaRanges", 1, "IovaRangeCount", 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/long-lists/devices", test_devices);
  g_test_add_func ("/long-lists/blockers", test_blockers);
  g_test_add_func ("/long-lists/ranges", test_ranges);
  return g_test_run ();
}
