/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dispatch table: every command with its arguments, options and help. */
#include "config.h"

#include "command.h"

#include <glib/gi18n.h>
#include <string.h>

static const IommuctlOption list_options[] = {
  { "names", IOMMUCTL_OPTION_SWITCH, NULL, N_ ("Print names only, one to a line") },
  { "columns", IOMMUCTL_OPTION_WORD, N_ ("LIST"), N_ ("Show these columns, such as name,state") },
  { NULL },
};

static const IommuctlOption mappings_options[] = {
  { "columns", IOMMUCTL_OPTION_WORD, N_ ("LIST"), N_ ("Show these columns, such as iova,length") },
  { NULL },
};

static const IommuctlOption holders_options[] = {
  { "columns", IOMMUCTL_OPTION_WORD, N_ ("LIST"), N_ ("Show these columns, such as pid,unit") },
  { NULL },
};

static const IommuctlOption create_options[] = {
  { "dirty-tracking", IOMMUCTL_OPTION_WORD, N_ ("POLICY"),
    N_ ("off, preferred (the default) or required") },
  { "accounting", IOMMUCTL_OPTION_WORD, N_ ("WHOM"),
    N_ ("Charge locked memory to: user or process") },
  { "share-context", IOMMUCTL_OPTION_WORD, N_ ("CONTAINER"),
    N_ ("Join the IOMMUFD context of a container") },
  { "huge-pages", IOMMUCTL_OPTION_ANSWER, N_ ("YES|NO"), N_ ("no: map in small pages only") },
  { NULL },
};

static const IommuctlOption attach_options[] = {
  { "mode", IOMMUCTL_OPTION_WORD, N_ ("MODE"),
    N_ ("auto (the default) or kernel: attach to the IOAS itself") },
  { "hwpt", IOMMUCTL_OPTION_WORD, N_ ("HWPT"),
    N_ ("Attach to this HWPT instead of the one it is on") },
  { "tracker", IOMMUCTL_OPTION_WORD, N_ ("TRACKER"),
    N_ ("What records dirty pages: auto, device or iommu") },
  { NULL },
};

static const IommuctlOption alloc_options[] = {
  { "dirty-tracking", IOMMUCTL_OPTION_SWITCH, NULL, N_ ("The IOMMU can record dirty pages in it") },
  { "nest-parent", IOMMUCTL_OPTION_SWITCH, NULL, N_ ("It can be the parent of nested HWPTs") },
  { NULL },
};

static const IommuctlOption free_options[] = {
  { "force", IOMMUCTL_OPTION_SWITCH, NULL,
    N_ ("Detach devices and free HWPTs of the container first") },
  { NULL },
};

static const IommuctlOption map_options[] = {
  { "offset", IOMMUCTL_OPTION_SIZE, N_ ("SIZE"), N_ ("Start here in the file; 0 is the default") },
  { "length", IOMMUCTL_OPTION_SIZE, N_ ("SIZE"),
    N_ ("Map this much; the default is up to the end of the file") },
  { "iova", IOMMUCTL_OPTION_SIZE, N_ ("ADDRESS"),
    N_ ("Map at this address; by default the kernel chooses one") },
  { "read-only", IOMMUCTL_OPTION_SWITCH, NULL, N_ ("Devices may not write") },
  { "write-only", IOMMUCTL_OPTION_SWITCH, NULL, N_ ("Devices may not read") },
  { "quiet", IOMMUCTL_OPTION_SWITCH, NULL, N_ ("Show no progress") },
  { NULL },
};

static const IommuctlOption copy_mapping_options[] = {
  { "iova", IOMMUCTL_OPTION_SIZE, N_ ("ADDRESS"),
    N_ ("Map at this address; by default the kernel chooses one") },
  { "read-only", IOMMUCTL_OPTION_SWITCH, NULL, N_ ("Devices may not write") },
  { "write-only", IOMMUCTL_OPTION_SWITCH, NULL, N_ ("Devices may not read") },
  { NULL },
};

static const IommuctlOption unmap_options[] = {
  { "all", IOMMUCTL_OPTION_SWITCH, NULL, N_ ("Unmap everything") },
  { "dirty-bitmap", IOMMUCTL_OPTION_WORD, N_ ("FILE"),
    N_ ("Write the bitmap of dirty pages to FILE") },
  { "page-size", IOMMUCTL_OPTION_SIZE, N_ ("SIZE"),
    N_ ("How much each bit stands for; 4K is the default") },
  { NULL },
};

static const IommuctlOption dirty_start_options[] = {
  { "page-size", IOMMUCTL_OPTION_SIZE, N_ ("SIZE"),
    N_ ("Page size of the logs of devices; 4K is the default") },
  { NULL },
};

static const IommuctlOption dirty_read_options[] = {
  { "page-size", IOMMUCTL_OPTION_SIZE, N_ ("SIZE"),
    N_ ("How much each bit stands for; 4K is the default") },
  { "no-clear", IOMMUCTL_OPTION_SWITCH, NULL, N_ ("Leave the pages dirty for the next reading") },
  { "tracker", IOMMUCTL_OPTION_WORD, N_ ("TRACKER"),
    N_ ("What to read: auto (all, the default), device or iommu") },
  { "output", IOMMUCTL_OPTION_WORD, N_ ("FILE"), N_ ("Write the bitmap to FILE") },
  { "plot", IOMMUCTL_OPTION_SWITCH, NULL, N_ ("Draw a picture of it") },
  { NULL },
};

static const IommuctlOption exec_options[] = {
  { "name", IOMMUCTL_OPTION_WORD, N_ ("NAME"), N_ ("Name of the lease") },
  { "qemu", IOMMUCTL_OPTION_SWITCH, NULL,
    N_ ("Add the arguments with which QEMU uses the devices") },
  { "locked-memory", IOMMUCTL_OPTION_SIZE, N_ ("SIZE"),
    N_ ("Let the program lock this much memory") },
  { "accounting", IOMMUCTL_OPTION_WORD, N_ ("WHOM"),
    N_ ("Charge locked memory to: process (default) or user") },
  { NULL },
};

static const IommuctlOption grant_options[] = {
  { "user", IOMMUCTL_OPTION_WORD, N_ ("USER"), N_ ("To this user: a name or a number") },
  { "group", IOMMUCTL_OPTION_WORD, N_ ("GROUP"), N_ ("To all users in this group") },
  { "locked-memory", IOMMUCTL_OPTION_SIZE, N_ ("SIZE"),
    N_ ("Memory that their programs may lock; 0 is the default") },
  { "config-dir", IOMMUCTL_OPTION_WORD, N_ ("FOLDER"), N_ ("The configuration of iommud is here") },
  { NULL },
};

static const IommuctlOption grants_options[] = {
  { "columns", IOMMUCTL_OPTION_WORD, N_ ("LIST"), N_ ("Show these columns, such as users,file") },
  { "config-dir", IOMMUCTL_OPTION_WORD, N_ ("FOLDER"), N_ ("The configuration of iommud is here") },
  { NULL },
};

static const IommuctlOption monitor_options[] = {
  { "count", IOMMUCTL_OPTION_COUNT, N_ ("N"), N_ ("Stop after N changes") },
  { "timeout", IOMMUCTL_OPTION_COUNT, N_ ("SECONDS"), N_ ("Stop after this time") },
  { NULL },
};

static const IommuctlCommand commands[] = {
  { "devices", "", 0, 0, N_ ("List the VFIO devices of the host"),
    N_ ("Lists every VFIO device with its IOMMU, its state and the container it is in."),
    list_options, iommuctl_devices_run, FALSE },
  { "containers", "", 0, 0, N_ ("List the containers"),
    N_ ("Lists every container and the number of its devices and HWPTs."), list_options,
    iommuctl_containers_run, FALSE },
  { "show", N_ ("NAME"), 1, 1, N_ ("Show all properties of an object"),
    N_ ("Shows every property of a device, a container, a HWPT or a lease."), NULL,
    iommuctl_show_run, FALSE },
  { "tree", "", 0, 0, N_ ("Show containers, their HWPTs and their devices as a tree"),
    N_ ("Shows each container with its HWPTs and their devices, then the free devices."),
    list_options, iommuctl_tree_run, FALSE },
  { "holders", N_ ("DEVICE"), 1, 1, N_ ("List the processes that have a device open"),
    N_ ("Lists the processes that have a device open, with iommud's help or without."),
    holders_options, iommuctl_holders_run, FALSE },
  { "create", N_ ("[NAME]"), 0, 1, N_ ("Make a container"),
    N_ ("Makes a container. Without NAME the service chooses a name."), create_options,
    iommuctl_create_run, TRUE },
  { "attach", N_ ("CONTAINER DEVICE"), 2, 2, N_ ("Attach a device to a container"),
    N_ ("Binds a device to a container and attaches it to a HWPT that fits it."), attach_options,
    iommuctl_attach_run, TRUE },
  { "alloc", N_ ("CONTAINER DEVICE"), 2, 2, N_ ("Make a HWPT for a device"),
    N_ ("Makes a HWPT that fits a device, without attaching it. It stays until freed."),
    alloc_options, iommuctl_alloc_run, TRUE },
  { "detach", N_ ("DEVICE"), 1, 1, N_ ("Detach a device from its container"),
    N_ ("Detaches a device. A HWPT that attach made is freed with its last device."), NULL,
    iommuctl_detach_run, TRUE },
  { "free", N_ ("CONTAINER|HWPT"), 1, 1, N_ ("Free a container or a HWPT"),
    N_ ("Frees a container, or a HWPT that alloc made."), free_options, iommuctl_free_run, TRUE },
  { "map", N_ ("CONTAINER FILE"), 2, 2, N_ ("Map memory for the devices of a container"),
    N_ ("Maps memory, a file on tmpfs or hugetlbfs or a memfd, and prints its IOVA.\n"
        "SIZE and ADDRESS: 4096, 0x1000, 4K, 2M, 1G, 1T."),
    map_options, iommuctl_map_run, TRUE },
  { "copy-mapping", N_ ("CONTAINER SOURCE IOVA LENGTH"), 4, 4,
    N_ ("Map what another container has mapped"),
    N_ ("Maps in CONTAINER what SOURCE has mapped; both share an IOMMUFD context."),
    copy_mapping_options, iommuctl_copy_mapping_run, TRUE },
  { "unmap", N_ ("CONTAINER IOVA LENGTH|--all"), 1, 3, N_ ("Unmap memory of a container"),
    N_ ("Unmaps a range, or everything. A range must not split a mapping."), unmap_options,
    iommuctl_unmap_run, TRUE },
  { "mappings", N_ ("CONTAINER"), 1, 1, N_ ("List the mappings of a container"),
    N_ ("Lists the mappings of a container in the order of their IOVAs."), mappings_options,
    iommuctl_mappings_run, FALSE },
  { "allow-iovas", N_ ("CONTAINER RANGE...|all"), 2, G_MAXUINT,
    N_ ("Say where the kernel may choose addresses"),
    N_ ("Sets where the kernel may choose addresses: ranges such as 0x0-0xfffff, or all."), NULL,
    iommuctl_allow_iovas_run, TRUE },
  { "dirty start", N_ ("CONTAINER"), 1, 1, N_ ("Start recording which pages devices write to"),
    N_ ("Starts recording which pages the devices of a container write to."), dirty_start_options,
    iommuctl_dirty_start_run, TRUE },
  { "dirty stop", N_ ("CONTAINER"), 1, 1, N_ ("Stop recording"),
    N_ ("Stops dirty tracking. What was recorded and not read is dropped."), NULL,
    iommuctl_dirty_stop_run, TRUE },
  { "dirty read", N_ ("CONTAINER [IOVA LENGTH]"), 1, 3,
    N_ ("Read which pages devices have written to"),
    N_ ("Reads and clears the dirty pages of a range, or of everything that is mapped."),
    dirty_read_options, iommuctl_dirty_read_run, TRUE },
  { "dirty tracker", N_ ("DEVICE TRACKER"), 2, 2,
    N_ ("Choose what records the pages that a device writes to"),
    N_ ("Gives an attached device another tracker: auto, device or iommu. No dirty page is lost."),
    NULL, iommuctl_dirty_tracker_run, TRUE },
  { "grant", N_ ("DEVICE"), 1, 1, N_ ("Let a user use a device"),
    N_ ("Lets users who are not root use a device, by a file in the folder grants.d."),
    grant_options, iommuctl_grant_run, TRUE },
  { "grants", "", 0, 0, N_ ("List who may use which devices"),
    N_ ("Lists the grants in the folder grants.d, as they stand in its files."), grants_options,
    iommuctl_grants_run, FALSE },
  { "leases", N_ ("[LEASE]"), 0, 1, N_ ("List the leases: who was given which devices"),
    N_ ("Lists every lease with its owner, its devices and the process that made it."),
    list_options, iommuctl_leases_run, FALSE },
  { "exec", N_ ("DEVICE... -- PROGRAM [ARGUMENT...]"), 1, G_MAXUINT,
    N_ ("Run a program that gets devices"),
    N_ ("Leases devices and runs a program that gets them as open files. {iommufd} and\n"
        "{DEVICE} in its arguments stand for the numbers of these files."),
    exec_options, iommuctl_exec_run, TRUE, TRUE },
  { "release", N_ ("LEASE"), 1, 1, N_ ("End a lease"),
    N_ ("Ends a lease. A device that a process has open stays in it until it is closed."), NULL,
    iommuctl_release_run, TRUE },
  { "monitor", "", 0, 0, N_ ("Print changes as they happen"),
    N_ ("Prints each change until it is interrupted."), monitor_options, iommuctl_monitor_run,
    FALSE },
  /* What it does is done before a command is looked for. */
  { "help", N_ ("[COMMAND]"), 0, 2, N_ ("Print help for a command"),
    N_ ("Prints the help that --help after the command prints."), NULL, NULL, FALSE },
  { NULL },
};

const IommuctlCommand *
iommuctl_commands_get (void)
{
  return commands;
}

const IommuctlCommand *
iommuctl_commands_find (const char *first, const char *second)
{
  g_autofree char *both = g_strconcat (first, " ", second == NULL ? "" : second, NULL);

  if (strchr (first, ' ') != NULL)
    return NULL;
  for (const IommuctlCommand *command = commands; command->name != NULL; command++)
    if (g_str_equal (command->name, first) || g_str_equal (command->name, both))
      return command;
  return NULL;
}

guint
iommuctl_commands_count_words (const IommuctlCommand *command)
{
  return strchr (command->name, ' ') == NULL ? 1 : 2;
}

char *
iommuctl_commands_list_family (const char *word)
{
  g_autofree char *prefix = g_strconcat (word, " ", NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (const IommuctlCommand *command = commands; command->name != NULL; command++)
    if (g_str_has_prefix (command->name, prefix))
      g_ptr_array_add (names, (gpointer) command->name);
  g_ptr_array_add (names, NULL);
  return names->len == 1 ? NULL : g_strjoinv (", ", (char **) names->pdata);
}
