/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each kernel call that a method makes fails with each errno that such a call can have, and then
 * with errnos that only a broken driver gives. The bed ends the test if the method gives an error
 * that its interface file does not list. */
#include "config.h"

#include "leases.h"
#include "memory.h"

#include <errno.h>
#include <unistd.h>

#define PCI_1 "0000:01:00.0"   /* its IOMMU records */
#define PCI_2 "0000:02:00.0"   /* of the same IOMMU */
#define PCI_3 "0000:81:00.0"   /* of another IOMMU, which records nothing */
#define LOGGING "0000:83:00.1" /* records itself */
#define BOTH "0000:03:00.1"    /* its IOMMU records, and it could do so itself */
#define SIZE (16 * PAGE)
#define MAX_ERRNOS 10

/* What Linux can answer; EIO stands for all that only drivers know. */
static const struct
{
  const char *operation;
  int errnums[MAX_ERRNOS];
} faults[] = {
  { "open-iommufd", { EACCES, ENODEV, EMFILE, ENFILE, ENOMEM, EIO } },
  { "open-cdev", { EACCES, ENOENT, ENODEV, EBUSY, EMFILE, ENFILE, ENOMEM, EIO } },
  { "bind", { EPERM, EBUSY, EINVAL, ENODEV, ENOMEM, EIO } },
  { "get-hw-info", { EOPNOTSUPP, ENODEV, ENOMEM, EIO } },
  { "option", { EPERM, ENOMEM, EIO } },
  { "ioas-alloc", { ENOMEM, EIO } },
  { "ioas-allow-iovas", { EADDRINUSE, ENOMEM, EIO } },
  { "ioas-iova-ranges", { ENOMEM, EIO } },
  { "ioas-map", { EEXIST, ENOSPC, EADDRINUSE, EFAULT, EINVAL, ENOMEM, EIO } },
  { "ioas-map-file", { EEXIST, ENOSPC, EADDRINUSE, EFAULT, EINVAL, ENOMEM, EIO } },
  { "ioas-copy", { ENOENT, EPERM, EEXIST, ENOSPC, EADDRINUSE, EINVAL, ENOMEM, EIO } },
  { "ioas-unmap", { EBUSY, EDEADLK, ENOENT, EIO } },
  { "hwpt-alloc", { EOPNOTSUPP, EINVAL, EADDRINUSE, EFAULT, ENOSPC, ENODEV, ENOMEM, EIO } },
  { "attach", { EINVAL, EADDRINUSE, EBUSY, EFAULT, ENOSPC, ENODEV, ENOMEM, EIO } },
  { "detach", { ENODEV, EIO } },
  { "destroy", { EBUSY, EIO } },
  { "feature", { EBUSY, EINVAL, E2BIG, EOPNOTSUPP, ENODEV, ENOMEM, EIO } },
  { "set-dirty-tracking", { EBUSY, EINVAL, EOPNOTSUPP, ENODEV, ENOMEM, EIO } },
  { "get-dirty-bitmap", { EBUSY, EINVAL, EFAULT, ENODEV, ENOMEM, EIO } },
};

/* All that a method needs to succeed. */
typedef struct
{
  Bed *bed;
  int file;
  char *manager;
  char *container; /* has memory, and a device of each kind is attached */
  char *sharing;   /* shares its context, has memory, and no device */
  char *hwpt;      /* of the container, without a device */
  char *device;
  char *only_device; /* on its HWPT */
  char *other_device;
  char *both_device;
  Lease *lease;
} Scene;

typedef struct
{
  const char *name;
  const char *method;
  gsize object; /* where its path is in the scene; or LEASE */
  GVariant *(*make_arguments) (const Scene *scene);
  gboolean tracking;
  gboolean with_file;
} Case;

static void
attach (const Scene *scene, const char *name, const char *options)
{
  g_autofree char *device = bed_device (scene->bed, name);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_call_for_path (
      scene->bed, scene->container, "AttachDevice", bed_device_arguments (device, options));
}

static void
scene_build (Scene *scene, gboolean tracking)
{
  Bed *bed = scene->bed;
  g_autofree char *share = NULL;

  scene->manager = g_strdup (IOMMUD_DBUS_MANAGER_PATH);
  scene->container = bed_create (bed, "{'name': <'vm1'>}");
  share =
      g_strdup_printf ("{'name': <'vm2'>, 'share-context': <objectpath '%s'>}", scene->container);
  scene->sharing = bed_create (bed, share);
  scene->device = bed_device (bed, PCI_1);
  scene->only_device = bed_device (bed, PCI_3);
  scene->other_device = bed_device (bed, PCI_2);
  scene->both_device = bed_device (bed, BOTH);
  attach (scene, PCI_1, NULL);
  attach (scene, BOTH, "{'tracker': <'iommu'>}");
  attach (scene, LOGGING, "{'mode': <'kernel'>}");
  attach (scene, PCI_3, NULL);
  memory_map (bed, scene->container, scene->file, 0, SIZE, GIBIBYTE, NULL);
  memory_map (bed, scene->sharing, scene->file, 0, SIZE, GIBIBYTE, NULL);
  scene->hwpt =
      bed_call_for_path (bed, scene->container, "AllocHwpt",
                         bed_device_arguments (scene->device, "{'dirty-tracking': <true>}"));
  if (tracking)
    bed_call_ok (bed, scene->container, "Start", bed_options (NULL));
  scene->lease = leases_create (bed, NULL);
}

static void
free_if_there (const Scene *scene, const char *name)
{
  g_autofree char *path = NULL;

  if (iommud_host_find_container (scene->bed->host, name, NULL) == NULL)
    return;
  path =
      bed_call_for_path (scene->bed, scene->manager, "FindContainer", g_variant_new ("(s)", name));
  bed_call_ok (scene->bed, path, "Free", bed_options ("{'force': <true>}"));
}

static void
scene_clear (Scene *scene)
{
  free_if_there (scene, "vm3");
  free_if_there (scene, "vm2");
  free_if_there (scene, "vm1");
  g_clear_pointer (&scene->manager, g_free);
  g_clear_pointer (&scene->container, g_free);
  g_clear_pointer (&scene->sharing, g_free);
  g_clear_pointer (&scene->hwpt, g_free);
  g_clear_pointer (&scene->device, g_free);
  g_clear_pointer (&scene->only_device, g_free);
  g_clear_pointer (&scene->other_device, g_free);
  g_clear_pointer (&scene->both_device, g_free);
  g_clear_pointer (&scene->lease, lease_close);
  leases_wait_for_end (scene->bed);
}

static GVariant *
make_no_options (const Scene *scene)
{
  return bed_options (NULL);
}

static GVariant *
make_force (const Scene *scene)
{
  return bed_options ("{'force': <true>}");
}

static GVariant *
make_container (const Scene *scene)
{
  return bed_options ("{'name': <'vm3'>, 'accounting': <'process'>, 'huge-pages': <false>}");
}

static GVariant *
make_device (const Scene *scene)
{
  return bed_device_arguments (scene->device, NULL);
}

static GVariant *
make_other_device (const Scene *scene)
{
  return bed_device_arguments (scene->other_device, NULL);
}

static GVariant *
make_kernel_mode (const Scene *scene)
{
  return bed_device_arguments (scene->other_device, "{'mode': <'kernel'>}");
}

static GVariant *
make_tracker (const Scene *scene)
{
  return g_variant_new_parsed ("('device', @a{sv} {})");
}

static GVariant *
make_map (const Scene *scene)
{
  return memory_map_arguments (0, 0, SIZE, 2 * GIBIBYTE, NULL);
}

static GVariant *
make_copy (const Scene *scene)
{
  return g_variant_new ("(ottt@a{sv})", scene->container, GIBIBYTE, SIZE, 2 * GIBIBYTE,
                        g_variant_new ("a{sv}", NULL));
}

static GVariant *
make_copy_back (const Scene *scene)
{
  return g_variant_new ("(ottt@a{sv})", scene->sharing, GIBIBYTE, SIZE, 2 * GIBIBYTE,
                        g_variant_new ("a{sv}", NULL));
}

static GVariant *
make_range (const Scene *scene)
{
  return memory_range_arguments (GIBIBYTE, SIZE, NULL);
}

static GVariant *
make_pages (const Scene *scene)
{
  return memory_read_arguments (GIBIBYTE, SIZE, PAGE, NULL);
}

static GVariant *
make_lease (const Scene *scene)
{
  return g_variant_new_parsed ("([%o], @a{sv} {})", scene->other_device);
}

static GVariant *
make_allowed (const Scene *scene)
{
  return g_variant_new_parsed ("([(@t 0x40000000, @t 0x7fffffff)], @a{sv} {})");
}

#define OF(member) G_STRUCT_OFFSET (Scene, member)
#define LEASE G_MAXSIZE

static const Case cases[] = {
  { "create", "CreateContainer", OF (manager), make_container },
  { "lease-devices", "LeaseDevices", OF (manager), make_lease },
  { "create-in-lease", "CreateContainer", LEASE, make_container },
  { "open-iommufd", "OpenIommufd", LEASE, make_no_options },
  { "open-device", "OpenDevice", LEASE, make_other_device },
  { "attach", "AttachDevice", OF (sharing), make_other_device },
  { "attach-kernel", "AttachDevice", OF (sharing), make_kernel_mode },
  { "attach-tracked", "AttachDevice", OF (container), make_other_device, TRUE },
  { "alloc-hwpt", "AllocHwpt", OF (sharing), make_other_device },
  { "free", "Free", OF (container), make_force },
  { "free-tracked", "Free", OF (container), make_force, TRUE },
  { "attach-to-hwpt", "AttachDevice", OF (hwpt), make_other_device },
  { "replace", "AttachDevice", OF (hwpt), make_device },
  { "replace-tracked", "AttachDevice", OF (hwpt), make_device, TRUE },
  { "free-hwpt", "Free", OF (hwpt), make_no_options },
  { "detach", "Detach", OF (device), make_no_options },
  { "detach-last", "Detach", OF (only_device), make_no_options },
  { "detach-tracked", "Detach", OF (device), make_no_options, TRUE },
  { "set-tracker", "SetTracker", OF (both_device), make_tracker, TRUE },
  { "map", "MapFile", OF (container), make_map, FALSE, TRUE },
  { "map-tracked", "MapFile", OF (container), make_map, TRUE, TRUE },
  { "copy", "CopyMapping", OF (sharing), make_copy },
  { "copy-tracked", "CopyMapping", OF (container), make_copy_back, TRUE },
  { "unmap", "Unmap", OF (container), make_range },
  { "unmap-tracked", "Unmap", OF (container), make_range, TRUE },
  { "unmap-all", "UnmapAll", OF (container), make_no_options },
  { "allow", "SetAllowedIovas", OF (container), make_allowed },
  { "start", "Start", OF (container), make_no_options },
  { "stop", "Stop", OF (container), make_no_options, TRUE },
  { "read", "ReadBitmap", OF (container), make_pages, TRUE },
  { "unmap-and-read", "UnmapAndReadBitmap", OF (container), make_pages, TRUE },
};

/* Whether the method succeeds. */
static gboolean
call (const Scene *scene, const Case *of)
{
  const char *path =
      of->object == LEASE ? scene->lease->path : G_STRUCT_MEMBER (const char *, scene, of->object);
  int returned = -1;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      memory_call (scene->bed, path, of->method, of->make_arguments (scene),
                   of->with_file ? scene->file : -1, &returned, &error);

  if (returned >= 0)
    close (returned);
  if (error != NULL)
    {
      g_assert_true (error->domain == IOMMUD_ERROR);
      g_test_message ("%s", error->message);
    }
  return reply != NULL;
}

/* How often a good call makes each kernel call. */
static void
count_calls (Scene *scene, const Case *of, guint *counts)
{
  scene_build (scene, of->tracking);
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    counts[i] = iommud_simulator_count_calls (scene->bed->simulator, faults[i].operation);
  g_assert_true (call (scene, of));
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    counts[i] =
        iommud_simulator_count_calls (scene->bed->simulator, faults[i].operation) - counts[i];
  scene_clear (scene);
}

static void
call_with_fault (Scene *scene, const Case *of, const char *operation, guint nth, int errnum)
{
  g_autoptr (GError) error = NULL;

  g_test_message ("%s %u: %s", operation, nth, g_strerror (errnum));
  scene_build (scene, of->tracking);
  iommud_simulator_inject_fault (scene->bed->simulator, operation, nth, errnum, 0, &error);
  g_assert_no_error (error);
  call (scene, of);
  scene_clear (scene);
}

/* One for each code of an errno. */
static const int rare_errnums[] = { ENOENT, EEXIST,     EBUSY,  EINVAL, ENOTTY, EPERM,
                                    ENOSPC, EADDRINUSE, ENOMEM, E2BIG,  ENXIO,  ETIMEDOUT };

static void
test_rare_errnos (gconstpointer data)
{
  const Case *of = data;
  Scene scene = { .bed = bed_new (NULL), .file = memory_new (SIZE) };
  guint counts[G_N_ELEMENTS (faults)];
  /* The service warns of an error that the method does not list. */
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);

  count_calls (&scene, of, counts);
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    for (gsize j = 0; counts[i] > 0 && j < G_N_ELEMENTS (rare_errnums); j++)
      call_with_fault (&scene, of, faults[i].operation, 1, rare_errnums[j]);
  g_log_set_always_fatal (fatal);
  close (scene.file);
  bed_free (scene.bed);
}

static void
test_faults (gconstpointer data)
{
  const Case *of = data;
  Scene scene = { .bed = bed_new (NULL), .file = memory_new (SIZE) };
  guint counts[G_N_ELEMENTS (faults)];
  guint n_calls = 0;

  count_calls (&scene, of, counts);
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    for (guint nth = 1; nth <= counts[i]; nth++, n_calls++)
      for (gsize j = 0; faults[i].errnums[j] != 0; j++)
        call_with_fault (&scene, of, faults[i].operation, nth, faults[i].errnums[j]);
  g_assert_cmpuint (n_calls, >, 0);
  close (scene.file);
  bed_free (scene.bed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = g_strdup_printf ("/errors/%s", cases[i].name);

      g_autofree char *rare = g_strdup_printf ("/errors/%s/rare-errnos", cases[i].name);

      g_test_add_data_func (name, &cases[i], test_faults);
      g_test_add_data_func (rare, &cases[i], test_rare_errnos);
    }
  return g_test_run ();
}
