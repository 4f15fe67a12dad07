/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a user who is not root may do on the system bus: with objects of that user, with those of
 * others, and with devices that are granted. */
#include "config.h"

#include "memory.h"

#include <grp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access-bed.h"
#include "config-folder.h"
#include "users.h"

#define GRANTED "0000:01:00.0"
#define OTHER "0000:02:00.0"

static void
test_without_grants (AccessBed *self, gconstpointer unused)
{
  access_bed_refuse (
      self, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL),
      "User * may not call org.iommud1.Manager.CreateContainer: no grant is for that user*");
}

static void
test_own (AccessBed *self, gconstpointer unused)
{
  Bed *bed = self->bed;
  g_autofree char *container = bed_create (bed, "{'name': <'mine'>}");
  g_autofree char *owner = g_strdup_printf ("%u", self->uid);
  g_autofree char *device = bed_device (bed, GRANTED);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (bed, container, device);
  g_autofree char *second = NULL;

  bed_assert (bed, container, "Owner", owner);
  bed_assert (bed, device, "State", "'attached'");
  bed_call_ok (bed, container, "SetAllowedIovas", g_variant_new_parsed ("(@a(tt) [], @a{sv} {})"));
  bed_call_ok (bed, device, "Detach", bed_options (NULL));
  second = bed_call_for_path (bed, container, "AllocHwpt", bed_device_arguments (device, NULL));
  bed_call_ok (bed, second, "AttachDevice", bed_device_arguments (device, NULL));
  bed_call_ok (bed, device, "Detach", bed_options (NULL));
  bed_call_ok (bed, second, "Free", bed_options (NULL));
  bed_call_ok (bed, container, "Free", bed_options (NULL));
}

/* A container of one's own is not enough. */
static void
test_device (AccessBed *self, gconstpointer unused)
{
  Bed *bed = self->bed;
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *granted = bed_device (bed, GRANTED);
  g_autofree char *other = bed_device (bed, OTHER);
  g_autofree char *hwpt =
      bed_call_for_path (bed, container, "AllocHwpt", bed_device_arguments (granted, NULL));
  const char *pattern = "User * may not call *: no grant lets that user use device " OTHER "*";

  access_bed_refuse (self, container, "AttachDevice", bed_device_arguments (other, NULL), pattern);
  access_bed_refuse (self, container, "AllocHwpt", bed_device_arguments (other, NULL), pattern);
  access_bed_refuse (self, hwpt, "AttachDevice", bed_device_arguments (other, NULL), pattern);
  access_bed_refuse (self, other, "Detach", bed_options (NULL),
                     "*what it changes is not that user's*");
  bed_assert (bed, other, "State", "'available'");
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

/* Neither is a grant. */
static void
test_others (AccessBed *self, gconstpointer unused)
{
  Bed *bed = self->bed;
  g_autofree char *granted = bed_device (bed, GRANTED);
  IommudDevice *device = iommud_host_find_device (bed->host, GRANTED, NULL);
  g_autoptr (IommudHwpt) hwpt = NULL;
  g_autofree char *hwpt_path = NULL;
  g_autofree char *pattern =
      g_strdup_printf ("User * may not call *: what it changes belongs to user %u*", self->uid + 1);

  access_bed_refuse (self, self->others_path, "AttachDevice", bed_device_arguments (granted, NULL),
                     pattern);
  access_bed_refuse (self, self->others_path, "Free", bed_options (NULL), pattern);
  access_bed_refuse (self, self->others_path, "UnmapAll", bed_options (NULL), pattern);
  access_bed_refuse (self, self->others_path, "Start", bed_options (NULL), pattern);
  g_assert_true (iommud_container_attach_device (self->others, device, NULL, NULL, &hwpt, NULL));
  hwpt_path = g_strdup_printf ("%s/hwpts/%" G_GUINT64_FORMAT, self->others_path,
                               iommud_hwpt_get_serial (hwpt));
  access_bed_refuse (self, hwpt_path, "Free", bed_options (NULL), pattern);
  access_bed_refuse (self, hwpt_path, "AttachDevice", bed_device_arguments (granted, NULL),
                     pattern);
  access_bed_refuse (self, granted, "Detach", bed_options (NULL), pattern);
  access_bed_refuse (self, granted, "SetTracker", g_variant_new_parsed ("('auto', @a{sv} {})"),
                     pattern);
  bed_assert (bed, granted, "State", "'attached'");
}

/* An argument or an option can name another user's container, too. */
static void
test_named (AccessBed *self, gconstpointer unused)
{
  Bed *bed = self->bed;
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *share = g_strdup_printf ("{'share-context': <objectpath '%s'>}", container);
  g_autofree char *share_others =
      g_strdup_printf ("{'share-context': <objectpath '%s'>}", self->others_path);
  g_autofree char *sharing = NULL;
  const char *pattern = "User * may not call *: what it changes belongs to user *";

  access_bed_refuse (self, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (share_others),
                     pattern);
  access_bed_refuse (self, container, "CopyMapping",
                     g_variant_new ("(ottt@a{sv})", self->others_path, (guint64) 0, (guint64) PAGE,
                                    (guint64) 0, g_variant_new_parsed ("@a{sv} {}")),
                     pattern);
  sharing = bed_create (bed, share);
  bed_call_ok (bed, sharing, "Free", bed_options (NULL));
  bed_call_ok (bed, container, "Free", bed_options (NULL));
}

/* A grant is asked for whenever a device is to be used. What is there stays its owner's. */
static void
test_withdrawn (AccessBed *self, gconstpointer unused)
{
  Bed *bed = self->bed;
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, GRANTED);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (bed, container, device);
  gboolean refused = FALSE;

  config_folder_remove (self->folder, "grants.d/a.conf");
  while (!refused)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) path =
          bed_call (bed, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL), &error);

      refused = g_error_matches (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED);
      if (path != NULL)
        {
          g_autofree char *created = NULL;

          g_variant_get (path, "(o)", &created);
          bed_call_ok (bed, created, "Free", bed_options (NULL));
        }
    }
  bed_call_ok (bed, device, "Detach", bed_options (NULL));
  access_bed_refuse (self, container, "AttachDevice", bed_device_arguments (device, NULL),
                     "*no grant lets that user use device " GRANTED "*");
  bed_call_ok (bed, container, "Free", bed_options (NULL));
}

/* A group that the caller is in when it connects. */
static void
test_group (AccessBed *self, gconstpointer unused)
{
  const gid_t group = 4242;
  GDBusConnection *member = NULL;
  g_autofree char *path = NULL;

  if (!users_can_be_two ())
    {
      g_test_skip ("only root can choose its groups");
      return;
    }
  config_folder_write (self->folder, "grants.d/g.conf", "[g]\ngroups=4242\ndevices=" GRANTED "\n");
  g_assert_cmpint (setgroups (1, &group), ==, 0);
  member = users_connect (self->bed->address, self->uid);
  g_assert_cmpint (setgroups (0, NULL), ==, 0);
  access_bed_refuse (self, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL),
                     "*no grant*");
  bed_disconnect (self->bed->client);
  self->bed->client = member;
  while (path == NULL)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply = bed_call (self->bed, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer",
                                             bed_options (NULL), &error);

      if (reply != NULL)
        g_variant_get (reply, "(o)", &path);
    }
  bed_call_ok (self->bed, path, "Free", bed_options (NULL));
}

/* What users read of each other shows neither the names of files nor what is in them. */
static void
test_hidden (AccessBed *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  int file = memfd_create ("a-secret-name", MFD_CLOEXEC);
  g_autoptr (GVariant) objects = NULL;
  g_autofree char *printed = NULL;

  g_assert_cmpint (ftruncate (file, PAGE), ==, 0);
  g_assert_cmpint (pwrite (file, "a-secret-text", 13, 0), ==, 13);
  g_assert_true (iommud_memory_map_file (iommud_container_get_memory (self->others), file, 0, PAGE,
                                         0, NULL, NULL, NULL, &error));
  g_assert_no_error (error);
  close (file);
  objects = bed_get_managed_objects (self->bed);
  printed = g_variant_print (objects, TRUE);
  g_assert_nonnull (strstr (printed, "Mappings"));
  g_assert_null (strstr (printed, "a-secret"));
  access_bed_refuse (self, self->others_path, "ReadBitmap",
                     g_variant_new_parsed ("(@t 0, @t 4096, @t 4096, @a{sv} {})"),
                     "*belongs to user*");
}

#define ADD(name, devices, function)                                                               \
  g_test_add ("/access/" name, AccessBed, devices, access_bed_set_up, function,                    \
              access_bed_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("without-grants", NULL, test_without_grants);
  ADD ("own", GRANTED, test_own);
  ADD ("device", GRANTED, test_device);
  ADD ("others", GRANTED, test_others);
  ADD ("named", GRANTED, test_named);
  ADD ("withdrawn", GRANTED, test_withdrawn);
  ADD ("group", NULL, test_group);
  ADD ("hidden", GRANTED, test_hidden);
  return g_test_run ();
}
