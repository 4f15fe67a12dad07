/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs of conformance sequences for the machine from outside: its files, its devices, its
 * sysfs, its hardware. */
#include "config.h"

#include "conformance-interpreter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define LONGEST_DMA (1u << 24)

/* How long `bgstate` looks before it says that something still runs. */
#define LOOK_MS 20

/* Sequences are on the mtty sample driver's mdevs unless they say otherwise. */
#define MDEV_PARENT "mtty"
#define MDEV_TYPE "mtty-1"

static void
verb_open (ConformanceCall *call)
{
  const char *name = conformance_call_place (call, 0);
  const char *path = conformance_call_option (call, "path", "/dev/iommu");
  int fd = -1, errnum;

  if (call->complaint != NULL)
    return;
  errnum = iommud_syscalls_open (call->host->syscalls, path, 0, &fd);
  /* A simulated machine has the files of this one besides its own. */
  if (errnum == ENOENT)
    {
      fd = open (path, O_RDWR | O_CLOEXEC);
      errnum = fd < 0 ? errno : 0;
    }
  if (conformance_call_answer (call, errnum))
    conformance_call_add_file (call, name, fd);
}

static void
verb_close (ConformanceCall *call)
{
  conformance_call_answer (call,
                           conformance_call_close_file (call, conformance_call_place (call, 0)));
}

static void
verb_dev (ConformanceCall *call)
{
  g_autofree char *specification = conformance_words_join (call->words, 1);

  conformance_call_answer (call, call->host->add_device (call->host, specification));
}

static void
verb_deldev (ConformanceCall *call)
{
  const char *name = conformance_call_place (call, 0);
  ConformanceJob job = conformance_call_get_job (call);

  if (call->complaint == NULL)
    conformance_call_await (call, call->host->begin_removal (call->host, job, name));
}

static void
verb_has (ConformanceCall *call)
{
  g_autofree char *path = NULL;

  conformance_call_answer (
      call, call->host->find_node (call->host, conformance_call_place (call, 0), &path));
}

static void
verb_driver (ConformanceCall *call)
{
  g_autofree char *driver = NULL;
  const char *name = conformance_call_place (call, 0);

  if (conformance_call_answer (call, call->host->get_driver (call->host, name, &driver)))
    conformance_call_append (call, "%s", driver);
}

static void
verb_samegroup (ConformanceCall *call)
{
  const char *name = conformance_call_place (call, 0);
  const char *other = conformance_call_place (call, 1);
  gboolean same = FALSE;

  if (conformance_call_answer (call, call->host->same_group (call->host, name, other, &same)))
    conformance_call_append (call, "%s", same ? "same" : "different");
}

static void
verb_exists (ConformanceCall *call)
{
  const char *path = conformance_call_place (call, 0);

  conformance_call_answer (call, call->host->path_exists (call->host, path) ? 0 : ENOENT);
}

static void
verb_get (ConformanceCall *call)
{
  g_autofree char *value = NULL;
  const char *path = conformance_call_place (call, 0);

  if (conformance_call_answer (call, call->host->read_attribute (call->host, path, &value)))
    conformance_call_append (call, "\"%s\"", g_strchomp (value));
}

/* Writes to sysfs; @missing is the answer if there is no such file. */
static void
write_attribute (ConformanceCall *call, const char *path, const char *value, int missing)
{
  ConformanceJob job = conformance_call_get_job (call);
  int errnum;

  if (call->complaint != NULL)
    return;
  errnum = call->host->begin_write (call->host, job, path, value);
  conformance_call_await (call, errnum == ENOENT ? missing : errnum);
}

static void
verb_put (ConformanceCall *call)
{
  g_autofree char *value = conformance_words_join (call->words, 2);

  write_attribute (call, conformance_call_place (call, 0), value, ENOENT);
}

static void
verb_mdev (ConformanceCall *call)
{
  const char *uuid = conformance_call_place (call, 0);
  const char *parent = conformance_call_option (call, "parent", MDEV_PARENT);
  const char *type = conformance_call_option (call, "type", MDEV_TYPE);
  g_autofree char *path =
      g_strdup_printf ("/sys/class/mdev_bus/%s/mdev_supported_types/%s/create", parent, type);

  write_attribute (call, path, uuid, ENOENT);
}

/* A device that is gone has no file to write to. */
static void
verb_delmdev (ConformanceCall *call)
{
  g_autofree char *path =
      g_strdup_printf ("/sys/bus/mdev/devices/%s/remove", conformance_call_place (call, 0));

  write_attribute (call, path, "1", ENODEV);
}

static void
verb_bgstate (ConformanceCall *call)
{
  guint64 milliseconds = conformance_call_number (call, "ms", LOOK_MS);
  gboolean ended = conformance_call_background_ended (call, (guint) MIN (milliseconds, 10000));

  conformance_call_answer (call, 0);
  conformance_call_append (call, "%s", ended ? "done" : "running");
}

static void
verb_bgwait (ConformanceCall *call)
{
  const char *answer;

  conformance_call_background_ended (call, G_MAXUINT);
  answer = conformance_call_background_answer (call);
  if (answer != NULL)
    g_string_assign (call->answer, answer);
  else
    conformance_call_answer (call, ETIMEDOUT);
}

/* Memory is shown as a number of eight bytes, as this machine has them. */
static guint64
read_number (const guint8 *bytes, gsize length)
{
  guint64 value = 0;

  memcpy (&value, bytes, MIN (length, sizeof (value)));
  return value;
}

static void
verb_dma (ConformanceCall *call)
{
  const char *name = conformance_call_place (call, 0);
  gboolean is_write = g_str_equal (conformance_call_place (call, 1), "w");
  guint64 iova = conformance_call_number (call, "iova", 0);
  guint64 length = conformance_call_number (call, "len", 8);
  guint8 value = (guint8) conformance_call_number (call, "byte", 0);
  g_autofree guint8 *data = NULL;

  if (length > LONGEST_DMA)
    conformance_call_complain (call, "no DMA is that long");
  if (call->complaint != NULL)
    return;
  data = g_malloc0 ((gsize) length + 1);
  if (conformance_call_answer (
          call, call->host->dma (call->host, name, is_write, iova, length, value, data))
      && !is_write)
    conformance_call_append (call, "data=%016" G_GINT64_MODIFIER "x",
                             read_number (data, (gsize) length));
}

static void
verb_inject (ConformanceCall *call)
{
  const char *name = conformance_call_place (call, 0);
  const char *kind = conformance_call_place (call, 1);
  guint64 errnum = 0, nth = 1;

  if (!conformance_call_evaluate (call, conformance_call_place (call, 2), &errnum))
    return;
  if (call->words->places->len > 3
      && !conformance_call_evaluate (call, conformance_call_place (call, 3), &nth))
    return;
  conformance_call_answer (call,
                           call->host->inject (call->host, name, kind, (int) errnum, (guint) nth));
}

static gboolean
is_asked_for (ConformanceCall *call, const char *item)
{
  gsize length = strcspn (item, "=");

  for (guint i = 1; i < call->words->places->len; i++)
    {
      const char *key = conformance_call_place (call, i);

      if (strlen (key) == length && strncmp (key, item, length) == 0)
        return TRUE;
    }
  return call->words->places->len <= 1;
}

/* In the order of the machine, not in that of the words. */
static void
verb_state (ConformanceCall *call)
{
  const char *name = conformance_call_place (call, 0);
  g_autoptr (GString) state = g_string_new (NULL);
  g_auto (GStrv) items = NULL;

  if (!conformance_call_answer (call, call->host->get_state (call->host, name, state)))
    return;
  items = g_strsplit (state->str, " ", -1);
  for (guint i = 0; items[i] != NULL; i++)
    if (is_asked_for (call, items[i]))
      conformance_call_append (call, "%s", items[i]);
}

const ConformanceVerb conformance_host_verbs[] = {
  { "bgstate", verb_bgstate, FALSE }, { "bgwait", verb_bgwait, FALSE },
  { "close", verb_close, FALSE },     { "deldev", verb_deldev, FALSE },
  { "delmdev", verb_delmdev, FALSE }, { "dev", verb_dev, TRUE },
  { "dma", verb_dma, FALSE },         { "driver", verb_driver, FALSE },
  { "exists", verb_exists, FALSE },   { "get", verb_get, FALSE },
  { "has", verb_has, FALSE },         { "inject", verb_inject, FALSE },
  { "mdev", verb_mdev, FALSE },       { "open", verb_open, FALSE },
  { "put", verb_put, TRUE },          { "samegroup", verb_samegroup, FALSE },
  { "state", verb_state, FALSE },     { NULL, NULL, FALSE },
};
