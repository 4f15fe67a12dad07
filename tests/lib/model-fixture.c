/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model on a simulated host, and the few calls that its tests are made of. */
#include "model-fixture.h"

#include <string.h>

static const char host_xml[] =
    "<simulated-host kernel='%s'>"
    "  <iommu name='dmar0' dirty-tracking='yes' nesting='yes'>"
    "    <reserved first='0xfee00000' last='0xfeefffff' type='msi'/></iommu>"
    "  <iommu name='dmar1'>"
    "    <reserved first='0xfee00000' last='0xfeefffff' type='msi'/></iommu>"
    "  <device name='" DIRTY_A "' iommu='dmar0' group='10'/>"
    "  <device name='" DIRTY_A_SIBLING "' iommu='dmar0' group='10'/>"
    "  <device name='" DIRTY_B "' iommu='dmar0' group='11'/>"
    "  <device name='" PLAIN_A "' iommu='dmar1' group='20'/>"
    "  <device name='" PLAIN_B "' iommu='dmar1' group='21'/>"
    "  <device name='" LOGGING "' iommu='dmar1' group='22'><dma-logging/></device>"
    "  <device name='" LOGGING_SIBLING "' iommu='dmar1' group='22' plugged='no'>"
    "    <dma-logging/></device>"
    "  <device name='" COARSE "' iommu='dmar1' group='23' plugged='no'>"
    "    <dma-logging page-bits='16'/></device>"
    "  <device name='" BOTH "' iommu='dmar0' group='16'><dma-logging/></device>"
    "  <device name='" MIXED_DIRTY "' iommu='dmar0' group='12'/>"
    "  <device name='" MIXED_PLAIN "' iommu='dmar0' group='12' dirty-tracking='no'/>"
    "  <device name='" RESERVED "' iommu='dmar0' group='13'>"
    "    <reserved first='0x40000000' last='0x7fffffff'/></device>"
    "  <device name='" DIRECT "' iommu='dmar0' group='17'>"
    "    <reserved first='0x1000' last='0x1fff' type='direct'/></device>"
    "  <device name='" NO_NODE "' iommu='dmar0' group='14' cdev='no'/>"
    "  <device name='" BLOCKED_GROUP "' iommu='dmar0' group='15'/>"
    "  <host-device name='0000:07:00.1' iommu='dmar0' group='15' driver='snd_hda_intel'/>"
    "  <host-device name='mtty' bus='virtual' driver='mtty'/>"
    "  <mdev name='" MDEV "' parent='mtty' type='mtty-1'/>"
    "</simulated-host>";

void
model_fixture_set_up (ModelFixture *self, gconstpointer kernel)
{
  g_autofree char *xml =
      g_strdup_printf (host_xml, kernel != NULL ? (const char *) kernel : "6.12");
  g_autoptr (GError) error = NULL;

  self->simulator = iommud_simulator_new_from_data (xml, -1, &error);
  g_assert_no_error (error);
  self->host = iommud_host_new (IOMMUD_BACKEND (self->simulator), &error);
  g_assert_no_error (error);
}

static void
free_all_containers (ModelFixture *self)
{
  GListModel *containers = iommud_host_get_containers (self->host);

  while (g_list_model_get_n_items (containers) > 0)
    model_fixture_free_container (g_list_model_get_item (containers, 0));
}

void
model_fixture_tear_down (ModelFixture *self, gconstpointer unused)
{
  free_all_containers (self);
  model_fixture_iterate ();
  g_assert_cmpuint (iommud_simulator_count_objects (self->simulator), ==, 0);
  g_assert_cmpuint (iommud_simulator_count_contexts (self->simulator), ==, 0);
  g_assert_finalize_object (self->host);
  g_assert_finalize_object (self->simulator);
}

IommudDevice *
model_fixture_device (ModelFixture *self, const char *name)
{
  g_autoptr (GError) error = NULL;
  IommudDevice *device = iommud_host_find_device (self->host, name, &error);

  g_assert_no_error (error);
  return device;
}

IommudContainer *
model_fixture_container (ModelFixture *self, const char *name, IommudDirtyTrackingPolicy policy)
{
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (GError) error = NULL;
  IommudContainer *container;

  g_object_set (options, "name", name, "dirty-tracking", policy, NULL);
  container = iommud_host_create_container (self->host, options, NULL, &error);
  g_assert_no_error (error);
  return container;
}

IommudHwpt *
model_fixture_attach (ModelFixture *self, IommudContainer *container, const char *device)
{
  g_autoptr (IommudHwpt) hwpt = NULL;
  g_autoptr (GError) error = NULL;

  call_attach_device (container, model_fixture_device (self, device), IOMMUD_ATTACH_MODE_AUTO,
                      IOMMUD_TRACKER_CHOICE_AUTO, NULL, &hwpt, &error);
  g_assert_no_error (error);
  return hwpt;
}

void
model_fixture_attach_fails (ModelFixture *self, IommudContainer *container, const char *device,
                            IommudAttachMode mode, IommudError code, const char *text)
{
  g_autoptr (IommudHwpt) hwpt = NULL;
  g_autoptr (GError) error = NULL;
  guint before = iommud_simulator_count_objects (self->simulator);

  g_assert_false (call_attach_device (container, model_fixture_device (self, device), mode,
                                      IOMMUD_TRACKER_CHOICE_AUTO, NULL, &hwpt, &error));
  g_assert_error (error, IOMMUD_ERROR, (gint) code);
  g_assert_nonnull (strstr (error->message, text));
  g_assert_null (hwpt);
  g_assert_cmpuint (iommud_simulator_count_objects (self->simulator), ==, before);
}

void
model_fixture_detach (ModelFixture *self, const char *device)
{
  g_autoptr (GError) error = NULL;

  iommud_device_detach (model_fixture_device (self, device), NULL, &error);
  g_assert_no_error (error);
}

void
model_fixture_free_container (IommudContainer *container)
{
  g_autoptr (IommudContainer) owned = container;
  g_autoptr (GError) error = NULL;

  iommud_container_free (owned, TRUE, NULL, &error);
  g_assert_no_error (error);
}

void
model_fixture_inject (ModelFixture *self, const char *operation, guint nth, int errnum,
                      guint delay_ms)
{
  g_autoptr (GError) error = NULL;

  iommud_simulator_inject_fault (self->simulator, operation, nth, errnum, delay_ms, &error);
  g_assert_no_error (error);
}

void
model_fixture_iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

guint
model_fixture_count_objects (ModelFixture *self)
{
  GListModel *containers = iommud_host_get_containers (self->host);
  guint count = g_list_model_get_n_items (containers);

  for (guint i = 0; i < g_list_model_get_n_items (containers); i++)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, i);

      count += g_list_model_get_n_items (iommud_container_get_devices (container));
      count += g_list_model_get_n_items (iommud_container_get_hwpts (container));
    }
  return count;
}

guint
model_fixture_count_orphans (IommudContainer *container)
{
  guint count = 0;

  g_object_get (container, "orphan-count", &count, NULL);
  return count;
}
