/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is left on the bus when a container is freed, when that fails half-way, and when one could
 * not be created: exactly what the kernel holds. */
#include "bed.h"
#include "recorder.h"

#include <errno.h>

#define PCI_1 "0000:01:00.0"
#define PCI_2 "0000:02:00.0"
#define PLAIN "0000:81:00.0" /* of another IOMMU */
#define N_HWPTS 4            /* of a full container */

typedef struct
{
  Bed *bed;
  Recorder *recorder;
  GVariant *at_first; /* all objects */
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->bed = bed_new (NULL);
  self->recorder = recorder_new (self->bed->client);
  self->at_first = bed_get_managed_objects (self->bed);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_variant_unref (self->at_first);
  recorder_free (self->recorder);
  bed_free (self->bed);
}

/* All objects are as they were before the test. */
static void
assert_as_at_first (Fixture *self)
{
  g_autoptr (GVariant) now = bed_get_managed_objects (self->bed);

  g_assert_cmpvariant (now, self->at_first);
}

static void
inject (Fixture *self, const char *operation, guint nth, int errnum)
{
  g_assert_true (
      iommud_simulator_inject_fault (self->bed->simulator, operation, nth, errnum, 0, NULL));
}

/* --- Freeing ---------------------------------------------------------------------------------- */

static void
attach (Fixture *self, const char *container, const char *name, const char *options)
{
  g_autofree char *device = bed_device (self->bed, name);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_call_for_path (self->bed, container, "AttachDevice",
                                                           bed_device_arguments (device, options));
}

static void
alloc (Fixture *self, const char *container, const char *name)
{
  g_autofree char *device = bed_device (self->bed, name);
  g_autofree char *hwpt G_GNUC_UNUSED =
      bed_call_for_path (self->bed, container, "AllocHwpt", bed_device_arguments (device, NULL));
}

/* With HWPTs of ours, of a caller and of the kernel. */
static char *
create_full (Fixture *self)
{
  char *container = bed_create (self->bed, "{'name': <'vm1'>}");

  attach (self, container, PCI_1, NULL);
  attach (self, container, PLAIN, "{'mode': <'kernel'>}");
  alloc (self, container, PCI_2);
  alloc (self, container, PCI_2);
  return container;
}

static char **
list_hwpts (Fixture *self, const char *container)
{
  g_autoptr (GVariant) paths = bed_get (self->bed, container, "Hwpts");

  return g_variant_dup_objv (paths, NULL);
}

static gboolean
is_on_bus (Fixture *self, const char *path)
{
  g_autoptr (GVariant) objects = bed_get_managed_objects (self->bed);
  g_autoptr (GVariant) object = g_variant_lookup_value (objects, path, NULL);

  return object != NULL;
}

static guint
count_signals (Fixture *self, const char *signal, const char *path)
{
  g_autofree char *pattern = g_strdup_printf ("%s %s *", signal, path);

  return recorder_count (self->recorder, pattern);
}

/* Each of them was told to go once, and is listed exactly if it was not. Returns how many went. */
static guint
check_hwpts (Fixture *self, const char *container, char **hwpts)
{
  g_auto (GStrv) left = is_on_bus (self, container) ? list_hwpts (self, container) : NULL;
  guint n_gone = 0;

  for (guint i = 0; hwpts[i] != NULL; i++)
    {
      gboolean is_left = left != NULL && g_strv_contains ((const char *const *) left, hwpts[i]);

      g_assert_cmpuint (count_signals (self, "InterfacesRemoved", hwpts[i]), ==, is_left ? 0 : 1);
      g_assert_cmpint (is_on_bus (self, hwpts[i]), ==, is_left);
      n_gone += is_left ? 0 : 1;
    }
  return n_gone;
}

static void
free_container (Fixture *self, const char *container)
{
  bed_call_ok (self->bed, container, "Free", bed_options ("{'force': <true>}"));
}

static void
test_forced (Fixture *self, gconstpointer data)
{
  g_autofree char *container = create_full (self);
  g_auto (GStrv) hwpts = list_hwpts (self, container);

  g_assert_cmpuint (g_strv_length (hwpts), ==, N_HWPTS);
  recorder_clear (self->recorder);
  free_container (self, container);
  g_assert_cmpuint (check_hwpts (self, container, hwpts), ==, N_HWPTS);
  g_assert_cmpuint (count_signals (self, "InterfacesRemoved", container), ==, 1);
  assert_as_at_first (self);
}

/* Without force, only a HWPT that the kernel would not free with its last device can be there. */
static void
test_not_forced (Fixture *self, gconstpointer data)
{
  g_autofree char *container = bed_create (self->bed, NULL);
  g_autofree char *device = bed_device (self->bed, PCI_1);
  g_autofree char *hwpt = bed_attach (self->bed, container, device);
  g_autoptr (GError) error = NULL;

  inject (self, "destroy", 1, EBUSY);
  g_assert_null (bed_call (self->bed, device, "Detach", bed_options (NULL), &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_assert_true (is_on_bus (self, hwpt));
  recorder_clear (self->recorder);
  bed_call_ok (self->bed, container, "Free", bed_options (NULL));
  g_assert_cmpuint (count_signals (self, "InterfacesRemoved", hwpt), ==, 1);
  g_assert_cmpuint (count_signals (self, "InterfacesRemoved", container), ==, 1);
  assert_as_at_first (self);
}

/* The nth DESTROY fails: what was freed before is gone, all else is still there, and all devices
 * have left. The next call frees the rest. */
static void
check_destroy_fails (Fixture *self, guint nth)
{
  g_autofree char *container = create_full (self);
  g_auto (GStrv) hwpts = list_hwpts (self, container);
  g_autoptr (GError) error = NULL;
  guint n_gone;

  g_test_message ("DESTROY %u", nth);
  recorder_clear (self->recorder);
  inject (self, "destroy", nth, EBUSY);
  g_assert_null (
      bed_call (self->bed, container, "Free", bed_options ("{'force': <true>}"), &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  n_gone = check_hwpts (self, container, hwpts);
  /* The container's IOAS, and the HWPTs that are left; the kernel's own went with its device. */
  g_assert_cmpuint (iommud_simulator_count_objects (self->bed->simulator), ==,
                    1 + N_HWPTS - n_gone);
  g_assert_cmpuint (count_signals (self, "InterfacesRemoved", container), ==, 0);
  bed_assert (self->bed, container, "Devices", "[]");
  bed_settle (self->bed);
  free_container (self, container);
  g_assert_cmpuint (check_hwpts (self, container, hwpts), ==, N_HWPTS);
  g_assert_cmpuint (count_signals (self, "InterfacesRemoved", container), ==, 1);
  assert_as_at_first (self);
}

/* Three HWPTs that are not the kernel's, and the IOAS. */
static void
test_destroy_fails (Fixture *self, gconstpointer data)
{
  for (guint nth = 1; nth <= N_HWPTS; nth++)
    check_destroy_fails (self, nth);
}

/* --- Creating --------------------------------------------------------------------------------- */

static const struct
{
  const char *operation;
  int errnum;
  IommudError code;
} faults[] = {
  { "ioas-alloc", ENOMEM, IOMMUD_ERROR_NO_MEMORY },
  { "option", EPERM, IOMMUD_ERROR_PERMISSION_DENIED },
  { "ioas-iova-ranges", ENOMEM, IOMMUD_ERROR_NO_MEMORY },
};

/* Nothing was signalled but the error, nothing has changed, and the name is free. */
static void
check_nothing_left (Fixture *self, GVariant *before)
{
  g_autoptr (GVariant) after = NULL;

  bed_settle (self->bed);
  g_assert_cmpint (recorder_find (self->recorder, "Interfaces*"), ==, -1);
  g_assert_cmpint (recorder_find (self->recorder, "PropertiesChanged*"), ==, -1);
  after = bed_get_managed_objects (self->bed);
  g_assert_cmpvariant (after, before);
}

static void
test_create_shared (Fixture *self, gconstpointer data)
{
  g_autofree char *first = bed_create (self->bed, NULL);
  g_autofree char *options = g_strdup_printf (
      "{'name': <'vm2'>, 'huge-pages': <false>, 'share-context': <objectpath '%s'>}", first);
  g_autoptr (GVariant) before = bed_get_managed_objects (self->bed);

  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *second = NULL;

      g_test_message ("%s", faults[i].operation);
      recorder_clear (self->recorder);
      inject (self, faults[i].operation, 1, faults[i].errnum);
      bed_call_fails (self->bed, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (options),
                      (int) faults[i].code, "*vm2*");
      check_nothing_left (self, before);
      second = bed_create (self->bed, options);
      bed_call_ok (self->bed, second, "Free", bed_options (NULL));
    }
  bed_call_ok (self->bed, first, "Free", bed_options (NULL));
  assert_as_at_first (self);
}

#define ADD(name, function) g_test_add ("/free/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("forced", test_forced);
  ADD ("not-forced", test_not_forced);
  ADD ("destroy-fails", test_destroy_fails);
  ADD ("create-shared", test_create_shared);
  return g_test_run ();
}
