/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that only an administrator writes: what they say counts only if nobody else can have
 * written it. Nothing that is opened here can block, whatever lies there. */
#include "access/plain-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Root, and the user that the service runs as, could do anything by other means. */
static gboolean
is_trusted (const struct stat *status, const char *path, IommudProblems *problems)
{
  if (status->st_uid != 0 && status->st_uid != geteuid ())
    iommud_problems_add (problems, path, 0, "It belongs to user %u and not to root",
                         (guint) status->st_uid);
  else if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0)
    iommud_problems_add (problems, path, 0, "Others than its owner may write to it");
  else
    return TRUE;
  return FALSE;
}

static void
report (const char *path, int error, IommudProblems *problems)
{
  if (error == ELOOP)
    iommud_problems_add (problems, path, 0, "It is a symbolic link");
  else
    iommud_problems_add (problems, path, 0, "%s", g_strerror (error));
}

/* -1: it is not there, or must not be trusted, which is a problem. */
int
iommud_plain_file_open_folder (int parent, const char *name, const char *path,
                               IommudProblems *problems)
{
  int folder = openat (parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;

  if (folder < 0)
    {
      if (errno != ENOENT)
        report (path, errno, problems);
      return -1;
    }
  if (fstat (folder, &status) == 0 && is_trusted (&status, path, problems))
    return folder;
  g_close (folder, NULL);
  return -1;
}

static gboolean
can_be_read (int file, const char *path, IommudProblems *problems)
{
  struct stat status;

  if (fstat (file, &status) != 0)
    report (path, errno, problems);
  else if (!S_ISREG (status.st_mode))
    iommud_problems_add (problems, path, 0, "It is no regular file");
  else
    return is_trusted (&status, path, problems);
  return FALSE;
}

/* Up to one byte more than may be in it. -1 with errno set. */
static gssize
read_all (int file, char *buffer)
{
  gsize length = 0;
  gssize n = 1;

  while (n != 0 && length <= IOMMUD_PLAIN_FILE_MAX_BYTES)
    {
      n = read (file, buffer + length, IOMMUD_PLAIN_FILE_MAX_BYTES + 1 - length);
      if (n < 0 && errno != EINTR)
        return -1;
      length += (gsize) MAX (n, 0);
    }
  return (gssize) length;
}

static char *
read_text (int file, const char *path, gsize *length, IommudProblems *problems)
{
  g_autofree char *buffer = g_malloc0 (IOMMUD_PLAIN_FILE_MAX_BYTES + 2);
  gssize n = read_all (file, buffer);

  if (n < 0)
    report (path, errno, problems);
  else if ((gsize) n > IOMMUD_PLAIN_FILE_MAX_BYTES)
    iommud_problems_add (problems, path, 0, "It has more than %u KiB",
                         IOMMUD_PLAIN_FILE_MAX_BYTES >> 10);
  else
    {
      *length = (gsize) n;
      return g_steal_pointer (&buffer);
    }
  return NULL;
}

/* The text, which a 0 ends. Owned; NULL: it is not there, or must not be trusted, which is a
 * problem. */
char *
iommud_plain_file_read (int folder, const char *name, const char *path, gsize *length,
                        IommudProblems *problems)
{
  int file = openat (folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  char *text = NULL;

  if (file < 0)
    {
      if (errno != ENOENT)
        report (path, errno, problems);
      return NULL;
    }
  if (can_be_read (file, path, problems))
    text = read_text (file, path, length, problems);
  g_close (file, NULL);
  return text;
}
