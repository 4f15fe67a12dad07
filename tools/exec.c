/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl exec: a program that gets devices. */
#include "config.h"

#include "escape.h"
#include "exit-status.h"
#include "leased.h"
#include "names.h"
#include "program-arguments.h"
#include "program.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>

/* What is told while the program runs. */
typedef struct
{
  const IommuctlLeased *leased;
  const char *program;
  IommuctlService *service;
} Watch;

static void G_GNUC_PRINTF (1, 2) tell (const char *format, ...)
{
  g_autofree char *sentence = NULL;
  g_autofree char *escaped = NULL;
  va_list arguments;

  va_start (arguments, format);
  sentence = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  escaped = iommuctl_escape (sentence);
  fprintf (stderr, "iommuctl: %s\n", escaped);
}

static gboolean
on_released (int guard, GIOCondition condition, gpointer user_data)
{
  const Watch *self = user_data;

  tell (_ ("Lease %s was released: %s goes on, and keeps what it has open until it closes it"),
        self->leased->name, self->program);
  return G_SOURCE_REMOVE;
}

static void
on_wanted (GDBusConnection *connection, const char *sender, const char *path,
           const char *interface_name, const char *signal_name, GVariant *arguments,
           gpointer user_data)
{
  const Watch *self = user_data;
  g_autofree char *name = NULL;
  const char *device = NULL;

  if (!g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(o)")))
    return;
  g_variant_get (arguments, "(&o)", &device);
  name = iommuctl_names_of_path (self->service, device);
  tell (_ ("The host wants %s back, and waits until %s closes it"), name, self->program);
}

static guint
watch_devices (Watch *self)
{
  return g_dbus_connection_signal_subscribe (iommuctl_service_get_connection (self->service),
                                             IOMMUD_DBUS_BUS_NAME, IOMMUD_DBUS_LEASE_INTERFACE,
                                             "DeviceWanted", self->leased->path, NULL,
                                             G_DBUS_SIGNAL_FLAGS_NONE, on_wanted, self, NULL);
}

static int
wait_for (IommuctlProgram *program, Watch *self)
{
  GDBusConnection *connection = iommuctl_service_get_connection (self->service);
  g_autoptr (GSource) guard = g_unix_fd_source_new (self->leased->guard, G_IO_IN | G_IO_HUP);
  guint subscription = watch_devices (self);
  int status;

  g_source_set_callback (guard, G_SOURCE_FUNC (on_released), self, NULL);
  g_source_attach (guard, NULL);
  status = iommuctl_program_wait (program);
  g_source_destroy (guard);
  g_dbus_connection_signal_unsubscribe (connection, subscription);
  return status;
}

/* QEMU has no device model for other buses that takes a descriptor. */
static gboolean
check_for_qemu (const IommuctlLeased *leased, GError **error)
{
  for (guint i = 0; i < leased->buses->len; i++)
    {
      const char *bus = g_ptr_array_index (leased->buses, i);

      if (g_str_equal (bus, "pci") || g_str_equal (bus, "mdev"))
        continue;
      g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_NOT_SUPPORTED,
                   _ ("--qemu is for PCI devices and mdevs, and %s is on the bus '%s'"),
                   (const char *) g_ptr_array_index (leased->devices, i), bus);
      return FALSE;
    }
  return TRUE;
}

static GStrv
make_arguments (IommuctlRequest *request, const IommuctlLeased *leased, gboolean for_qemu)
{
  g_auto (GStrv) of_qemu = NULL;

  if (for_qemu)
    of_qemu = iommuctl_program_arguments_add_qemu (request->program,
                                                   (const char *const *) leased->devices->pdata);
  return iommuctl_program_arguments_fill_in (for_qemu ? of_qemu : request->program, leased->files);
}

static gboolean
run_program (IommuctlRequest *request, IommuctlLeased *leased, gboolean for_qemu, GError **error)
{
  const IommuctlSignals *signals = iommuctl_interrupt_hand_over (request->interrupt);
  g_auto (GStrv) arguments = make_arguments (request, leased, for_qemu);
  g_autoptr (IommuctlProgram) program = NULL;
  Watch watch = { leased, request->program[0], request->service };

  if (g_cancellable_set_error_if_cancelled (request->cancellable, error))
    return FALSE;
  program = iommuctl_program_start (arguments, leased->files, signals, error);
  if (program == NULL)
    return FALSE;
  /* A copy here would keep the devices in use when the program has closed its own. */
  iommuctl_leased_close_files (leased);
  request->exit_status = wait_for (program, &watch);
  return TRUE;
}

gboolean
iommuctl_exec_run (IommuctlRequest *request, GError **error)
{
  const gboolean for_qemu = iommuctl_request_has (request, "qemu");
  g_autoptr (IommuctlLeased) leased = NULL;

  g_variant_dict_remove (request->values, "qemu");
  leased = iommuctl_leased_new (request, error);
  if (leased == NULL || (for_qemu && !check_for_qemu (leased, error)))
    return FALSE;
  return run_program (request, leased, for_qemu, error);
}
