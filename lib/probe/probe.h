/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Discovery as the model sees it: an interface that libudev or the simulated host implements.
 *
 * Signals, emitted in the main context that was the thread default when start was called:
 *   "device-added"   (IommudDeviceInfo *)  a VFIO device is there
 *   "device-changed" (IommudDeviceInfo *)  same sysfs_path, new facts
 *   "device-removed" (const char *sysfs_path)
 */
#pragma once

#include "base/internal.h"
#include "probe/device-info.h"
#include "probe/holder.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_PROBE (iommud_probe_get_type ())
IOMMUD_INTERNAL
G_DECLARE_INTERFACE (IommudProbe, iommud_probe, IOMMUD, PROBE, GObject)

/* A device in an IOMMU group and the host driver that holds it ("" for none). */
typedef struct
{
  char *name;
  char *driver;
  gboolean is_vfio; /* that driver leaves the device's DMA to who opens it, whatever it is called */
} IommudGroupMember;

struct _IommudProbeInterface
{
  GTypeInterface parent_interface;

  /* Starts to watch, and emits device-added for every present device before it returns. */
  gboolean (*start) (IommudProbe *self, GError **error);
  /* Several worker threads may call the rest at once, while the main loop keeps watching. */
  /* All devices of an IOMMU group, VFIO or not: a GPtrArray of IommudGroupMember. */
  GPtrArray *(*list_group) (IommudProbe *self, gint32 iommu_group);
  /* Which processes have the device's node open, as "qemu-system-x86 (pid 42)"; NULL if that is not
   * known. @complete: whether all processes were looked at, and not only those for which there was
   * time. */
  char *(*describe_holder) (IommudProbe *self, const IommudDeviceInfo *info, gboolean *complete);
  /* Which processes have another device of the device's IOMMU group open, as "0000:01:00.1, which
   * qemu-system-x86 (pid 42) has open"; NULL if that is not known. */
  char *(*describe_sibling_holder) (IommudProbe *self, const IommudDeviceInfo *info);
  /* Which processes have the group's own node open, /dev/vfio/N, which is the old way to use its
   * devices; NULL and @complete as above. */
  char *(*describe_group_holder) (IommudProbe *self, const IommudDeviceInfo *info,
                                  gboolean *complete);
  /* Which processes have files of the devices or of their groups open, this process not among them:
   * an array of IommudFoundHolder for one of IommudDeviceInfo, in one pass for all of them.
   * If very many have a device open, only some of them are in it. @complete: whether a device that
   * is not in it is held by no process that may be looked at, not so if there was too little
   * time. */
  GPtrArray *(*find_holders) (IommudProbe *self, GPtrArray *infos, gboolean *complete);
  /* What is known of the device's interrupts if they may not be isolated from other devices; NULL
   * if that keeps nothing from using it. */
  char *(*describe_interrupts) (IommudProbe *self, const IommudDeviceInfo *info);
  /* The number that the device's node has to have; FALSE if the device is gone. NULL if the devices
   * have no numbers: then it is 0. */
  gboolean (*find_node_number) (IommudProbe *self, const IommudDeviceInfo *info, dev_t *number);
  /* Whether an open file is the node of this very device and not of a later one with the same
   * name. */
  gboolean (*owns_node) (IommudProbe *self, const IommudDeviceInfo *info, int fd);
};

gboolean iommud_probe_start (IommudProbe *self, GError **error);
GPtrArray *iommud_probe_list_group (IommudProbe *self, gint32 iommu_group);
char *iommud_probe_describe_holder (IommudProbe *self, const IommudDeviceInfo *info,
                                    gboolean *complete);
char *iommud_probe_describe_sibling_holder (IommudProbe *self, const IommudDeviceInfo *info);
char *iommud_probe_describe_group_holder (IommudProbe *self, const IommudDeviceInfo *info,
                                          gboolean *complete);
GPtrArray *iommud_probe_find_holders (IommudProbe *self, GPtrArray *infos, gboolean *complete);
char *iommud_probe_describe_interrupts (IommudProbe *self, const IommudDeviceInfo *info);
gboolean iommud_probe_find_node_number (IommudProbe *self, const IommudDeviceInfo *info,
                                        dev_t *number);
gboolean iommud_probe_owns_node (IommudProbe *self, const IommudDeviceInfo *info, int fd);

/* For implementations only. */
IOMMUD_INTERNAL void iommud_probe_emit_added (IommudProbe *self, IommudDeviceInfo *info);
IOMMUD_INTERNAL void iommud_probe_emit_changed (IommudProbe *self, IommudDeviceInfo *info);
IOMMUD_INTERNAL void iommud_probe_emit_removed (IommudProbe *self, const char *sysfs_path);

IOMMUD_INTERNAL void iommud_group_member_free (IommudGroupMember *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudGroupMember, iommud_group_member_free)

G_END_DECLS
