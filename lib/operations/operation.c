/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all operations share: entering the queue, and access to the kernel. */
#include "operations/operation.h"

#include "iommud-error.h"
#include "model/device.h"
#include "model/host.h"
#include "model/hwpt.h"
#include "operations/leasing.h"

void
iommud_operation_submit (IommudContainer *container, const IommudOperation *operation,
                         gpointer data, GTask *task)
{
  iommud_queue_submit (iommud_context_get_queue (iommud_container_get_context (container)),
                       operation, data, iommud_container_get_host (container), task);
}

static char *
describe_group_holder (IommudContainer *container, IommudDevice *device)
{
  IommudDevice *sibling = iommud_device_table_find_sibling_elsewhere (
      iommud_host_get_device_table (iommud_container_get_host (container)), device, container);

  if (sibling == NULL)
    return NULL;
  return g_strdup_printf ("%s in container %s", iommud_device_get_name (sibling),
                          iommud_container_get_name (iommud_device_get_container (sibling)));
}

void
iommud_operation_fill_access (IommudKernelAccess *access, IommudContainer *container, char *what,
                              IommudDevice *device)
{
  IommudBackend *backend = iommud_host_get_backend (iommud_container_get_host (container));

  iommud_kernel_access_clear (access);
  access->syscalls = iommud_backend_get_syscalls (backend);
  access->probe = g_object_ref (iommud_backend_get_probe (backend));
  access->iommufd = iommud_context_get_fd (iommud_container_get_context (container));
  access->what = what;
  access->group_holder = device != NULL ? describe_group_holder (container, device) : NULL;
}

void
iommud_operation_set_held_error (IommudDevice *device, const char *what, GError **error)
{
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY,
               "Cannot %s: it is %s to container %s: detach it first", what,
               iommud_device_is_attached (device) ? "attached" : "bound",
               iommud_container_get_name (iommud_device_get_container (device)));
}

gboolean
iommud_operation_check_may_hold (IommudContainer *container, IommudDevice *device, const char *what,
                                 GError **error)
{
  IommudContainer *holder = iommud_device_get_container (device);

  if (!iommud_device_check_present (device, what, error))
    return FALSE;
  if (holder == NULL || holder == container)
    return iommud_leasing_check_container (container, device, what, error);
  iommud_operation_set_held_error (device, what, error);
  return FALSE;
}

gboolean
iommud_operation_claim (IommudContainer *container, IommudDevice *device,
                        IommudOperationCheckFunc check, const char *what, GError **error)
{
  if (!iommud_device_claim (device, what, error))
    return FALSE;
  if (check (container, device, what, error))
    return TRUE;
  iommud_device_end_claim (device);
  return FALSE;
}

IommudIntentRecord *
iommud_operation_make_intent (const char *act, IommudContainer *container)
{
  IommudIntentRecord *record = iommud_intent_record_new ();

  iommud_record_set_string (&record->act, act);
  record->context = iommud_context_get_serial (iommud_container_get_context (container));
  record->container = iommud_container_get_serial (container);
  return record;
}

GVariant *
iommud_operation_intend (const char *act, IommudContainer *container, IommudDevice *device,
                         IommudHwpt *hwpt)
{
  g_autoptr (IommudIntentRecord) record = iommud_operation_make_intent (act, container);

  if (device != NULL)
    iommud_record_set_string (&record->device, iommud_device_get_name (device));
  record->hwpt = hwpt != NULL ? iommud_hwpt_get_serial (hwpt) : 0;
  return iommud_intent_record_to_variant (record);
}

GVariant *
iommud_operation_intend_range (const char *act, IommudContainer *container, guint64 iova,
                               guint64 length)
{
  g_autoptr (IommudIntentRecord) record = iommud_operation_make_intent (act, container);

  record->iova = iova;
  record->length = length;
  return iommud_intent_record_to_variant (record);
}

static GVariant *
report (IommudContainer *container, IommudDevice *device, IommudWriteDownParts parts, guint64 first,
        guint64 last)
{
  g_autoptr (IommudHostRecord) record = iommud_host_record_new ();
  g_autoptr (GPtrArray) changed = iommud_container_take_changed_hwpts (container);
  IommudContext *context = iommud_container_get_context (container);
  IommudHost *host = iommud_container_get_host (container);

  if (host != NULL)
    iommud_host_fill_record (host, record);
  if (!iommud_container_check_alive (container, "write it down", NULL))
    iommud_container_write_down_scopes (container, record, IOMMUD_WRITE_DOWN_ALL, 0, G_MAXUINT64);
  else
    {
      iommud_container_write_down_scopes (container, record, parts, first, last);
      iommud_container_write_down (container, record, parts, first, last);
      if (device != NULL)
        iommud_container_write_down_device (container, record, device);
      if ((parts & IOMMUD_WRITE_DOWN_HWPTS) == 0)
        iommud_container_write_down_hwpts (container, record, changed);
    }
  if (iommud_context_get_n_containers (context) > 0)
    iommud_context_write_down (context, record);
  return iommud_host_record_to_variant (record);
}

GVariant *
iommud_operation_report (IommudContainer *container, IommudWriteDownParts parts)
{
  return report (container, NULL, parts, 0, G_MAXUINT64);
}

GVariant *
iommud_operation_report_device (IommudContainer *container, IommudDevice *device)
{
  return report (container, device, IOMMUD_WRITE_DOWN_TRACKING, 0, G_MAXUINT64);
}

GVariant *
iommud_operation_report_range (IommudContainer *container, guint64 iova, guint64 length)
{
  return report (container, NULL, IOMMUD_WRITE_DOWN_MAPPINGS | IOMMUD_WRITE_DOWN_TRACKING, iova,
                 length == 0 ? G_MAXUINT64 : iova + (length - 1));
}

void
iommud_operation_close_intent (IommudHost *host, guint64 number)
{
  IommudJournal *journal = host != NULL ? iommud_host_get_journal (host) : NULL;
  g_autoptr (IommudHostRecord) record = NULL;

  if (journal == NULL || number == 0)
    return;
  record = iommud_host_record_new ();
  iommud_host_fill_record (host, record);
  iommud_journal_add_fact (journal, number, iommud_host_record_to_variant (record), NULL);
}

gboolean
iommud_operation_has_container (IommudContainer *container, GTask *task)
{
  if (container != NULL)
    return TRUE;
  g_task_return_new_error (task, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND, "The container is gone");
  return FALSE;
}

GMainContext *
iommud_operation_get_main_context (IommudContainer *container)
{
  return container != NULL ? iommud_host_get_main_context (iommud_container_get_host (container))
                           : NULL;
}
