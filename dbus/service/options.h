/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The a{sv} that ends each method call. */
#pragma once

#include <gio/gio.h>

#include "paths.h"

G_BEGIN_DECLS

typedef enum
{
  IOMMUD_OPTION_STRING,  /* s  -> char **, a copy */
  IOMMUD_OPTION_BOOLEAN, /* b  -> gboolean * */
  IOMMUD_OPTION_UINT64,  /* t  -> guint64 * */
  IOMMUD_OPTION_ENUM,    /* s, a nick of type -> int * */
  IOMMUD_OPTION_OBJECT,  /* o, of an object of type -> GObject **, a reference */
} IommudOptionKind;

typedef struct
{
  const char *key;
  IommudOptionKind kind;
  gpointer value; /* where the option goes; untouched where it is not given */
  GType type;
} IommudOption;

gboolean iommud_options_parse (GVariant *options, const IommudOption *known, gsize n_known,
                               IommudPaths *paths, GError **error);

G_END_DECLS
