/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated host with any number of IOMMUs and devices. */
#include "large-host.h"

#include <sys/resource.h>

char *
large_host_describe (guint n_iommus, guint n_devices)
{
  GString *xml = g_string_new ("<simulated-host>");

  for (guint i = 0; i < n_iommus; i++)
    g_string_append_printf (xml, "<iommu name=\"dmar%u\" dirty-tracking=\"yes\"/>", i);
  for (guint i = 0; i < n_devices; i++)
    g_string_append_printf (xml,
                            "<device name=\"%04x:%02x:%02x.0\" iommu=\"dmar%u\" group=\"%u\"/>",
                            i / 8192, i / 32 % 256, i % 32, i % n_iommus, i);
  g_string_append (xml, "</simulated-host>");
  return g_string_free (xml, FALSE);
}

void
large_host_allow_many_files (void)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

void
large_host_attach_all (IommudHost *host, IommudContainer *container)
{
  GListModel *devices = iommud_host_get_devices (host);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);
      g_autoptr (GError) error = NULL;

      call_attach_device (container, device, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO,
                          NULL, NULL, &error);
      g_assert_no_error (error);
    }
}
