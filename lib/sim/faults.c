/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The faults that are armed and the calls that were counted. */
#include "config.h"

#include "sim/faults.h"

typedef struct
{
  guint at; /* the count of calls at which it strikes; 0: always */
  int errnum;
  guint delay_ms;
} Fault;

struct _IommudSimulatedFaults
{
  GMutex lock;
  guint counts[IOMMUD_SIMULATED_OPERATIONS_COUNT];
  GArray *armed[IOMMUD_SIMULATED_OPERATIONS_COUNT]; /* of Fault; NULL until one is armed */
};

IommudSimulatedFaults *
iommud_simulated_faults_new (void)
{
  IommudSimulatedFaults *self = g_new0 (IommudSimulatedFaults, 1);

  g_mutex_init (&self->lock);
  return self;
}

void
iommud_simulated_faults_free (IommudSimulatedFaults *self)
{
  iommud_simulated_faults_clear (self);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
iommud_simulated_faults_add (IommudSimulatedFaults *self, IommudSimulatedOperation operation,
                             guint nth, int errnum, guint delay_ms)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);
  Fault fault = { .at = nth == 0 ? 0 : self->counts[operation] + nth,
                  .errnum = errnum,
                  .delay_ms = delay_ms };

  if (self->armed[operation] == NULL)
    self->armed[operation] = g_array_new (FALSE, FALSE, sizeof (Fault));
  g_array_append_val (self->armed[operation], fault);
}

void
iommud_simulated_faults_clear (IommudSimulatedFaults *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  for (guint i = 0; i < G_N_ELEMENTS (self->armed); i++)
    g_clear_pointer (&self->armed[i], g_array_unref);
}

guint
iommud_simulated_faults_get_count (IommudSimulatedFaults *self, IommudSimulatedOperation operation)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  return self->counts[operation];
}

/* The first fault that strikes this call gives the errno; delays add up. */
static Fault
count_call (IommudSimulatedFaults *self, IommudSimulatedOperation operation)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);
  GArray *armed = self->armed[operation];
  Fault met = { 0 };

  self->counts[operation]++;
  for (guint i = 0; armed != NULL && i < armed->len;)
    {
      Fault *fault = &g_array_index (armed, Fault, i);

      if (fault->at != 0 && fault->at != self->counts[operation])
        {
          i++;
          continue;
        }
      met.delay_ms += fault->delay_ms;
      if (met.errnum == 0)
        met.errnum = fault->errnum;
      if (fault->at == 0)
        i++;
      else
        g_array_remove_index (armed, i);
    }
  return met;
}

int
iommud_simulated_faults_meet (IommudSimulatedFaults *self, IommudSimulatedOperation operation)
{
  Fault met;

  if (operation == IOMMUD_SIMULATED_NO_OPERATION)
    return 0;
  met = count_call (self, operation);
  if (met.delay_ms != 0)
    g_usleep ((gulong) met.delay_ms * 1000);
  return met.errnum;
}
