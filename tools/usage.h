/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with a command line, and what was probably meant. */
#pragma once

#include "command.h"

G_BEGIN_DECLS

/* Each sets the error, in place of one that is set already, and returns FALSE. */
gboolean iommuctl_usage_fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* @second: the word after it, or NULL. */
gboolean iommuctl_usage_fail_command (const char *word, const char *second, GError **error);
/* Looks for the option that neither the command nor all commands have. @command may be NULL. The
 * error stays as it is if there is none. */
gboolean iommuctl_usage_fail_option (const IommuctlCommand *command,
                                     const GOptionEntry *global_options, char **words,
                                     GError **error);

/* Puts the error for a call that Ctrl-C cancelled, or that was refused, in words for people. */
void iommuctl_usage_explain_interrupt (const IommuctlCommand *command, GError **error);
void iommuctl_usage_explain_refusal (GError **error);
/* The service refuses. */
void iommuctl_usage_add_way_out (GError **error);
/* The same for a connection that was closed while the command ran. */
void iommuctl_usage_explain_closed (GError **error);

G_END_DECLS
