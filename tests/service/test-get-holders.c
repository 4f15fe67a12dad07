/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GetHolders: who has a device open besides the service, for every user, and for many at once. */
#include "config.h"

#include "bed.h"
#include "budget.h"
#include "holder-process.h"
#include "probe/probe.h"

#include <string.h>

#define PCI_1 "0000:01:00.0"
#define PCI_2 "0000:02:00.0"

/* It stands before the search of the simulated host. */
static struct
{
  GPtrArray *(*find_holders) (IommudProbe *probe, GPtrArray *infos, gboolean *complete);
  GMutex lock;
  GCond changed;
  guint n_begun;
  gboolean is_held;    /* until this is taken back, searches do not end */
  gboolean incomplete; /* it sees nothing */
} spy;

static GPtrArray *
spy_on_search (IommudProbe *probe, GPtrArray *infos, gboolean *complete)
{
  GPtrArray *found;

  g_mutex_lock (&spy.lock);
  spy.n_begun++;
  g_main_context_wakeup (NULL);
  while (spy.is_held)
    g_cond_wait (&spy.changed, &spy.lock);
  g_mutex_unlock (&spy.lock);
  found = spy.find_holders (probe, infos, complete);
  if (spy.incomplete)
    *complete = FALSE;
  return found;
}

static void
hold_searches (gboolean is_held)
{
  g_mutex_lock (&spy.lock);
  spy.is_held = is_held;
  g_cond_broadcast (&spy.changed);
  g_mutex_unlock (&spy.lock);
}

static void
watch_searches (void)
{
  g_autoptr (GTypeClass) class = g_type_class_ref (g_type_from_name ("IommudSimulatedProbe"));
  IommudProbeInterface *iface = g_type_interface_peek (class, IOMMUD_TYPE_PROBE);

  if (spy.find_holders == NULL)
    spy.find_holders = iface->find_holders;
  iface->find_holders = spy_on_search;
  spy.n_begun = 0;
  spy.incomplete = FALSE;
}

static void
wait_for_search (void)
{
  while (g_atomic_int_get (&spy.n_begun) == 0)
    bed_iterate ();
}

static GVariant *
get_holders (Bed *bed, const char *device)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = bed_call (bed, device, "GetHolders", bed_options (NULL), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_type_string (reply), ==, "(a(uss))");
  return g_variant_get_child_value (reply, 0);
}

static void
assert_n_holders (Bed *bed, const char *device, guint n)
{
  g_autoptr (GVariant) holders = get_holders (bed, device);

  g_assert_cmpuint (g_variant_n_children (holders), ==, n);
}

/* The service is no holder of what it has attached; a process with a copy of the file is one. */
static void
test_holder (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *other = bed_device (bed, PCI_2);
  g_autofree char *hwpt G_GNUC_UNUSED = NULL;
  g_autoptr (GVariant) holders = NULL;
  const char *command = NULL;
  const char *unit = NULL;
  guint32 pid = 0;
  pid_t holder;

  assert_n_holders (bed, device, 0);
  hwpt = bed_attach (bed, container, device);
  assert_n_holders (bed, device, 0);
  holder = holder_process_start (NULL);
  holders = get_holders (bed, device);
  g_assert_cmpuint (g_variant_n_children (holders), ==, 1);
  g_variant_get_child (holders, 0, "(u&s&s)", &pid, &command, &unit);
  g_assert_cmpuint (pid, ==, (guint) holder);
  g_assert_true (g_str_has_prefix (command, "test-get-hold"));
  assert_n_holders (bed, other, 0);
  holder_process_stop (holder);
  assert_n_holders (bed, device, 0);
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

static void
test_errors (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *device = bed_device (bed, PCI_1);

  watch_searches ();
  bed_call_fails (bed, device, "GetHolders", bed_options ("{'all': <true>}"),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*all*");
  g_assert_cmpuint (spy.n_begun, ==, 0);
  spy.incomplete = TRUE;
  bed_call_fails (bed, device, "GetHolders", bed_options (NULL), IOMMUD_ERROR_TIMED_OUT,
                  "*" PCI_1 "*");
}

typedef struct
{
  guint n_done;
  guint n_refused;
  guint n_wanted;
  gboolean done;
} Flood;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Flood *flood = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    {
      g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED);
      flood->n_refused++;
    }
  flood->n_done++;
  flood->done = flood->n_done == flood->n_wanted;
}

static void
call_many (Flood *flood, GDBusConnection *caller, const char *device, guint n)
{
  flood->done = FALSE;
  for (guint i = 0; i < n; i++)
    g_dbus_connection_call (caller, IOMMUD_DBUS_BUS_NAME, device, IOMMUD_DBUS_DEVICE_INTERFACE,
                            "GetHolders", bed_options (NULL), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                            NULL, on_answer, flood);
}

/* Calls that come during a search share the next one. Meanwhile the service does other things. */
static void
test_many (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = NULL;
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *other = bed_device (bed, PCI_2);
  Flood flood = { .n_wanted = 101 };

  watch_searches ();
  hold_searches (TRUE);
  call_many (&flood, bed->client, device, 1);
  wait_for_search ();
  call_many (&flood, bed->client, device, 50);
  call_many (&flood, bed->client, other, 50);
  container = bed_create (bed, NULL);
  bed_call_ok (bed, container, "Free", bed_options (NULL));
  g_assert_cmpuint (flood.n_done, ==, 0);
  hold_searches (FALSE);
  bed_wait (&flood.done);
  g_assert_cmpuint (flood.n_refused, ==, 0);
  g_assert_cmpuint (spy.n_begun, ==, 2);
}

static void
send_call (GDBusConnection *caller, const char *device)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new_method_call (
      IOMMUD_DBUS_BUS_NAME, device, IOMMUD_DBUS_DEVICE_INTERFACE, "GetHolders");

  g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_dbus_message_set_body (message, bed_options (NULL));
  g_assert_true (
      g_dbus_connection_send_message (caller, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL));
}

/* The bus counts only calls that want an answer; the service counts all. */
static void
test_flood (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  GDBusConnection *caller = bed_connect (bed->address);
  Flood flood = { .n_wanted = 1 };
  guint n_refused;

  watch_searches ();
  hold_searches (TRUE);
  for (guint i = 0; i < IOMMUD_BUDGET_CALLS_PER_CALLER; i++)
    send_call (caller, device);
  call_many (&flood, caller, device, 1);
  bed_wait (&flood.done);
  g_assert_cmpuint (flood.n_refused, ==, 1);
  hold_searches (FALSE);
  /* As soon as the others are answered. */
  do
    {
      n_refused = flood.n_refused;
      flood.done = FALSE;
      flood.n_wanted++;
      call_many (&flood, caller, device, 1);
      bed_wait (&flood.done);
    }
  while (flood.n_refused > n_refused);
  g_assert_cmpuint (spy.n_begun, <=, 3);
  bed_disconnect (caller);
}

/* Nobody searches on for a caller that has left the bus. */
static void
test_leaver (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  GDBusConnection *caller = bed_connect (bed->address);
  Flood flood = { .n_wanted = 1 };

  watch_searches ();
  hold_searches (TRUE);
  call_many (&flood, bed->client, device, 1);
  wait_for_search ();
  send_call (caller, device);
  bed_disconnect (caller);
  bed_settle (bed);
  hold_searches (FALSE);
  bed_wait (&flood.done);
  bed_settle (bed);
  g_assert_cmpuint (spy.n_begun, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/holders/holder", test_holder);
  g_test_add_func ("/holders/errors", test_errors);
  g_test_add_func ("/holders/many", test_many);
  g_test_add_func ("/holders/flood", test_flood);
  g_test_add_func ("/holders/leaver", test_leaver);
  return g_test_run ();
}
