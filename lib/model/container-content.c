/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container has, for its users. */
#include "model/container-private.h"

/**
 * iommud_container_get_serial:
 * @self: a container
 *
 * Its number, which is never used twice.
 *
 * Returns: the serial
 */
guint64
iommud_container_get_serial (IommudContainer *self)
{
  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), 0);
  return self->serial;
}

/**
 * iommud_container_get_name:
 * @self: a container
 *
 * The container's name, which no other container of the host has.
 *
 * Returns: the name
 */
const char *
iommud_container_get_name (IommudContainer *self)
{
  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), NULL);
  return self->name;
}

/**
 * iommud_container_get_devices:
 * @self: a container
 *
 * The devices that are bound to the container's context on its behalf; emits
 * #GListModel::items-changed as they come and go.
 *
 * Returns: (transfer none): a list of #IommudDevice
 */
GListModel *
iommud_container_get_devices (IommudContainer *self)
{
  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), NULL);
  return G_LIST_MODEL (self->devices);
}

/**
 * iommud_container_get_hwpts:
 * @self: a container
 *
 * The HWPTs made from the container's IOAS; emits #GListModel::items-changed as they come and go.
 *
 * Returns: (transfer none): a list of #IommudHwpt
 */
GListModel *
iommud_container_get_hwpts (IommudContainer *self)
{
  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), NULL);
  return G_LIST_MODEL (self->hwpts);
}

/**
 * iommud_container_get_memory:
 * @self: a container
 *
 * The container's I/O virtual addresses, and the memory that is mapped at them.
 *
 * Returns: (transfer none): its memory
 */
IommudMemory *
iommud_container_get_memory (IommudContainer *self)
{
  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), NULL);
  return self->memory;
}

/**
 * iommud_container_get_dirty_tracking:
 * @self: a container
 *
 * The container's dirty tracking.
 *
 * Returns: (transfer none): its dirty tracking
 */
IommudDirtyTracking *
iommud_container_get_dirty_tracking (IommudContainer *self)
{
  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), NULL);
  return self->dirty_tracking;
}
