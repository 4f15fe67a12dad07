/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a file that grew by frames, and finding what is damaged in it. */
#include "state/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/frame.h"

/* Far beyond what any host writes down. */
#define MAX_SIZE (G_GUINT64_CONSTANT (4) << 30)

typedef struct
{
  guint8 *bytes;
  gsize size;
  guint64 sequence; /* of the frame that was read last */
  guint n_frames;
  char *damage; /* what was found first, or NULL */
} Loader;

static gboolean
set_error (GError **error, int errnum, const char *what)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errnum),
               "Cannot read the state file: %s", what != NULL ? what : g_strerror (errnum));
  return FALSE;
}

static gboolean
read_all (Loader *self, int fd, GError **error)
{
  struct stat status;
  gsize done = 0;

  if (fstat (fd, &status) != 0)
    return set_error (error, errno, NULL);
  if (!S_ISREG (status.st_mode) || (guint64) status.st_size > MAX_SIZE)
    return set_error (error, EINVAL, "it is no file of the size of one");
  self->bytes = g_malloc ((gsize) status.st_size + 1);
  while (done < (gsize) status.st_size)
    {
      gssize n = read (fd, self->bytes + done, (gsize) status.st_size - done);

      if (n < 0 && errno != EINTR)
        return set_error (error, errno, NULL);
      if (n == 0)
        break;
      done += n > 0 ? (gsize) n : 0;
    }
  self->size = done;
  return TRUE;
}

static gboolean
read_file (Loader *self, int folder, const char *name, GError **error)
{
  int fd = openat (folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  gboolean done;

  if (fd < 0)
    return set_error (error, errno, NULL);
  done = read_all (self, fd, error);
  close (fd);
  return done;
}

static void G_GNUC_PRINTF (2, 3) note (Loader *self, const char *format, ...)
{
  va_list arguments;

  if (self->damage != NULL)
    return;
  va_start (arguments, format);
  self->damage = g_strdup_vprintf (format, arguments);
  va_end (arguments);
}

/* How far the file should go and its last frame; both 0 if that is not known. */
static void
read_slots (Loader *self, IommudStateSlot *last)
{
  IommudStateHeader header;

  memset (last, 0, sizeof *last);
  if (self->size < sizeof header)
    {
      note (self, "it is shorter than its header");
      return;
    }
  memcpy (&header, self->bytes, sizeof header);
  if (memcmp (header.magic, iommud_state_magic, sizeof header.magic) != 0)
    note (self, "it does not begin as one");
  for (guint i = 0; i < G_N_ELEMENTS (header.slots); i++)
    if (!iommud_state_slot_is_valid (&header.slots[i]))
      note (self, "slot %u of its header is damaged", i);
    else if (header.slots[i].sequence >= last->sequence)
      *last = header.slots[i];
}

/* Behind what is damaged, the next frame is looked for. */
static void
read_frames (Loader *self, guint64 end, IommudStateFileFunc func, gpointer user_data)
{
  gsize offset = MIN (sizeof (IommudStateHeader), self->size);

  while (offset < self->size)
    {
      const IommudStateFrame *frame = (gconstpointer) (self->bytes + offset);

      if (!iommud_state_frame_is_valid (frame, self->size - offset))
        {
          if (offset < end)
            note (self, "its bytes at %" G_GSIZE_FORMAT " are damaged", offset);
          offset += 8;
          continue;
        }
      if (frame->sequence != self->sequence + 1)
        note (self, "frame %" G_GUINT64_FORMAT " is missing", self->sequence + 1);
      self->sequence = frame->sequence;
      self->n_frames++;
      func ((const guint8 *) (frame + 1), frame->length, user_data);
      offset += sizeof *frame + frame->length;
    }
}

/* A process that ends while it writes leaves a part of a frame behind all that the slots know, or
 * frames that no slot knows yet: that is no damage. */
static void
check_end (Loader *self, const IommudStateSlot *last)
{
  if (self->size < last->size)
    note (self, "it should be %" G_GUINT64_FORMAT " bytes long and is %" G_GSIZE_FORMAT, last->size,
          self->size);
  if (self->sequence < last->sequence)
    note (self, "it should end with frame %" G_GUINT64_FORMAT " and ends with %" G_GUINT64_FORMAT,
          last->sequence, self->sequence);
}

static gboolean
is_of_another_version (const Loader *self)
{
  return self->n_frames == 0 && self->size >= sizeof (IommudStateHeader)
         && memcmp (self->bytes, iommud_state_magic, sizeof iommud_state_magic) != 0
         && g_str_has_prefix ((const char *) self->bytes, "iommud state ");
}

gboolean
iommud_state_file_load (int folder, const char *name, IommudStateFileFunc func, gpointer user_data,
                        char **damage, GError **error)
{
  Loader loader = { 0 };
  IommudStateSlot last;
  gboolean done = read_file (&loader, folder, name, error);

  if (done)
    {
      loader.bytes[loader.size] = '\0';
      read_slots (&loader, &last);
      read_frames (&loader, last.size, func, user_data);
      check_end (&loader, &last);
      if (is_of_another_version (&loader))
        done = set_error (error, EINVAL, "another version of iommud has written it");
    }
  if (done)
    *damage = loader.damage;
  else
    g_free (loader.damage);
  g_free (loader.bytes);
  return done;
}
