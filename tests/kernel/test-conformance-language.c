/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The language of conformance steps itself: how lines are cut into words, what a number is, and
 * that a step which makes no sense says so and is not taken for an answer. */
#include "config.h"

#include "conformance-interpreter.h"

#include <errno.h>

/* A machine whose ioctls note what they were given and whose writes end when they are told to. */
typedef struct
{
  ConformanceHost parent;
  IommudSyscalls syscalls;
  unsigned long request;
  guint32 words[2]; /* of the shortest record */
  gboolean may_end;
  char *written;
  guint32 uid;
} NotingHost;

static int
noting_ioctl (const IommudSyscalls *syscalls, int fd, unsigned long request, void *argument)
{
  NotingHost *self = syscalls->data;
  const guint32 *words = argument;

  self->request = request;
  for (guint i = 0; i < G_N_ELEMENTS (self->words); i++)
    self->words[i] = words[i];
  errno = self->uid == 0 ? 0 : EPERM;
  return self->uid == 0 ? 0 : -1;
}

static int
noting_open (const IommudSyscalls *syscalls, const char *path, dev_t device, int flags)
{
  return 1000;
}

static int
noting_close (const IommudSyscalls *syscalls, int fd)
{
  g_assert_cmpint (fd, ==, 1000);
  return 0;
}

static int
begin_write (ConformanceHost *host, ConformanceJob job, const char *path, const char *value)
{
  NotingHost *self = (NotingHost *) host;

  g_free (self->written);
  self->written = g_strdup_printf ("%s=%s", path, value);
  return g_str_has_suffix (path, "refused") ? EINVAL : 0;
}

static gboolean
has_ended (ConformanceHost *host, ConformanceJob job, int *errnum)
{
  *errnum = EBUSY;
  return job == CONFORMANCE_FOREGROUND || ((NotingHost *) host)->may_end;
}

static int
become (ConformanceHost *host, guint32 uid, guint64 capabilities)
{
  ((NotingHost *) host)->uid = uid;
  return 0;
}

static void
resume (ConformanceHost *host)
{
  ((NotingHost *) host)->uid = 0;
}

static void
free_host (ConformanceHost *host)
{
  g_clear_pointer (&((NotingHost *) host)->written, g_free);
}

static Conformance *
start (NotingHost *host)
{
  *host = (NotingHost){
    .parent = { .begin_write = begin_write,
                .has_ended = has_ended,
                .become = become,
                .resume = resume,
                .free = free_host },
    .syscalls = { .ioctl = noting_ioctl, .open = noting_open, .close = noting_close },
    .may_end = TRUE,
  };
  host->syscalls.data = host;
  host->parent.syscalls = &host->syscalls;
  return conformance_new (&host->parent);
}

static void
assert_answer (Conformance *conformance, const char *text, const char *expected)
{
  g_autofree char *answer = conformance_run (conformance, text);

  g_assert_cmpstr (answer, ==, expected);
}

static void
test_lines (void)
{
  g_autoptr (ConformanceStep) step = NULL;
  g_autoptr (ConformanceStep) asking = NULL;
  g_autoptr (ConformanceStep) nothing = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (conformance_step_parse ("map-args.04  open f  -> ok id=1\n", &step, &error));
  g_assert_cmpstr (step->sequence, ==, "map-args");
  g_assert_cmpstr (step->label, ==, "map-args.04");
  g_assert_cmpstr (step->text, ==, "open f");
  g_assert_cmpstr (step->answer, ==, "ok id=1");
  g_assert_true (conformance_step_parse ("a.1 ioas f >a", &asking, &error));
  g_assert_cmpstr (asking->text, ==, "ioas f >a");
  g_assert_null (asking->answer);
  g_assert_false (conformance_step_parse (" # text", &nothing, &error));
  g_assert_no_error (error);
  g_assert_false (conformance_step_parse ("", &nothing, &error));
  g_assert_no_error (error);
  g_assert_false (conformance_step_parse ("nolabel open f -> ok", &nothing, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_false (conformance_step_parse ("a.01 -> ok", &nothing, &error));
  g_assert_nonnull (error);
}

static void
test_words (void)
{
  g_autoptr (ConformanceWords) words =
      conformance_words_new ("  log_start v0 pg=0x2000  0x0:0x10000 >x va=$m+8 ");

  g_assert_cmpuint (g_strv_length (words->words), ==, 6);
  g_assert_cmpuint (words->places->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (words->places, 1), ==, "0x0:0x10000");
  g_assert_cmpstr (words->variable, ==, "x");
  g_assert_cmpstr (conformance_words_get_option (words, "pg"), ==, "0x2000");
  g_assert_cmpstr (conformance_words_find_unused (words), ==, "va");
  g_assert_cmpstr (conformance_words_get_option (words, "va"), ==, "$m+8");
  g_assert_null (conformance_words_find_unused (words));
  g_assert_null (conformance_words_get_option (words, "iova"));
}

static void
test_numbers (void)
{
  NotingHost host;
  g_autoptr (Conformance) conformance = start (&host);

  assert_answer (conformance, "open f", "ok");
  assert_answer (conformance, "destroy f id=max", "ok");
  g_assert_cmphex (host.words[1], ==, 0xffffffff);
  assert_answer (conformance, "destroy f id=0x10+2-1", "ok");
  g_assert_cmphex (host.words[1], ==, 0x11);
  assert_answer (conformance, "destroy f id=max-0xfff", "ok");
  g_assert_cmphex (host.words[1], ==, 0xfffff000);
  assert_answer (conformance, "ioas f >a", "ok id=0");
  assert_answer (conformance, "destroy f id=$a+7", "ok");
  g_assert_cmphex (host.words[1], ==, 7);
  assert_answer (conformance, "destroy f id=-1 size=3", "ok");
  g_assert_cmphex (host.words[1], ==, 0xffffffff);
  g_assert_cmphex (host.words[0], ==, 3);
}

static void
test_nonsense (void)
{
  NotingHost host;
  g_autoptr (Conformance) conformance = start (&host);

  assert_answer (conformance, "open f", "ok");
  assert_answer (conformance, "dance f", "!unknown verb 'dance'");
  assert_answer (conformance, "bg", "!unknown verb '(null)'");
  assert_answer (conformance, "destroy f id=$nothing", "!'$nothing' is no number");
  assert_answer (conformance, "destroy f id=1x", "!'1x' is no number");
  assert_answer (conformance, "destroy f id=", "!'' is no number");
  assert_answer (conformance, "destroy f di=1", "!destroy has no option 'di'");
  assert_answer (conformance, "destroy", "!word 1 is missing");
  assert_answer (conformance, "destroy g id=1", "!'g' is no file");
  assert_answer (conformance, "allow f 1:2", "!'1:2' is no range");
}

static void
test_memory (void)
{
  NotingHost host;
  g_autoptr (Conformance) conformance = start (&host);

  assert_answer (conformance, "mem pages=2 >m", "ok");
  assert_answer (conformance, "peek va=$m", "ok 0000000000000000");
  assert_answer (conformance, "poke va=$m+0x1ff8 byte=0xab", "ok");
  assert_answer (conformance, "peek va=$m+0x1ff8", "ok abababababababab");
  assert_answer (conformance, "peek va=$m+0x1ff9", "EFAULT");
  assert_answer (conformance, "peek va=$m-1", "EFAULT");
  assert_answer (conformance, "mem pages=0", "!pages= is from 1 to 1048576");
}

static void
test_close (void)
{
  NotingHost host;
  g_autoptr (Conformance) conformance = start (&host);

  assert_answer (conformance, "open f", "ok");
  assert_answer (conformance, "close f", "ok");
  assert_answer (conformance, "close f", "EBADF");
  assert_answer (conformance, "close g", "!'g' is no file");
}

static void
test_background (void)
{
  NotingHost host;
  g_autoptr (Conformance) conformance = start (&host);

  assert_answer (conformance, "put /sys/x 1", "EBUSY");
  assert_answer (conformance, "put /sys/refused 1", "EINVAL");
  host.may_end = FALSE;
  assert_answer (conformance, "bg put /sys/y two words", "ok");
  g_assert_cmpstr (host.written, ==, "/sys/y=two words");
  assert_answer (conformance, "bgstate ms=1", "ok running");
  assert_answer (conformance, "put /sys/x 1", "EBUSY");
  assert_answer (conformance, "bg put /sys/z 1",
                 "!something runs in the background: bgwait comes first");
  assert_answer (conformance, "bgstate ms=1", "ok running");
  host.may_end = TRUE;
  assert_answer (conformance, "bgstate", "ok done");
  assert_answer (conformance, "bgwait", "EBUSY");
  assert_answer (conformance, "bg put /sys/refused 1", "ok");
  assert_answer (conformance, "bgwait", "EINVAL");
  assert_answer (conformance, "bg delmdev 123", "ok");
  g_assert_cmpstr (host.written, ==, "/sys/bus/mdev/devices/123/remove=1");
}

static void
test_other_user (void)
{
  NotingHost host;
  g_autoptr (Conformance) conformance = start (&host);

  assert_answer (conformance, "open f", "ok");
  assert_answer (conformance, "as 65534 0 ioas f", "EPERM");
  assert_answer (conformance, "ioas f", "ok id=0");
  assert_answer (conformance, "as me 0 ioas f", "!'me' is no number");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kernel/language/lines", test_lines);
  g_test_add_func ("/kernel/language/words", test_words);
  g_test_add_func ("/kernel/language/numbers", test_numbers);
  g_test_add_func ("/kernel/language/nonsense", test_nonsense);
  g_test_add_func ("/kernel/language/memory", test_memory);
  g_test_add_func ("/kernel/language/close", test_close);
  g_test_add_func ("/kernel/language/background", test_background);
  g_test_add_func ("/kernel/language/other-user", test_other_user);
  return g_test_run ();
}
