/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host on a bus. All its objects are there when it is created; owning the bus name is left to the
 * caller. */
#include "service.h"

#include "dispatch.h"
#include "exporter.h"
#include "intake.h"
#include "iommud-dbus-error.h"
#include "listing.h"

/* Codes on the bus are those of the library, so that one registration serves both. */
#define ASSERT_SAME_CODE(name)                                                                     \
  G_STATIC_ASSERT ((int) IOMMUD_ERROR_##name == (int) IOMMUD_DBUS_ERROR_##name)
ASSERT_SAME_CODE (FAILED);
ASSERT_SAME_CODE (NOT_FOUND);
ASSERT_SAME_CODE (EXISTS);
ASSERT_SAME_CODE (BUSY);
ASSERT_SAME_CODE (INVALID_ARGUMENT);
ASSERT_SAME_CODE (NOT_SUPPORTED);
ASSERT_SAME_CODE (INCOMPATIBLE);
ASSERT_SAME_CODE (PERMISSION_DENIED);
ASSERT_SAME_CODE (NOT_AUTHORIZED);
ASSERT_SAME_CODE (ADDRESS_IN_USE);
ASSERT_SAME_CODE (NO_SPACE);
ASSERT_SAME_CODE (NO_MEMORY);
ASSERT_SAME_CODE (LIMITS_EXCEEDED);
ASSERT_SAME_CODE (DEVICE_GONE);
ASSERT_SAME_CODE (TIMED_OUT);

struct _IommudService
{
  GObject parent_instance;

  IommudServiceState *state;
  IommudExporter *exporter;
  IommudIntake *intake;
};

G_DEFINE_FINAL_TYPE (IommudService, iommud_service, G_TYPE_OBJECT)

static void
iommud_service_finalize (GObject *object)
{
  IommudService *self = IOMMUD_SERVICE (object);

  g_clear_pointer (&self->intake, iommud_intake_free);
  g_clear_pointer (&self->state->listing, iommud_listing_free);
  iommud_service_state_close (self->state);
  g_clear_pointer (&self->exporter, iommud_exporter_free);
  g_clear_pointer (&self->state, iommud_service_state_unref);
  G_OBJECT_CLASS (iommud_service_parent_class)->finalize (object);
}

static void
iommud_service_class_init (IommudServiceClass *class)
{
  G_OBJECT_CLASS (class)->finalize = iommud_service_finalize;
}

static void
iommud_service_init (IommudService *self)
{
}

static void
serve (IommudCaller *caller, GDBusMessage *message, gpointer state)
{
  iommud_dispatch (state, caller, message);
}

IommudService *
iommud_service_new (IommudHost *host, GDBusConnection *connection, IommudPolicy policy)
{
  IommudService *self = g_object_new (IOMMUD_TYPE_SERVICE, NULL);

  g_assert (iommud_dbus_error_quark () == iommud_error_quark ());
  self->state = iommud_service_state_new (host, connection, policy, serve);
  self->state->listing =
      iommud_listing_new (connection, self->state->objects, self->state->long_answers);
  self->exporter = iommud_exporter_new (self->state);
  self->intake = iommud_intake_new (self->state);
  return self;
}

/* Answers wait until the service manager has the files that they are about. */
void
iommud_service_wait_for (IommudService *self, IommudFdStore *fd_store)
{
  self->state->fd_store = fd_store;
}
