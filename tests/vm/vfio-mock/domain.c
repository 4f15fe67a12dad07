/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains: which device is on which, what a paging domain maps, and what an
 * access through it meets.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "domain.h"

static void leave(struct vmock_device *device)
{
	struct vmock_domain *domain = device->domain;

	lockdep_assert_held(&device->lock);
	device->left = domain;
	device->domain = NULL;
	if (!domain)
		return;
	guard(mutex)(&domain->lock);
	list_del(&device->domain_entry);
	domain->device_count--;
}

static void enter(struct vmock_device *device, struct vmock_domain *domain)
{
	lockdep_assert_held(&device->lock);
	guard(mutex)(&domain->lock);
	list_add_tail(&device->domain_entry, &domain->devices);
	domain->device_count++;
	device->domain = domain;
}

void vmock_domain_move(struct vmock_device *device, enum vmock_domain_kind kind,
		       struct vmock_domain *domain)
{
	leave(device);
	device->kind = kind;
	if (domain)
		enter(device, domain);
}

static int attach_fixed(struct device *dev, enum vmock_domain_kind kind)
{
	struct vmock_device *device = vmock_device_from(dev);

	if (!device)
		return -EINVAL;
	guard(mutex)(&device->lock);
	vmock_domain_move(device, kind, NULL);
	return 0;
}

static int attach_identity(struct iommu_domain *domain, struct device *dev)
{
	return attach_fixed(dev, VMOCK_IDENTITY);
}

static int attach_blocked(struct iommu_domain *domain, struct device *dev)
{
	return attach_fixed(dev, VMOCK_BLOCKED);
}

struct iommu_domain vmock_identity_domain = {
	.type = IOMMU_DOMAIN_IDENTITY,
	.ops = &(const struct iommu_domain_ops){ .attach_dev = attach_identity },
};

struct iommu_domain vmock_blocked_domain = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &(const struct iommu_domain_ops){ .attach_dev = attach_blocked },
};

int vmock_domain_check(struct vmock_domain *domain, struct vmock_device *device)
{
	unsigned long aperture = BIT(device->spec.address_width) - 1;

	if (domain->iommu != device->iommu)
		return -EINVAL;
	if (domain->core.dirty_ops && !device->spec.dirty)
		return -EINVAL;
	if (domain->enforced_coherency && !device->spec.enforced_coherency)
		return -EINVAL;
	return domain->core.geometry.aperture_end > aperture ? -EINVAL : 0;
}

/*
 * When a replace fails at one member of a group, the core attaches that one and
 * those before it to where they were, and takes a failure of that for a defect.
 */
static bool is_way_back(struct vmock_device *device, struct vmock_domain *domain)
{
	if (device->domain == domain)
		return true;
	return device->domain && device->left == domain && vmock_group_is_shared(device->group);
}

static int attach_paging(struct iommu_domain *core, struct device *dev)
{
	struct vmock_domain *domain = to_vmock_domain(core);
	struct vmock_device *device = vmock_device_from(dev);
	int error;

	if (!device)
		return -EINVAL;
	guard(mutex)(&device->lock);
	error = vmock_domain_check(domain, device);
	if (!error && !is_way_back(device, domain))
		error = vmock_injection_take(&device->injection, VMOCK_CALL_ATTACH);
	if (!error)
		vmock_domain_move(device, VMOCK_PAGING, domain);
	return error;
}

int vmock_domain_take_error(struct vmock_domain *domain, enum vmock_call call)
{
	struct vmock_device *device;
	int error = 0;

	lockdep_assert_held(&domain->lock);
	list_for_each_entry(device, &domain->devices, domain_entry)
		if (!error)
			error = vmock_injection_take(&device->injection, call);
	return error;
}

/* A domain that no device is on yet is filled for the one it was made for. */
static int take_map_error(struct vmock_domain *domain)
{
	if (list_empty(&domain->devices))
		return vmock_injection_take(&domain->maker->injection, VMOCK_CALL_MAP);
	return vmock_domain_take_error(domain, VMOCK_CALL_MAP);
}

static int map_pages(struct iommu_domain *core, unsigned long iova, phys_addr_t address,
		     size_t page_size, size_t count, int prot, gfp_t gfp, size_t *mapped)
{
	struct vmock_domain *domain = to_vmock_domain(core);
	u64 rights = (prot & IOMMU_READ ? VMOCK_ENTRY_READ : 0) |
		     (prot & IOMMU_WRITE ? VMOCK_ENTRY_WRITE : 0);
	int error;

	guard(mutex)(&domain->lock);
	error = take_map_error(domain);
	for (; !error && count; count--) {
		error = vmock_table_map(&domain->table, iova, address, rights, gfp);
		if (error)
			break;
		iova += page_size;
		address += page_size;
		*mapped += page_size;
	}
	return error;
}

static size_t unmap_pages(struct iommu_domain *core, unsigned long iova, size_t page_size,
			  size_t count, struct iommu_iotlb_gather *gather)
{
	struct vmock_domain *domain = to_vmock_domain(core);
	size_t unmapped = 0;

	guard(mutex)(&domain->lock);
	for (; count && vmock_table_unmap(&domain->table, iova + unmapped); count--)
		unmapped += page_size;
	return unmapped;
}

static phys_addr_t iova_to_phys(struct iommu_domain *core, dma_addr_t iova)
{
	struct vmock_domain *domain = to_vmock_domain(core);
	u64 *entry;

	guard(mutex)(&domain->lock);
	entry = vmock_table_find(&domain->table, iova);
	return entry ? (*entry & VMOCK_ENTRY_ADDRESS) | offset_in_page(iova) : 0;
}

static bool enforce_cache_coherency(struct iommu_domain *core)
{
	to_vmock_domain(core)->enforced_coherency = true;
	return true;
}

static void free_paging(struct iommu_domain *core)
{
	struct vmock_domain *domain = to_vmock_domain(core);

	WARN_ON(!list_empty(&domain->devices));
	vmock_table_free(&domain->table);
	put_device(&domain->maker->pdev.dev);
	kfree(domain);
}

const struct iommu_domain_ops vmock_paging_ops = {
	.attach_dev = attach_paging,
	.map_pages = map_pages,
	.unmap_pages = unmap_pages,
	.iova_to_phys = iova_to_phys,
	.enforce_cache_coherency = enforce_cache_coherency,
	.free = free_paging,
};

struct iommu_domain *vmock_domain_alloc_paging(struct device *dev)
{
	struct vmock_device *device = vmock_device_from(dev);
	struct vmock_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	if (!domain)
		return NULL;
	mutex_init(&domain->lock);
	INIT_LIST_HEAD(&domain->devices);
	get_device(dev);
	domain->maker = device;
	domain->iommu = device->iommu;
	domain->core.type = IOMMU_DOMAIN_UNMANAGED;
	domain->core.ops = &vmock_paging_ops;
	domain->core.pgsize_bitmap = SZ_4K;
	domain->core.geometry.aperture_end = BIT(device->spec.address_width) - 1;
	domain->core.geometry.force_aperture = true;
	return &domain->core;
}

static int check_flags(const struct vmock_specification *spec, u32 flags)
{
	bool dirty = flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
	bool parent = flags & IOMMU_HWPT_ALLOC_NEST_PARENT;

	if (flags & ~(IOMMU_HWPT_ALLOC_DIRTY_TRACKING | IOMMU_HWPT_ALLOC_NEST_PARENT))
		return -EOPNOTSUPP;
	if ((dirty && !spec->dirty) || (parent && !spec->nest))
		return -EOPNOTSUPP;
	return dirty && parent && spec->nest_excludes_dirty ? -EOPNOTSUPP : 0;
}

static struct iommu_domain *alloc_paging(struct vmock_device *device, u32 flags)
{
	struct iommu_domain *domain;
	int error = check_flags(&device->spec, flags);

	if (!error)
		error = vmock_injection_take(&device->injection, VMOCK_CALL_ALLOC);
	if (error)
		return ERR_PTR(error);
	domain = vmock_domain_alloc_paging(&device->pdev.dev);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	if (flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING)
		domain->dirty_ops = &vmock_dirty_ops;
	return domain;
}

struct iommu_domain *vmock_domain_alloc_user(struct device *dev, u32 flags,
					     struct iommu_domain *parent,
					     const struct iommu_user_data *data)
{
	struct vmock_device *device = vmock_device_from(dev);
	int error;

	if (!parent)
		return data ? ERR_PTR(-EOPNOTSUPP) : alloc_paging(device, flags);
	if (flags || !device->spec.nest)
		return ERR_PTR(-EOPNOTSUPP);
	error = vmock_injection_take(&device->injection, VMOCK_CALL_ALLOC);
	return error ? ERR_PTR(error) : vmock_nested_alloc(device, to_vmock_domain(parent), data);
}

void vmock_domain_get_state(struct vmock_domain *domain, struct vmock_domain_state *state)
{
	guard(mutex)(&domain->lock);
	state->devices = domain->device_count;
	state->pages = domain->table.pages;
	state->dirty = domain->table.dirty;
	state->can_dirty = domain->core.dirty_ops;
	state->tracking = domain->tracking;
}

static void move_bytes(u64 entry, const struct vmock_target *target)
{
	struct page *page = pfn_to_page(PHYS_PFN(entry & VMOCK_ENTRY_ADDRESS));
	u8 *memory = kmap_local_page(page);

	memory += offset_in_page(target->iova);
	if (target->is_write)
		memset(memory, target->byte, target->length);
	else
		memcpy(target->data, memory, target->length);
	kunmap_local(memory);
}

int vmock_domain_access(struct vmock_domain *domain, struct vmock_device *device,
			const struct vmock_target *target)
{
	u64 right = target->is_write ? VMOCK_ENTRY_WRITE : VMOCK_ENTRY_READ;
	int error = 0;
	u64 *entry;

	lockdep_assert_held(&device->lock);
	guard(mutex)(&domain->lock);
	entry = vmock_table_find(&domain->table, target->iova);
	if (!entry || !(*entry & right) || !pfn_valid(PHYS_PFN(*entry & VMOCK_ENTRY_ADDRESS)))
		return -EFAULT;
	if (target->is_write)
		error = vmock_log_note(&device->log, target->iova);
	if (error)
		return error;
	move_bytes(*entry, target);
	if (target->is_write && domain->tracking)
		vmock_table_set_dirty(&domain->table, entry);
	return 0;
}
