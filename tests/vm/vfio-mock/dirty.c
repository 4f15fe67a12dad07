/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dirty tracking in the IOMMU: bits in the page table.
 */
#include <linux/sizes.h>

#include "domain.h"

static int set_dirty_tracking(struct iommu_domain *core, bool enabled)
{
	struct vmock_domain *domain = to_vmock_domain(core);
	int error;

	guard(mutex)(&domain->lock);
	error = vmock_domain_take_error(domain, VMOCK_CALL_DIRTY);
	if (!error)
		domain->tracking = enabled;
	return error;
}

static void read_entries(struct vmock_table *table, unsigned long iova, unsigned long last,
			 bool clear, struct iommu_dirty_bitmap *dirty)
{
	u64 *entry;

	while (iova <= last && (entry = vmock_table_next(table, &iova, last))) {
		if (*entry & VMOCK_ENTRY_DIRTY) {
			iommu_dirty_bitmap_record(dirty, iova, SZ_4K);
			if (clear)
				vmock_table_clear_dirty(table, entry);
		}
		iova += SZ_4K;
	}
}

/* Without a bitmap the core wants old bits gone before it starts tracking. */
static int read_and_clear_dirty(struct iommu_domain *core, unsigned long iova, size_t size,
				unsigned long flags, struct iommu_dirty_bitmap *dirty)
{
	struct vmock_domain *domain = to_vmock_domain(core);
	int error = 0;

	guard(mutex)(&domain->lock);
	if (dirty->bitmap && !domain->tracking)
		return -EINVAL;
	if (dirty->bitmap)
		error = vmock_domain_take_error(domain, VMOCK_CALL_DIRTY);
	if (!error)
		read_entries(&domain->table, iova, iova + size - 1,
			     !(flags & IOMMU_DIRTY_NO_CLEAR), dirty);
	return error;
}

const struct iommu_dirty_ops vmock_dirty_ops = {
	.set_dirty_tracking = set_dirty_tracking,
	.read_and_clear_dirty = read_and_clear_dirty,
};
