/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may call which method: the table, its agreement with the interface files and with the policy
 * of the system bus, and that each method has a handler. */
#include <iommud.h>

#include "container-export.h"
#include "device-export.h"
#include "hwpt-export.h"
#include "iommud-dbus-generated.h"
#include "iommud-dbus-names.h"
#include "manager-export.h"
#include "policy.h"

#define SOMEBODY 1000
#define SERVICE_USER 2000

static gboolean
may_call (const IommudPolicy *policy, const char *interface, const char *method, uid_t uid)
{
  g_autoptr (GError) error = NULL;
  gboolean may = iommud_policy_check (policy, interface, method, uid, &error);

  if (!may)
    g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED);
  else
    g_assert_no_error (error);
  return may;
}

static void
test_system_bus (void)
{
  IommudPolicy policy = iommud_policy_for_system_bus ();

  g_assert_true (may_call (&policy, IOMMUD_DBUS_CONTAINER_INTERFACE, "Free", 0));
  g_assert_false (may_call (&policy, IOMMUD_DBUS_CONTAINER_INTERFACE, "Free", SOMEBODY));
  g_assert_false (may_call (&policy, IOMMUD_DBUS_DEVICE_INTERFACE, "Detach", (uid_t) -1));
  g_assert_true (may_call (&policy, IOMMUD_DBUS_MANAGER_INTERFACE, "FindDevice", SOMEBODY));
}

static void
test_private_bus (void)
{
  IommudPolicy policy = iommud_policy_for_private_bus (SERVICE_USER);

  g_assert_true (may_call (&policy, IOMMUD_DBUS_CONTAINER_INTERFACE, "Free", 0));
  g_assert_true (may_call (&policy, IOMMUD_DBUS_CONTAINER_INTERFACE, "Free", SERVICE_USER));
  g_assert_false (may_call (&policy, IOMMUD_DBUS_CONTAINER_INTERFACE, "Free", SOMEBODY));
  g_assert_true (may_call (&policy, IOMMUD_DBUS_MANAGER_INTERFACE, "FindDevice", SOMEBODY));
}

static void
test_default_deny (void)
{
  IommudPolicy policy = iommud_policy_for_private_bus (SERVICE_USER);

  g_assert_false (may_call (&policy, IOMMUD_DBUS_MANAGER_INTERFACE, "Reboot", 0));
  g_assert_false (may_call (&policy, "org.iommud1.Other", "Free", 0));
  g_assert_false (may_call (&policy, IOMMUD_DBUS_MANAGER_INTERFACE, "Free", 0));
}

static void
test_message (void)
{
  IommudPolicy policy = iommud_policy_for_system_bus ();
  g_autoptr (GError) error = NULL;

  g_assert_false (
      iommud_policy_check (&policy, IOMMUD_DBUS_HWPT_INTERFACE, "Free", SOMEBODY, &error));
  g_assert_cmpstr (error->message, ==,
                   "User 1000 may not call org.iommud1.Hwpt.Free: it changes the host, which only "
                   "root may do");
}

static void
check_interface (GType type, const GDBusInterfaceInfo *info)
{
  g_autoptr (IommudExportClass) class = g_type_class_ref (type);

  g_assert_true (class->info == info);
  for (guint i = 0; info->methods[i] != NULL; i++)
    {
      const char *method = info->methods[i]->name;

      g_test_message ("%s.%s", info->name, method);
      g_assert_nonnull (iommud_export_class_find_method (class, method));
      g_assert_cmpint (iommud_policy_get_access (info->name, method), !=, IOMMUD_ACCESS_NONE);
    }
  for (gsize i = 0; i < class->n_methods; i++)
    g_assert_nonnull (g_dbus_interface_info_lookup_method (class->info, class->methods[i].name));
}

static void
test_every_method (void)
{
  check_interface (IOMMUD_TYPE_MANAGER_EXPORT, iommud_dbus_manager_interface_info ());
  check_interface (IOMMUD_TYPE_DEVICE_EXPORT, iommud_dbus_device_interface_info ());
  check_interface (IOMMUD_TYPE_CONTAINER_EXPORT, iommud_dbus_container_interface_info ());
  check_interface (IOMMUD_TYPE_HWPT_EXPORT, iommud_dbus_hwpt_interface_info ());
}

/* Everything that org.iommud1.conf allows, as "root interface.member" or "all interface.member". */
typedef struct
{
  GHashTable *allowed;
  gboolean in_root_policy;
} BusPolicy;

static void
on_element (GMarkupParseContext *context, const char *element, const char **names,
            const char **values, gpointer user_data, GError **error)
{
  BusPolicy *policy = user_data;
  const char *interface = NULL;
  const char *member = NULL;

  for (gsize i = 0; names[i] != NULL; i++)
    {
      if (g_str_equal (names[i], "user"))
        policy->in_root_policy = g_str_equal (values[i], "root");
      else if (g_str_equal (names[i], "context"))
        policy->in_root_policy = FALSE;
      else if (g_str_equal (names[i], "send_interface"))
        interface = values[i];
      else if (g_str_equal (names[i], "send_member"))
        member = values[i];
    }
  if (g_str_equal (element, "allow") && interface != NULL && member != NULL)
    g_hash_table_add (
        policy->allowed,
        g_strdup_printf ("%s %s.%s", policy->in_root_policy ? "root" : "all", interface, member));
}

static GHashTable *
read_bus_policy (void)
{
  const GMarkupParser parser = { on_element, NULL, NULL, NULL, NULL };
  BusPolicy policy = { g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL), FALSE };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &policy, NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "org.iommud1.conf", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_markup_parse_context_parse (context, text, -1, &error);
  g_assert_no_error (error);
  return policy.allowed;
}

static guint
check_against_bus (GHashTable *allowed, const GDBusInterfaceInfo *info)
{
  guint n_for_all = 0;

  for (guint i = 0; info->methods[i] != NULL; i++)
    {
      const char *method = info->methods[i]->name;
      gboolean read = iommud_policy_get_access (info->name, method) == IOMMUD_ACCESS_READ;
      g_autofree char *all = g_strdup_printf ("all %s.%s", info->name, method);
      g_autofree char *root = g_strdup_printf ("root %s.%s", info->name, method);

      g_test_message ("%s.%s", info->name, method);
      g_assert_cmpint (g_hash_table_contains (allowed, all), ==, read);
      g_assert_cmpint (g_hash_table_contains (allowed, root), ==, !read);
      n_for_all += read ? 1 : 0;
    }
  return n_for_all;
}

/* The bus lets everybody call what our table calls reading and five standard methods, and lists for
 * root what changes something. */
static void
test_bus_policy (void)
{
  g_autoptr (GHashTable) allowed = read_bus_policy ();
  guint n_read = 0;
  guint n_all = 0;
  GHashTableIter iter;
  gpointer key = NULL;

  n_read += check_against_bus (allowed, iommud_dbus_manager_interface_info ());
  n_read += check_against_bus (allowed, iommud_dbus_device_interface_info ());
  n_read += check_against_bus (allowed, iommud_dbus_container_interface_info ());
  n_read += check_against_bus (allowed, iommud_dbus_hwpt_interface_info ());

  g_hash_table_iter_init (&iter, allowed);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    n_all += g_str_has_prefix (key, "all ") ? 1 : 0;
  g_assert_cmpuint (n_all, ==, n_read + 5);
  g_assert_false (g_hash_table_contains (allowed, "all org.freedesktop.DBus.Properties.Set"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/system-bus", test_system_bus);
  g_test_add_func ("/policy/private-bus", test_private_bus);
  g_test_add_func ("/policy/default-deny", test_default_deny);
  g_test_add_func ("/policy/message", test_message);
  g_test_add_func ("/policy/every-method", test_every_method);
  g_test_add_func ("/policy/bus-policy", test_bus_policy);
  return g_test_run ();
}
