/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a host is made of, for the files that implement it. */
#pragma once

#include "model/host.h"

G_BEGIN_DECLS

struct _IommudHost
{
  GObject parent_instance;

  IommudBackend *backend;
  GMainContext *main_context;
  IommudWorkers *workers;
  IommudMappedFiles *mapped_files;
  IommudOpenFiles *open_files;
  GPtrArray *interrupted; /* of IommudIntentRecord; or NULL */
  GStrv features;
  gboolean iommufd_available;
  IommudDeviceTable *devices;
  IommudContainerTable *containers;
  IommudLeaseTable *leases;
  IommudProcessId file_keeper; /* or none */
  guint64 last_container_serial;
  guint64 last_context_serial;
  guint64 last_lease_serial;
  IommudJournal *journal; /* or NULL */
  IommudHolderSearches searches;
};

G_END_DECLS
