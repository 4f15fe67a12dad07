/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model on a simulated host, and the few calls that its tests are made of. */
#pragma once

#include "calls.h"
#include "simulator/iommud-sim.h"

G_BEGIN_DECLS

/* Two functions of one group, a device with its own log, one that cannot be reached by dirty
 * tracking, an mdev; see the start of model-fixture.c. */
#define DIRTY_A "0000:01:00.0"
#define DIRTY_A_SIBLING "0000:01:00.1"
#define DIRTY_B "0000:02:00.0"
#define PLAIN_A "0000:81:00.0"
#define PLAIN_B "0000:82:00.0"
#define LOGGING "0000:83:00.0"
#define LOGGING_SIBLING "0000:83:00.1" /* has a log too; not plugged */
#define COARSE "0000:84:00.0"          /* logs pages of 64 KiB at least; not plugged */
#define BOTH "0000:08:00.0"            /* its own log, behind an IOMMU that tracks */
#define MIXED_DIRTY "0000:04:00.0"
#define MIXED_PLAIN "0000:04:00.1"
#define RESERVED "0000:05:00.0"
#define DIRECT "0000:09:00.0" /* a region that must stay mapped 1:1 */
#define NO_NODE "0000:06:00.0"
#define BLOCKED_GROUP "0000:07:00.0"
#define MDEV "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"

typedef struct
{
  IommudSimulator *simulator;
  IommudHost *host;
} ModelFixture;

/* @kernel: the release that the host's Linux is like, or NULL: "6.12". */
void model_fixture_set_up (ModelFixture *self, gconstpointer kernel);
/* Fails the test if anything is left in the simulated kernel. */
void model_fixture_tear_down (ModelFixture *self, gconstpointer unused);

IommudDevice *model_fixture_device (ModelFixture *self, const char *name);
IommudContainer *model_fixture_container (ModelFixture *self, const char *name,
                                          IommudDirtyTrackingPolicy policy);
/* Attaches and returns the HWPT, which is not owned by the caller; the call must succeed. */
IommudHwpt *model_fixture_attach (ModelFixture *self, IommudContainer *container,
                                  const char *device);
/* The call must fail with @code and a message that holds @text. */
void model_fixture_attach_fails (ModelFixture *self, IommudContainer *container, const char *device,
                                 IommudAttachMode mode, IommudError code, const char *text);
void model_fixture_detach (ModelFixture *self, const char *device);
/* Frees it by force and drops the caller's reference. */
void model_fixture_free_container (IommudContainer *container);
void model_fixture_inject (ModelFixture *self, const char *operation, guint nth, int errnum,
                           guint delay_ms);
/* Runs the main context until nothing is to do. */
void model_fixture_iterate (void);
/* The container's HWPTs and bound devices as the model has them, and its IOAS: what the kernel must
 * hold for it. */
guint model_fixture_count_objects (ModelFixture *self);

/* What the kernel would not free for the container, and the model does not list. */
guint model_fixture_count_orphans (IommudContainer *container);

#define assert_n_items(list, n) g_assert_cmpuint (g_list_model_get_n_items (list), ==, n)

G_END_DECLS
