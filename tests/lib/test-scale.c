/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a large host costs in kernel calls. */
#include "iommud.h"

#include <sys/resource.h>

#define N_IOMMUS 64
#define N_DEVICES 1000

static char *
describe_host (guint n_iommus, guint n_devices)
{
  GString *xml = g_string_new ("<simulated-host>");

  for (guint i = 0; i < n_iommus; i++)
    g_string_append_printf (xml, "<iommu name=\"dmar%u\" dirty-tracking=\"yes\"/>", i);
  for (guint i = 0; i < n_devices; i++)
    g_string_append_printf (xml,
                            "<device name=\"0000:%02x:%02x.0\" iommu=\"dmar%u\" group=\"%u\"/>",
                            i / 32, i % 32, i % n_iommus, i);
  g_string_append (xml, "</simulated-host>");
  return g_string_free (xml, FALSE);
}

static void
attach_all (IommudHost *host, IommudContainer *container)
{
  GListModel *devices = iommud_host_get_devices (host);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);
      g_autoptr (GError) error = NULL;

      iommud_container_attach_device (container, device, IOMMUD_ATTACH_MODE_AUTO, NULL, NULL,
                                      &error);
      g_assert_no_error (error);
    }
}

/* Instances that refuse each other's HWPTs are not tried pair by pair. */
static void
test_many_iommus (void)
{
  g_autofree char *xml = describe_host (N_IOMMUS, N_DEVICES);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (xml, -1, &error);
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (IommudHost) host = NULL;
  g_autoptr (IommudContainer) container = NULL;
  guint n_calls;

  g_assert_no_error (error);
  host = iommud_host_new (IOMMUD_BACKEND (simulator), &error);
  g_assert_no_error (error);
  container = iommud_host_create_container (host, options, NULL, &error);
  g_assert_no_error (error);
  attach_all (host, container);
  g_assert_cmpuint (g_list_model_get_n_items (iommud_container_get_hwpts (container)), ==,
                    N_IOMMUS);
  n_calls = iommud_simulator_count_calls (simulator, "attach");
  g_test_message ("%u kernel attach calls for %u devices", n_calls, N_DEVICES);
  g_assert_cmpuint (n_calls, <=, N_DEVICES + N_DEVICES / 10);
  iommud_container_destroy (container, TRUE, NULL, &error);
  g_assert_no_error (error);
}

/* Each bound device is an open file, and its far end in the simulated kernel another. */
static void
allow_many_files (void)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  allow_many_files ();
  g_test_add_func ("/scale/many-iommus", test_many_iommus);
  return g_test_run ();
}
