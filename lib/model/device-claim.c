/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a device may be used: one operation at a time claims it, and it may have left the
 * machine. */
#include "model/device-private.h"

#include "iommud-error.h"

gboolean
iommud_device_check_present (IommudDevice *self, const char *what, GError **error)
{
  if (!self->gone)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_DEVICE_GONE,
               "Cannot %s: the device was unplugged, unbound or deleted", what);
  return FALSE;
}

gboolean
iommud_device_claim (IommudDevice *self, const char *what, GError **error)
{
  if (!iommud_device_check_present (self, what, error))
    return FALSE;
  if (iommud_device_claim_gone (self))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY,
               "Cannot %s: another operation on %s is under way", what, self->binding.info->name);
  return FALSE;
}

gboolean
iommud_device_claim_gone (IommudDevice *self)
{
  if (self->claimed)
    return FALSE;
  self->claimed = TRUE;
  return TRUE;
}

gboolean
iommud_device_is_claimed (IommudDevice *self)
{
  return self->claimed;
}

void
iommud_device_set_wanted_by (IommudDevice *self, IommudLease *lease)
{
  self->wanted_by = lease;
}

IommudLease *
iommud_device_get_future_lease (IommudDevice *self)
{
  return self->wanted_by != NULL ? self->wanted_by : self->lease;
}

void
iommud_device_end_claim (IommudDevice *self)
{
  self->claimed = FALSE;
  if (self->gone && self->host != NULL && self->gone_handler != NULL)
    self->gone_handler (self);
}

void
iommud_device_set_gone_handler (IommudDevice *self, void (*handler) (IommudDevice *self))
{
  self->gone_handler = handler;
}

void
iommud_device_set_gone (IommudDevice *self)
{
  self->gone = TRUE;
}

gboolean
iommud_device_is_gone (IommudDevice *self)
{
  return self->gone;
}

void
iommud_device_set_successor (IommudDevice *self, IommudDeviceInfo *info)
{
  g_clear_pointer (&self->successor, iommud_device_info_unref);
  self->successor = info != NULL ? iommud_device_info_ref (info) : NULL;
}

IommudDeviceInfo *
iommud_device_get_successor (IommudDevice *self)
{
  return self->successor;
}
