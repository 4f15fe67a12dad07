/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The discovery interface: its signals and its calls into the implementation. */
#include "probe/probe.h"

G_DEFINE_INTERFACE (IommudProbe, iommud_probe, G_TYPE_OBJECT)

static void
iommud_probe_default_init (IommudProbeInterface *iface)
{
  g_signal_new ("device-added", IOMMUD_TYPE_PROBE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, G_TYPE_POINTER);
  g_signal_new ("device-changed", IOMMUD_TYPE_PROBE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, G_TYPE_POINTER);
  g_signal_new ("device-removed", IOMMUD_TYPE_PROBE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, G_TYPE_STRING);
}

gboolean
iommud_probe_start (IommudProbe *self, GError **error)
{
  return IOMMUD_PROBE_GET_IFACE (self)->start (self, error);
}

GPtrArray *
iommud_probe_list_group (IommudProbe *self, gint32 iommu_group)
{
  return IOMMUD_PROBE_GET_IFACE (self)->list_group (self, iommu_group);
}

char *
iommud_probe_describe_holder (IommudProbe *self, const IommudDeviceInfo *info, gboolean *complete)
{
  return IOMMUD_PROBE_GET_IFACE (self)->describe_holder (self, info, complete);
}

char *
iommud_probe_describe_sibling_holder (IommudProbe *self, const IommudDeviceInfo *info)
{
  return IOMMUD_PROBE_GET_IFACE (self)->describe_sibling_holder (self, info);
}

char *
iommud_probe_describe_group_holder (IommudProbe *self, const IommudDeviceInfo *info,
                                    gboolean *complete)
{
  return IOMMUD_PROBE_GET_IFACE (self)->describe_group_holder (self, info, complete);
}

GPtrArray *
iommud_probe_find_holders (IommudProbe *self, GPtrArray *infos, gboolean *complete)
{
  return IOMMUD_PROBE_GET_IFACE (self)->find_holders (self, infos, complete);
}

char *
iommud_probe_describe_interrupts (IommudProbe *self, const IommudDeviceInfo *info)
{
  return IOMMUD_PROBE_GET_IFACE (self)->describe_interrupts (self, info);
}

gboolean
iommud_probe_find_node_number (IommudProbe *self, const IommudDeviceInfo *info, dev_t *number)
{
  IommudProbeInterface *iface = IOMMUD_PROBE_GET_IFACE (self);

  *number = 0;
  return iface->find_node_number == NULL || iface->find_node_number (self, info, number);
}

gboolean
iommud_probe_owns_node (IommudProbe *self, const IommudDeviceInfo *info, int fd)
{
  return IOMMUD_PROBE_GET_IFACE (self)->owns_node (self, info, fd);
}

void
iommud_probe_emit_added (IommudProbe *self, IommudDeviceInfo *info)
{
  g_signal_emit_by_name (self, "device-added", info);
}

void
iommud_probe_emit_changed (IommudProbe *self, IommudDeviceInfo *info)
{
  g_signal_emit_by_name (self, "device-changed", info);
}

void
iommud_probe_emit_removed (IommudProbe *self, const char *sysfs_path)
{
  g_signal_emit_by_name (self, "device-removed", sysfs_path);
}

void
iommud_group_member_free (IommudGroupMember *self)
{
  g_free (self->name);
  g_free (self->driver);
  g_free (self);
}
