/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A large host: everything is listed, and many attachments leave nothing behind. */
#include "bed.h"

#define N_DEVICES 1000
#define N_ATTACHED 64

static char *
device_name (guint i)
{
  return g_strdup_printf ("0000:%02x:%02x.0", i / 32, i % 32);
}

static char *
describe_host (void)
{
  GString *xml = g_string_new ("<simulated-host><iommu name=\"dmar0\" dirty-tracking=\"yes\"/>");

  for (guint i = 0; i < N_DEVICES; i++)
    {
      g_autofree char *name = device_name (i);

      g_string_append_printf (xml, "<device name=\"%s\" iommu=\"dmar0\" group=\"%u\"/>", name, i);
    }
  g_string_append (xml, "</simulated-host>");
  return g_string_free (xml, FALSE);
}

static void
test_many_devices (void)
{
  g_autofree char *xml = describe_host ();
  g_autoptr (Bed) bed = bed_new (xml);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *first_hwpt = NULL;
  g_autoptr (GVariant) objects = NULL;

  for (guint i = 0; i < N_ATTACHED; i++)
    {
      g_autofree char *name = device_name (i);
      g_autofree char *device = bed_device (bed, name);
      g_autofree char *hwpt = bed_attach (bed, container, device);

      if (first_hwpt == NULL)
        first_hwpt = g_steal_pointer (&hwpt);
      else
        g_assert_cmpstr (hwpt, ==, first_hwpt);
    }
  objects = bed_get_managed_objects (bed);
  /* The manager, the container and its HWPT are beside the devices. */
  g_assert_cmpuint (g_variant_n_children (objects), ==, N_DEVICES + 3);
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scale/many-devices", test_many_devices);
  return g_test_run ();
}
