/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts calls into drivers down to the one that fails. */
#include "config.h"

#include "sim/machine/injection.h"

#include <errno.h>

#define LARGEST_ERRNO 4095

struct _IommudSimulatedInjection
{
  guint references;
  int errors[IOMMUD_SIMULATED_DRIVER_CALLS];
  guint left[IOMMUD_SIMULATED_DRIVER_CALLS]; /* until the call that fails; 0: none does */
};

IommudSimulatedInjection *
iommud_simulated_injection_new (void)
{
  IommudSimulatedInjection *self = g_new0 (IommudSimulatedInjection, 1);

  self->references = 1;
  return self;
}

IommudSimulatedInjection *
iommud_simulated_injection_ref (IommudSimulatedInjection *self)
{
  self->references++;
  return self;
}

void
iommud_simulated_injection_unref (IommudSimulatedInjection *self)
{
  if (--self->references == 0)
    g_free (self);
}

int
iommud_simulated_injection_arm (IommudSimulatedInjection *self, const char *call, int errnum,
                                guint nth)
{
  static const char *const calls[IOMMUD_SIMULATED_DRIVER_CALLS] = { "attach", "alloc", "map",
                                                                    "dirty", "log" };
  guint index = 0;

  while (index < G_N_ELEMENTS (calls) && !g_str_equal (calls[index], call))
    index++;
  if (index == G_N_ELEMENTS (calls) || errnum < 0 || errnum > LARGEST_ERRNO || nth == 0)
    return EINVAL;
  self->errors[index] = errnum;
  self->left[index] = errnum != 0 ? nth : 0;
  return 0;
}

int
iommud_simulated_injection_take (IommudSimulatedInjection *self, IommudSimulatedDriverCall call)
{
  if (self->left[call] == 0 || --self->left[call] != 0)
    return 0;
  return self->errors[call];
}
