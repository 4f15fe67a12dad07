/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps account of what devices write, and checks every dirty bitmap against it. */
#include "config.h"

#include "dirty-ledger.h"

#include <sys/mman.h>
#include <unistd.h>

#include "sim/kernel-testing.h"
#include "simulator/simulator-testing.h"

static IommudSimulatedKernel *
get_kernel (DirtyLedger *self)
{
  return iommud_simulator_get_kernel (self->fixture.model.simulator);
}

void
dirty_ledger_set_up (DirtyLedger *self, gboolean exact)
{
  *self = (DirtyLedger){ .exact = exact };
  mapping_fixture_set_up (&self->fixture, NULL);
  self->pending = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->maybe = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

void
dirty_ledger_tear_down (DirtyLedger *self)
{
  iommud_simulated_kernel_clear_faults (get_kernel (self));
  mapping_fixture_tear_down (&self->fixture, NULL);
  g_hash_table_unref (self->pending);
  g_hash_table_unref (self->maybe);
}

static void
take_error (DirtyLedger *self, gboolean ok, GError **error)
{
  if (self->exact)
    g_assert_no_error (*error);
  g_assert_cmpint (ok, ==, *error == NULL);
  if (!ok)
    g_assert_true ((*error)->domain == IOMMUD_ERROR);
  g_clear_error (error);
}

void
dirty_ledger_start (DirtyLedger *self)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = call_start_dirty_tracking (self->fixture.container, 0, NULL, &error);

  if (ok)
    {
      g_hash_table_remove_all (self->pending);
      g_hash_table_remove_all (self->maybe);
      self->tracking = TRUE;
    }
  take_error (self, ok, &error);
}

void
dirty_ledger_stop (DirtyLedger *self)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = call_stop_dirty_tracking (self->fixture.container, NULL, &error);

  if (ok)
    g_assert_false (dirty_fixture_is_active (&self->fixture));
  self->tracking = FALSE;
  take_error (self, ok, &error);
}

static IommudDevice *
get_device (DirtyLedger *self, const char *name)
{
  return model_fixture_device (&self->fixture.model, name);
}

void
dirty_ledger_attach (DirtyLedger *self, const char *device, IommudTrackerChoice tracker)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = call_attach_device (self->fixture.container, get_device (self, device),
                                    IOMMUD_ATTACH_MODE_AUTO, tracker, NULL, NULL, &error);

  take_error (self, ok, &error);
}

void
dirty_ledger_detach (DirtyLedger *self, const char *device)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = iommud_device_detach (get_device (self, device), NULL, &error);

  take_error (self, ok, &error);
}

void
dirty_ledger_replace (DirtyLedger *self, const char *device, IommudHwpt *hwpt)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = iommud_hwpt_attach_device (hwpt, get_device (self, device), NULL, &error);

  take_error (self, ok, &error);
}

void
dirty_ledger_map (DirtyLedger *self, guint64 iova, guint64 length)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = call_map_file (self->fixture.container, self->fixture.file, iova, length, iova,
                               FIXED, NULL, NULL, &error);

  take_error (self, ok, &error);
}

static void
add_page (GHashTable *pages, guint64 page)
{
  g_hash_table_add (pages, g_memdup2 (&page, sizeof page));
}

static void
check_nothing_missing (DirtyLedger *self, const guint64 *words, guint64 first, guint64 n_pages)
{
  GHashTableIter iter;
  const guint64 *page;

  g_hash_table_iter_init (&iter, self->pending);
  while (g_hash_table_iter_next (&iter, (gpointer *) &page, NULL))
    {
      guint64 bit = *page - first;

      if (*page >= first && bit < n_pages && (words[bit / 64] >> bit % 64 & 1) == 0)
        g_error ("page %#" G_GINT64_MODIFIER "x was written and is not dirty", *page);
    }
}

static void
check_page (DirtyLedger *self, guint64 page, gboolean forget)
{
  if (self->exact && !g_hash_table_contains (self->pending, &page)
      && !g_hash_table_contains (self->maybe, &page))
    g_error ("page %#" G_GINT64_MODIFIER "x is dirty and was not written", page);
  if (forget)
    g_hash_table_remove (self->pending, &page);
}

static void
check_bits (DirtyLedger *self, const guint64 *words, guint64 first, guint64 n_pages,
            gboolean forget)
{
  check_nothing_missing (self, words, first, n_pages);
  for (guint64 i = 0; i < (n_pages + 63) / 64; i++)
    for (guint64 word = words[i]; word != 0; word &= word - 1)
      check_page (self, first + i * 64 + (guint64) __builtin_ctzll (word), forget);
}

static void
check_bitmap (DirtyLedger *self, int fd, guint64 iova, guint64 length, gboolean forget)
{
  gsize size = (gsize) ((length / PAGE + 63) / 64 * 8);
  guint64 *words = mmap (NULL, size, PROT_READ, MAP_SHARED, fd, 0);

  g_assert_true (words != MAP_FAILED);
  check_bits (self, words, iova / PAGE, length / PAGE, forget);
  munmap (words, size);
  close (fd);
}

static void
forget_range (DirtyLedger *self, guint64 iova, guint64 length)
{
  for (guint64 page = iova / PAGE; page < (iova + length) / PAGE; page++)
    if (g_hash_table_remove (self->pending, &page))
      add_page (self->maybe, page);
}

void
dirty_ledger_unmap (DirtyLedger *self, guint64 iova, guint64 length, gboolean bitmap)
{
  g_autoptr (GError) error = NULL;
  gboolean with_bitmap = bitmap && self->tracking;
  int fd = -1;
  gboolean ok = call_unmap (self->fixture.container, iova, length, with_bitmap ? PAGE : 0, NULL,
                            NULL, &fd, NULL, &error);

  g_assert_cmpint (fd >= 0, ==, ok && with_bitmap);
  if (fd >= 0)
    check_bitmap (self, fd, iova, length, TRUE);
  else if (!with_bitmap)
    forget_range (self, iova, length);
  take_error (self, ok, &error);
}

void
dirty_ledger_read (DirtyLedger *self, guint64 iova, guint64 length, gboolean no_clear)
{
  g_autoptr (GError) error = NULL;
  int fd = call_read_dirty_bitmap (self->fixture.container, iova, length, PAGE, no_clear,
                                   IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error);

  if (fd >= 0)
    check_bitmap (self, fd, iova, length, !no_clear);
  if (self->tracking)
    take_error (self, fd >= 0, &error);
  else
    g_assert_cmpint (fd, ==, -1);
}

void
dirty_ledger_write (DirtyLedger *self, const char *name, guint64 iova)
{
  IommudDevice *device = get_device (self, name);
  IommudTrackerKind tracker;
  gboolean attached = iommud_device_get_state (device) == IOMMUD_DEVICE_STATE_ATTACHED;

  g_object_get (device, "dirty-tracker", &tracker, NULL);
  if (!iommud_simulator_device_write (self->fixture.model.simulator, name, iova, 1, 1, NULL)
      || !self->tracking || (attached && tracker == IOMMUD_TRACKER_KIND_NONE))
    return;
  add_page (attached ? self->pending : self->maybe, iova / PAGE);
}

void
dirty_ledger_check (DirtyLedger *self)
{
  IommudSimulatedKernel *kernel = get_kernel (self);
  GListModel *devices = iommud_host_get_devices (self->fixture.model.host);
  gboolean active = dirty_fixture_is_active (&self->fixture);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);
      IommudSimulatedDeviceState state;

      iommud_simulated_kernel_get_state (kernel, iommud_device_get_name (device), &state);
      if (!active || iommud_device_get_container (device) == NULL)
        g_assert_false (state.logging);
      if (!active)
        g_assert_false (state.tracking);
    }
}
