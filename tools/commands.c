/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dispatch table: every command with its arguments, options and help. */
#include "config.h"

#include "command.h"

#include <glib/gi18n.h>

static const IommuctlOption names_options[] = {
  { "names", "b", NULL, N_ ("Print names only, one on a line") },
  { NULL },
};

static const IommuctlOption create_options[] = {
  { "dirty-tracking", "s", N_ ("POLICY"), N_ ("off, preferred (the default) or required") },
  { "accounting", "s", N_ ("WHOM"), N_ ("Whom to charge locked memory: user or process") },
  { "share-context", "s", N_ ("CONTAINER"), N_ ("Join the IOMMUFD context of a container") },
  { NULL },
};

static const IommuctlOption attach_options[] = {
  { "mode", "s", N_ ("MODE"), N_ ("auto (the default) or kernel: attach to the IOAS itself") },
  { "hwpt", "s", N_ ("HWPT"), N_ ("Attach to this HWPT, replacing the one it is on") },
  { NULL },
};

static const IommuctlOption alloc_options[] = {
  { "dirty-tracking", "b", NULL, N_ ("The IOMMU can record dirty pages in it") },
  { "nest-parent", "b", NULL, N_ ("It can be the parent of nested HWPTs") },
  { NULL },
};

static const IommuctlOption free_options[] = {
  { "force", "b", NULL, N_ ("Detach devices and free HWPTs of the container first") },
  { NULL },
};

static const IommuctlOption monitor_options[] = {
  { "count", "u", N_ ("N"), N_ ("Stop after N changes") },
  { "timeout", "u", N_ ("SECONDS"), N_ ("Stop after this time") },
  { NULL },
};

static const IommuctlCommand commands[] = {
  { "devices", "", 0, 0, N_ ("List the VFIO devices of the host"),
    N_ ("Lists every VFIO device with its IOMMU, its state and the container it is in."),
    names_options, iommuctl_devices_run },
  { "containers", "", 0, 0, N_ ("List the containers"),
    N_ ("Lists every container with how many devices and HWPTs it has."), names_options,
    iommuctl_containers_run },
  { "show", N_ ("NAME"), 1, 1, N_ ("Show all there is to know about one thing"),
    N_ ("Shows every property of a device, a container or a HWPT."), NULL, iommuctl_show_run },
  { "tree", "", 0, 0, N_ ("Show containers, their HWPTs and their devices as a tree"),
    N_ ("Shows what hangs off what: containers, HWPTs, devices, then the free devices."),
    names_options, iommuctl_tree_run },
  { "create", N_ ("[NAME]"), 0, 1, N_ ("Make a container"),
    N_ ("Makes a container. Without a name the service makes one up."), create_options,
    iommuctl_create_run },
  { "attach", N_ ("CONTAINER DEVICE"), 2, 2, N_ ("Attach a device to a container"),
    N_ ("Binds a device to a container and attaches it to a HWPT that fits it."), attach_options,
    iommuctl_attach_run },
  { "alloc", N_ ("CONTAINER DEVICE"), 2, 2, N_ ("Make a HWPT for a device"),
    N_ ("Makes a HWPT that fits a device, without attaching it. It stays until freed."),
    alloc_options, iommuctl_alloc_run },
  { "detach", N_ ("DEVICE"), 1, 1, N_ ("Detach a device from its container"),
    N_ ("Detaches a device. A HWPT that attach made goes with its last device."), NULL,
    iommuctl_detach_run },
  { "free", N_ ("CONTAINER|HWPT"), 1, 1, N_ ("Free a container or a HWPT"),
    N_ ("Frees a container, or a HWPT that alloc has made."), free_options, iommuctl_free_run },
  { "monitor", "", 0, 0, N_ ("Print changes as they happen"),
    N_ ("Prints one line for each change until it is interrupted."), monitor_options,
    iommuctl_monitor_run },
  { NULL },
};

const IommuctlCommand *
iommuctl_commands_get (void)
{
  return commands;
}

const IommuctlCommand *
iommuctl_commands_find (const char *name)
{
  for (const IommuctlCommand *command = commands; command->name != NULL; command++)
    if (g_str_equal (command->name, name))
      return command;
  return NULL;
}
