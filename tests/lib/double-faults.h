/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs an operation with each pair of its kernel calls failing, and with some threes: the later
 * faults can hit calls that undo what the first one has stopped. Afterwards the model must say what
 * the simulated kernel holds, and no page that was written may be lost. */
#pragma once

#include "dirty-ledger.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name;
  void (*prepare) (DirtyLedger *ledger); /* what the operation begins with */
  void (*perform) (DirtyLedger *ledger); /* the operation, which may fail */
  gboolean required;                     /* dirty tracking is; else it is preferred */
  gboolean all_threes;                   /* else the third fault hits only what undoes something */
} DoubleFaultsScenario;

/* Writes with all devices that record, to some pages from @page on of the two MiB from IOVA 0 on.
 */
void double_faults_write (DirtyLedger *ledger, guint64 page);

/* A test of GLib's; @scenario is a DoubleFaultsScenario. */
void double_faults_test (gconstpointer scenario);

G_END_DECLS
