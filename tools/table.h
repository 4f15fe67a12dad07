/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records in columns: as a table, as a tree, or one record with a line for each member. */
#pragma once

#include "iommud-dbus.h"

G_BEGIN_DECLS

typedef struct
{
  const char *title;
  const char *key; /* of the record; NULL if describe makes the text */
  char *(*describe) (GVariant *record, IommudDBusClient *client);
  gboolean may_be_cut; /* if the line is too narrow */
} IommuctlColumn;

/* @records: an aa{sv}. @columns ends with a column without a title. @client: knows the names for
 * object paths. @width: how many columns a line has. */
char *iommuctl_table_of_records (GVariant *records, const IommuctlColumn *columns,
                                 IommudDBusClient *client, guint width);
/* @root: an a{sv}, each aa{sv} in which holds children; the root itself is not shown as a line. */
char *iommuctl_table_of_tree (GVariant *root, const IommuctlColumn *columns,
                              IommudDBusClient *client, guint width);
/* @record: an a{sv}. */
char *iommuctl_table_of_record (GVariant *record, IommudDBusClient *client, guint width);

G_END_DECLS
