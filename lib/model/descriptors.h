/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of a host's descriptors, and what else goes from one life to the next. */
#pragma once

#include "handle/mapped-file.h"
#include "iommud-descriptors.h"

G_BEGIN_DECLS

/* "context-7". */
char *iommud_descriptors_name_context (guint64 serial);

/* Parts of clients' files that are mapped into this process, for a host that is adopted in it. They
 * are known by the container's serial and the IOVA. The file is referenced; NULL if there is
 * none. */
void iommud_descriptors_keep_file (IommudDescriptors *self, guint64 container, guint64 iova,
                                   IommudMappedFile *file);
IommudMappedFile *iommud_descriptors_peek_file (IommudDescriptors *self, guint64 container,
                                                guint64 iova);
void iommud_descriptors_drop_files (IommudDescriptors *self);

G_END_DECLS
