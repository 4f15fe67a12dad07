/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl show: all properties of one object. */
#include "config.h"

#include "command.h"
#include "names.h"
#include "records.h"

gboolean
iommuctl_show_run (IommuctlRequest *request, GError **error)
{
  g_autofree char *path = iommuctl_names_find (request->service, request->arguments[0], error);
  g_autoptr (GVariant) record = NULL;

  if (path == NULL)
    return FALSE;
  record = iommuctl_records_read (request->service, path, error);
  if (record == NULL)
    return FALSE;
  iommuctl_output_record (request->output, record);
  return TRUE;
}
