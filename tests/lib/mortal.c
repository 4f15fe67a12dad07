/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that is killed between two system calls. */
#include "config.h"

#include "mortal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend/backend.h"

/* The one that lives; the calls have no other way to find it. */
static Mortal *current;
static const IommudSyscalls *(*get_real) (IommudBackend *backend);
static IommudSyscalls mortal_syscalls;

static const IommudSyscalls *
get_syscalls (void)
{
  return get_real (IOMMUD_BACKEND (current->state->adopt.model.simulator));
}

static void
die (Mortal *self)
{
  self->dead = TRUE;
  self->file = state_fixture_read_file (self->state);
}

/* Whether the call is made. */
static gboolean
live_on (void)
{
  if (current->dead)
    return FALSE;
  if (current->calls_left == 0)
    die (current);
  else
    current->calls_left--;
  return !current->dead;
}

static int
mortal_open (const IommudSyscalls *self, const char *path, dev_t device, int flags)
{
  const IommudSyscalls *real = get_syscalls ();

  if (live_on ())
    return real->open (real, path, device, flags);
  errno = EIO;
  return -1;
}

/* All files of a process are closed when it ends. */
static int
mortal_close (const IommudSyscalls *self, int fd)
{
  const IommudSyscalls *real = get_syscalls ();

  live_on ();
  return real->close (real, fd);
}

static int
mortal_ioctl (const IommudSyscalls *self, int fd, unsigned long request, void *argument)
{
  const IommudSyscalls *real = get_syscalls ();

  if (live_on ())
    return real->ioctl (real, fd, request, argument);
  errno = EIO;
  return -1;
}

static void *
mortal_mmap (const IommudSyscalls *self, void *address, size_t length, int protection, int flags,
             int fd, off_t offset)
{
  const IommudSyscalls *real = get_syscalls ();

  return real->mmap (real, address, length, protection, flags, fd, offset);
}

static int
mortal_madvise (const IommudSyscalls *self, void *address, size_t length, int advice)
{
  const IommudSyscalls *real = get_syscalls ();

  return real->madvise (real, address, length, advice);
}

static const IommudSyscalls *
get_mortal (IommudBackend *backend)
{
  return &mortal_syscalls;
}

static void
on_added (IommudState *state, const char *name, int fd, Mortal *self)
{
  if (!self->dead)
    g_hash_table_insert (self->kept, g_strdup (name),
                         GINT_TO_POINTER (fcntl (fd, F_DUPFD_CLOEXEC, 3)));
}

static void
on_removed (IommudState *state, const char *name, Mortal *self)
{
  gpointer fd;

  if (self->dead || !g_hash_table_lookup_extended (self->kept, name, NULL, &fd))
    return;
  close (GPOINTER_TO_INT (fd));
  g_hash_table_remove (self->kept, name);
}

static void
prepare (Mortal *self, StateFixture *state, guint n_calls)
{
  g_autoptr (GError) error = NULL;

  self->state = state;
  self->calls_left = n_calls;
  self->dead = FALSE;
  self->file = NULL;
  self->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  state->state = iommud_state_new (state->path, &error);
  g_assert_no_error (error);
  g_signal_connect (state->state, "descriptor-added", G_CALLBACK (on_added), self);
  g_signal_connect (state->state, "descriptor-removed", G_CALLBACK (on_removed), self);
}

static void
begin_to_count (Mortal *self)
{
  IommudBackendClass *klass = IOMMUD_BACKEND_GET_CLASS (self->state->adopt.model.simulator);

  mortal_syscalls = (IommudSyscalls){ .open = mortal_open,
                                      .close = mortal_close,
                                      .ioctl = mortal_ioctl,
                                      .mmap = mortal_mmap,
                                      .madvise = mortal_madvise };
  current = self;
  get_real = klass->get_syscalls;
  klass->get_syscalls = get_mortal;
}

void
mortal_begin (Mortal *self, StateFixture *state, guint n_calls)
{
  prepare (self, state, n_calls);
  state_fixture_follow (state);
  begin_to_count (self);
}

char *
mortal_begin_next (Mortal *self, StateFixture *state, guint n_calls, IommudDescriptors *descriptors)
{
  char *dropped;

  prepare (self, state, n_calls);
  dropped =
      adopt_fixture_adopt (&state->adopt, iommud_state_get_records (state->state), descriptors);
  state_fixture_follow (state);
  begin_to_count (self);
  iommud_host_tidy_up (state->adopt.model.host);
  return dropped;
}

static IommudDescriptors *
collect (Mortal *self)
{
  IommudDescriptors *descriptors = iommud_descriptors_new ();
  GHashTableIter iter;
  gpointer name, fd;

  g_hash_table_iter_init (&iter, self->kept);
  while (g_hash_table_iter_next (&iter, &name, &fd))
    g_assert_true (iommud_descriptors_add (descriptors, name, GPOINTER_TO_INT (fd), NULL));
  return descriptors;
}

/* So that the simulated kernel knows at once. */
static void
close_files (IommudDescriptors *descriptors, const IommudSyscalls *syscalls)
{
  g_auto (GStrv) names = iommud_descriptors_dup_names (descriptors);

  for (char **name = names; *name != NULL; name++)
    syscalls->close (syscalls, iommud_descriptors_steal (descriptors, *name));
}

IommudDescriptors *
mortal_end (Mortal *self)
{
  StateFixture *state = self->state;
  IommudBackendClass *klass = IOMMUD_BACKEND_GET_CLASS (state->adopt.model.simulator);
  g_autoptr (IommudDescriptors) closed = NULL;
  IommudDescriptors *kept;
  gsize size;
  const guint8 *bytes;

  if (!self->dead)
    die (self);
  model_fixture_iterate ();
  iommud_state_leave (state->state);
  g_clear_object (&state->state);
  closed = iommud_host_disown (state->adopt.model.host, NULL);
  g_assert_nonnull (closed);
  g_assert_finalize_object (g_steal_pointer (&state->adopt.model.host));
  close_files (closed, get_syscalls ());
  klass->get_syscalls = get_real;
  current = NULL;
  bytes = g_bytes_get_data (self->file, &size);
  state_fixture_write_file (state, bytes, size);
  kept = collect (self);
  g_bytes_unref (self->file);
  g_hash_table_unref (self->kept);
  return kept;
}
