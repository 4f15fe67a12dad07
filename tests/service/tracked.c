/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container with a device of each kind of tracker, and memory in it. */
#include "config.h"

#include "tracked.h"

#include <unistd.h>

void
tracked_attach (Bed *bed, const char *container, const char *name)
{
  g_autofree char *device = bed_device (bed, name);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (bed, container, device);
}

void
tracked_set_up (Tracked *fixture, gconstpointer size)
{
  fixture->bed = bed_new (NULL);
  fixture->container = bed_create (fixture->bed, "{'name': <'vm1'>}");
  tracked_attach (fixture->bed, fixture->container, PCI_1);
  tracked_attach (fixture->bed, fixture->container, LOGGING);
  fixture->file = memory_new (GPOINTER_TO_SIZE (size));
  memory_map (fixture->bed, fixture->container, fixture->file, 0, GPOINTER_TO_SIZE (size), GIBIBYTE,
              NULL);
}

void
tracked_tear_down (Tracked *fixture, gconstpointer data)
{
  bed_call_ok (fixture->bed, fixture->container, "Free", bed_options ("{'force': <true>}"));
  close (fixture->file);
  g_free (fixture->container);
  bed_free (fixture->bed);
}

void
tracked_start (Tracked *fixture)
{
  bed_call_ok (fixture->bed, fixture->container, "Start", bed_options (NULL));
}

void
tracked_stop (Tracked *fixture)
{
  bed_call_ok (fixture->bed, fixture->container, "Stop", bed_options (NULL));
}
