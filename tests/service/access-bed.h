/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bed whose caller is a user whom the service of the system bus does not trust with everything.
 */
#pragma once

#include "bed.h"

G_BEGIN_DECLS

typedef struct
{
  Bed *bed; /* its client is the user */
  char *folder;
  guint32 uid;
  IommudContainer *others; /* a container of another user */
  char *others_path;
} AccessBed;

/* @devices: that are granted to the user from the start; NULL for none. @limits: the text of
 * iommud.conf; NULL: there is none. */
void access_bed_set_up (AccessBed *self, gconstpointer devices);
void access_bed_tear_down (AccessBed *self, gconstpointer devices);
void access_bed_start (AccessBed *self, const char *devices, const char *limits);
void access_bed_grant (AccessBed *self, const char *name, const char *devices);
void access_bed_refuse (AccessBed *self, const char *path, const char *method, GVariant *arguments,
                        const char *pattern);

G_END_DECLS
