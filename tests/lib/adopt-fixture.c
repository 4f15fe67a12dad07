/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A busy host, what it looks like, and how it is let go of and adopted. */
#include "config.h"

#include "adopt-fixture.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MDEV_A "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define MDEV_B "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"

static char *
describe_host (const char *kernel)
{
  GString *xml = g_string_new (NULL);

  g_string_append_printf (xml,
                          "<simulated-host kernel='%s'>"
                          "<iommu name='dmar0' dirty-tracking='yes' nesting='yes'>"
                          "<reserved first='0xfee00000' last='0xfeefffff' type='msi'/></iommu>"
                          "<iommu name='dmar1'/>"
                          "<device name='0000:01:00.1' iommu='dmar0' group='10'/>"
                          "<device name='0000:08:00.0' iommu='dmar0' group='40'><dma-logging/>"
                          "</device>",
                          kernel);
  for (guint i = 0; i < 10; i++)
    g_string_append_printf (xml, "<device name='0000:01:%02x.0' iommu='dmar0' group='%u'/>", i,
                            10 + i);
  for (guint i = 0; i < 3; i++)
    g_string_append_printf (xml,
                            "<device name='0000:81:%02x.0' iommu='dmar1' group='%u'/>"
                            "<device name='0000:83:%02x.0' iommu='dmar1' group='%u'><dma-logging/>"
                            "</device>",
                            i, 50 + i, i, 60 + i);
  g_string_append (xml, "<host-device name='mtty' bus='virtual' driver='mtty'/>"
                        "<mdev name='" MDEV_A "' parent='mtty' type='mtty-1'/>"
                        "<mdev name='" MDEV_B "' parent='mtty' type='mtty-1'/>"
                        "</simulated-host>");
  return g_string_free (xml, FALSE);
}

static void
attach (AdoptFixture *self, const char *container, const char *device, IommudAttachMode mode,
        IommudTrackerChoice tracker)
{
  g_autoptr (GError) error = NULL;

  call_attach_device (adopt_fixture_get (self, container),
                      model_fixture_device (&self->model, device), mode, tracker, NULL, NULL,
                      &error);
  g_assert_no_error (error);
}

static guint64
map (AdoptFixture *self, const char *container, guint64 iova, guint64 length, IommudMapFlags flags)
{
  g_autoptr (GError) error = NULL;
  guint64 mapped = 0;

  call_map_file (adopt_fixture_get (self, container), self->file, iova % GIB, length, iova, flags,
                 NULL, &mapped, &error);
  g_assert_no_error (error);
  return mapped;
}

static void
make_containers (AdoptFixture *self)
{
  g_autoptr (IommudContainerOptions) shared = iommud_container_options_new ();
  g_autoptr (IommudContainerOptions) other = iommud_container_options_new ();
  g_autoptr (GError) error = NULL;

  g_object_unref (
      model_fixture_container (&self->model, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED));
  g_object_set (shared, "name", "b", "share-context", adopt_fixture_get (self, "a"), NULL);
  g_object_unref (iommud_host_create_container (self->model.host, shared, NULL, &error));
  g_assert_no_error (error);
  g_object_set (other, "name", "c", "owner", 1000, "huge-pages", FALSE, "dirty-tracking",
                IOMMUD_DIRTY_TRACKING_POLICY_OFF, NULL);
  g_object_unref (iommud_host_create_container (self->model.host, other, NULL, &error));
  g_assert_no_error (error);
}

static void
attach_devices_of_a (AdoptFixture *self)
{
  static const char *const devices[] = { "0000:01:00.0", "0000:01:00.1", "0000:01:01.0",
                                         "0000:01:02.0", "0000:01:03.0", "0000:81:00.0",
                                         "0000:83:00.0", "0000:01:04.0", "0000:83:01.0",
                                         MDEV_A };

  for (gsize i = 0; i < G_N_ELEMENTS (devices); i++)
    attach (self, "a", devices[i], IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  attach (self, "a", "0000:08:00.0", IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_IOMMU);
}

static void
alloc (AdoptFixture *self, const char *device, IommudHwptFlags flags, gboolean attached)
{
  IommudDevice *object = model_fixture_device (&self->model, device);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudHwpt) hwpt =
      call_alloc_hwpt (adopt_fixture_get (self, "b"), object, flags, NULL, &error);

  g_assert_no_error (error);
  if (attached)
    iommud_hwpt_attach_device (hwpt, object, NULL, &error);
  g_assert_no_error (error);
}

static void
attach_other_devices (AdoptFixture *self)
{
  attach (self, "b", "0000:01:05.0", IOMMUD_ATTACH_MODE_KERNEL, IOMMUD_TRACKER_CHOICE_AUTO);
  attach (self, "b", "0000:01:06.0", IOMMUD_ATTACH_MODE_KERNEL, IOMMUD_TRACKER_CHOICE_AUTO);
  attach (self, "b", MDEV_B, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  alloc (self, "0000:01:07.0", IOMMUD_HWPT_FLAGS_DIRTY_TRACKING, TRUE);
  alloc (self, "0000:01:08.0", IOMMUD_HWPT_FLAGS_NEST_PARENT, FALSE);
  attach (self, "c", "0000:01:09.0", IOMMUD_ATTACH_MODE_KERNEL, IOMMUD_TRACKER_CHOICE_AUTO);
  attach (self, "c", "0000:81:01.0", IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  attach (self, "c", "0000:81:02.0", IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
  attach (self, "c", "0000:83:02.0", IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO);
}

static void
map_memory (AdoptFixture *self)
{
  g_autoptr (GError) error = NULL;

  map (self, "a", 0, MIB, FIXED);
  map (self, "a", 4 * GIB, 2 * MIB, IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_FIXED);
  map (self, "a", 8 * GIB - MIB, 2 * MIB, FIXED);
  self->floating = map (self, "a", 0, 16 * PAGE, READ_WRITE);
  map (self, "c", 0, MIB, FIXED);
  call_copy_mapping (adopt_fixture_get (self, "b"), adopt_fixture_get (self, "a"), PAGE, 64 * PAGE,
                     MIB, FIXED, NULL, NULL, &error);
  g_assert_no_error (error);
  call_set_allowed_iovas (adopt_fixture_get (self, "c"),
                          g_variant_new_parsed ("[(@t 0, @t 0x3fffffff)]"), NULL, &error);
  g_assert_no_error (error);
}

/* Pages 0 to 2 and 40 by the IOMMU, 16 and 17 by a log: 40, and 16 and 17, are saved. */
static void
dirty_pages (AdoptFixture *self)
{
  g_autofree char *of_iommu = NULL;
  g_autofree char *of_log = NULL;
  g_autoptr (GError) error = NULL;

  call_start_dirty_tracking (adopt_fixture_get (self, "a"), 0, NULL, &error);
  g_assert_no_error (error);
  adopt_fixture_write (self, "0000:01:00.0", 0, 3);
  adopt_fixture_write (self, "0000:01:01.0", 40 * PAGE, 1);
  adopt_fixture_write (self, "0000:83:00.0", 16 * PAGE, 2);
  of_iommu = adopt_fixture_read (self, IOMMUD_TRACKER_CHOICE_IOMMU, FALSE, 2);
  g_assert_cmpstr (of_iommu, ==, "0 1");
  of_log = adopt_fixture_read (self, IOMMUD_TRACKER_CHOICE_DEVICE, TRUE, 64);
  g_assert_cmpstr (of_log, ==, "16 17");
  adopt_fixture_write (self, "0000:01:02.0", 60 * PAGE, 1);
}

void
adopt_fixture_set_up (AdoptFixture *self, gconstpointer kernel)
{
  g_autofree char *xml = describe_host (kernel != NULL ? (const char *) kernel : "6.12");
  g_autoptr (GError) error = NULL;

  self->model.simulator = iommud_simulator_new_from_data (xml, -1, &error);
  g_assert_no_error (error);
  self->model.host = iommud_host_new (IOMMUD_BACKEND (self->model.simulator), &error);
  g_assert_no_error (error);
  self->file_name = g_strdup_printf ("iommud-adopt-test-%p", (gpointer) self);
  self->file = memfd_create (self->file_name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  g_assert_cmpint (ftruncate (self->file, (off_t) (2 * GIB)), ==, 0);
  make_containers (self);
  map_memory (self);
  attach_devices_of_a (self);
  attach_other_devices (self);
  dirty_pages (self);
  model_fixture_iterate ();
}

static void
assert_no_memory (AdoptFixture *self)
{
  g_autofree char *name = g_strconcat (self->file_name, " ", NULL);
  g_autofree char *maps = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  g_assert_null (strstr (maps, name));
  g_clear_pointer (&self->file_name, g_free);
}

void
adopt_fixture_tear_down (AdoptFixture *self, gconstpointer unused)
{
  if (self->signals != NULL)
    g_string_free (g_steal_pointer (&self->signals), TRUE);
  close (self->file);
  model_fixture_tear_down (&self->model, NULL);
  assert_no_memory (self);
}

IommudContainer *
adopt_fixture_get (AdoptFixture *self, const char *container)
{
  g_autoptr (GError) error = NULL;
  IommudContainer *object = iommud_host_find_container (self->model.host, container, &error);

  g_assert_no_error (error);
  return object;
}

IommudHwpt *
adopt_fixture_get_hwpt (AdoptFixture *self, const char *container, guint position)
{
  g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (
      iommud_container_get_hwpts (adopt_fixture_get (self, container)), position);

  g_assert_nonnull (hwpt);
  return hwpt;
}

void
adopt_fixture_write (AdoptFixture *self, const char *device, guint64 iova, guint64 n_pages)
{
  g_autoptr (GError) error = NULL;

  iommud_simulator_device_write (self->model.simulator, device, iova, n_pages * PAGE, 1, &error);
  g_assert_no_error (error);
}

char *
adopt_fixture_read (AdoptFixture *self, IommudTrackerChoice tracker, gboolean no_clear,
                    guint64 n_pages)
{
  GString *text = g_string_new (NULL);
  guint64 words[4] = { 0 };
  g_autoptr (GError) error = NULL;
  int fd = call_read_dirty_bitmap (adopt_fixture_get (self, "a"), 0, n_pages * PAGE, PAGE, no_clear,
                                   tracker, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (read (fd, words, sizeof words), >, 0);
  close (fd);
  for (guint64 i = 0; i < n_pages; i++)
    if ((words[i / 64] >> i % 64 & 1) != 0)
      g_string_append_printf (text, "%s%u", text->len > 0 ? " " : "", (guint) i);
  return g_string_free (text, FALSE);
}

IommudDescriptors *
adopt_fixture_disown (AdoptFixture *self)
{
  g_autofree char *before = adopt_fixture_count_calls (self);
  guint objects = iommud_simulator_count_objects (self->model.simulator);
  g_autoptr (GError) error = NULL;
  IommudDescriptors *descriptors = iommud_host_disown (self->model.host, &error);
  g_autofree char *after = NULL;

  g_assert_no_error (error);
  g_assert_finalize_object (g_steal_pointer (&self->model.host));
  after = adopt_fixture_count_calls (self);
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==, objects);
  return descriptors;
}

char *
adopt_fixture_adopt (AdoptFixture *self, GVariant *records, IommudDescriptors *descriptors)
{
  g_auto (GStrv) dropped = NULL;
  g_autoptr (GError) error = NULL;

  self->model.host = iommud_host_adopt (IOMMUD_BACKEND (self->model.simulator), records,
                                        descriptors, &dropped, &error);
  g_assert_no_error (error);
  return g_strjoinv ("\n", dropped);
}
