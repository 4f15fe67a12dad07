/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads an edited file on a worker thread, and finds there what it changes: the main loop only has
 * to apply it. */
#include "config.h"

#include "simulator/edit.h"

#include "xml/host-description.h"
#include "xml/input.h"

typedef struct
{
  char *filename;
  GBytes *original;
  IommudSimulatedShape *applied;
} Request;

static void
request_free (gpointer data)
{
  Request *self = data;

  g_clear_pointer (&self->applied, iommud_simulated_shape_free);
  g_bytes_unref (self->original);
  g_free (self->filename);
  g_free (self);
}

const char *
iommud_simulated_addition_get_name (const IommudSimulatedAddition *self)
{
  return self->device != NULL ? self->device->info->name : self->host_device->name;
}

/* The device itself may have been taken. */
void
iommud_simulated_addition_free (gpointer data)
{
  IommudSimulatedAddition *self = data;

  g_clear_pointer (&self->device, iommud_simulated_device_free);
  g_clear_pointer (&self->host_device, iommud_simulated_host_device_free);
  g_free (self);
}

void
iommud_simulated_edit_free (IommudSimulatedEdit *self)
{
  g_clear_pointer (&self->applied, iommud_simulated_shape_free);
  g_clear_error (&self->error);
  g_clear_pointer (&self->wanted, iommud_simulated_shape_free);
  g_clear_pointer (&self->host, iommud_simulated_host_free);
  g_clear_pointer (&self->gone, g_ptr_array_unref);
  g_queue_clear_full (&self->additions, iommud_simulated_addition_free);
  g_free (self);
}

static IommudSimulatedHost *
parse (const Request *request, GBytes *content, GCancellable *cancellable, GError **error)
{
  g_autofree char *source = iommud_xml_display_name (request->filename);
  IommudXmlText text = { .source = source, .cancellable = cancellable };

  text.xml = g_bytes_get_data (content, &text.length);
  return iommud_xml_read_simulated_host (&text, error);
}

static IommudSimulatedShape *
describe_original (const Request *request, GCancellable *cancellable, GError **error)
{
  g_autoptr (IommudSimulatedHost) host = parse (request, request->original, cancellable, error);

  return host != NULL ? iommud_simulated_shape_new (host) : NULL;
}

/* Takes the device. */
static void
add (IommudSimulatedEdit *edit, IommudSimulatedAddition device)
{
  const char *name = iommud_simulated_addition_get_name (&device);
  const char *text = g_hash_table_lookup (edit->wanted->devices, name);
  IommudSimulatedAddition *addition = g_memdup2 (&device, sizeof device);

  if (iommud_simulated_shape_has (edit->applied->devices, name, text))
    iommud_simulated_addition_free (addition);
  else
    g_queue_push_tail (&edit->additions, addition);
}

static void
compare (IommudSimulatedEdit *edit)
{
  GPtrArray *host_devices = edit->host->host_devices;
  GPtrArray *devices = edit->host->devices;

  edit->wanted = iommud_simulated_shape_new (edit->host);
  edit->gone = iommud_simulated_shape_list_gone (edit->applied->devices, edit->wanted->devices);
  g_ptr_array_set_free_func (host_devices, NULL);
  g_ptr_array_set_free_func (devices, NULL);
  for (guint i = 0; i < host_devices->len; i++)
    add (edit, (IommudSimulatedAddition){ .host_device = host_devices->pdata[i] });
  for (guint i = 0; i < devices->len; i++)
    add (edit, (IommudSimulatedAddition){ .device = devices->pdata[i] });
  g_ptr_array_set_size (host_devices, 0);
  g_ptr_array_set_size (devices, 0);
}

/* On the worker. */
static void
read_file (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Request *request = data;
  g_autoptr (IommudSimulatedEdit) edit = g_new0 (IommudSimulatedEdit, 1);
  g_autoptr (GBytes) content = NULL;

  edit->applied = g_steal_pointer (&request->applied);
  if (edit->applied == NULL)
    edit->applied = describe_original (request, cancellable, &edit->error);
  if (edit->applied != NULL)
    content = iommud_xml_read_file (request->filename, &edit->error);
  if (content != NULL)
    edit->host = parse (request, content, cancellable, &edit->error);
  if (edit->host != NULL)
    compare (edit);
  g_task_return_pointer (task, g_steal_pointer (&edit),
                         (GDestroyNotify) iommud_simulated_edit_free);
}

void
iommud_simulated_edit_read_async (const char *filename, GBytes *original,
                                  IommudSimulatedShape *applied, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Request *request = g_new0 (Request, 1);

  request->filename = g_strdup (filename);
  request->original = g_bytes_ref (original);
  request->applied = applied;
  g_task_set_task_data (task, request, request_free);
  g_task_run_in_thread (task, read_file);
}

IommudSimulatedEdit *
iommud_simulated_edit_read_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}
