/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which a caller sees signals and replies: nothing points at an object that is not
 * there, and an answer comes after everything that the call has changed. */
#include "memory.h"
#include "recorder.h"

#include <errno.h>
#include <unistd.h>

#define PCI_1 "0000:01:00.0"
#define PCI_2 "0000:02:00.0"

typedef struct
{
  Bed *bed;
  Recorder *recorder;
  char *container;
  char *device;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->bed = bed_new (NULL);
  fixture->container = bed_create (fixture->bed, "{'name': <'vm1'>}");
  fixture->device = bed_device (fixture->bed, PCI_1);
  fixture->recorder = recorder_new (fixture->bed->client);
  bed_settle (fixture->bed);
  recorder_clear (fixture->recorder);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  recorder_free (fixture->recorder);
  g_free (fixture->container);
  g_free (fixture->device);
  bed_free (fixture->bed);
}

/* Each pattern is there, and its first line comes after the first line of the one before. */
static void
assert_order (Fixture *fixture, const char *const *patterns)
{
  g_autofree char *text = recorder_get_text (fixture->recorder);
  int last = -1;

  g_test_message ("%s", text);
  for (gsize i = 0; patterns[i] != NULL; i++)
    {
      int place = recorder_find (fixture->recorder, patterns[i]);

      if (place < 0)
        g_error ("No '%s' in:\n%s", patterns[i], text);
      if (place <= last)
        g_error ("'%s' comes too early in:\n%s", patterns[i], text);
      last = place;
    }
}

static void
free_container (Fixture *fixture)
{
  bed_call_ok (fixture->bed, fixture->container, "Free", bed_options ("{'force': <true>}"));
}

static void
test_create (Fixture *fixture, gconstpointer data)
{
  g_autofree char *created = bed_create (fixture->bed, "{'name': <'vm2'>}");
  g_autofree char *added = g_strdup_printf ("InterfacesAdded %s *'Name': <'vm2'>*", created);
  const char *const patterns[] = { added, "reply", NULL };

  assert_order (fixture, patterns);
  bed_call_ok (fixture->bed, created, "Free", bed_options (NULL));
  free_container (fixture);
}

static void
test_attach (Fixture *fixture, gconstpointer data)
{
  g_autofree char *hwpt = bed_attach (fixture->bed, fixture->container, fixture->device);
  g_autofree char *added =
      g_strdup_printf ("InterfacesAdded %s *'Devices': <*'%s'*", hwpt, fixture->device);
  g_autofree char *device = g_strdup_printf ("PropertiesChanged %s *'%s'*", fixture->device, hwpt);
  g_autofree char *container = g_strdup_printf (
      "PropertiesChanged %s * invalidated ['Devices', 'Hwpts']", fixture->container);
  const char *const device_patterns[] = { added, device, "reply", NULL };
  const char *const container_patterns[] = { added, container, "reply", NULL };

  assert_order (fixture, device_patterns);
  assert_order (fixture, container_patterns);
  /* One signal reports everything that one operation has changed on an interface. */
  g_assert_cmpuint (recorder_count (fixture->recorder, device), ==, 1);
  g_assert_cmpuint (recorder_count (fixture->recorder, container), ==, 1);
  g_assert_cmpuint (recorder_count (fixture->recorder, "* org.iommud1.Memory *'IovaRanges'*"), ==,
                    1);
  g_assert_cmpuint (recorder_count (fixture->recorder, "PropertiesChanged *"), ==, 3);
  free_container (fixture);
}

/* A HWPT that exists already shows the device before the device points at it, and after the device
 * points at it no more. */
static void
test_join_and_leave (Fixture *fixture, gconstpointer data)
{
  g_autofree char *second = bed_device (fixture->bed, PCI_2);
  g_autofree char *hwpt = bed_attach (fixture->bed, fixture->container, fixture->device);
  g_autofree char *listed =
      g_strdup_printf ("PropertiesChanged %s * invalidated ['Devices'*", hwpt);
  g_autofree char *points =
      g_strdup_printf ("PropertiesChanged %s *'Hwpt': <*'%s'>*", second, hwpt);
  g_autofree char *points_nowhere =
      g_strdup_printf ("PropertiesChanged %s *'Hwpt': <*'/'>*", second);
  const char *const joins[] = { listed, points, "reply", NULL };
  const char *const leaves[] = { points_nowhere, listed, "reply", NULL };
  g_autofree char *same = NULL;

  recorder_clear (fixture->recorder);
  same = bed_attach (fixture->bed, fixture->container, second);
  g_assert_cmpstr (same, ==, hwpt);
  assert_order (fixture, joins);
  recorder_clear (fixture->recorder);
  bed_call_ok (fixture->bed, second, "Detach", bed_options (NULL));
  assert_order (fixture, leaves);
  free_container (fixture);
}

static void
test_detach (Fixture *fixture, gconstpointer data)
{
  g_autofree char *hwpt = bed_attach (fixture->bed, fixture->container, fixture->device);
  g_autofree char *device =
      g_strdup_printf ("PropertiesChanged %s *'Hwpt': <*'/'>*", fixture->device);
  g_autofree char *container = g_strdup_printf (
      "PropertiesChanged %s * invalidated ['Devices', 'Hwpts']", fixture->container);
  g_autofree char *removed = g_strdup_printf ("InterfacesRemoved %s *", hwpt);
  const char *const device_patterns[] = { device, removed, "reply", NULL };
  const char *const container_patterns[] = { container, removed, "reply", NULL };

  recorder_clear (fixture->recorder);
  bed_call_ok (fixture->bed, fixture->device, "Detach", bed_options (NULL));
  assert_order (fixture, device_patterns);
  assert_order (fixture, container_patterns);
  free_container (fixture);
}

static void
test_free (Fixture *fixture, gconstpointer data)
{
  g_autofree char *hwpt = bed_attach (fixture->bed, fixture->container, fixture->device);
  g_autofree char *device =
      g_strdup_printf ("PropertiesChanged %s *'Container': <*'/'>*", fixture->device);
  g_autofree char *hwpt_removed = g_strdup_printf ("InterfacesRemoved %s *", hwpt);
  g_autofree char *removed = g_strdup_printf ("InterfacesRemoved %s *", fixture->container);
  const char *const patterns[] = { device, hwpt_removed, removed, "reply", NULL };

  recorder_clear (fixture->recorder);
  free_container (fixture);
  assert_order (fixture, patterns);
}

/* When a HWPT is replaced, properties point at the new one before the old one goes. */
static void
test_replace (Fixture *fixture, gconstpointer data)
{
  g_autofree char *old = bed_attach (fixture->bed, fixture->container, fixture->device);
  g_autofree char *new = bed_call_for_path (fixture->bed, fixture->container, "AllocHwpt",
                                            bed_device_arguments (fixture->device, NULL));
  g_autofree char *device =
      g_strdup_printf ("PropertiesChanged %s *'Hwpt': <*'%s'>*", fixture->device, new);
  g_autofree char *listed = g_strdup_printf ("PropertiesChanged %s * invalidated ['Devices'*", new);
  g_autofree char *removed = g_strdup_printf ("InterfacesRemoved %s *", old);
  const char *const patterns[] = { listed, device, removed, "reply", NULL };

  recorder_clear (fixture->recorder);
  bed_call_ok (fixture->bed, new, "AttachDevice", bed_device_arguments (fixture->device, NULL));
  assert_order (fixture, patterns);
  free_container (fixture);
}

static void
test_unplug (Fixture *fixture, gconstpointer data)
{
  g_autofree char *hwpt = bed_attach (fixture->bed, fixture->container, fixture->device);
  g_autofree char *device =
      g_strdup_printf ("PropertiesChanged %s *'Hwpt': <*'/'>*", fixture->device);
  g_autofree char *hwpt_removed = g_strdup_printf ("InterfacesRemoved %s *", hwpt);
  g_autofree char *removed = g_strdup_printf ("InterfacesRemoved %s *", fixture->device);
  const char *const hwpt_patterns[] = { device, hwpt_removed, NULL };
  const char *const device_patterns[] = { device, removed, NULL };

  recorder_clear (fixture->recorder);
  g_assert_true (iommud_simulator_unplug_device (fixture->bed->simulator, PCI_1, NULL));
  while (recorder_find (fixture->recorder, removed) < 0
         || recorder_find (fixture->recorder, hwpt_removed) < 0)
    bed_iterate ();
  assert_order (fixture, hwpt_patterns);
  assert_order (fixture, device_patterns);
  bed_assert (fixture->bed, fixture->container, "Devices", "[]");
  free_container (fixture);
}

static void
test_plug (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = bed_device (fixture->bed, PCI_2);
  g_autofree char *removed = g_strdup_printf ("InterfacesRemoved %s *", path);
  g_autofree char *added = g_strdup_printf ("InterfacesAdded %s *'State': <'available'>*", path);
  const char *const patterns[] = { removed, added, NULL };

  bed_unplug (fixture->bed, PCI_2);
  g_assert_true (iommud_simulator_plug_device (fixture->bed->simulator, PCI_2, NULL));
  while (recorder_find (fixture->recorder, added) < 0)
    bed_iterate ();
  assert_order (fixture, patterns);
  free_container (fixture);
}

static void
check_told_first (Fixture *fixture, const char *change)
{
  g_autofree char *told = g_strdup_printf ("PropertiesChanged %s *%s*", fixture->container, change);
  const char *const patterns[] = { told, "reply", NULL };

  assert_order (fixture, patterns);
  g_assert_cmpuint (recorder_count (fixture->recorder, "PropertiesChanged *"), ==, 1);
  recorder_clear (fixture->recorder);
}

/* Everything that a call changes on an interface is signalled together, before the answer. */
static void
test_map (Fixture *fixture, gconstpointer data)
{
  int file = memory_new (PAGE);

  memory_map (fixture->bed, fixture->container, file, 0, PAGE, GIBIBYTE, NULL);
  check_told_first (fixture, "'MappedBytes': <*4096>*invalidated ['Mappings']");
  memory_unmap (fixture->bed, fixture->container, GIBIBYTE, PAGE);
  check_told_first (fixture, "'MappedBytes': <*0>*invalidated ['Mappings']");
  bed_call_ok (fixture->bed, fixture->container, "SetAllowedIovas",
               g_variant_new_parsed ("([(@t 0x1000, @t 0x1fff)], @a{sv} {})"));
  check_told_first (fixture, "'AllowedIovas': <*4096*8191*>");
  close (file);
  free_container (fixture);
}

static void
test_dirty_tracking (Fixture *fixture, gconstpointer data)
{
  g_autofree char *hwpt G_GNUC_UNUSED =
      bed_attach (fixture->bed, fixture->container, fixture->device);

  recorder_clear (fixture->recorder);
  bed_call_ok (fixture->bed, fixture->container, "Start", bed_options (NULL));
  check_told_first (fixture, "'Active': <true>");
  bed_call_ok (fixture->bed, fixture->container, "Stop", bed_options (NULL));
  check_told_first (fixture, "'Active': <false>");
  free_container (fixture);
}

/* The list of what blocks a migration changes with the attachment and with the detachment. */
static void
test_blockers (Fixture *fixture, gconstpointer data)
{
  g_autofree char *device = bed_device (fixture->bed, "0000:81:00.0");
  g_autofree char *none = g_strdup_printf ("PropertiesChanged %s *'Coverage': <'none'>*"
                                           "'BlockerCount': <uint64 1>* invalidated ['Blockers']",
                                           fixture->container);
  g_autofree char *full = g_strdup_printf ("PropertiesChanged %s *'Coverage': <'full'>*"
                                           "'BlockerCount': <uint64 0>* invalidated ['Blockers']",
                                           fixture->container);
  const char *const attached[] = { none, "reply", NULL };
  const char *const detached[] = { full, "reply", NULL };
  g_autofree char *hwpt = NULL;
  g_autoptr (GVariant) blockers = NULL;
  g_autofree char *text = NULL;

  recorder_clear (fixture->recorder);
  hwpt = bed_attach (fixture->bed, fixture->container, device);
  assert_order (fixture, attached);
  blockers = bed_get (fixture->bed, fixture->container, "Blockers");
  text = g_variant_print (blockers, FALSE);
  g_assert_nonnull (strstr (text, "0000:81:00.0"));
  recorder_clear (fixture->recorder);
  bed_call_ok (fixture->bed, device, "Detach", bed_options (NULL));
  assert_order (fixture, detached);
  bed_assert (fixture->bed, fixture->container, "Blockers", "[]");
  free_container (fixture);
}

/* A call that fails is answered, and no signal is sent. */
static void
test_failure (Fixture *fixture, gconstpointer data)
{
  g_assert_true (
      iommud_simulator_inject_fault (fixture->bed->simulator, "attach", 1, ENOMEM, 0, NULL));
  bed_call_fails (fixture->bed, fixture->container, "AttachDevice",
                  bed_device_arguments (fixture->device, NULL), IOMMUD_ERROR_NO_MEMORY, "*ENOMEM*");
  g_assert_cmpint (recorder_find (fixture->recorder, "Interfaces*"), ==, -1);
  g_assert_cmpint (recorder_find (fixture->recorder, "PropertiesChanged*"), ==, -1);
  g_assert_cmpint (recorder_find (fixture->recorder, "error org.iommud1.Error.NoMemory"), !=, -1);
  free_container (fixture);
}

#define ADD(name, function) g_test_add ("/order/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("create", test_create);
  ADD ("attach", test_attach);
  ADD ("join-and-leave", test_join_and_leave);
  ADD ("detach", test_detach);
  ADD ("free", test_free);
  ADD ("replace", test_replace);
  ADD ("unplug", test_unplug);
  ADD ("plug", test_plug);
  ADD ("map", test_map);
  ADD ("dirty-tracking", test_dirty_tracking);
  ADD ("blockers", test_blockers);
  ADD ("failure", test_failure);
  return g_test_run ();
}
