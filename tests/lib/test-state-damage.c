/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A state file that is shorter than it was, or has one bit that is another, is found to be damaged,
 * and what is left of it names no wrong owner. A process that ends while it writes damages
 * nothing. */
#include "config.h"

#include "state-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#include "iommud-error.h"
#include "model/record.h"
#include "state/edits.h"
#include "state/file.h"
#include "state/journal.h"
#include "state/kept.h"
#include "state/names.h"
#include "state/store.h"

#define FIRST_SERIAL 9
#define N_CONTAINERS 3

static const guint32 owners[N_CONTAINERS] = { 0, 1000, 1001 };

typedef struct
{
  StateFixture state; /* without a host */
  IommudStateJournal *journal;
} DamageFixture;

/* All of them have one context and, one after the other, one kernel id. */
static void
add_container (IommudHostRecord *record, guint i)
{
  IommudContextRecord *context = iommud_context_record_new ();
  IommudContainerRecord *container = iommud_container_record_new ();

  context->serial = 7;
  context->n_containers = 1;
  container->serial = FIRST_SERIAL + i;
  container->context = 7;
  container->ioas_id = 1;
  container->owner = owners[i];
  container->name = g_strdup ("vm1");
  g_ptr_array_add (record->contexts, context);
  g_ptr_array_add (record->containers, container);
}

static IommudHostRecord *
make_host (void)
{
  IommudHostRecord *record = iommud_host_record_new ();

  record->version = IOMMUD_RECORD_VERSION;
  record->last_container_serial = FIRST_SERIAL + N_CONTAINERS;
  return record;
}

static void
add_scope (IommudHostRecord *record, const char *kind, guint64 key)
{
  IommudScopeRecord *scope = iommud_scope_record_new ();

  scope->kind = g_strdup (kind);
  scope->key = key;
  scope->last = G_MAXUINT64;
  g_ptr_array_add (record->scopes, scope);
}

static void
record_fact (DamageFixture *self, IommudHostRecord *fact, guint container)
{
  g_autoptr (IommudIntentRecord) intent = iommud_intent_record_new ();
  guint64 number;

  intent->act = g_strdup ("act");
  intent->container = FIRST_SERIAL + container;
  number = iommud_journal_add_intent (IOMMUD_JOURNAL (self->journal),
                                      iommud_intent_record_to_variant (intent));
  iommud_journal_add_fact (IOMMUD_JOURNAL (self->journal), number,
                           iommud_host_record_to_variant (fact), NULL);
}

static void
replace_container (DamageFixture *self, guint i)
{
  g_autoptr (IommudHostRecord) gone = make_host ();
  g_autoptr (IommudHostRecord) made = make_host ();

  add_scope (gone, "containers", FIRST_SERIAL + i - 1);
  add_scope (gone, "contexts", 7);
  record_fact (self, gone, i - 1);
  add_scope (made, "containers", FIRST_SERIAL + i);
  add_container (made, i);
  record_fact (self, made, i);
}

static void
set_up (DamageFixture *self, gconstpointer unused)
{
  g_autoptr (IommudHostRecord) host = make_host ();
  g_autoptr (GVariant) records = NULL;
  g_autoptr (GError) error = NULL;

  self->state.path = g_dir_make_tmp ("iommud-state-XXXXXX", &error);
  g_assert_no_error (error);
  self->state.folder = open (self->state.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  add_container (host, 0);
  host->n_contexts = host->n_containers = 1;
  records = g_variant_ref_sink (iommud_host_record_to_variant (host));
  self->journal = iommud_state_journal_new (self->state.folder, records, &error);
  g_assert_no_error (error);
  for (guint i = 1; i < N_CONTAINERS; i++)
    replace_container (self, i);
}

static void
tear_down (DamageFixture *self, gconstpointer unused)
{
  g_clear_object (&self->journal);
  iommud_state_store_delete (self->state.folder);
  close (self->state.folder);
  g_assert_cmpint (g_rmdir (self->state.path), ==, 0);
  g_free (self->state.path);
}

static void
assert_owners (GVariant *records)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudHostRecord) host = iommud_host_record_from_variant (records, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < host->containers->len; i++)
    {
      const IommudContainerRecord *container = g_ptr_array_index (host->containers, i);

      g_assert_cmpuint (container->serial - FIRST_SERIAL, <, N_CONTAINERS);
      g_assert_cmpuint (container->owner, ==, owners[container->serial - FIRST_SERIAL]);
    }
}

/* Returns what was found. */
static char *
load (DamageFixture *self)
{
  g_autoptr (GError) error = NULL;
  char *damage = NULL;
  g_autoptr (GVariant) records = iommud_state_load (self->state.folder, &damage, &error);

  g_assert_no_error (error);
  assert_owners (records);
  return damage;
}

static void
assert_damaged (DamageFixture *self)
{
  g_autofree char *damage = load (self);

  g_assert_nonnull (damage);
}

/* Changed in its place: to write it anew thousands of times can take long on a disk. */
static int
open_file (DamageFixture *self)
{
  int fd = openat (self->state.folder, IOMMUD_STATE_NAME, O_WRONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static void
test_whole (DamageFixture *self, gconstpointer unused)
{
  g_autofree char *damage = load (self);
  g_autoptr (GVariant) records = state_fixture_load (&self->state);
  g_autoptr (IommudHostRecord) host = iommud_host_record_from_variant (records, NULL);

  g_assert_null (damage);
  g_assert_cmpuint (host->containers->len, ==, 1);
  g_assert_cmpuint (host->n_containers, ==, 1);
  g_assert_cmpuint (host->n_contexts, ==, 1);
}

static void
test_truncated (DamageFixture *self, gconstpointer unused)
{
  g_autoptr (GBytes) whole = state_fixture_read_file (&self->state);
  int fd = open_file (self);

  for (gsize size = g_bytes_get_size (whole); size > 0; size--)
    {
      g_assert_cmpint (ftruncate (fd, (off_t) size - 1), ==, 0);
      assert_damaged (self);
    }
  close (fd);
}

static void
test_flipped (DamageFixture *self, gconstpointer unused)
{
  g_autoptr (GBytes) whole = state_fixture_read_file (&self->state);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (whole, &size);
  int fd = open_file (self);

  for (gsize i = 0; i < 8 * size; i++)
    {
      guint8 byte = bytes[i / 8] ^ (guint8) (1u << i % 8);

      g_assert_cmpint (pwrite (fd, &byte, 1, (off_t) (i / 8)), ==, 1);
      assert_damaged (self);
      g_assert_cmpint (pwrite (fd, &bytes[i / 8], 1, (off_t) (i / 8)), ==, 1);
    }
  close (fd);
}

/* Of two containers that have the same kernel id, because what was written of the end of one is
 * lost, the newer one comes first: it is the one that is adopted. */
static void
test_newest_first (DamageFixture *self, gconstpointer unused)
{
  g_autoptr (GBytes) whole = state_fixture_read_file (&self->state);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (whole, &size);
  g_autofree guint8 *copy = g_memdup2 (bytes, size);
  guint n_seen = 0;

  for (gsize i = 0; i < size; i += 8)
    {
      g_autofree char *damage = NULL;
      g_autoptr (GVariant) records = NULL;
      g_autoptr (IommudHostRecord) host = NULL;

      copy[i] ^= 1;
      state_fixture_write_file (&self->state, copy, size);
      copy[i] ^= 1;
      records = iommud_state_load (self->state.folder, &damage, NULL);
      host = iommud_host_record_from_variant (records, NULL);
      for (guint j = 1; j < host->containers->len; j++, n_seen++)
        g_assert_cmpuint (
            ((IommudContainerRecord *) g_ptr_array_index (host->containers, j - 1))->serial, >,
            ((IommudContainerRecord *) g_ptr_array_index (host->containers, j))->serial);
    }
  g_assert_cmpuint (n_seen, >, 0);
}

/* The process ends at any time during a change: a part of the new bytes is there, and the header
 * says what was there before. */
static void
test_interrupted (DamageFixture *self, gconstpointer unused)
{
  g_autoptr (GBytes) before = state_fixture_read_file (&self->state);
  g_autofree char *text_before = NULL;
  g_autoptr (GVariant) records_before = state_fixture_load (&self->state);
  g_autoptr (GVariant) records_after = NULL;
  g_autoptr (GBytes) after = NULL;
  g_autofree char *text_after = NULL;
  g_autofree guint8 *copy = NULL;
  g_autoptr (GVariant) intent = NULL;
  g_autoptr (IommudIntentRecord) record = iommud_intent_record_new ();

  record->act = g_strdup ("act");
  record->container = FIRST_SERIAL;
  intent = g_variant_ref_sink (iommud_intent_record_to_variant (record));
  iommud_journal_add_intent (IOMMUD_JOURNAL (self->journal), intent);
  after = state_fixture_read_file (&self->state);
  records_after = state_fixture_load (&self->state);
  text_before = state_describe (records_before);
  text_after = state_describe (records_after);
  g_assert_cmpstr (text_before, !=, text_after);
  copy = g_memdup2 (g_bytes_get_data (after, NULL), g_bytes_get_size (after));
  memcpy (copy, g_bytes_get_data (before, NULL), 64);
  for (gsize size = g_bytes_get_size (before); size <= g_bytes_get_size (after); size++)
    {
      g_autoptr (GVariant) records = NULL;
      g_autofree char *text = NULL;

      state_fixture_write_file (&self->state, copy, size);
      records = state_fixture_load (&self->state);
      text = state_describe (records);
      g_assert_cmpstr (text, ==, size < g_bytes_get_size (after) ? text_before : text_after);
    }
}

/* What another version has written is not taken for damage, and is left as it is. */
static void
test_another_version (DamageFixture *self, gconstpointer unused)
{
  guint8 bytes[128] = "iommud state 2\n";
  g_autofree char *damage = NULL;
  g_autoptr (GError) error = NULL;

  state_fixture_write_file (&self->state, bytes, sizeof bytes);
  g_assert_null (iommud_state_load (self->state.folder, &damage, &error));
  g_assert_nonnull (g_strstr_len (error->message, -1, "another version"));
  g_assert_null (damage);
}

/* What a later version writes is said, and the rest is taken. */
static void
test_unknown_kind (DamageFixture *self, gconstpointer unused)
{
  static const IommudRecordField kind = { .name = "future" };
  const IommudStateKey key = { .kind = &kind, .name = "" };
  g_autoptr (GByteArray) edits = g_byte_array_new ();
  g_autoptr (IommudStateFile) file = NULL;
  g_autoptr (GVariant) records = NULL;
  g_autofree char *damage = NULL;
  g_autoptr (GError) error = NULL;

  file = iommud_state_file_create (self->state.folder, IOMMUD_STATE_NAME, &error);
  g_assert_no_error (error);
  iommud_state_edits_put (edits, &key, NULL, 0);
  iommud_state_file_append (file, edits->data, edits->len);
  records = iommud_state_load (self->state.folder, &damage, &error);
  g_assert_no_error (error);
  g_assert_nonnull (records);
  g_assert_nonnull (strstr (damage, "records of a kind that is not known"));
}

static void
test_missing (DamageFixture *self, gconstpointer unused)
{
  g_autofree char *damage = NULL;
  g_autoptr (GError) error = NULL;

  iommud_state_store_delete (self->state.folder);
  g_assert_null (iommud_state_load (self->state.folder, &damage, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

/* A FIFO in its place does not keep the process waiting, and a link is not followed. */
static void
test_no_file (DamageFixture *self, gconstpointer unused)
{
  g_autofree char *name = g_build_filename (self->state.path, IOMMUD_STATE_NAME, NULL);
  g_autofree char *damage = NULL;
  g_autoptr (GError) fifo = NULL;
  g_autoptr (GError) link = NULL;

  iommud_state_store_delete (self->state.folder);
  g_assert_cmpint (mkfifo (name, 0600), ==, 0);
  g_assert_null (iommud_state_load (self->state.folder, &damage, &fifo));
  g_assert_nonnull (fifo);
  g_unlink (name);
  g_assert_cmpint (symlink ("/dev/null", name), ==, 0);
  g_assert_null (iommud_state_load (self->state.folder, &damage, &link));
  g_assert_error (link, G_FILE_ERROR, G_FILE_ERROR_LOOP);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/state-damage/whole", DamageFixture, NULL, set_up, test_whole, tear_down);
  g_test_add ("/state-damage/truncated", DamageFixture, NULL, set_up, test_truncated, tear_down);
  g_test_add ("/state-damage/flipped", DamageFixture, NULL, set_up, test_flipped, tear_down);
  g_test_add ("/state-damage/newest-first", DamageFixture, NULL, set_up, test_newest_first,
              tear_down);
  g_test_add ("/state-damage/interrupted", DamageFixture, NULL, set_up, test_interrupted,
              tear_down);
  g_test_add ("/state-damage/another-version", DamageFixture, NULL, set_up, test_another_version,
              tear_down);
  g_test_add ("/state-damage/unknown-kind", DamageFixture, NULL, set_up, test_unknown_kind,
              tear_down);
  g_test_add ("/state-damage/missing", DamageFixture, NULL, set_up, test_missing, tear_down);
  g_test_add ("/state-damage/no-file", DamageFixture, NULL, set_up, test_no_file, tear_down);
  return g_test_run ();
}
