/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all methods refuse in the same way: a user who may not call them, and a container that is
 * freed before the call has its turn. */
#include "config.h"

#include "iommud-dbus-generated.h"
#include "memory.h"

#include <unistd.h>

#define PCI_1 "0000:01:00.0"
#define STRANGER 65534

/* What arguments stand for. */
typedef struct
{
  Bed *bed;
  GDBusConnection *caller;
  const char *container; /* of an argument */
  int file;
  guint n_devices; /* that were used */
} Caller;

typedef struct
{
  gboolean done;
  GError *error;
} Answer;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;
  g_autoptr (GVariant) reply G_GNUC_UNUSED = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), NULL, result, &answer->error);

  answer->done = TRUE;
}

/* Each call has a device of its own, so that none is busy because of another. */
static GVariant *
make_device (Caller *self)
{
  static const char *const names[] = { "0000:02:00.0", "0000:81:00.0", "0000:81:00.1" };
  g_autofree char *path = bed_device (self->bed, names[self->n_devices++ % G_N_ELEMENTS (names)]);

  return g_variant_new_object_path (path);
}

static GVariant *
make_argument (Caller *self, const GDBusArgInfo *argument)
{
  if (g_str_equal (argument->name, "device"))
    return make_device (self);
  if (g_str_equal (argument->name, "container"))
    return g_variant_new_object_path (self->container);
  if (g_str_equal (argument->signature, "s"))
    return g_variant_new_string ("none");
  if (g_str_equal (argument->signature, "h"))
    return g_variant_new_handle (0);
  if (g_str_equal (argument->signature, "t"))
    return g_variant_new_uint64 (PAGE);
  return g_variant_new_array (g_variant_type_element (G_VARIANT_TYPE (argument->signature)), NULL,
                              0);
}

static void
start_call (Caller *self, const char *path, GDBusInterfaceInfo *interface, GDBusMethodInfo *method,
            Answer *answer)
{
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new ();
  GVariantBuilder arguments;

  g_variant_builder_init (&arguments, G_VARIANT_TYPE_TUPLE);
  for (guint i = 0; method->in_args != NULL && method->in_args[i] != NULL; i++)
    g_variant_builder_add_value (&arguments, make_argument (self, method->in_args[i]));
  g_assert_cmpint (g_unix_fd_list_append (files, self->file, NULL), ==, 0);
  g_dbus_connection_call_with_unix_fd_list (
      self->caller, IOMMUD_DBUS_BUS_NAME, path, interface->name, method->name,
      g_variant_builder_end (&arguments), NULL, G_DBUS_CALL_FLAGS_NONE, -1, files, NULL, on_answer,
      answer);
}

static GDBusConnection *
connect_as_stranger (Bed *bed)
{
  GDBusConnection *connection = NULL;

  if (getuid () != 0)
    return bed_connect (bed->address);
  g_assert_cmpint (seteuid (STRANGER), ==, 0);
  connection = bed_connect (bed->address);
  g_assert_cmpint (seteuid (0), ==, 0);
  return connection;
}

/* Every user may read: then the arguments are wrong, or all is well. */
static void
check_answer (const char *method, const GError *error)
{
  if (g_str_equal (method, "GetHolders"))
    g_assert_no_error (error);
  else if (g_str_has_prefix (method, "Find"))
    g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  else
    g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED);
}

static void
check_refused (Caller *self, const char *path, GDBusInterfaceInfo *interface)
{
  for (guint i = 0; interface->methods[i] != NULL; i++)
    {
      Answer answer = { FALSE, NULL };

      g_test_message ("%s.%s", interface->name, interface->methods[i]->name);
      start_call (self, path, interface, interface->methods[i], &answer);
      bed_wait (&answer.done);
      check_answer (interface->methods[i]->name, answer.error);
      g_clear_error (&answer.error);
    }
}

/* The objects are made in the model, since the caller may make none. */
static void
test_not_authorized (void)
{
  g_autoptr (Bed) bed = bed_new_with_policy (NULL, iommud_policy_for_system_bus ());
  Caller caller = { bed, connect_as_stranger (bed), "/", memory_new (PAGE), 0 };
  g_autofree char *device = bed_device (bed, PCI_1);
  IommudDevice *attached = iommud_host_find_device (bed->host, PCI_1, NULL);
  g_autoptr (IommudContainer) container =
      iommud_host_create_container (bed->host, NULL, NULL, NULL);
  g_autoptr (IommudHwpt) hwpt = NULL;
  g_autofree char *path = NULL;
  g_autofree char *hwpt_path = NULL;
  g_autofree char *lease_path = NULL;
  g_autoptr (IommudLease) lease = NULL;
  int guard = -1;

  g_assert_true (iommud_container_attach_device (container, attached, NULL, NULL, &hwpt, NULL));
  path = g_strdup_printf (IOMMUD_DBUS_CONTAINERS_PATH "/%" G_GUINT64_FORMAT,
                          iommud_container_get_serial (container));
  hwpt_path = g_strdup_printf ("%s/hwpts/%" G_GUINT64_FORMAT, path, iommud_hwpt_get_serial (hwpt));
  check_refused (&caller, IOMMUD_DBUS_MANAGER_PATH, iommud_dbus_manager_interface_info ());
  check_refused (&caller, device, iommud_dbus_device_interface_info ());
  check_refused (&caller, path, iommud_dbus_container_interface_info ());
  check_refused (&caller, path, iommud_dbus_memory_interface_info ());
  check_refused (&caller, path, iommud_dbus_dirty_tracking_interface_info ());
  check_refused (&caller, hwpt_path, iommud_dbus_hwpt_interface_info ());
  lease = iommud_host_create_lease (bed->host, NULL, &guard, NULL);
  lease_path = g_strdup_printf (IOMMUD_DBUS_LEASES_PATH "/%" G_GUINT64_FORMAT,
                                iommud_lease_get_serial (lease));
  check_refused (&caller, lease_path, iommud_dbus_lease_interface_info ());
  close (guard);
  bed_assert (bed, device, "State", "'attached'");
  g_assert_true (iommud_container_free (container, TRUE, NULL, NULL));
  bed_disconnect (caller.caller);
  close (caller.file);
}

static void
start_all (Caller *self, const char *path, GDBusInterfaceInfo *interface, GPtrArray *answers)
{
  for (guint i = 0; interface->methods[i] != NULL; i++)
    {
      Answer *answer = g_new0 (Answer, 1);

      g_ptr_array_add (answers, answer);
      start_call (self, path, interface, interface->methods[i], answer);
    }
}

static void
check_gone (gpointer data, gpointer user_data)
{
  Answer *answer = data;

  bed_wait (&answer->done);
  g_assert_error (answer->error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  g_test_message ("%s", answer->error->message);
  g_clear_error (&answer->error);
}

/* All methods of a container and of its HWPT are called while it is being freed. */
static void
test_gone (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, NULL);
  Caller caller = { bed, bed->client, container, memory_new (2 * PAGE), 0 };
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *hwpt =
      bed_call_for_path (bed, container, "AllocHwpt", bed_device_arguments (device, NULL));
  g_autofree char *attached G_GNUC_UNUSED = bed_attach (bed, container, device);
  g_autoptr (GPtrArray) answers = g_ptr_array_new_with_free_func (g_free);
  Answer freed = { FALSE, NULL };

  bed_call_ok (bed, container, "Start", bed_options (NULL));
  g_assert_true (iommud_simulator_inject_fault (bed->simulator, "destroy", 1, 0, 500, NULL));
  g_dbus_connection_call (
      bed->client, IOMMUD_DBUS_BUS_NAME, container, IOMMUD_DBUS_CONTAINER_INTERFACE, "Free",
      bed_options ("{'force': <true>}"), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answer, &freed);
  start_all (&caller, container, iommud_dbus_container_interface_info (), answers);
  start_all (&caller, container, iommud_dbus_memory_interface_info (), answers);
  start_all (&caller, container, iommud_dbus_dirty_tracking_interface_info (), answers);
  start_all (&caller, hwpt, iommud_dbus_hwpt_interface_info (), answers);
  bed_wait (&freed.done);
  g_assert_no_error (freed.error);
  g_ptr_array_foreach (answers, check_gone, NULL);
  close (caller.file);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/every-method/not-authorized", test_not_authorized);
  g_test_add_func ("/every-method/gone", test_gone);
  return g_test_run ();
}
