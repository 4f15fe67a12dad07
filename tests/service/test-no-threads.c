/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Long answers, while no thread can be made: a limit of tasks or of memory was met. */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include "bed.h"
#include "large-host.h"

#define N_DEVICES 1000

static gint no_threads;

/* It stands before the C library's own function, also for GLib. */
__attribute__ ((visibility ("default"))) int
pthread_create (pthread_t *thread, const pthread_attr_t *attributes, void *(*start) (void *),
                void *data)
{
  static int (*real) (pthread_t *, const pthread_attr_t *, void *(*) (void *), void *);

  if (g_atomic_int_get (&no_threads))
    return EAGAIN;
  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "pthread_create");
  return real (thread, attributes, start, data);
}

static void
check_listing (Bed *bed)
{
  g_autoptr (GVariant) objects = bed_get_managed_objects (bed);

  g_assert_cmpuint (g_variant_n_children (objects), ==, N_DEVICES + 1);
}

static void
test_listing (void)
{
  g_autofree char *xml = large_host_describe (1, N_DEVICES);
  g_autoptr (Bed) bed = bed_new (xml);

  g_atomic_int_set (&no_threads, TRUE);
  check_listing (bed);
  check_listing (bed);
  g_atomic_int_set (&no_threads, FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/no-threads/listing", test_listing);
  return g_test_run ();
}
