/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Grants: what each line of their files grants to whom, and what is in force when they change. */
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "access/follow-configuration.h"
#include "access/users.h"
#include "bed.h"
#include "grants-fixture.h"

/* --- What is granted -------------------------------------------------------------------------- */

/* Whether a grant with this condition alone covers the device. */
static gboolean
covers (Grants *self, const char *condition, const IommudDeviceTraits *device)
{
  g_autofree char *text = g_strdup_printf ("[a]\nusers=%u\n%s\n", GRANTS_USER, condition);

  grants_read_text (self, text);
  g_assert_cmpuint (grants_count_problems (self), ==, 0);
  return grants_allow (self, GRANTS_USER, device);
}

static void
test_conditions (Grants *self, gconstpointer unused)
{
  g_assert_true (covers (self, "devices=0000:02:00.0;0000:01:00.0", &grants_nic));
  g_assert_false (covers (self, "devices=0000:02:00.0", &grants_nic));
  g_assert_true (covers (self, "devices=01:00.0", &grants_nic));
  g_assert_false (covers (self, "devices=01:00.00", &grants_nic));
  g_assert_false (covers (self, "devices=1:00.0", &grants_nic));
  g_assert_true (covers (self, "ids=8086:10c9", &grants_nic));
  g_assert_true (covers (self, "ids = 1234:*; 8086:*;", &grants_nic));
  g_assert_false (covers (self, "ids=8086:10ca", &grants_nic));
  g_assert_false (covers (self, "ids=8087:10c9", &grants_nic));
  g_assert_true (covers (self, "drivers=vfio-pci", &grants_nic));
  g_assert_false (covers (self, "drivers=vfio", &grants_nic));
  g_assert_true (covers (self, "iommu-groups=11;12", &grants_nic));
  g_assert_false (covers (self, "iommu-groups=1", &grants_nic));
  g_assert_false (covers (self, "iommu-groups=12", &grants_mdev));
  g_assert_true (covers (self, "mdev-types=mtty-1", &grants_mdev));
  g_assert_false (covers (self, "mdev-types=mtty-2", &grants_mdev));
  g_assert_false (covers (self, "mdev-types=mtty-1", &grants_nic));
}

/* Each kind of condition makes the devices fewer. */
static void
test_all_conditions (Grants *self, gconstpointer unused)
{
  g_assert_true (covers (self, "ids=8086:*\ndrivers=vfio-pci\niommu-groups=12", &grants_nic));
  g_assert_false (covers (self, "ids=8086:*\ndrivers=mlx5-vfio-pci", &grants_nic));
  g_assert_false (covers (self, "devices=0000:01:00.0\niommu-groups=13", &grants_nic));
}

static void
test_users (Grants *self, gconstpointer unused)
{
  g_autoptr (GArray) groups = g_array_new (FALSE, FALSE, sizeof (guint32));
  const guint32 gids[] = { 7, GRANTS_GROUP };
  const IommudSubject member = { 5, groups };
  const IommudSubject stranger = { 5, NULL };

  g_array_append_vals (groups, gids, G_N_ELEMENTS (gids));
  grants_read_text (self, "[a]\nusers=root;1001\ngroups=2001\ndrivers=vfio-pci\n");
  g_assert_cmpuint (grants_count_problems (self), ==, 0);
  g_assert_true (grants_allow (self, GRANTS_USER, &grants_nic));
  g_assert_true (grants_allow (self, 0, &grants_nic));
  g_assert_false (grants_allow (self, GRANTS_GROUP, &grants_nic));
  g_assert_true (iommud_configuration_grants (self->configuration, &member, &grants_nic, NULL));
  g_assert_false (iommud_configuration_grants (self->configuration, &stranger, &grants_nic, NULL));
  g_assert_true (iommud_configuration_has_grant (self->configuration, &member));
  g_assert_false (iommud_configuration_has_grant (self->configuration, &stranger));
}

/* The largest of the grants that are for the user and the device. */
static void
test_locked_memory (Grants *self, gconstpointer unused)
{
  const IommudSubject subject = { GRANTS_USER, NULL };
  guint64 n_bytes = 1;

  grants_read_text (self, "[a]\nusers=1001\ndrivers=vfio-pci\nlocked-memory=512M\n"
                          "[b]\nusers=1001\nids=8086:*\nlocked-memory=2G\n"
                          "[c]\nusers=1002\nids=8086:*\nlocked-memory=3T\n"
                          "[d]\nusers=1001\ndevices=0000:02:00.0\nlocked-memory=4T\n");
  g_assert_cmpuint (grants_count_problems (self), ==, 0);
  g_assert_true (
      iommud_configuration_grants (self->configuration, &subject, &grants_nic, &n_bytes));
  g_assert_cmpuint (n_bytes, ==, G_GUINT64_CONSTANT (2) << 30);
  g_assert_false (
      iommud_configuration_grants (self->configuration, &subject, &grants_mdev, &n_bytes));
  g_assert_cmpuint (n_bytes, ==, 0);
}

static void
test_files (Grants *self, gconstpointer unused)
{
  config_folder_write (self->folder, "grants.d/b.conf",
                       "# a comment\n\n[b]\nusers=1001\nids=8086:*\n");
  config_folder_write (self->folder, "grants.d/.hidden.conf", "[c]\nusers=1002\nids=8086:*\n");
  config_folder_write (self->folder, "grants.d/c.conf~", "[c]\nusers=1002\nids=8086:*\n");
  config_folder_write (self->folder, "grants.d/README", "not a file of grants");
  grants_read_folder (self);
  g_assert_cmpuint (grants_count_problems (self), ==, 0);
  g_assert_true (grants_allow (self, GRANTS_USER, &grants_nic));
  g_assert_false (grants_allow (self, GRANTS_USER + 1, &grants_nic));
}

static void
test_no_folder (Grants *self, gconstpointer unused)
{
  g_autoptr (IommudProblems) problems = iommud_problems_new ();
  g_autoptr (IommudConfiguration) missing = iommud_configuration_read ("/nonexistent", problems);
  g_autoptr (IommudConfiguration) none = iommud_configuration_read (NULL, problems);
  const IommudSubject root = { 0, NULL };

  g_assert_cmpuint (iommud_problems_get (problems)->len, ==, 0);
  g_assert_false (iommud_configuration_has_grant (missing, &root));
  g_assert_false (iommud_configuration_has_grant (none, &root));
}

/* --- Changes ---------------------------------------------------------------------------------- */

static void
on_changed (gpointer user_data)
{
  (*(guint *) user_data)++;
}

static gboolean
follower_grants (IommudConfigurationFollower *follower)
{
  const IommudSubject subject = { GRANTS_USER, NULL };

  return iommud_configuration_grants (iommud_configuration_follower_get (follower), &subject,
                                      &grants_nic, NULL);
}

static void
wait_until (IommudConfigurationFollower *follower, gboolean granted)
{
  while (follower_grants (follower) != granted)
    bed_iterate ();
}

/* A file that is edited, replaced, removed, and given away. */
static void
test_follow (Grants *self, gconstpointer unused)
{
  g_autofree char *path = g_build_filename (self->folder, "grants.d", "a.conf", NULL);
  guint n_changes = 0;
  g_autoptr (IommudConfigurationFollower) follower =
      iommud_configuration_follower_new (self->folder, on_changed, &n_changes);

  g_assert_null (iommud_configuration_follower_get (follower));
  while (n_changes == 0)
    bed_iterate ();
  g_assert_false (follower_grants (follower));
  config_folder_write (self->folder, "grants.d/a.conf", grants_whole);
  wait_until (follower, TRUE);
  config_folder_remove (self->folder, "grants.d/a.conf");
  wait_until (follower, FALSE);
  config_folder_write (self->folder, "grants.d/a.conf", grants_whole);
  wait_until (follower, TRUE);
  g_test_expect_message ("iommud", G_LOG_LEVEL_WARNING, "*/a.conf: Others than its owner may*");
  g_assert_cmpint (chmod (path, 0666), ==, 0);
  wait_until (follower, FALSE);
  g_test_assert_expected_messages ();
}

/* The other file of the folder. */
static void
test_follow_limits (Grants *self, gconstpointer unused)
{
  guint n_changes = 0;
  g_autoptr (IommudConfigurationFollower) follower =
      iommud_configuration_follower_new (self->folder, on_changed, &n_changes);
  const IommudLimits *limits = NULL;

  while (n_changes == 0)
    bed_iterate ();
  config_folder_write (self->folder, "iommud.conf", "[quotas]\nleases=7\n");
  while (limits == NULL || limits->values[IOMMUD_LIMIT_LEASES] != 7)
    {
      bed_iterate ();
      limits = iommud_configuration_get_limits (iommud_configuration_follower_get (follower));
    }
}

/* What is configured once the service has begun. */
static void
test_follow_new_folder (Grants *self, gconstpointer unused)
{
  g_autofree char *grants_folder = g_build_filename (self->folder, "grants.d", NULL);
  guint n_changes = 0;
  g_autoptr (IommudConfigurationFollower) follower = NULL;

  g_assert_cmpint (g_remove (grants_folder), ==, 0);
  follower = iommud_configuration_follower_new (self->folder, on_changed, &n_changes);
  while (n_changes == 0)
    bed_iterate ();
  g_assert_cmpint (g_mkdir (grants_folder, 0755), ==, 0);
  config_folder_write (self->folder, "grants.d/a.conf", grants_whole);
  wait_until (follower, TRUE);
}

/* While it is being read. */
static void
test_free_early (Grants *self, gconstpointer unused)
{
  guint n_changes = 0;
  g_autoptr (IommudConfigurationFollower) follower = NULL;

  for (guint i = 0; i < 20; i++)
    {
      follower = iommud_configuration_follower_new (self->folder, on_changed, &n_changes);
      g_clear_pointer (&follower, iommud_configuration_follower_free);
    }
  follower = iommud_configuration_follower_new (self->folder, on_changed, &n_changes);
  while (n_changes == 0)
    bed_iterate ();
  g_assert_cmpuint (n_changes, ==, 1);
}

/* --- Users ------------------------------------------------------------------------------------ */

/* The last number is nobody's: for system calls it means that nothing changes. */
static void
test_numbers (void)
{
  const char *cause = NULL;
  guint32 id = 7;

  g_assert_true (iommud_users_find_user ("4294967294", &id, &cause));
  g_assert_cmpuint (id, ==, G_MAXUINT32 - 1);
  g_assert_false (iommud_users_find_user ("4294967295", &id, &cause));
  g_assert_cmpstr (cause, ==, "There is no such user");
  g_assert_false (iommud_users_find_group ("4294967295", &id, &cause));
  g_assert_cmpstr (cause, ==, "There is no such group");
}

static void
test_own_groups (void)
{
  g_autoptr (GArray) groups = iommud_users_get_groups (0);
  g_autoptr (GArray) none = iommud_users_get_groups (G_MAXUINT32 - 7);
  gboolean found = FALSE;

  for (guint i = 0; i < groups->len; i++)
    found = found || g_array_index (groups, guint32, i) == 0;
  g_assert_true (found);
  g_assert_cmpuint (none->len, ==, 0);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/grants/" name, Grants, NULL, grants_set_up, function, grants_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("conditions", test_conditions);
  ADD ("all-conditions", test_all_conditions);
  ADD ("users", test_users);
  ADD ("locked-memory", test_locked_memory);
  ADD ("files", test_files);
  ADD ("no-folder", test_no_folder);
  ADD ("follow", test_follow);
  ADD ("follow-limits", test_follow_limits);
  ADD ("follow-new-folder", test_follow_new_folder);
  ADD ("free-early", test_free_early);
  g_test_add_func ("/grants/numbers", test_numbers);
  g_test_add_func ("/grants/own-groups", test_own_groups);
  return g_test_run ();
}
