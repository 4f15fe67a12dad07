/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes and addresses: from what people type, and back. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @what: what the word stands for, as the error names it: an option or an argument. */
gboolean iommuctl_numbers_parse (const char *what, const char *word, guint64 *number,
                                 GError **error);

/* "4 KiB", "1.5 GiB": three digits at most are shown, rounded. */
char *iommuctl_numbers_describe_size (guint64 bytes);
/* "1.5 GiB (1610612736)", or "512 B" if that is exact. */
char *iommuctl_numbers_describe_exact_size (guint64 bytes);
/* "0xfee00000" */
char *iommuctl_numbers_describe_address (guint64 address);
/* "12.5 %"; a part is never rounded to all or to nothing. */
char *iommuctl_numbers_describe_share (guint64 part, guint64 whole);

G_END_DECLS
