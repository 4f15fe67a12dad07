/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing a file that grows by frames. */
#include "state/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "state/frame.h"

struct _IommudStateFile
{
  int fd;
  guint64 size;       /* with all frames that were added */
  guint64 sequence;   /* of the last frame */
  GByteArray *frames; /* those that are not written yet */
  gboolean failed;    /* said that something cannot be written */
};

IommudStateFile *
iommud_state_file_create (int folder, const char *name, GError **error)
{
  int fd = openat (folder, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  IommudStateFile *self;

  if (fd < 0)
    {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
                   "Cannot make the state file: %s", g_strerror (errno));
      return NULL;
    }
  self = g_new0 (IommudStateFile, 1);
  self->fd = fd;
  self->frames = g_byte_array_new ();
  g_byte_array_append (self->frames, (const guint8 *) iommud_state_magic,
                       sizeof iommud_state_magic);
  g_byte_array_set_size (self->frames, sizeof (IommudStateHeader));
  iommud_state_slot_fill (&((IommudStateHeader *) (gpointer) self->frames->data)->slots[0],
                          sizeof (IommudStateHeader), 0);
  iommud_state_slot_fill (&((IommudStateHeader *) (gpointer) self->frames->data)->slots[1],
                          sizeof (IommudStateHeader), 0);
  self->size = sizeof (IommudStateHeader);
  return self;
}

void
iommud_state_file_free (IommudStateFile *self)
{
  close (self->fd);
  g_byte_array_unref (self->frames);
  g_free (self);
}

static gboolean
write_at (IommudStateFile *self, const guint8 *bytes, gsize length, guint64 offset)
{
  while (length > 0)
    {
      gssize n = pwrite (self->fd, bytes, length, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      bytes += n;
      length -= (gsize) n;
      offset += (guint64) n;
    }
  return TRUE;
}

static void
say (IommudStateFile *self, gboolean written)
{
  if (self->failed == !written)
    return;
  self->failed = !written;
  if (written)
    g_message ("The state is written down again");
  else
    g_warning ("The state cannot be written down: %s: if the service ends now, not all of it is "
               "known to the next one",
               g_strerror (errno));
}

/* The slot comes after what it says is there. The other slot still holds what was true before. */
static gboolean
write_frames (IommudStateFile *self)
{
  IommudStateSlot slot;

  iommud_state_slot_fill (&slot, self->size, self->sequence);
  if (!write_at (self, self->frames->data, self->frames->len, self->size - self->frames->len)
      || !write_at (self, (const guint8 *) &slot, sizeof slot,
                    iommud_state_slot_get_offset (self->sequence)))
    return FALSE;
  g_byte_array_set_size (self->frames, 0);
  return TRUE;
}

guint64
iommud_state_file_append (IommudStateFile *self, const guint8 *bytes, guint32 length)
{
  IommudStateFrame frame;
  guint64 offset = self->size + sizeof frame;

  iommud_state_frame_fill (&frame, ++self->sequence, bytes, length);
  g_byte_array_append (self->frames, (const guint8 *) &frame, sizeof frame);
  g_byte_array_append (self->frames, bytes, length);
  self->size = offset + length;
  say (self, write_frames (self));
  return offset;
}

gboolean
iommud_state_file_is_written (const IommudStateFile *self)
{
  return self->frames->len == 0;
}

guint64
iommud_state_file_get_size (const IommudStateFile *self)
{
  return self->size;
}

gboolean
iommud_state_file_read (IommudStateFile *self, guint64 offset, gpointer bytes, guint32 length)
{
  gssize n;

  do
    n = pread (self->fd, bytes, length, (off_t) offset);
  while (n < 0 && errno == EINTR);
  return n == (gssize) length;
}
