/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an earlier life has left in the folder, as the records of a host. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The records; NULL with G_FILE_ERROR_NOENT if there are none. What is damaged is left out, and
 * @damage says so in one sentence; else it is NULL. */
GVariant *iommud_state_load (int folder, char **damage, GError **error);

G_END_DECLS
