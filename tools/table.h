/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records in columns: as a table, as a tree, or one record with a line for each member. */
#pragma once

#include "service.h"

G_BEGIN_DECLS

typedef struct
{
  const char *title;
  const char *key; /* of the record; NULL if describe makes the text */
  char *(*describe) (GVariant *record, IommuctlService *service);
  gboolean may_be_cut; /* first, if the line is too narrow */
  gboolean is_extra;   /* shown only if it is asked for */
} IommuctlColumn;

/* @records: an aa{sv}. @columns ends with a column without a title. @service: knows the names for
 * object paths. @width: how many columns a line has. */
char *iommuctl_table_of_records (GVariant *records, const IommuctlColumn *columns,
                                 IommuctlService *service, guint width);
/* @root: an a{sv}, each aa{sv} in which holds children; the root itself is not shown as a line. */
char *iommuctl_table_of_tree (GVariant *root, const IommuctlColumn *columns,
                              IommuctlService *service, guint width);
/* @record: an a{sv}. */
char *iommuctl_table_of_record (GVariant *record, IommuctlService *service, guint width);

G_END_DECLS
