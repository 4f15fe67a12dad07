/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every member of every interface, on the built-in simulated host. */
#include "config.h"

#include "bed.h"

#include <unistd.h>

#define PCI_1 "0000:01:00.0"   /* of dmar0, which tracks dirty pages */
#define PCI_2 "0000:02:00.0"   /* of dmar0, another group */
#define PCI_3 "0000:81:00.0"   /* of dmar1, which tracks nothing */
#define LOGGING "0000:03:00.1" /* of dmar0, logs the pages that it dirties itself */
#define MDEV "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define PCI_1_PATH IOMMUD_DBUS_DEVICES_PATH "/0000_3a01_3a00_2e0"

static void
test_manager (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autoptr (GVariant) features = NULL;
  g_autofree const char **words = NULL;

  bed_assert (bed, IOMMUD_DBUS_MANAGER_PATH, "Version", "'" VERSION "'");
  bed_assert (bed, IOMMUD_DBUS_MANAGER_PATH, "Backend", "'simulated'");
  bed_assert (bed, IOMMUD_DBUS_MANAGER_PATH, "IommufdAvailable", "true");
  features = bed_get (bed, IOMMUD_DBUS_MANAGER_PATH, "Features");
  words = g_variant_get_strv (features, NULL);
  g_assert_true (g_strv_contains (words, "hwpt-alloc"));
  g_assert_true (g_strv_contains (words, "dirty-tracking"));
}

static void
test_find (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, "{'name': <'vm1'>}");
  g_autofree char *found = bed_call_for_path (bed, IOMMUD_DBUS_MANAGER_PATH, "FindContainer",
                                              g_variant_new ("(s)", "vm1"));
  g_autofree char *by_address = bed_device (bed, PCI_1);
  g_autoptr (GVariant) vfio_name = bed_get (bed, by_address, "VfioName");
  g_autoptr (GVariant) sysfs_path = bed_get (bed, by_address, "SysfsPath");
  g_autofree char *by_vfio_name = bed_device (bed, g_variant_get_string (vfio_name, NULL));
  g_autofree char *by_sysfs_path = bed_device (bed, g_variant_get_string (sysfs_path, NULL));
  g_autofree char *by_uuid = bed_device (bed, MDEV);

  g_assert_cmpstr (found, ==, container);
  g_assert_cmpstr (by_address, ==, PCI_1_PATH);
  g_assert_cmpstr (by_vfio_name, ==, by_address);
  g_assert_cmpstr (by_sysfs_path, ==, by_address);
  bed_assert (bed, by_uuid, "Bus", "'mdev'");
  bed_call_ok (bed, container, "Free", bed_options (NULL));
}

static void
test_device (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *mdev = bed_device (bed, MDEV);

  bed_assert (bed, device, "Name", "'" PCI_1 "'");
  bed_assert (bed, device, "Bus", "'pci'");
  bed_assert (bed, device, "Parent", "''");
  bed_assert (bed, device, "MdevType", "''");
  bed_assert (bed, device, "VendorId", "32902");
  bed_assert (bed, device, "ProductId", "5409");
  bed_assert (bed, device, "Vendor", "'Intel Corporation'");
  bed_assert (bed, device, "Product", "'I350 Gigabit Network Connection'");
  bed_assert (bed, device, "IommuGroup", "10");
  bed_assert (bed, device, "Iommu", "'dmar0'");
  bed_assert (bed, device, "NumaNode", "0");
  bed_assert (bed, device, "Driver", "'vfio-pci'");
  bed_assert (bed, device, "State", "'available'");
  bed_assert (bed, device, "Container", "'/'");
  bed_assert (bed, device, "Hwpt", "'/'");
  bed_assert (bed, device, "DeviceId", "0");
  bed_assert (bed, device, "IommuCapabilities", "[]");
  bed_assert (bed, device, "IommuType", "''");
  bed_assert (bed, device, "MaxPasidWidth", "0");
  bed_assert (bed, device, "DirtyTracker", "'unknown'");

  bed_assert (bed, mdev, "Parent", "'0000:00:02.0'");
  bed_assert (bed, mdev, "MdevType", "'i915-GVTg_V5_4'");
  bed_assert (bed, mdev, "Iommu", "''");
  bed_assert (bed, mdev, "VendorId", "0");
}

static void
test_container (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *uid = g_strdup_printf ("%u", (guint) getuid ());
  g_autofree char *container = bed_create (
      bed, "{'name': <'vm1'>, 'dirty-tracking': <'required'>, 'accounting': <'process'>}");
  g_autofree char *other = bed_create (bed, NULL);
  g_autofree char *sharing_options =
      g_strdup_printf ("{'share-context': <objectpath '%s'>}", container);
  g_autofree char *sharing = bed_create (bed, sharing_options);
  g_autoptr (GVariant) context = bed_get (bed, container, "Context");
  g_autoptr (GVariant) other_context = bed_get (bed, other, "Context");
  g_autoptr (GVariant) shared_context = bed_get (bed, sharing, "Context");

  bed_assert (bed, container, "Name", "'vm1'");
  bed_assert (bed, container, "Owner", uid);
  bed_assert (bed, container, "Policy", "'required'");
  bed_assert (bed, container, "Accounting", "'process'");
  bed_assert (bed, container, "OrphanCount", "0");
  bed_assert (bed, container, "Devices", "[]");
  bed_assert (bed, container, "Hwpts", "[]");
  bed_assert (bed, container, "IovaRanges", "[(0, 18446744073709551615)]");
  bed_assert (bed, container, "IovaAlignment", "1");
  bed_assert (bed, container, "Coverage", "'full'");
  bed_assert (bed, other, "Policy", "'preferred'");
  bed_assert (bed, other, "Accounting", "'user'");
  g_assert_true (g_variant_equal (context, shared_context));
  g_assert_false (g_variant_equal (context, other_context));

  bed_call_ok (bed, container, "Free", bed_options (NULL));
  bed_call_ok (bed, other, "Free", bed_options ("{'force': <false>}"));
  bed_call_ok (bed, sharing, "Free", bed_options ("{'force': <true>}"));
}

static void
check_attached (Bed *bed, const char *container, const char *device, const char *hwpt)
{
  g_autofree char *quoted_container = g_strdup_printf ("'%s'", container);
  g_autofree char *quoted_hwpt = g_strdup_printf ("'%s'", hwpt);

  bed_assert (bed, device, "State", "'attached'");
  bed_assert (bed, device, "Container", quoted_container);
  bed_assert (bed, device, "Hwpt", quoted_hwpt);
}

static void
test_attach (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *pci_1 = bed_device (bed, PCI_1);
  g_autofree char *pci_2 = bed_device (bed, PCI_2);
  g_autofree char *pci_3 = bed_device (bed, PCI_3);
  g_autofree char *mdev = bed_device (bed, MDEV);
  g_autofree char *hwpt_1 = bed_attach (bed, container, pci_1);
  g_autofree char *hwpt_2 = bed_attach (bed, container, pci_2);
  g_autofree char *hwpt_3 = bed_attach (bed, container, pci_3);
  g_autofree char *no_hwpt = bed_attach (bed, container, mdev);
  g_autofree char *both = g_strdup_printf ("['%s', '%s']", pci_1, pci_2);
  g_autofree char *all = g_strdup_printf ("['%s', '%s', '%s', '%s']", pci_1, pci_2, pci_3, mdev);
  g_autofree char *hwpts = g_strdup_printf ("['%s', '%s']", hwpt_1, hwpt_3);
  g_autofree char *quoted = g_strdup_printf ("'%s'", container);

  g_assert_true (g_str_has_prefix (hwpt_1, container));
  g_assert_cmpstr (hwpt_2, ==, hwpt_1);
  g_assert_cmpstr (hwpt_3, !=, hwpt_1);
  g_assert_cmpstr (no_hwpt, ==, "/");
  check_attached (bed, container, pci_1, hwpt_1);
  check_attached (bed, container, pci_3, hwpt_3);
  check_attached (bed, container, mdev, "/");
  bed_assert (bed, container, "Devices", all);
  bed_assert (bed, container, "Hwpts", hwpts);
  bed_assert (bed, container, "Coverage", "'partial'");
  bed_assert (bed, hwpt_1, "Devices", both);
  bed_assert (bed, hwpt_1, "Container", quoted);
  bed_assert (bed, hwpt_1, "Parent", "'/'");
  bed_assert (bed, hwpt_1, "Management", "'auto'");
  bed_assert (bed, hwpt_1, "Flags", "['dirty-tracking']");
  bed_assert (bed, hwpt_1, "Iommu", "'dmar0'");
  bed_assert (bed, hwpt_3, "Flags", "[]");
  bed_assert (bed, pci_1, "DirtyTracker", "'iommu'");
  bed_assert (bed, pci_3, "DirtyTracker", "'none'");

  bed_call_ok (bed, pci_1, "Detach", bed_options (NULL));
  bed_assert (bed, pci_1, "State", "'available'");
  bed_assert (bed, pci_1, "Hwpt", "'/'");
  bed_call_ok (bed, pci_2, "Detach", bed_options (NULL));
  g_free (hwpts);
  hwpts = g_strdup_printf ("['%s']", hwpt_3);
  bed_assert (bed, container, "Hwpts", hwpts);
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
  bed_assert (bed, mdev, "Container", "'/'");
}

/* A caller can ask for a certain tracker; a device that nothing tracks blocks a migration. */
static void
test_trackers (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *logging = bed_device (bed, LOGGING);
  g_autofree char *pci_3 = bed_device (bed, PCI_3);
  g_autofree char *hwpt_1 G_GNUC_UNUSED = bed_attach (bed, container, logging);
  g_autofree char *hwpt_2 = NULL;
  g_autofree char *hwpt_3 = NULL;
  g_autoptr (GVariant) blockers = NULL;
  const char *blocker = NULL;

  bed_assert (bed, logging, "DirtyTracker", "'device'");
  bed_call_ok (bed, logging, "Detach", bed_options (NULL));
  hwpt_2 = bed_call_for_path (bed, container, "AttachDevice",
                              bed_device_arguments (logging, "{'tracker': <'iommu'>}"));
  bed_assert (bed, logging, "DirtyTracker", "'iommu'");
  bed_assert (bed, container, "Blockers", "[]");
  bed_assert (bed, container, "Active", "false");
  bed_call_fails (bed, container, "AttachDevice",
                  bed_device_arguments (pci_3, "{'tracker': <'device'>}"),
                  IOMMUD_ERROR_NOT_SUPPORTED, "*" PCI_3 "*");

  hwpt_3 = bed_attach (bed, container, pci_3);
  blockers = bed_get (bed, container, "Blockers");
  g_assert_cmpuint (g_variant_n_children (blockers), ==, 1);
  g_variant_get_child (blockers, 0, "&s", &blocker);
  g_assert_nonnull (strstr (blocker, PCI_3));
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

/* The tracker that could record is shown even if the container wants nothing recorded. */
static void
test_trackers_off (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, "{'dirty-tracking': <'off'>}");
  g_autofree char *logging = bed_device (bed, LOGGING);
  g_autofree char *pci_1 = bed_device (bed, PCI_1);
  g_autofree char *pci_3 = bed_device (bed, PCI_3);
  g_autofree char *hwpt_1 G_GNUC_UNUSED = bed_attach (bed, container, logging);
  g_autofree char *hwpt_2 = bed_attach (bed, container, pci_1);
  g_autofree char *hwpt_3 G_GNUC_UNUSED = bed_attach (bed, container, pci_3);

  bed_assert (bed, container, "Coverage", "'none'");
  bed_assert (bed, hwpt_2, "Flags", "[]");
  bed_assert (bed, logging, "DirtyTracker", "'device'");
  bed_assert (bed, pci_3, "DirtyTracker", "'none'");
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

static void
test_attach_kernel (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *hwpt = bed_call_for_path (bed, container, "AttachDevice",
                                             bed_device_arguments (device, "{'mode': <'kernel'>}"));

  bed_assert (bed, hwpt, "Management", "'kernel'");
  bed_call_ok (bed, device, "Detach", bed_options (NULL));
  bed_assert (bed, container, "Hwpts", "[]");
  bed_call_ok (bed, container, "Free", bed_options (NULL));
}

static void
test_manual (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *plain =
      bed_call_for_path (bed, container, "AllocHwpt", bed_device_arguments (device, NULL));
  g_autofree char *flagged = bed_call_for_path (
      bed, container, "AllocHwpt",
      bed_device_arguments (device, "{'dirty-tracking': <true>, 'nest-parent': <true>}"));

  bed_assert (bed, plain, "Management", "'manual'");
  bed_assert (bed, plain, "Flags", "[]");
  bed_assert (bed, plain, "Devices", "[]");
  bed_assert (bed, flagged, "Flags", "['dirty-tracking', 'nest-parent']");
  bed_assert (bed, device, "State", "'bound'");

  bed_call_ok (bed, flagged, "AttachDevice", bed_device_arguments (device, NULL));
  check_attached (bed, container, device, flagged);
  bed_call_ok (bed, plain, "Free", bed_options (NULL));
  bed_call_fails (bed, flagged, "Free", bed_options (NULL), IOMMUD_ERROR_BUSY, "*");
  bed_call_ok (bed, device, "Detach", bed_options (NULL));
  bed_call_ok (bed, flagged, "Free", bed_options (NULL));
  bed_call_ok (bed, container, "Free", bed_options (NULL));
}

static void
check_container_interfaces (GVariant *objects, const char *container)
{
  static const struct
  {
    const char *name;
    gsize n_properties;
  } expected[] = {
    { IOMMUD_DBUS_CONTAINER_INTERFACE, 12 },
    { IOMMUD_DBUS_MEMORY_INTERFACE, 9 },
    { IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE, 5 },
  };
  g_autoptr (GVariant) interfaces = g_variant_lookup_value (objects, container, NULL);

  g_assert_cmpuint (g_variant_n_children (interfaces), ==, G_N_ELEMENTS (expected));
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr (GVariant) properties = g_variant_lookup_value (interfaces, expected[i].name, NULL);

      g_assert_nonnull (properties);
      g_assert_cmpuint (g_variant_n_children (properties), ==, expected[i].n_properties);
    }
}

/* Everything is in GetManagedObjects, with every property of its interface. */
static void
test_managed_objects (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *hwpt = bed_attach (bed, container, device);
  g_autoptr (GVariant) objects = bed_get_managed_objects (bed);
  g_autoptr (GVariant) interfaces = NULL;
  g_autoptr (GVariant) properties = NULL;

  /* The manager, ten devices, a container and a HWPT. */
  g_assert_cmpuint (g_variant_n_children (objects), ==, 13);
  check_container_interfaces (objects, container);
  interfaces = g_variant_lookup_value (objects, hwpt, NULL);
  g_assert_nonnull (interfaces);
  properties = g_variant_lookup_value (interfaces, IOMMUD_DBUS_HWPT_INTERFACE, NULL);
  g_assert_cmpuint (g_variant_n_children (properties), ==, 8);
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/members/manager", test_manager);
  g_test_add_func ("/members/find", test_find);
  g_test_add_func ("/members/device", test_device);
  g_test_add_func ("/members/container", test_container);
  g_test_add_func ("/members/attach", test_attach);
  g_test_add_func ("/members/trackers", test_trackers);
  g_test_add_func ("/members/trackers-off", test_trackers_off);
  g_test_add_func ("/members/attach-kernel", test_attach_kernel);
  g_test_add_func ("/members/manual", test_manual);
  g_test_add_func ("/members/managed-objects", test_managed_objects);
  return g_test_run ();
}
