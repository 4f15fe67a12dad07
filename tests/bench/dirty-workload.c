/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container that has 1 TiB mapped, 16 HWPTs and 16 devices that log, and pages that all of them
 * have dirtied: the same over the bus, in the library, and below it. */
#include "dirty-workload.h"

#include <unistd.h>

#include "workload.h"

/* Two devices behind each IOMMU: its own tracker covers the first, the second logs. */
#define N_DEVICES (2 * DIRTY_WORKLOAD_TRACKERS)
#define NAME_FORMAT "0000:%02x:00.%u"

char *
dirty_workload_describe (void)
{
  GString *xml = g_string_new ("<simulated-host>");

  for (guint i = 0; i < DIRTY_WORKLOAD_TRACKERS; i++)
    {
      g_string_append_printf (xml, "<iommu name=\"dmar%u\" dirty-tracking=\"yes\"/>", i);
      g_string_append_printf (
          xml, "<device name=\"" NAME_FORMAT "\" iommu=\"dmar%u\" group=\"%u\"/>", i, 0, i, 2 * i);
      g_string_append_printf (xml,
                              "<device name=\"" NAME_FORMAT
                              "\" iommu=\"dmar%u\" group=\"%u\"><dma-logging/></device>",
                              i, 1, i, 2 * i + 1);
    }
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

      call_attach_device (container, device, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO,
                          NULL, NULL, &error);
      g_assert_no_error (error);
    }
}

static void
map_all (IommudContainer *container)
{
  int file = workload_make_file (DIRTY_WORKLOAD_LENGTH);
  g_autoptr (GError) error = NULL;

  call_map_file (container, file, 0, DIRTY_WORKLOAD_LENGTH, DIRTY_WORKLOAD_IOVA,
                 IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_WRITABLE | IOMMUD_MAP_FLAGS_FIXED,
                 NULL, NULL, &error);
  g_assert_no_error (error);
  close (file);
}

IommudContainer *
dirty_workload_set_up (IommudHost *host)
{
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (GError) error = NULL;
  IommudContainer *container = iommud_host_create_container (host, options, NULL, &error);

  g_assert_no_error (error);
  attach_all (host, container);
  g_assert_cmpuint (g_list_model_get_n_items (iommud_container_get_hwpts (container)), ==,
                    DIRTY_WORKLOAD_TRACKERS);
  map_all (container);
  call_start_dirty_tracking (container, 0, NULL, &error);
  g_assert_no_error (error);
  return container;
}

/* Device after device in turn, no two of them the same page. */
static guint64
get_iova (guint device, guint page)
{
  guint64 n = (guint64) page * N_DEVICES + device;

  return DIRTY_WORKLOAD_IOVA
         + n * (DIRTY_WORKLOAD_LENGTH / DIRTY_WORKLOAD_PAGES / N_DEVICES / DIRTY_WORKLOAD_PAGE)
               * DIRTY_WORKLOAD_PAGE;
}

void
dirty_workload_write (IommudSimulator *simulator)
{
  for (guint device = 0; device < N_DEVICES; device++)
    {
      g_autofree char *name = g_strdup_printf (NAME_FORMAT, device / 2, device % 2);

      for (guint page = 0; page < DIRTY_WORKLOAD_PAGES; page++)
        {
          g_autoptr (GError) error = NULL;

          iommud_simulator_device_write (simulator, name, get_iova (device, page), 1, 0xd1, &error);
          g_assert_no_error (error);
        }
    }
}

guint64
dirty_workload_count_pages (void)
{
  return (guint64) N_DEVICES * DIRTY_WORKLOAD_PAGES;
}
