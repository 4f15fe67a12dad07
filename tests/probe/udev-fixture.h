/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Discovery on a mock machine, and what its signals have reported so far. */
#pragma once

#include "machine.h"
#include "probe/udev.h"

G_BEGIN_DECLS

#define NIC "/devices/pci0000:00/0000:00:01.0/0000:01:00.0"
#define NIC2 "/devices/pci0000:00/0000:00:01.0/0000:01:00.1"
#define GPU "/devices/pci0000:00/0000:00:02.0"
#define MDEV GPU "/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define NIC_FACTS                                                                                  \
  "A: vendor=0x8086\\n\nA: device=0x10d3\\n\nA: numa_node=1\\n\n"                                  \
  "E: MODALIAS=pci:v00008086d000010D3\n"                                                           \
  "E: ID_VENDOR_FROM_DATABASE=Intel Corporation\n"                                                 \
  "E: ID_MODEL_FROM_DATABASE=82574L Gigabit Network Connection\n"                                  \
  "L: driver=../../../../bus/pci/drivers/vfio-pci\n"                                               \
  "L: iommu_group=../../../../kernel/iommu_groups/11\n"                                            \
  "L: iommu=../../../virtual/iommu/dmar0\n"

typedef struct
{
  Machine *machine;
  IommudProbe *probe;
  GHashTable *devices; /* sysfs path -> IommudDeviceInfo, as the signals tell */
  GString *log;        /* "+vfio0 ", "~vfio0 ", "-name " for each signal */
} UdevFixture;

void udev_fixture_set_up (UdevFixture *fixture, gconstpointer data);
void udev_fixture_tear_down (UdevFixture *fixture, gconstpointer data);
void udev_fixture_start (UdevFixture *fixture);
/* What was reported of the device at @path, which must have been. */
const IommudDeviceInfo *udev_fixture_find (UdevFixture *fixture, const char *path);
/* Runs the loop until the signals so far are @expected, as the log has them. */
void udev_fixture_expect (UdevFixture *fixture, const char *expected);
void udev_fixture_expect_nothing (UdevFixture *fixture);

G_END_DECLS
