/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all operations share: entering the queue, and access to the kernel. */
#pragma once

#include "base/queue.h"
#include "handle/binding.h"
#include "model/container.h"
#include "model/write-down.h"

G_BEGIN_DECLS

/* Queues an operation on @container behind the others of its context. @data and @task are taken. */
void iommud_operation_submit (IommudContainer *container, const IommudOperation *operation,
                              gpointer data, GTask *task);
/* Fills the part of a plan that says where kernel calls go. @what is taken. @device, or NULL, is
 * the device that the calls are about: errors name the device that holds its group. */
void iommud_operation_fill_access (IommudKernelAccess *access, IommudContainer *container,
                                   char *what, IommudDevice *device);
/* The error for a device that a container has, and that has to be detached first. */
void iommud_operation_set_held_error (IommudDevice *device, const char *what, GError **error);
typedef gboolean (*IommudOperationCheckFunc) (IommudContainer *container, IommudDevice *device,
                                              const char *what, GError **error);
/* Fails if the device has left the host or belongs to another container. */
gboolean iommud_operation_check_may_hold (IommudContainer *container, IommudDevice *device,
                                          const char *what, GError **error);
/* Claims a device for an operation on a container, but not if @check says that the operation is
 * bound to fail: another one would have to wait, perhaps for long, until the turn of this one
 * comes. */
gboolean iommud_operation_claim (IommudContainer *container, IommudDevice *device,
                                 IommudOperationCheckFunc check, const char *what, GError **error);
/* For intent. @act is the name of the operation's file. Device and HWPT may be NULL. */
GVariant *iommud_operation_intend (const char *act, IommudContainer *container,
                                   IommudDevice *device, IommudHwpt *hwpt);
GVariant *iommud_operation_intend_range (const char *act, IommudContainer *container, guint64 iova,
                                         guint64 length);
/* The same, for an operation that adds more to it. */
IommudIntentRecord *iommud_operation_make_intent (const char *act, IommudContainer *container);
/* For fact: @parts of @container as they are now, and the HWPTs that have changed, in a record of
 * the host; the container is left out if it was freed. */
GVariant *iommud_operation_report (IommudContainer *container, IommudWriteDownParts parts);
/* Tells the journal, if there is one, that nothing is left of what an intent was about. 0: nothing
 * was written down. */
void iommud_operation_close_intent (IommudHost *host, guint64 number);
/* One device and the tracking. */
GVariant *iommud_operation_report_device (IommudContainer *container, IommudDevice *device);
/* The mappings that meet a range (a length of 0: all behind @iova), and the tracking. */
GVariant *iommud_operation_report_range (IommudContainer *container, guint64 iova, guint64 length);

/* @container is the one that some memory or dirty tracking belongs to. NULL means that it is gone:
 * then @task ends with an error. */
gboolean iommud_operation_has_container (IommudContainer *container, GTask *task);

/* The main context of a container's host, for iommud_sync_begin(). @container may be NULL. */
GMainContext *iommud_operation_get_main_context (IommudContainer *container);

G_END_DECLS
