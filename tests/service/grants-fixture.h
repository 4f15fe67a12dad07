/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder with grants, and what is read from it. */
#pragma once

#include "access/configuration.h"
#include "config-folder.h"

G_BEGIN_DECLS

#define GRANTS_USER 1001
#define GRANTS_GROUP 2001

typedef struct
{
  char *folder;
  IommudProblems *problems;
  IommudConfiguration *configuration;
} Grants;

/* Two devices, and a file that grants the first one to GRANTS_USER and 1002. */
extern const IommudDeviceTraits grants_nic;
extern const IommudDeviceTraits grants_mdev;
extern const char *const grants_whole;

void grants_set_up (Grants *self, gconstpointer unused);
void grants_tear_down (Grants *self, gconstpointer unused);
void grants_read_folder (Grants *self);
void grants_read_text (Grants *self, const char *text);
guint grants_count_problems (Grants *self);
void grants_assert_problem (Grants *self, guint index, const char *pattern);
gboolean grants_allow (Grants *self, guint32 uid, const IommudDeviceTraits *device);

G_END_DECLS
