/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a whole regular file up to a limit. It refuses all other kinds of file without waiting.
 *
 * libxml2 never gets a file name: its own readers fetch URLs, unpack gzip without asking and have
 * no limit.
 */
#include "config.h"

#include "xml/input.h"

#include "base/error.h"
#include "xml/document.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
describe_file_type (mode_t mode)
{
  if (S_ISDIR (mode))
    return "a directory";
  if (S_ISFIFO (mode))
    return "a FIFO";
  if (S_ISSOCK (mode))
    return "a socket";
  return "a device";
}

static void
set_errno_error (GError **error, int errnum, const char *display_name, const char *operation)
{
  g_autofree char *cause = iommud_error_describe_errno (errnum);

  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT, "%s: cannot %s: %s",
               display_name, operation, cause);
}

/* A plain open of a FIFO would wait for a writer, so the file is opened without blocking. */
static int
open_regular_file (const char *filename, const char *display_name, GError **error)
{
  int fd = open (filename, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat status;

  if (fd < 0)
    {
      set_errno_error (error, errno, display_name, "open");
      return -1;
    }
  if (fstat (fd, &status) < 0)
    set_errno_error (error, errno, display_name, "stat");
  else if (!S_ISREG (status.st_mode))
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                 "%s: cannot read: it is %s, not a file", display_name,
                 describe_file_type (status.st_mode));
  else
    return fd;
  close (fd);
  return -1;
}

static GBytes *
read_bounded (int fd, const char *display_name, GError **error)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();

  for (;;)
    {
      guint8 chunk[16384];
      ssize_t count = read (fd, chunk, sizeof chunk);

      if (count < 0 && errno == EINTR)
        continue;
      if (count < 0)
        {
          set_errno_error (error, errno, display_name, "read");
          return NULL;
        }
      if (count == 0)
        return g_byte_array_free_to_bytes (g_steal_pointer (&content));
      g_byte_array_append (content, chunk, count);
      if (content->len > IOMMUD_XML_MAX_BYTES)
        {
          g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                       "%s: cannot read: the file is larger than %d MiB", display_name,
                       IOMMUD_XML_MAX_BYTES / (1024 * 1024));
          return NULL;
        }
    }
}

/* The content of a regular file of at most IOMMUD_XML_MAX_BYTES; the error names the file. */
GBytes *
iommud_xml_read_file (const char *filename, GError **error)
{
  g_autofree char *display_name = iommud_xml_display_name (filename);
  int fd = open_regular_file (filename, display_name, error);
  GBytes *content;

  if (fd < 0)
    return NULL;
  content = read_bounded (fd, display_name, error);
  close (fd);
  return content;
}
