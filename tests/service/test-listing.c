/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GetManagedObjects: a long answer, and what the caller is told of that has changed while it was
 * sent. */
#include "call.h"
#include "calls.h"
#include "entries.h"
#include "exporter.h"
#include "large-host.h"
#include "listing.h"
#include "object-signals.h"
#include "parts.h"
#include "recorder.h"
#include "reply.h"

#define PCI_1 "0000:01:00.0"

typedef struct
{
  Parts parts;
  Recorder *recorder;
  IommudExporter *exporter;
} Fixture;

static void
set_up (Fixture *self, gconstpointer xml)
{
  parts_set_up (&self->parts, NULL, xml);
  self->exporter = iommud_exporter_new (self->parts.state);
  self->recorder = recorder_new (self->parts.client);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  recorder_free (self->recorder);
  iommud_service_state_close (self->parts.state);
  iommud_exporter_free (self->exporter);
  parts_tear_down (&self->parts);
}

static void
tell_noted (Fixture *self, const char *name)
{
  g_autoptr (GPtrArray) noted = iommud_objects_take_noted (self->parts.state->objects);

  for (guint i = 0; i < noted->len; i++)
    iommud_object_signal_noted (self->parts.state->objects, g_ptr_array_index (noted, i),
                                self->parts.server, name);
}

/* All that was sent to the client has arrived. */
static void
settle (Fixture *self)
{
  const char *name = g_dbus_connection_get_unique_name (self->parts.client);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;

  g_dbus_connection_flush_sync (self->parts.server, NULL, &error);
  g_assert_no_error (error);
  /* The bus answers after it has passed on what came before. */
  reply =
      g_dbus_connection_call_sync (self->parts.server, name, "/", "org.freedesktop.DBus.Peer",
                                   "Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
}

/* What the client is told, once it has all arrived. */
static char *
tell (Fixture *self)
{
  recorder_clear (self->recorder);
  tell_noted (self, g_dbus_connection_get_unique_name (self->parts.client));
  settle (self);
  return recorder_get_text (self->recorder);
}

/* Answers to what the client's own library has asked are not counted. */
static guint
count_told (Fixture *self)
{
  return recorder_count (self->recorder, "Interfaces*")
         + recorder_count (self->recorder, "PropertiesChanged*");
}

static void
assert_told (const char *text, const char *pattern)
{
  if (!g_pattern_match_simple (pattern, text))
    g_error ("'%s' does not match '%s'", pattern, text);
}

static void
test_changes (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudContainer) container = NULL;
  IommudDevice *device = iommud_host_find_device (self->parts.host, PCI_1, &error);
  g_autofree char *told = NULL;

  g_assert_no_error (error);
  g_variant_unref (g_variant_ref_sink (iommud_entries_get_all (self->parts.state->objects)));
  iommud_objects_note_changes (self->parts.state->objects);
  container = iommud_host_create_container (self->parts.host, NULL, NULL, &error);
  g_assert_no_error (error);
  call_attach_device (container, device, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL,
                      NULL, &error);
  g_assert_no_error (error);
  told = tell (self);
  assert_told (told, "*InterfacesAdded*/containers/*org.iommud1.Memory*");
  assert_told (told, "*InterfacesAdded*/hwpts/*");
  assert_told (told, "*PropertiesChanged*org.iommud1.Device*'State': <'attached'>*");
  g_assert_cmpuint (count_told (self), ==, 3);

  iommud_objects_note_changes (self->parts.state->objects);
  iommud_container_free (container, TRUE, NULL, &error);
  g_assert_no_error (error);
  g_clear_pointer (&told, g_free);
  told = tell (self);
  assert_told (told, "*InterfacesRemoved*/containers/*org.iommud1.DirtyTracking*");
  assert_told (told, "*InterfacesRemoved*/hwpts/*");
  assert_told (told, "*PropertiesChanged*org.iommud1.Device*'State': <'available'>*");
  g_assert_cmpuint (count_told (self), ==, 3);
}

static void
test_nothing_changed (Fixture *self, gconstpointer unused)
{
  g_autofree char *told = NULL;

  iommud_objects_note_changes (self->parts.state->objects);
  told = tell (self);
  g_assert_cmpuint (count_told (self), ==, 0);
}

/* An object that goes after the changes were taken is signalled to all as it goes. */
static void
test_gone (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudContainer) container = NULL;
  g_autoptr (GPtrArray) noted = NULL;

  iommud_objects_note_changes (self->parts.state->objects);
  container = iommud_host_create_container (self->parts.host, NULL, NULL, &error);
  g_assert_no_error (error);
  noted = iommud_objects_take_noted (self->parts.state->objects);
  g_assert_cmpuint (noted->len, ==, 1);
  iommud_container_free (container, FALSE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (iommud_object_signal_noted (self->parts.state->objects, noted->pdata[0],
                                                self->parts.server, NULL),
                    ==, 0);
}

static GDBusMessage *
new_list_call (Fixture *self)
{
  GDBusMessage *message = g_dbus_message_new_method_call (
      NULL, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");

  g_dbus_message_set_sender (message, g_dbus_connection_get_unique_name (self->parts.client));
  g_dbus_message_set_serial (message, 1);
  return message;
}

/* A caller that has left while its answer was sent is told nothing more. */
static void
test_leaver (Fixture *self, gconstpointer unused)
{
  g_autoptr (IommudListing) listing = iommud_listing_new (
      self->parts.server, self->parts.state->objects, self->parts.state->long_answers);
  IommudCaller *caller = iommud_caller_new (g_dbus_connection_get_unique_name (self->parts.client));
  g_autoptr (GDBusMessage) message = new_list_call (self);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudContainer) container = NULL;

  iommud_lanes_join (self->parts.state->lanes, caller);
  iommud_listing_answer (listing, iommud_call_new (self->parts.state, caller, message));
  /* Nobody knows yet how much it will be. */
  g_assert_cmpuint (caller->reserved_bytes, ==, IOMMUD_REPLY_MAX_BYTES);
  while (iommud_objects_peek_stale (self->parts.state->objects) != NULL)
    g_main_context_iteration (NULL, FALSE);
  /* Now it is being sent. */
  container = iommud_host_create_container (self->parts.host, NULL, NULL, &error);
  g_assert_no_error (error);
  iommud_lanes_leave (self->parts.state->lanes, caller);
  while (!g_ref_count_compare (&caller->references, 1))
    bed_iterate ();
  iommud_caller_unref (caller);
  settle (self);
  g_assert_cmpuint (count_told (self), ==, 0);
  iommud_container_free (container, FALSE, NULL, &error);
  g_assert_no_error (error);
}

static void
add_name (const char *name, gsize length, gpointer names)
{
  g_string_append_len (names, name, (gssize) length);
  g_string_append_c (names, ' ');
}

static void
check_children (IommudObjects *objects, const char *path, const char *expected)
{
  g_autoptr (GString) names = g_string_new (NULL);

  g_assert_true (iommud_objects_foreach_child (objects, path, add_name, names));
  g_assert_cmpstr (names->str, ==, expected);
}

/* A node has the objects right below it, and the folders on the way to others. */
static void
test_children (void)
{
  g_autoptr (IommudObjects) objects = iommud_objects_new ();
  static const char *const paths[] = { "/a/b",    "/a/b/c/d", "/a/b/c/e", "/a/b0",
                                       "/a/bb/c", "/a/bc",    "/b" };
  g_autoptr (GString) names = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GObject) model = g_object_new (G_TYPE_OBJECT, NULL);

      iommud_objects_add (objects, paths[i], model);
    }
  check_children (objects, "/", "a b ");
  check_children (objects, "/a", "b b0 bb bc ");
  check_children (objects, "/a/b", "c ");
  check_children (objects, "/a/b/c", "d e ");
  check_children (objects, "/a/bc", "");
  g_assert_false (iommud_objects_foreach_child (objects, "/a/c", add_name, names));
}

/* An entry is made again if something has changed, and kept otherwise. */
static void
test_entries (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudContainer) container = NULL;
  IommudDevice *device = iommud_host_find_device (self->parts.host, PCI_1, &error);
  IommudObjects *objects = self->parts.state->objects;
  IommudBusObject *object = NULL;
  g_autoptr (GVariant) before = NULL;
  g_autoptr (GVariant) after = NULL;

  g_assert_no_error (error);
  object = iommud_objects_lookup (objects, iommud_objects_get_path (objects, device));
  before = g_variant_ref (iommud_entries_get (objects, object));
  g_assert_true (iommud_entries_get (objects, object) == before);
  while (iommud_entries_refresh_one (objects))
    ;
  container = iommud_host_create_container (self->parts.host, NULL, NULL, &error);
  g_assert_no_error (error);
  call_attach_device (container, device, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL,
                      NULL, &error);
  g_assert_no_error (error);
  after = g_variant_ref (iommud_entries_get (objects, object));
  g_assert_false (g_variant_equal (before, after));
  iommud_container_free (container, TRUE, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_equal (before, iommud_entries_get (objects, object)));
}

/* Answers that are put together on a thread, more than one at once, while devices come and go. */
static void
test_long (void)
{
  g_autofree char *xml = large_host_describe (1, 1000);
  g_autoptr (Bed) bed = bed_new (xml);
  g_autofree char *container = bed_create (bed, "{'name': <'vm1'>}");
  g_autofree char *device = bed_device (bed, "0000:00:00.0");

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GVariant) before = bed_get_managed_objects (bed);
      g_autoptr (GVariant) between = NULL;
      g_autoptr (GVariant) after = NULL;
      g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (bed, container, device);

      between = bed_get_managed_objects (bed);
      g_assert_cmpuint (g_variant_n_children (between), ==, g_variant_n_children (before) + 1);
      bed_call_ok (bed, device, "Detach", bed_options (NULL));
      after = bed_get_managed_objects (bed);
      g_assert_true (g_variant_equal (before, after));
    }
  bed_call_ok (bed, container, "Free", bed_options (NULL));
}

static void
add (const char *name, void (*test) (Fixture *self, gconstpointer unused))
{
  g_autofree char *path = g_strconcat ("/listing/", name, NULL);

  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_autofree char *xml = NULL;

  g_test_init (&argc, &argv, NULL);
  add ("changes", test_changes);
  add ("nothing-changed", test_nothing_changed);
  add ("entries", test_entries);
  add ("gone", test_gone);
  g_test_add_func ("/listing/children", test_children);
  xml = large_host_describe (1, 300);
  g_test_add ("/listing/leaver", Fixture, xml, set_up, test_leaver, tear_down);
  g_test_add_func ("/listing/long", test_long);
  return g_test_run ();
}
