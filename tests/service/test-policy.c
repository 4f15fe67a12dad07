/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may call which method: each method has a handler that says it, and the policy of the system
 * bus agrees. */
#include <iommud.h>

#include "interfaces.h"
#include "iommud-dbus-names.h"
#include "policy.h"

#define SOMEBODY 1000
#define SERVICE_USER 2000

/* On the system bus only root may do everything. */
static void
test_system_bus (void)
{
  IommudPolicy policy = iommud_policy_for_system_bus ();

  g_assert_true (iommud_policy_trusts (&policy, 0));
  g_assert_false (iommud_policy_trusts (&policy, SOMEBODY));
  g_assert_false (iommud_policy_trusts (&policy, (uid_t) -1));
}

static void
test_private_bus (void)
{
  IommudPolicy policy = iommud_policy_for_private_bus (SERVICE_USER);

  g_assert_true (iommud_policy_trusts (&policy, 0));
  g_assert_true (iommud_policy_trusts (&policy, SERVICE_USER));
  g_assert_false (iommud_policy_trusts (&policy, SOMEBODY));
}

static const char *
get_action (IommudAccess access)
{
  return iommud_action_get_id (iommud_access_get_action (access));
}

/* What a caller must be let do who does not have what a row asks for. */
static void
test_actions (void)
{
  g_assert_cmpstr (get_action (IOMMUD_ACCESS_OWNER), ==, "org.iommud1.manage");
  g_assert_cmpstr (get_action (IOMMUD_ACCESS_USE_CONTAINERS), ==, "org.iommud1.use-containers");
  g_assert_cmpstr (get_action (IOMMUD_ACCESS_LEASE_DEVICE), ==, "org.iommud1.lease-device");
  g_assert_cmpstr (get_action (IOMMUD_ACCESS_MANAGE), ==, "org.iommud1.manage");
  g_assert_cmpstr (get_action (IOMMUD_ACCESS_CONFIGURE), ==, "org.iommud1.configure");
}

/* What polkit is asked about is what its file lists, and no more; and the text for the user names
 * no detail that polkit is not told. */
static void
test_polkit_file (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "data", "org.iommud1.policy", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) actions = NULL;
  g_auto (GStrv) names = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  actions = g_strsplit (text, "<action ", 0);
  g_assert_cmpuint (g_strv_length (actions), ==, IOMMUD_ACTION_CONFIGURE + 2);
  for (guint i = 0; i <= IOMMUD_ACTION_CONFIGURE; i++)
    {
      g_autofree char *id = g_strdup_printf ("id=\"%s\"", iommud_action_get_id (i));

      g_assert_nonnull (strstr (text, id));
    }
  names = g_strsplit (text, "$(", 0);
  g_assert_cmpuint (g_strv_length (names), >, 1);
  for (gsize i = 1; names[i] != NULL; i++)
    {
      static const char *const known[] = { "device", "product", "driver", "group", NULL };

      *strchr (names[i], ')') = '\0';
      g_assert_true (g_strv_contains (known, names[i]));
    }
}

static void
check_interface (const IommudInterface *interface)
{
  GDBusInterfaceInfo *info = interface->get_info ();

  for (guint i = 0; info->methods[i] != NULL; i++)
    {
      const IommudMethod *method = iommud_interface_find_method (interface, info->methods[i]->name);

      g_test_message ("%s.%s", info->name, info->methods[i]->name);
      g_assert_nonnull (method);
      g_assert_cmpint (method->access, !=, IOMMUD_ACCESS_NONE);
    }
  for (gsize i = 0; i < interface->n_methods; i++)
    g_assert_nonnull (g_dbus_interface_info_lookup_method (info, interface->methods[i].name));
}

static void
test_every_method (void)
{
  const IommudInterface *const *interfaces = iommud_interfaces_get_all ();

  for (gsize i = 0; interfaces[i] != NULL; i++)
    check_interface (interfaces[i]);
}

/* Everything that every user may send, as "interface.member". */
typedef struct
{
  GHashTable *allowed;
  gboolean for_all;
} BusPolicy;

static void
on_element (GMarkupParseContext *context, const char *element, const char **names,
            const char **values, gpointer user_data, GError **error)
{
  BusPolicy *policy = user_data;
  const char *interface = NULL;
  const char *member = NULL;
  const char *sent = NULL;

  for (gsize i = 0; names[i] != NULL; i++)
    {
      if (g_str_equal (element, "policy"))
        policy->for_all = g_str_equal (names[i], "context");
      else if (g_str_equal (names[i], "send_interface"))
        interface = values[i];
      else if (g_str_equal (names[i], "send_member"))
        member = values[i];
      if (g_str_has_prefix (names[i], "send_"))
        sent = values[i];
    }
  if (!policy->for_all || !g_str_equal (element, "allow") || sent == NULL)
    return;
  /* Without both it would allow more than a method. */
  g_assert_nonnull (interface);
  g_assert_nonnull (member);
  g_assert_true (g_hash_table_add (policy->allowed, g_strdup_printf ("%s.%s", interface, member)));
}

static GHashTable *
read_bus_policy (void)
{
  const GMarkupParser parser = { on_element, NULL, NULL, NULL, NULL };
  BusPolicy policy = { g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL), FALSE };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &policy, NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "data", "org.iommud1.conf", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_markup_parse_context_parse (context, text, -1, &error);
  g_assert_no_error (error);
  return policy.allowed;
}

static guint
check_against_bus (GHashTable *allowed, const IommudInterface *interface)
{
  guint n_for_all = 0;

  for (gsize i = 0; i < interface->n_methods; i++)
    {
      const IommudMethod *method = &interface->methods[i];
      gboolean open = method->access != IOMMUD_ACCESS_NONE;
      g_autofree char *name = g_strdup_printf ("%s.%s", interface->get_info ()->name, method->name);

      g_test_message ("%s", name);
      g_assert_cmpint (g_hash_table_contains (allowed, name), ==, open);
      n_for_all += open ? 1 : 0;
    }
  return n_for_all;
}

/* The bus lets every user call the methods that some user may, five standard methods, and no more.
 */
static void
test_bus_policy (void)
{
  g_autoptr (GHashTable) allowed = read_bus_policy ();
  const IommudInterface *const *interfaces = iommud_interfaces_get_all ();
  guint n_open = 0;

  for (gsize i = 0; interfaces[i] != NULL; i++)
    n_open += check_against_bus (allowed, interfaces[i]);
  g_assert_cmpuint (n_open, >, 0);
  g_assert_cmpuint (g_hash_table_size (allowed), ==, n_open + 5);
  g_assert_false (g_hash_table_contains (allowed, "org.freedesktop.DBus.Properties.Set"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/system-bus", test_system_bus);
  g_test_add_func ("/policy/private-bus", test_private_bus);
  g_test_add_func ("/policy/actions", test_actions);
  g_test_add_func ("/policy/polkit-file", test_polkit_file);
  g_test_add_func ("/policy/every-method", test_every_method);
  g_test_add_func ("/policy/bus-policy", test_bus_policy);
  return g_test_run ();
}
