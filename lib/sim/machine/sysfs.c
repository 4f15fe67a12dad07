/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The few files of sysfs that give functions other drivers and make and remove mdevs. */
#include "config.h"

#include "sim/machine/sysfs.h"

#include <errno.h>
#include <string.h>

#define UUID_LENGTH 36
#define WILD "*"
#define MAX_WILDS 3

typedef struct
{
  IommudSimulatedMachine *machine;
  const char *part[MAX_WILDS]; /* of the path, for each wild part of the pattern */
  const char *value;           /* that is written, without an end of line */
  char **result;               /* of a read */
} Access;

typedef struct
{
  const char *pattern;
  int (*exists) (Access *access); /* 0 or ENOENT */
  int (*read) (Access *access);   /* NULL: EACCES */
  int (*write) (Access *access);  /* NULL: EACCES */
} File;

/* An mdev leaves its bus before its driver lets go of it, all other functions afterwards. */
static gboolean
has_left_bus (const IommudSimulatedFunction *function)
{
  return function->leaving && !function->unbinding && iommud_simulated_function_is_mdev (function);
}

static IommudSimulatedFunction *
find_present (Access *access, const char *name)
{
  IommudSimulatedFunction *function = iommud_simulated_machine_find (access->machine, name);

  return function != NULL && function->present && !has_left_bus (function) ? function : NULL;
}

static gboolean
is_on_bus (const IommudSimulatedFunction *function, const char *bus)
{
  const char *own = function->description->info->bus;

  return *own == '\0' || g_str_equal (own, bus);
}

static int
device_exists (Access *access)
{
  const IommudSimulatedFunction *function = find_present (access, access->part[1]);

  return function != NULL && is_on_bus (function, access->part[0]) ? 0 : ENOENT;
}

static int
always_exists (Access *access)
{
  return 0;
}

static int
write_driver_override (Access *access)
{
  IommudSimulatedFunction *function = find_present (access, access->part[1]);

  iommud_simulated_replace_string (&function->driver_override, access->value);
  return 0;
}

static int
bind_driver (Access *access)
{
  IommudSimulatedFunction *function = find_present (access, access->value);

  /* On the mdev bus no driver matches: a parent binds what it makes. */
  if (function == NULL || iommud_simulated_function_is_mdev (function)
      || !g_str_equal (iommud_simulated_function_get_matching_driver (function), access->part[1]))
    return ENODEV;
  if (*function->driver != '\0')
    return EBUSY;
  return iommud_simulated_machine_bind (access->machine, function, access->part[1]);
}

static int
unbind_driver (Access *access)
{
  IommudSimulatedFunction *function = find_present (access, access->value);

  if (function == NULL || !g_str_equal (function->driver, access->part[1]))
    return ENODEV;
  return iommud_simulated_machine_unbind (access->machine, function);
}

static int
probe_drivers (Access *access)
{
  IommudSimulatedFunction *function = find_present (access, access->value);
  const char *driver;

  if (function == NULL)
    return ENODEV;
  driver = iommud_simulated_function_get_matching_driver (function);
  if (*driver == '\0' || *function->driver != '\0' || iommud_simulated_function_is_mdev (function))
    return 0;
  return iommud_simulated_machine_bind (access->machine, function, driver) != 0 ? EINVAL : 0;
}

static IommudSimulatedMdevParent *
find_parent (Access *access)
{
  return g_hash_table_lookup (access->machine->mdev_pool, access->part[0]);
}

static const IommudSimulatedMdevType *
find_type (Access *access)
{
  const IommudSimulatedMdevParent *parent = find_parent (access);

  return parent != NULL ? g_hash_table_lookup (parent->types, access->part[1]) : NULL;
}

static int
parent_exists (Access *access)
{
  return find_parent (access) != NULL ? 0 : ENOENT;
}

static int
type_exists (Access *access)
{
  return find_type (access) != NULL ? 0 : ENOENT;
}

static int
read_name (Access *access)
{
  *access->result = g_strdup (find_type (access)->label);
  return 0;
}

static int
read_device_api (Access *access)
{
  *access->result = g_strdup (find_type (access)->device_api);
  return 0;
}

static int
read_available_instances (Access *access)
{
  *access->result =
      g_strdup_printf ("%u", find_parent (access)->capacity / find_type (access)->cost);
  return 0;
}

static gboolean
is_uuid (const char *text)
{
  for (guint i = 0; i < UUID_LENGTH; i++)
    {
      gboolean is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;

      if (is_hyphen ? text[i] != '-' : !g_ascii_isxdigit (text[i]))
        return FALSE;
    }
  return text[UUID_LENGTH] == '\0';
}

static int
create_mdev (Access *access)
{
  g_autofree char *uuid = g_ascii_strdown (access->value, -1);

  if (!is_uuid (uuid))
    return EINVAL;
  return iommud_simulated_machine_create_mdev (access->machine, access->part[0], find_type (access),
                                               uuid);
}

static int
instance_exists (Access *access)
{
  const IommudSimulatedFunction *function = find_present (access, access->part[2]);

  if (function == NULL || !g_str_equal (function->description->info->parent, access->part[0])
      || !g_str_equal (function->description->info->mdev_type, access->part[1]))
    return ENOENT;
  return 0;
}

static int
mdev_exists (Access *access)
{
  const IommudSimulatedFunction *function = find_present (access, access->part[0]);

  return function != NULL && iommud_simulated_function_is_mdev (function) ? 0 : ENOENT;
}

static int
remove_mdev (Access *access)
{
  IommudSimulatedFunction *function = find_present (access, access->part[0]);
  char *end = NULL;
  guint64 value = g_ascii_strtoull (access->value, &end, 0);

  if (!g_ascii_isdigit (*access->value) || *end != '\0')
    return EINVAL;
  return value == 0 ? 0 : iommud_simulated_machine_unplug (access->machine, function);
}

#define PARENT_FOLDER "/sys/class/mdev_bus/*"
#define TYPES_FOLDER PARENT_FOLDER "/mdev_supported_types"
#define TYPE_FOLDER TYPES_FOLDER "/*"

static const File files[] = {
  { "/sys/bus/*/devices/*", device_exists, NULL, NULL },
  { "/sys/bus/*/devices/*/driver_override", device_exists, NULL, write_driver_override },
  { "/sys/bus/*/drivers/*/bind", always_exists, NULL, bind_driver },
  { "/sys/bus/*/drivers/*/unbind", always_exists, NULL, unbind_driver },
  { "/sys/bus/*/drivers_probe", always_exists, NULL, probe_drivers },
  { PARENT_FOLDER, parent_exists, NULL, NULL },
  { TYPES_FOLDER, parent_exists, NULL, NULL },
  { TYPE_FOLDER, type_exists, NULL, NULL },
  { TYPE_FOLDER "/name", type_exists, read_name, NULL },
  { TYPE_FOLDER "/device_api", type_exists, read_device_api, NULL },
  { TYPE_FOLDER "/available_instances", type_exists, read_available_instances, NULL },
  { TYPE_FOLDER "/create", type_exists, NULL, create_mdev },
  { TYPE_FOLDER "/devices/*", instance_exists, NULL, NULL },
  { "/sys/bus/mdev/devices/*/mdev_type", mdev_exists, NULL, NULL },
  { "/sys/bus/mdev/devices/*/remove", mdev_exists, NULL, remove_mdev },
};

static gboolean
match (const char *pattern, char **path, Access *access)
{
  g_auto (GStrv) parts = g_strsplit (pattern, "/", -1);
  guint n = 0;

  if (g_strv_length (parts) != g_strv_length (path))
    return FALSE;
  for (guint i = 0; parts[i] != NULL; i++)
    {
      if (g_str_equal (parts[i], WILD))
        access->part[n++] = path[i];
      else if (!g_str_equal (parts[i], path[i]))
        return FALSE;
    }
  return TRUE;
}

/* NULL: there is no such file. */
static const File *
find_file (Access *access, char **path)
{
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    if (match (files[i].pattern, path, access))
      return files[i].exists (access) == 0 ? &files[i] : NULL;
  return NULL;
}

gboolean
iommud_simulated_sysfs_exists (IommudSimulatedMachine *machine, const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  Access access = { .machine = machine };

  return find_file (&access, parts) != NULL;
}

int
iommud_simulated_sysfs_read (IommudSimulatedMachine *machine, const char *path, char **value)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  Access access = { .machine = machine, .result = value };
  const File *file = find_file (&access, parts);

  if (file == NULL)
    return ENOENT;
  return file->read != NULL ? file->read (&access) : EACCES;
}

int
iommud_simulated_sysfs_write (IommudSimulatedMachine *machine, const char *path, const char *value)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  g_autofree char *line = g_strndup (value, strcspn (value, "\n"));
  Access access = { .machine = machine, .value = line };
  const File *file = find_file (&access, parts);

  if (file == NULL)
    return ENOENT;
  return file->write != NULL ? file->write (&access) : EACCES;
}
