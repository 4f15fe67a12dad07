/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is mapped in an IOAS, sorted by IOVA. */
#pragma once

#include "handle/mapped-file.h"
#include "iommud-types.h"
#include "kernel/iommufd.h"

G_BEGIN_DECLS

/* What one turn of an operation does at most; both bound how long others wait. */
#define IOMMUD_MAPPING_PIECE (G_GUINT64_CONSTANT (1) << 30)
#define IOMMUD_MAPPING_MAX_CALLS 256

/* How memory is mapped. */
typedef enum
{
  IOMMUD_MAP_FLAGS_NONE = 0,
  IOMMUD_MAP_FLAGS_READABLE = 1 << 0, /* devices may read the memory */
  IOMMUD_MAP_FLAGS_WRITABLE = 1 << 1, /* devices may write to it */
  IOMMUD_MAP_FLAGS_FIXED = 1 << 2,    /* at the IOVA that is given; else the kernel chooses one */
} IommudMapFlags;

typedef struct
{
  guint64 iova;
  guint64 length; /* what is mapped of it now: a long mapping is made and unmade in pieces */
  guint64 file_offset;
  IommudMapFlags flags;        /* without FIXED */
  gboolean memory_is_writable; /* a writable copy of it can be made */
  /* The kernel's mappings in it, which UNMAP may not split: one of this length, then others of that
   * one. */
  guint64 first_piece;
  guint64 piece;
  gboolean by_address; /* the kernel has an address of the process that mapped it, not the file */
  IommudMappedFile *file; /* what is at that address; NULL if the kernel holds the file itself */
} IommudMapping;

typedef struct _IommudMappingTable IommudMappingTable;

IommudMappingTable *iommud_mapping_table_new (void);
/* Drops its files too. */
void iommud_mapping_table_free (IommudMappingTable *self);

guint64 iommud_mapping_table_get_count (const IommudMappingTable *self);
guint64 iommud_mapping_table_get_bytes (const IommudMappingTable *self);

/* Whether the memory of any mapping is kept by its file. */
gboolean iommud_mapping_table_has_files (const IommudMappingTable *self);

/* The last address of a mapping, inside it. */
guint64 iommud_mapping_get_last (const IommudMapping *mapping);
/* Where the kernel's mapping that holds the byte at @position ends, and where the one that holds
 * the last byte begins: both counted from the beginning of this mapping. */
guint64 iommud_mapping_get_end_of_piece (const IommudMapping *mapping, guint64 position);
guint64 iommud_mapping_get_last_piece (const IommudMapping *mapping);
/* The first mapping that meets a range, or NULL. O(log n). */
const IommudMapping *iommud_mapping_table_find (IommudMappingTable *self, guint64 first,
                                                guint64 last);
/* The next one, or NULL. O(1) on average, so that walking over k mappings is O(k). */
const IommudMapping *iommud_mapping_table_next (IommudMappingTable *self,
                                                const IommudMapping *mapping);

/* Nothing may be mapped there, and its length may not be 0. Takes a reference on the file. */
void iommud_mapping_table_add (IommudMappingTable *self, const IommudMapping *mapping);
/* Sets the length of the mapping that begins at @iova; 0 takes it out. */
void iommud_mapping_table_resize (IommudMappingTable *self, guint64 iova, guint64 length);
/* Takes the last @n mappings out, or all if there are fewer. */
void iommud_mapping_table_drop_last (IommudMappingTable *self, guint n);
/* Gives the mapping at @iova another file, or none; returns its old one, which the caller owns now.
 */
IommudMappedFile *iommud_mapping_table_set_file (IommudMappingTable *self, guint64 iova,
                                                 IommudMappedFile *file);

/* The mapped parts of a range, sorted, as a new array of IommudIovaRange: mappings that touch are
 * one. @writable: only those for writing. O(log n + k), but O(n) for the first call. */
GArray *iommud_mapping_table_get_runs (IommudMappingTable *self, guint64 first, guint64 last,
                                       gboolean writable);

G_END_DECLS
