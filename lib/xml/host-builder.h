/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated host that is being read: what is known so far, and the elements that said it. */
#pragma once

#include "sim/description/description.h"
#include "xml/document.h"

G_BEGIN_DECLS

/* A VFIO device, with what its record does not say. */
typedef struct
{
  IommudSimulatedDevice *device; /* owned by the host */
  IommudXmlPlace place;
  int bus;             /* index in iommud_xml_buses */
  guint32 vfio_number; /* IOMMUD_XML_NO_NUMBER: the lowest that is free */
} IommudXmlDevice;

/* What an mdev takes from its parent. */
typedef struct
{
  char *sysfs_path;
  char *driver;
} IommudXmlHostDevice;

#define IOMMUD_XML_NO_NUMBER G_MAXUINT32

typedef struct
{
  const char *source; /* as of IommudXmlText */
  IommudSimulatedHost *host;
  GArray *devices;          /* of IommudXmlDevice, in document order */
  GHashTable *elements;     /* name of a device or host device -> its line */
  GHashTable *iommus;       /* name -> its line */
  GHashTable *host_devices; /* name -> IommudXmlHostDevice */
} IommudXmlHostBuilder;

/* NULL-terminated, in the order of IommudXmlDevice.bus; the last one is the mdev's. */
extern const char *const iommud_xml_buses[];
#define IOMMUD_XML_BUS_PCI 0
#define IOMMUD_XML_BUS_MDEV 6

void iommud_xml_add_host_device (IommudXmlHostBuilder *self,
                                 const IommudSimulatedHostDevice *device);
void iommud_xml_host_device_free (gpointer self);
gboolean iommud_xml_check_device_name (const IommudXmlElement *element, const char *bus,
                                       const char *name, GError **error);
gboolean iommud_xml_add_name (GHashTable *names, const IommudXmlElement *element, const char *name,
                              GError **error);
gboolean iommud_xml_finish_devices (IommudXmlHostBuilder *self, GError **error);

G_END_DECLS
