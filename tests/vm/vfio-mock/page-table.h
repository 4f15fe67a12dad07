/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page table of a domain: four levels of 512 entries for pages of 4 KiB,
 * with the bits of a second-stage table of VT-d. The domain's lock is held.
 */
#ifndef VFIO_MOCK_PAGE_TABLE_H
#define VFIO_MOCK_PAGE_TABLE_H

#include <linux/bits.h>
#include <linux/types.h>

#define VMOCK_ENTRY_READ	BIT_ULL(0)
#define VMOCK_ENTRY_WRITE	BIT_ULL(1)
#define VMOCK_ENTRY_DIRTY	BIT_ULL(9)
#define VMOCK_ENTRY_ADDRESS	GENMASK_ULL(51, 12)

struct vmock_table {
	u64 *root;
	u64 pages;
	u64 dirty;
};

/* The entry of a page that is mapped, or NULL. */
u64 *vmock_table_find(const struct vmock_table *table, unsigned long iova);
/* The first mapped page from *iova to last: its entry, and its IOVA in *iova. */
u64 *vmock_table_next(const struct vmock_table *table, unsigned long *iova, unsigned long last);
/* -EEXIST if something is mapped there. */
int vmock_table_map(struct vmock_table *table, unsigned long iova, phys_addr_t address,
		    u64 rights, gfp_t gfp);
/* Whether there was something to take away. */
bool vmock_table_unmap(struct vmock_table *table, unsigned long iova);
void vmock_table_set_dirty(struct vmock_table *table, u64 *entry);
void vmock_table_clear_dirty(struct vmock_table *table, u64 *entry);
void vmock_table_free(struct vmock_table *table);

#endif
