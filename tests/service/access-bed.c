/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bed whose caller is a user whom the service of the system bus does not trust with everything.
 */
#include "access-bed.h"

#include "config-folder.h"
#include "users.h"

void
access_bed_grant (AccessBed *self, const char *name, const char *devices)
{
  g_autofree char *file = g_strdup_printf ("grants.d/%s.conf", name);
  g_autofree char *text =
      g_strdup_printf ("[%s]\nusers=%u\ndevices=%s\n", name, self->uid, devices);

  config_folder_write (self->folder, file, text);
}

static IommudContainer *
create_others (AccessBed *self)
{
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (GError) error = NULL;
  IommudContainer *container = NULL;

  g_object_set (options, "owner", self->uid + 1, "name", "others", NULL);
  container = iommud_host_create_container (self->bed->host, options, NULL, &error);
  g_assert_no_error (error);
  return container;
}

void
access_bed_set_up (AccessBed *self, gconstpointer devices)
{
  access_bed_start (self, devices, NULL);
}

void
access_bed_start (AccessBed *self, const char *devices, const char *limits)
{
  IommudPolicy policy = iommud_policy_for_system_bus ();

  self->uid = users_get_stranger ();
  self->folder = config_folder_new ();
  if (devices != NULL)
    access_bed_grant (self, "a", devices);
  if (limits != NULL)
    config_folder_write (self->folder, "iommud.conf", limits);
  policy.config_dir = self->folder;
  self->bed = bed_new_with_policy (NULL, policy);
  bed_disconnect (self->bed->client);
  self->bed->client = users_connect (self->bed->address, self->uid);
  self->others = create_others (self);
  self->others_path = g_strdup_printf (IOMMUD_DBUS_CONTAINERS_PATH "/%" G_GUINT64_FORMAT,
                                       iommud_container_get_serial (self->others));
}

void
access_bed_tear_down (AccessBed *self, gconstpointer unused)
{
  g_assert_true (iommud_container_free (self->others, TRUE, NULL, NULL));
  g_object_unref (self->others);
  g_free (self->others_path);
  bed_free (self->bed);
  config_folder_free (self->folder);
}

void
access_bed_refuse (AccessBed *self, const char *path, const char *method, GVariant *arguments,
                   const char *pattern)
{
  bed_call_fails (self->bed, path, method, arguments, IOMMUD_ERROR_NOT_AUTHORIZED, pattern);
}
