/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limits of a host and its containers: they have no more than can be written down and read
 * back. */
#include "config.h"

#include "mapping-fixture.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "model/container.h"
#include "model/host.h"
#include "model/record.h"

/* Beyond all that tests map. */
#define FAR_AWAY (G_GUINT64_CONSTANT (1) << 46)

static gboolean
map_one_page (MappingFixture *self, guint64 iova, GError **error)
{
  return call_map_file (self->container, self->file, 0, PAGE, iova, FIXED, NULL, NULL, error);
}

/* In the model alone: the kernel needs no million of calls for that. */
static void
fill_with_mappings (MappingFixture *self, guint count)
{
  IommudMappingTable *mappings =
      iommud_memory_get_mappings (iommud_container_get_memory (self->container));
  IommudMapping mapping = { .length = PAGE, .flags = READ_WRITE };

  mapping.first_piece = mapping.piece = PAGE;
  for (guint64 i = 0; i < count; i++)
    {
      mapping.iova = FAR_AWAY + i * 2 * PAGE;
      iommud_mapping_table_add (mappings, &mapping);
    }
}

static void
empty_of_mappings (MappingFixture *self, guint count)
{
  IommudMappingTable *mappings =
      iommud_memory_get_mappings (iommud_container_get_memory (self->container));

  for (guint64 i = 0; i < count; i++)
    iommud_mapping_table_resize (mappings, FAR_AWAY + i * 2 * PAGE, 0);
}

static void
test_mappings (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  fill_with_mappings (self, IOMMUD_MAX_MAPPINGS - 3);
  map_one_page (self, 0, &error);
  g_assert_no_error (error);
  map_one_page (self, PAGE, &error);
  g_assert_no_error (error);
  /* A copy of two is one too many. */
  g_assert_false (call_copy_mapping (self->container, self->container, 0, 2 * PAGE, GIB, FIXED,
                                     NULL, NULL, &error));
  mapping_fixture_assert_refused (error, IOMMUD_ERROR_LIMITS_EXCEEDED, "1048576 mappings");
  g_clear_error (&error);
  map_one_page (self, 2 * PAGE, &error);
  g_assert_no_error (error);
  g_assert_false (map_one_page (self, 3 * PAGE, &error));
  mapping_fixture_assert_refused (error, IOMMUD_ERROR_LIMITS_EXCEEDED, "1048576 mappings");
  empty_of_mappings (self, IOMMUD_MAX_MAPPINGS - 3);
}

static void
reserve_names (MappingFixture *self, guint count,
               void (*reserve) (IommudContainerTable *table, const char *name))
{
  IommudContainerTable *table = iommud_host_get_container_table (self->model.host);

  for (guint i = 0; i < count; i++)
    {
      g_autofree char *name = g_strdup_printf ("limit-%u", i);

      reserve (table, name);
    }
}

static void
reserve (IommudContainerTable *table, const char *name)
{
  g_assert_true (iommud_container_table_reserve_name (table, name));
}

/* A call that fails takes no place, even if there is only one. */
static void
check_place_comes_back (MappingFixture *self, guint count)
{
  g_autoptr (GError) error = NULL;
  IommudContainer *container;

  reserve_names (self, count - 1, reserve);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) cause = NULL;

      model_fixture_inject (&self->model, "ioas-alloc", 1, ENOMEM, 0);
      g_assert_null (iommud_host_create_container (self->model.host, NULL, NULL, &cause));
      g_assert_error (cause, IOMMUD_ERROR, IOMMUD_ERROR_NO_MEMORY);
    }
  container = iommud_host_create_container (self->model.host, NULL, NULL, &error);
  g_assert_no_error (error);
  model_fixture_free_container (container);
  reserve_names (self, count - 1, iommud_container_table_release_name);
}

static void
test_containers (MappingFixture *self, gconstpointer unused)
{
  guint count = IOMMUD_MAX_CONTAINERS
                - g_list_model_get_n_items (iommud_host_get_containers (self->model.host));
  g_autoptr (GError) error = NULL;
  IommudContainer *container;

  reserve_names (self, count, reserve);
  g_assert_null (iommud_host_create_container (self->model.host, NULL, NULL, &error));
  mapping_fixture_assert_refused (error, IOMMUD_ERROR_LIMITS_EXCEEDED, "a host can have 65536");
  g_clear_error (&error);
  reserve_names (self, count, iommud_container_table_release_name);
  container = iommud_host_create_container (self->model.host, NULL, NULL, &error);
  g_assert_no_error (error);
  model_fixture_free_container (container);
  check_place_comes_back (self, count);
}

static void
test_leases (MappingFixture *self, gconstpointer unused)
{
  IommudLeaseTable *table = iommud_host_get_lease_table (self->model.host);
  g_autoptr (IommudLease) lease = NULL;
  g_autoptr (GError) error = NULL;
  int guard = -1;

  for (guint i = 0; i < IOMMUD_MAX_LEASES; i++)
    {
      g_autofree char *name = NULL;

      g_assert_true (iommud_lease_table_reserve_name (table, &name, NULL));
    }
  g_assert_null (iommud_host_create_lease (self->model.host, NULL, &guard, &error));
  mapping_fixture_assert_refused (error, IOMMUD_ERROR_LIMITS_EXCEEDED, "a host can have 65536");
  g_clear_error (&error);
  iommud_lease_table_release_name (table, "lease-1");
  lease = iommud_host_create_lease (self->model.host, NULL, &guard, &error);
  g_assert_no_error (error);
  g_assert_true (iommud_lease_release (lease, NULL, NULL, &error));
  close (guard);
}

static IommudHwpt *
alloc_for (MappingFixture *self, const char *device, GError **error)
{
  return call_alloc_hwpt (self->container, model_fixture_device (&self->model, device),
                          IOMMUD_HWPT_FLAGS_NONE, NULL, error);
}

static IommudHwpt *
alloc (MappingFixture *self, GError **error)
{
  return alloc_for (self, DIRTY_A, error);
}

/* In the list alone: one device, again and again. */
static void
fill_with_devices (MappingFixture *self, guint count)
{
  GListModel *devices = iommud_container_get_devices (self->container);
  g_autofree gpointer *added = g_new (gpointer, count);

  for (guint i = 0; i < count; i++)
    added[i] = model_fixture_device (&self->model, PLAIN_B);
  g_list_store_splice (G_LIST_STORE (devices), g_list_model_get_n_items (devices), 0, added, count);
}

/* Each way in which a device comes into a container. One that is in it stays welcome. */
static void
test_devices (MappingFixture *self, gconstpointer unused)
{
  IommudDevice *device = model_fixture_device (&self->model, DIRTY_B);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudHwpt) hwpt = alloc (self, &error);

  g_assert_no_error (error);
  fill_with_devices (self, IOMMUD_MAX_DEVICES - 1);
  model_fixture_attach_fails (&self->model, self->container, PLAIN_A, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_LIMITS_EXCEEDED, "65536 devices");
  g_assert_null (alloc_for (self, DIRTY_B, &error));
  mapping_fixture_assert_refused (error, IOMMUD_ERROR_LIMITS_EXCEEDED, "65536 devices");
  g_clear_error (&error);
  g_assert_false (iommud_hwpt_attach_device (hwpt, device, NULL, &error));
  mapping_fixture_assert_refused (error, IOMMUD_ERROR_LIMITS_EXCEEDED, "65536 devices");
  g_clear_error (&error);
  g_assert_cmpint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  iommud_hwpt_attach_device (hwpt, model_fixture_device (&self->model, DIRTY_A), NULL, &error);
  g_assert_no_error (error);
  g_list_store_splice (G_LIST_STORE (iommud_container_get_devices (self->container)), 1,
                       IOMMUD_MAX_DEVICES - 1, NULL, 0);
  iommud_hwpt_attach_device (hwpt, device, NULL, &error);
  g_assert_no_error (error);
}

static void
test_hwpts (MappingFixture *self, gconstpointer unused)
{
  GListModel *hwpts = iommud_container_get_hwpts (self->container);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudHwpt) hwpt G_GNUC_UNUSED = alloc (self, &error);

  g_assert_no_error (error);
  for (guint i = 1; i < IOMMUD_MAX_HWPTS; i++)
    iommud_container_add_hwpt (self->container, 1000 + i, IOMMUD_HWPT_MANAGEMENT_MANUAL,
                               IOMMUD_HWPT_FLAGS_NONE, "dmar0", NULL);
  g_assert_null (alloc (self, &error));
  mapping_fixture_assert_refused (error, IOMMUD_ERROR_LIMITS_EXCEEDED, "65536 HWPTs");
  model_fixture_attach_fails (&self->model, self->container, PLAIN_A, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_LIMITS_EXCEEDED, "65536 HWPTs");
  while (g_list_model_get_n_items (hwpts) > 1)
    {
      g_autoptr (IommudHwpt) last = g_list_model_get_item (hwpts, 1);

      iommud_container_remove_hwpt (self->container, last);
    }
  model_fixture_attach (&self->model, self->container, PLAIN_A);
}

/* Those beyond are not written down. The search of an adoption finds them if their ids are low. */
static void
test_orphans (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GArray) orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GArray) none = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GVariant) records = NULL;
  g_autoptr (IommudHostRecord) record = NULL;
  g_autoptr (GError) error = NULL;

  for (guint32 id = 1000; id < 1000 + IOMMUD_MAX_ORPHANS + 1; id++)
    g_array_append_val (orphans, id);
  iommud_container_set_orphans (self->container, orphans);
  records = iommud_host_write_down (self->model.host, &error);
  g_assert_no_error (error);
  record = iommud_host_record_from_variant (records, &error);
  g_assert_no_error (error);
  iommud_container_set_orphans (self->container, none);
}

#define ADD(name, test)                                                                            \
  g_test_add ("/limits/" name, MappingFixture, NULL, mapping_fixture_set_up, test,                 \
              mapping_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("mappings", test_mappings);
  ADD ("containers", test_containers);
  ADD ("leases", test_leases);
  ADD ("devices", test_devices);
  ADD ("hwpts", test_hwpts);
  ADD ("orphans", test_orphans);
  return g_test_run ();
}
