/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container with mappings on a simulated host, and how its dirty pages are read in tests. */
#pragma once

#include "mapping-fixture.h"

G_BEGIN_DECLS

void dirty_fixture_attach (MappingFixture *self, const char *device, IommudTrackerChoice tracker);
void dirty_fixture_detach (MappingFixture *self, const char *device);
/* Maps the file at its own offset: IOVA and offset are the same. */
void dirty_fixture_map (MappingFixture *self, guint64 iova, guint64 length);
void dirty_fixture_start (MappingFixture *self);
void dirty_fixture_stop (MappingFixture *self);
gboolean dirty_fixture_is_active (MappingFixture *self);
/* The pages of a range that are dirty, "3 7-9", counted in pages of @page_size from @iova; the call
 * must succeed. Checks that the bitmap is as large as it should be, and sealed, and its count. */
char *dirty_fixture_read_all (MappingFixture *self, guint64 iova, guint64 length, guint64 page_size,
                              gboolean no_clear, IommudTrackerChoice tracker);
/* The same, read from all trackers in pages of 4096, which are clean then. */
void dirty_fixture_assert_dirty (MappingFixture *self, guint64 iova, guint64 length,
                                 const char *pages);
void dirty_fixture_read_fails (MappingFixture *self, guint64 iova, guint64 length,
                               guint64 page_size, IommudError code, const char *text);
/* The same for a bitmap that was read already; closes it. */
char *dirty_fixture_describe (int fd, guint64 n_bits, guint64 dirty_pages);
/* Unmaps with a bitmap, which is described. */
char *dirty_fixture_unmap (MappingFixture *self, guint64 iova, guint64 length);
/* A device writes a byte to each of the pages. */
void dirty_fixture_write (MappingFixture *self, const char *device, guint64 iova, guint64 n_pages);
guint dirty_fixture_count (MappingFixture *self, const char *operation);

G_END_DECLS
