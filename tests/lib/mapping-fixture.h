/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container on a simulated host and a file to map in it. */
#pragma once

#include "model-fixture.h"

G_BEGIN_DECLS

#define PAGE G_GUINT64_CONSTANT (4096)
#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define GIB (G_GUINT64_CONSTANT (1) << 30)
#define TIB (G_GUINT64_CONSTANT (1) << 40)

#define READ_WRITE (IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_WRITABLE)
#define FIXED (READ_WRITE | IOMMUD_MAP_FLAGS_FIXED)

typedef struct
{
  ModelFixture model;
  IommudContainer *container;
  int file; /* a memfd of one TiB, all hole */
  guint files_before;
} MappingFixture;

/* See model_fixture_set_up(). */
void mapping_fixture_set_up (MappingFixture *self, gconstpointer kernel);
/* Fails the test if a file is left open, or mapped in this process. */
void mapping_fixture_tear_down (MappingFixture *self, gconstpointer unused);

/* A file of holes in memory. */
int mapping_fixture_new_file (guint64 size);
/* A second container in the context of the first. */
IommudContainer *mapping_fixture_share (MappingFixture *self, const char *name);
/* The calls must succeed. */
guint64 mapping_fixture_map (MappingFixture *self, IommudContainer *container, guint64 offset,
                             guint64 length, guint64 iova, IommudMapFlags flags);
guint64 mapping_fixture_copy (IommudContainer *container, IommudContainer *source,
                              guint64 source_iova, guint64 length, guint64 iova,
                              IommudMapFlags flags);
void mapping_fixture_unmap (IommudContainer *container, guint64 iova, guint64 length);
/* The call must fail with @code and a message that holds @text, and change nothing. */
void mapping_fixture_map_fails (MappingFixture *self, int file, guint64 offset, guint64 length,
                                guint64 iova, IommudMapFlags flags, IommudError code,
                                const char *text);
void mapping_fixture_unmap_fails (MappingFixture *self, guint64 iova, guint64 length,
                                  IommudError code, const char *text);
/* The properties say so; @mappings is an a(tttu) in text, without its types. */
void mapping_fixture_assert_mapped (IommudContainer *container, const char *mappings);
guint64 mapping_fixture_get_mapped_bytes (IommudContainer *container);
/* Parts of clients' files that are mapped in this process, and its open files, but for
 * those of the simulated kernel. */
guint mapping_fixture_count_memory (void);
guint mapping_fixture_count_files (void);
/* The error has @code and a message that holds @text. */
void mapping_fixture_assert_refused (const GError *error, IommudError code, const char *text);

/* What a device does by DMA; it must succeed. */
void mapping_fixture_write (MappingFixture *self, const char *device, guint64 iova, guint64 length,
                            guint8 value);
guint8 mapping_fixture_read (MappingFixture *self, guint64 offset);

G_END_DECLS
