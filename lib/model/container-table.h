/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The containers of a host, found by name. */
#pragma once

#include "iommud-container.h"

G_BEGIN_DECLS

typedef struct _IommudContainerTable IommudContainerTable;

IommudContainerTable *iommud_container_table_new (void);
void iommud_container_table_free (IommudContainerTable *self);

/* A list of IommudContainer. */
GListModel *iommud_container_table_get_list (IommudContainerTable *self);
/* NULL if there is no container of that name. */
IommudContainer *iommud_container_table_find (IommudContainerTable *self, const char *name);

/* A name is reserved while its container is being made, so that two of them cannot race. FALSE if
 * there is one of that name. */
gboolean iommud_container_table_reserve_name (IommudContainerTable *self, const char *name);
void iommud_container_table_release_name (IommudContainerTable *self, const char *name);
/* Whether it has as many containers as a host may have, including those that are being made. */
gboolean iommud_container_table_is_full (IommudContainerTable *self);
/* Fails if an operation of some container is under way or waits. */
gboolean iommud_container_table_check_idle (IommudContainerTable *self, const char *what,
                                            GError **error);
/* A number for the name of a container that was not given one. */
guint64 iommud_container_table_next_name_number (IommudContainerTable *self);

void iommud_container_table_add (IommudContainerTable *self, IommudContainer *container);
void iommud_container_table_remove (IommudContainerTable *self, IommudContainer *container);

G_END_DECLS
