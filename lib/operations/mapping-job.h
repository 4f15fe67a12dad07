/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operation that makes mappings, of a file or as a copy: turns, progress, cancellation. */
#pragma once

#include "model/container.h"
#include "model/options.h"
#include "perform/map.h"

G_BEGIN_DECLS

typedef struct _IommudMappingJob IommudMappingJob;

struct _IommudMappingJob
{
  IommudContainer *container;
  IommudContainer *source; /* of a copy; or NULL */
  guint64 source_iova;     /* of a copy */
  guint64 source_offset;   /* of a file */
  guint64 length;
  guint64 iova;
  IommudMapFlags flags;
  IommudMapPlan *plan;

  /* Called when its turn has come: checks, and adds the parts to the plan. */
  gboolean (*prepare) (IommudMappingJob *self, const char *what, GError **error);

  GCancellable *cancellable;
  gboolean begun;
  GArray *published; /* of guint64: how much of each part the container lists */
  guint64 *result;   /* the task's: the IOVA */
};

/* @options may be NULL. */
IommudMappingJob *iommud_mapping_job_new (IommudContainer *container, guint64 length, guint64 iova,
                                          IommudMapOptions *options);
void iommud_mapping_job_free (IommudMappingJob *self);
/* "map 0x1000 bytes at IOVA 0x0 in container a". */
char *iommud_mapping_job_describe (const IommudMappingJob *self);
/* Checks that the container may have that much mapped and, if IOVAs are given, that they are
 * free. */
gboolean iommud_mapping_job_check_room (const IommudMappingJob *self, const char *what,
                                        GError **error);
/* Where the kernel's mappings end in a new mapping that is not a copy. */
void iommud_mapping_job_set_pieces (const IommudMappingJob *self, IommudMapping *mapping,
                                    guint64 length);

/* Both are taken. The task returns TRUE, and iommud_mapping_job_finish() has the IOVA. */
void iommud_mapping_job_submit (IommudMappingJob *self, GCancellable *cancellable, GTask *task);
gboolean iommud_mapping_job_finish (IommudMemory *memory, GAsyncResult *result, guint64 *iova,
                                    GError **error);

G_END_DECLS
