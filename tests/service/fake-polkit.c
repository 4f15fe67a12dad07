/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A polkit on a test's bus: it allows, refuses, challenges, hangs, fails, babbles, or dies when it
 * is freed, and it remembers what it was asked. */
#include "fake-polkit.h"

#include "bed.h"

#define NAME "org.freedesktop.PolicyKit1"
#define PATH "/org/freedesktop/PolicyKit1/Authority"

static const char description[] = "<node>"
                                  "  <interface name='org.freedesktop.PolicyKit1.Authority'>"
                                  "    <method name='CheckAuthorization'>"
                                  "      <arg name='subject' type='(sa{sv})' direction='in'/>"
                                  "      <arg name='action' type='s' direction='in'/>"
                                  "      <arg name='details' type='a{ss}' direction='in'/>"
                                  "      <arg name='flags' type='u' direction='in'/>"
                                  "      <arg name='id' type='s' direction='in'/>"
                                  "      <arg name='result' type='(bba{ss})' direction='out'/>"
                                  "    </method>"
                                  "    <method name='CancelCheckAuthorization'>"
                                  "      <arg name='id' type='s' direction='in'/>"
                                  "    </method>"
                                  "  </interface>"
                                  "</node>";

static void
answer (GDBusMethodInvocation *invocation, gboolean is_allowed, gboolean is_challenge)
{
  GVariantBuilder details;

  g_variant_builder_init (&details, G_VARIANT_TYPE ("a{ss}"));
  g_dbus_method_invocation_return_value (
      invocation, g_variant_new ("((bba{ss}))", is_allowed, is_challenge, &details));
}

/* GDBus would not send it as the answer of a method that has another type. */
static void
babble (FakePolkit *self, GDBusMethodInvocation *invocation)
{
  g_autoptr (GDBusMessage) reply =
      g_dbus_message_new_method_reply (g_dbus_method_invocation_get_message (invocation));

  g_dbus_message_set_body (reply, g_variant_new ("(b)", TRUE));
  g_assert_true (g_dbus_connection_send_message (self->connection, reply,
                                                 G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL));
  g_object_unref (invocation);
}

static void
take_details (FakePolkit *self, GVariant *details)
{
  GVariantIter iter;
  const char *key = NULL;
  const char *value = NULL;

  g_hash_table_remove_all (self->details);
  g_variant_iter_init (&iter, details);
  while (g_variant_iter_next (&iter, "{&s&s}", &key, &value))
    g_hash_table_insert (self->details, g_strdup (key), g_strdup (value));
}

static void
on_question (FakePolkit *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *kind = NULL;
  g_autoptr (GVariant) subject = NULL;
  const char *action = NULL;
  g_autoptr (GVariant) details = NULL;
  guint32 flags = 0;
  const char *name = NULL;

  g_variant_get (parameters, "((&s@a{sv})&s@a{ss}u&s)", &kind, &subject, &action, &details, &flags,
                 NULL);
  g_assert_cmpstr (kind, ==, "system-bus-name");
  g_assert_true (g_variant_lookup (subject, "name", "&s", &name));
  g_ptr_array_add (self->actions, g_strdup (action));
  g_ptr_array_add (self->subjects, g_strdup (name));
  take_details (self, details);
  self->n_asked++;
  if (self->mode == FAKE_POLKIT_HANGS)
    g_queue_push_tail (&self->hanging, invocation);
  else if (self->mode == FAKE_POLKIT_FAILS)
    g_dbus_method_invocation_return_dbus_error (
        invocation, "org.freedesktop.PolicyKit1.Error.Failed", "The action is not registered");
  else if (self->mode == FAKE_POLKIT_BABBLES)
    babble (self, invocation);
  else
    answer (invocation,
            self->mode == FAKE_POLKIT_ALLOWS
                || (self->mode == FAKE_POLKIT_CHALLENGES && (flags & 1) != 0),
            self->mode == FAKE_POLKIT_CHALLENGES);
}

static void
on_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
         const char *method, GVariant *parameters, GDBusMethodInvocation *invocation,
         gpointer user_data)
{
  FakePolkit *self = user_data;

  if (g_str_equal (method, "CheckAuthorization"))
    {
      on_question (self, parameters, invocation);
      return;
    }
  self->n_cancelled++;
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer acquired)
{
  *(gboolean *) acquired = TRUE;
}

FakePolkit *
fake_polkit_new (const char *address, FakePolkitMode mode)
{
  static const GDBusInterfaceVTable table = { on_call, NULL, NULL, { NULL } };
  FakePolkit *self = g_new0 (FakePolkit, 1);
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (description, NULL);
  gboolean acquired = FALSE;

  self->connection = bed_connect (address);
  self->mode = mode;
  self->actions = g_ptr_array_new_with_free_func (g_free);
  self->subjects = g_ptr_array_new_with_free_func (g_free);
  self->details = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_queue_init (&self->hanging);
  self->object_id = g_dbus_connection_register_object (self->connection, PATH, node->interfaces[0],
                                                       &table, self, NULL, NULL);
  self->name_id = g_bus_own_name_on_connection (self->connection, NAME, G_BUS_NAME_OWNER_FLAGS_NONE,
                                                on_name_acquired, NULL, &acquired, NULL);
  bed_wait (&acquired);
  return self;
}

/* The question that hangs for longest. */
void
fake_polkit_answer (FakePolkit *self, gboolean allow)
{
  g_assert_false (g_queue_is_empty (&self->hanging));
  answer (g_queue_pop_head (&self->hanging), allow, FALSE);
}

/* It dies: what hangs is never answered. */
const char *
fake_polkit_get_detail (FakePolkit *self, const char *key)
{
  return g_hash_table_lookup (self->details, key);
}

void
fake_polkit_free (FakePolkit *self)
{
  g_dbus_connection_unregister_object (self->connection, self->object_id);
  g_bus_unown_name (self->name_id);
  bed_disconnect (self->connection);
  g_queue_clear_full (&self->hanging, g_object_unref);
  g_hash_table_unref (self->details);
  g_ptr_array_unref (self->subjects);
  g_ptr_array_unref (self->actions);
  g_free (self);
}
