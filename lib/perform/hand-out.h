/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening the files that a lease hands out, or copying those that are open. For workers. */
#pragma once

#include "perform/raise-memory-limit.h"

G_BEGIN_DECLS

typedef struct
{
  IommudBinding binding; /* out: its cdev */
  int bound_cdev;        /* the file to copy; -1: the device is not bound, and is opened */
} IommudHandOutDevice;

typedef struct
{
  IommudKernelAccess access; /* out: the iommufd; -1: none is asked for */
  GArray *devices;           /* of IommudHandOutDevice */
  gboolean with_iommufd;
  int context_fd;              /* the iommufd to copy; -1: a new one is opened */
  IommudAccounting accounting; /* of a new one */
  guint64 locked_memory;       /* that the process must be able to lock; 0: its limit stays */
  pid_t pid;
  uid_t owner;
  IommudMemoryLimit limit; /* out */

  gboolean done; /* out */
  GError *error;
} IommudHandOutPlan;

IommudHandOutPlan *iommud_hand_out_plan_new (void);
/* Closes what nobody has taken (by -1 in its place). */
void iommud_hand_out_plan_free (IommudHandOutPlan *self);
/* @bound_cdev as in IommudHandOutDevice. */
void iommud_hand_out_plan_add_device (IommudHandOutPlan *self, IommudDeviceInfo *info,
                                      int bound_cdev);
/* All, or none. */
void iommud_hand_out_plan_open (IommudHandOutPlan *self);
/* It is done: the limit of locked memory stays raised. */
void iommud_hand_out_plan_keep_limit (IommudHandOutPlan *self);
/* Undoes it: the files of a plan that nobody has taken are closed, which may take long. */
void iommud_hand_out_plan_close (IommudHandOutPlan *self);
/* The caller's from now on. */
int iommud_hand_out_plan_take_iommufd (IommudHandOutPlan *self);
int iommud_hand_out_plan_take_device (IommudHandOutPlan *self, guint i);

G_END_DECLS
