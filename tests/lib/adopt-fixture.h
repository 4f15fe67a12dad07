/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A busy host: two contexts, one of them shared, twenty devices, every kind of HWPT, mappings, and
 * dirty pages that were taken and not delivered. */
#pragma once

#include "model-fixture.h"
#include "model/record.h"

G_BEGIN_DECLS

#define PAGE G_GUINT64_CONSTANT (4096)
#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define GIB (G_GUINT64_CONSTANT (1) << 30)
#define READ_WRITE (IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_WRITABLE)
#define FIXED (READ_WRITE | IOMMUD_MAP_FLAGS_FIXED)

typedef struct
{
  ModelFixture model;
  int file;
  char *file_name;
  guint64 floating; /* where the kernel has put a mapping of a */
  GString *signals; /* what was emitted since it was last cleared; NULL: nobody listens */
} AdoptFixture;

/* @kernel: the release; NULL: "6.12". */
void adopt_fixture_set_up (AdoptFixture *self, gconstpointer kernel);
/* Frees all containers; fails the test if the kernel or this process has anything left. */
void adopt_fixture_tear_down (AdoptFixture *self, gconstpointer unused);

IommudContainer *adopt_fixture_get (AdoptFixture *self, const char *container);
IommudHwpt *adopt_fixture_get_hwpt (AdoptFixture *self, const char *container, guint position);
void adopt_fixture_write (AdoptFixture *self, const char *device, guint64 iova, guint64 n_pages);
/* Which of the first 256 pages of a are dirty. */
char *adopt_fixture_read (AdoptFixture *self, IommudTrackerChoice tracker, gboolean no_clear,
                          guint64 n_pages);

/* All properties of all objects. @relative: serials of contexts and containers are left out. */
char *adopt_fixture_dump (AdoptFixture *self, gboolean relative);
/* Notes what all objects emit from here on. */
void adopt_fixture_listen (AdoptFixture *self);
/* How many system calls were made of each kind. */
char *adopt_fixture_count_calls (AdoptFixture *self);

/* The host is let go of, without one system call. */
IommudDescriptors *adopt_fixture_disown (AdoptFixture *self);
/* It is made again; what was dropped, one line each. */
char *adopt_fixture_adopt (AdoptFixture *self, GVariant *records, IommudDescriptors *descriptors);

G_END_DECLS
