/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mock machine under umockdev, described by devices, IOMMU groups and VFIO numbers. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Machine Machine;

/* Restarts the test program under umockdev's preload library; says why if that cannot be. */
const char *machine_enter (char **argv);

Machine *machine_new (void);
void machine_free (Machine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Machine, machine_free)

/* Adds a device: @facts are lines of umockdev's device files, such as "A: numa_node=0\n". */
void machine_add (Machine *self, const char *path, const char *subsystem, const char *facts);
/* Gives the device at @path a VFIO device with a node, or without one. */
void machine_add_vfio (Machine *self, const char *path, guint number);
/* Adds @count PCI functions with VFIO devices 0 to count - 1 at once and without events. */
void machine_add_many (Machine *self, guint count);
void machine_add_vfio_without_node (Machine *self, const char *path, guint number);
void machine_remove (Machine *self, const char *path);
void machine_remove_vfio (Machine *self, const char *path, guint number);
void machine_set_link (Machine *self, const char *path, const char *name, const char *target);
void machine_set_attribute (Machine *self, const char *path, const char *name, const char *value);
void machine_send_event (Machine *self, const char *path, const char *action);
/* Any other file of sysfs. */
void machine_write (Machine *self, const char *folder, const char *name, const char *text);
/* Puts a device into an IOMMU group's list of members. */
void machine_add_group_member (Machine *self, guint group, const char *path);

G_END_DECLS
