/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of grants that are wrong: each says its file and line, and grants nothing. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/plain-file.h"
#include "grants-fixture.h"

/* --- What is wrong ---------------------------------------------------------------------------- */

static const struct
{
  const char *line; /* the third one */
  const char *problem;
} wrong_lines[] = {
  { "device=0000:01:00.0", "*/grants.d/a.conf:3: There is no key 'device'" },
  { "devices=", "*a.conf:3: devices: The list is empty" },
  { "devices=0000:01:00.0;;0000:02:00.0",
    "*a.conf:3: devices: An element of the list is empty: ''" },
  { "ids=8086", "*a.conf:3: ids: This is not VENDOR:PRODUCT*'8086'" },
  { "ids=8086:10c9:1", "*a.conf:3: ids: *" },
  { "ids=*:10c9", "*a.conf:3: ids: *" },
  { "ids=0x8086:10c9", "*a.conf:3: ids: *" },
  { "ids=8086:10cg", "*a.conf:3: ids: *" },
  { "ids=+808:10c9", "*a.conf:3: ids: *" },
  { "iommu-groups=-1", "*a.conf:3: iommu-groups: This is no number of an IOMMU group: '-1'" },
  { "iommu-groups=twelve", "*a.conf:3: iommu-groups: *" },
  { "users=there-is-no-such-user-here", "*a.conf:3: users: There is no such user: '*'" },
  { "users=4294967295", "*a.conf:3: users: *" },
  { "groups=there-is-no-such-group-here", "*a.conf:3: groups: There is no such group: '*'" },
  { "locked-memory=much", "*a.conf:3: locked-memory: This is no size*'much'" },
  { "locked-memory=16777216T", "*a.conf:3: locked-memory: *" },
  { "locked-memory=K", "*a.conf:3: locked-memory: *" },
  { "locked-memory=", "*a.conf:3: locked-memory: *" },
  { "what is this", "*a.conf:3: This is neither a section*'what is this'" },
  { "=value", "*a.conf:3: This is neither a section*" },
  { "drivers=vfio-pci", "*a.conf:3: This key stands twice in its section: 'drivers'" },
};

/* The sections before and behind it grant what they grant. */
static void
test_wrong_lines (Grants *self, gconstpointer unused)
{
  for (gsize i = 0; i < G_N_ELEMENTS (wrong_lines); i++)
    {
      g_autofree char *text = g_strdup_printf ("[a]\ndrivers=vfio-pci\n%s\nmdev-types=\n"
                                               "[b]\nusers=7\ndrivers=vfio-pci\n",
                                               wrong_lines[i].line);

      grants_read_text (self, text);
      grants_assert_problem (self, 0, wrong_lines[i].problem);
      g_assert_cmpuint (grants_count_problems (self), ==, 2);
      g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));
      g_assert_false (grants_allow (self, 0, &grants_nic));
      g_assert_true (grants_allow (self, 7, &grants_nic));
    }
}

/* Right but for one line. */
static void
test_broken_section (Grants *self, gconstpointer unused)
{
  grants_read_text (self, "[a]\nusers=1001\ndrivers=vfio-pci\nlocked-memory=1Q\n");
  grants_assert_problem (self, 0, "*a.conf:4: locked-memory: *");
  g_assert_cmpuint (grants_count_problems (self), ==, 1);
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));

  grants_read_text (self, "[a]\nusers=1001\ndrivers=vfio-pci\nnonsense\n");
  grants_assert_problem (self, 0, "*a.conf:4: *");
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));

  grants_read_text (self, "[a\nusers=1001\ndrivers=vfio-pci\n");
  grants_assert_problem (self, 0, "*a.conf:1: This is no title of a section*");
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));

  grants_read_text (self, "[b]\nusers=7\n[\nusers=1001\ndrivers=vfio-pci\n");
  grants_assert_problem (self, 0, "*a.conf:3: This is no title of a section*");
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));

  grants_read_text (self, "users=1001\n[a]\ndrivers=vfio-pci\n");
  grants_assert_problem (self, 0, "*a.conf:1: This key stands before the first section: 'users'");
  grants_assert_problem (self, 1, "*a.conf:2: The section names nobody*");
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));

  grants_read_text (self, "[a]\nusers=1001\n");
  grants_assert_problem (self, 0, "*a.conf:1: The section names no devices*");
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));
}

/* A file that was cut off grants nothing to others, and no other devices, than the whole one. */
static void
check_truncated (Grants *self, const char *text)
{
  for (gsize length = 0; length < strlen (text); length++)
    {
      g_autofree char *part = g_strndup (text, length);

      grants_read_text (self, part);
      for (guint32 uid = 0; uid < 1001; uid++)
        g_assert_false (grants_allow (self, uid, &grants_nic));
      g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));
      g_assert_false (grants_allow (self, GRANTS_USER, &grants_mdev));
    }
}

static void
test_truncated (Grants *self, gconstpointer unused)
{
  check_truncated (self, "[a]\ndrivers=vfio-pci\nusers=1001\n");
  check_truncated (self, "[a]\nusers=1001\ndrivers=vfio-pci\n");
  grants_read_text (self, "[a]\nusers=1001\ndrivers=vfio-pci");
  grants_assert_problem (self, 0, "*a.conf:3: The last line does not end*'drivers=vfio-pci'");
}

/* Every byte of a file, one after the other, is one that cannot be there. */
static void
test_damaged (Grants *self, gconstpointer unused)
{
  for (gsize i = 0; i < strlen (grants_whole); i++)
    {
      g_autofree char *text = g_strdup (grants_whole);

      text[i] = '\xff';
      grants_read_text (self, text);
      grants_assert_problem (self, 0, "*a.conf: This is no text in UTF-8");
      g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));
    }
}

static void
test_zero_byte (Grants *self, gconstpointer unused)
{
  g_autofree char *path = g_build_filename (self->folder, "grants.d", "a.conf", NULL);

  g_assert_true (g_file_set_contents (path, "[a]\0users=1001\n", 15, NULL));
  grants_read_folder (self);
  grants_assert_problem (self, 0, "*a.conf: This is no text in UTF-8");
}

static void
test_large (Grants *self, gconstpointer unused)
{
  g_autoptr (GString) text = g_string_new (grants_whole);

  while (text->len <= IOMMUD_PLAIN_FILE_MAX_BYTES)
    g_string_append (text, "# more\n");
  grants_read_text (self, text->str);
  grants_assert_problem (self, 0, "*a.conf: It has more than 64 KiB");
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));
  g_string_truncate (text, IOMMUD_PLAIN_FILE_MAX_BYTES);
  grants_read_text (self, text->str);
  g_assert_cmpuint (grants_count_problems (self), ==, 0);
  g_assert_true (grants_allow (self, GRANTS_USER, &grants_nic));
}

static void
test_many_problems (Grants *self, gconstpointer unused)
{
  g_autoptr (GString) text = g_string_new ("[a]\n");

  for (guint i = 0; i < 5000; i++)
    g_string_append (text, "nonsense\n");
  grants_read_text (self, text->str);
  g_assert_cmpuint (grants_count_problems (self), ==, 101);
  grants_assert_problem (self, 100, "There is more that is wrong*");
}

static void
test_many_files (Grants *self, gconstpointer unused)
{
  for (guint i = 0; i <= IOMMUD_CONFIGURATION_MAX_FILES; i++)
    {
      g_autofree char *name = g_strdup_printf ("grants.d/%05u.conf", i);

      config_folder_write (self->folder, name, "");
    }
  grants_read_folder (self);
  grants_assert_problem (self, 0, "*/grants.d: There are more than 1024 files");
}

static void
test_many_grants (Grants *self, gconstpointer unused)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < 2000; i++)
    g_string_append (text, "[a]\nusers=7\ndrivers=none\n");
  config_folder_write (self->folder, "grants.d/a.conf", text->str);
  config_folder_write (self->folder, "grants.d/b.conf", text->str);
  config_folder_write (self->folder, "grants.d/c.conf", text->str);
  config_folder_write (self->folder, "grants.d/d.conf", grants_whole);
  grants_read_folder (self);
  grants_assert_problem (self, 0, "*/c.conf:289: There are more than 4096 grants");
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));
}

/* --- Whose files these are -------------------------------------------------------------------- */

static void
change_mode (Grants *self, const char *name, mode_t mode)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);

  g_assert_cmpint (chmod (path, mode), ==, 0);
  grants_read_folder (self);
}

static void
test_writable_by_others (Grants *self, gconstpointer unused)
{
  grants_read_text (self, grants_whole);
  g_assert_true (grants_allow (self, GRANTS_USER, &grants_nic));
  change_mode (self, "grants.d/a.conf", 0664);
  grants_assert_problem (self, 0, "*/a.conf: Others than its owner may write to it");
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));
  change_mode (self, "grants.d/a.conf", 0646);
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));
  change_mode (self, "grants.d/a.conf", 0600);
  g_assert_true (grants_allow (self, GRANTS_USER, &grants_nic));
  change_mode (self, "grants.d", 0775);
  grants_assert_problem (self, 0, "*/grants.d: Others than its owner may write to it");
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));
  change_mode (self, "grants.d", 0755);
  g_assert_true (grants_allow (self, GRANTS_USER, &grants_nic));
  change_mode (self, ".", 0777);
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));
  change_mode (self, ".", 0755);
  g_assert_true (grants_allow (self, GRANTS_USER, &grants_nic));
}

static void
test_of_another_user (Grants *self, gconstpointer unused)
{
  g_autofree char *path = g_build_filename (self->folder, "grants.d", "a.conf", NULL);

  if (getuid () != 0)
    {
      g_test_skip ("only root can give files away");
      return;
    }
  grants_read_text (self, grants_whole);
  g_assert_cmpint (chown (path, 65534, 0), ==, 0);
  grants_read_folder (self);
  grants_assert_problem (self, 0, "*/a.conf: It belongs to user 65534 and not to root");
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));
}

/* None of them is waited for. */
static void
test_no_files (Grants *self, gconstpointer unused)
{
  g_autofree char *target = g_build_filename (self->folder, "target", NULL);
  g_autofree char *link = g_build_filename (self->folder, "grants.d", "a.conf", NULL);
  g_autofree char *fifo = g_build_filename (self->folder, "grants.d", "b.conf", NULL);
  g_autofree char *folder = g_build_filename (self->folder, "grants.d", "c.conf", NULL);

  config_folder_write (self->folder, "target", grants_whole);
  g_assert_cmpint (symlink (target, link), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  grants_read_folder (self);
  grants_assert_problem (self, 0, "*/a.conf: It is a symbolic link");
  grants_assert_problem (self, 1, "*/b.conf: It is no regular file");
  grants_assert_problem (self, 2, "*/c.conf: It is no regular file");
  g_assert_false (grants_allow (self, GRANTS_USER, &grants_nic));
}

#define ADD(name, function)                                                                        \
  g_test_add ("/wrong-grants/" name, Grants, NULL, grants_set_up, function, grants_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("wrong-lines", test_wrong_lines);
  ADD ("broken-section", test_broken_section);
  ADD ("truncated", test_truncated);
  ADD ("damaged", test_damaged);
  ADD ("zero-byte", test_zero_byte);
  ADD ("large", test_large);
  ADD ("many-problems", test_many_problems);
  ADD ("many-files", test_many_files);
  ADD ("many-grants", test_many_grants);
  ADD ("writable-by-others", test_writable_by_others);
  ADD ("of-another-user", test_of_another_user);
  ADD ("no-files", test_no_files);
  return g_test_run ();
}
