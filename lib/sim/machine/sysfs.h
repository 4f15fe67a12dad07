/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sysfs of a simulated machine, as far as VFIO has a part in it:
 *
 *   /sys/bus/BUS/devices/NAME                        exists
 *   /sys/bus/BUS/devices/NAME/driver_override        write
 *   /sys/bus/BUS/drivers/DRIVER/{bind,unbind}        write NAME
 *   /sys/bus/BUS/drivers_probe                       write NAME
 *   /sys/class/mdev_bus/PARENT/mdev_supported_types/TYPE/{name,device_api,available_instances} read
 *   /sys/class/mdev_bus/PARENT/mdev_supported_types/TYPE/create       write UUID
 *   /sys/class/mdev_bus/PARENT/mdev_supported_types/TYPE/devices/UUID exists
 *   /sys/bus/mdev/devices/UUID/remove                write 1
 */
#pragma once

#include "sim/machine/machine.h"

G_BEGIN_DECLS

gboolean iommud_simulated_sysfs_exists (IommudSimulatedMachine *machine, const char *path);
/* 0 or an errno. */
int iommud_simulated_sysfs_read (IommudSimulatedMachine *machine, const char *path, char **value);
int iommud_simulated_sysfs_write (IommudSimulatedMachine *machine, const char *path,
                                  const char *value);

G_END_DECLS
