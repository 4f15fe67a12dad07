/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mock IOMMU instances. Each has a software node, by which the devices that
 * are behind it name it. One is made when a device first asks for it, and
 * stays.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "vfio-mock.h"

/* Bits of the registers as the VT-d specification has them. */
#define CAP_MGAW_SHIFT		16
#define ECAP_SNOOP_CONTROL	BIT_ULL(7)
#define ECAP_NESTING		BIT_ULL(26)
#define ECAP_SCALABLE_MODE	BIT_ULL(43)
#define ECAP_SECOND_STAGE_DIRTY	BIT_ULL(45)

#define MOST_PASIDS		BIT(20)

struct vmock_iommu {
	struct iommu_device core;
};

static struct vmock_iommu *iommus[VMOCK_MOST_IOMMUS];
static DEFINE_MUTEX(iommus_lock);

static bool is_capable(struct device *dev, enum iommu_cap cap)
{
	struct vmock_device *device = vmock_device_from(dev);

	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		return device->spec.cache_coherency;
	case IOMMU_CAP_ENFORCE_CACHE_COHERENCY:
		return device->spec.enforced_coherency;
	case IOMMU_CAP_DIRTY_TRACKING:
		return device->spec.dirty;
	default:
		return false;
	}
}

static void *hw_info(struct device *dev, u32 *length, u32 *type)
{
	struct vmock_device *device = vmock_device_from(dev);
	const struct vmock_specification *spec = &device->spec;
	struct iommu_hw_info_vtd *info = kzalloc(sizeof(*info), GFP_KERNEL);

	if (!info)
		return ERR_PTR(-ENOMEM);
	info->cap_reg = (u64)(spec->address_width - 1) << CAP_MGAW_SHIFT;
	info->ecap_reg = ECAP_SCALABLE_MODE |
			 (spec->enforced_coherency ? ECAP_SNOOP_CONTROL : 0) |
			 (spec->nest ? ECAP_NESTING : 0) |
			 (spec->dirty ? ECAP_SECOND_STAGE_DIRTY : 0);
	*length = sizeof(*info);
	*type = IOMMU_HW_INFO_TYPE_INTEL_VTD;
	return info;
}

static struct iommu_device *probe_device(struct device *dev)
{
	struct vmock_device *device = vmock_device_from(dev);

	return device ? &device->iommu->core : ERR_PTR(-ENODEV);
}

static struct iommu_group *device_group(struct device *dev)
{
	struct vmock_device *device = vmock_device_from(dev);

	if (!device->group)
		return generic_device_group(dev);
	return vmock_group_get_iommu_group(device->group);
}

static void get_resv_regions(struct device *dev, struct list_head *list)
{
	const struct vmock_specification *spec = &vmock_device_from(dev)->spec;

	for (unsigned int i = 0; i < spec->region_count; i++) {
		const struct vmock_region *region = &spec->regions[i];
		bool is_direct = region->type == IOMMU_RESV_DIRECT;
		struct iommu_resv_region *entry =
			iommu_alloc_resv_region(region->first, region->last - region->first + 1,
						is_direct ? IOMMU_READ | IOMMU_WRITE : 0,
						region->type, GFP_KERNEL);

		if (entry)
			list_add_tail(&entry->list, list);
	}
}

static int def_domain_type(struct device *dev)
{
	return IOMMU_DOMAIN_IDENTITY;
}

const struct iommu_ops vmock_iommu_ops = {
	.capable = is_capable,
	.hw_info = hw_info,
	.domain_alloc_user = vmock_domain_alloc_user,
	.domain_alloc_paging = vmock_domain_alloc_paging,
	.probe_device = probe_device,
	.device_group = device_group,
	.get_resv_regions = get_resv_regions,
	.def_domain_type = def_domain_type,
	.default_domain_ops = &vmock_paging_ops,
	.pgsize_bitmap = PAGE_SIZE,
	.owner = THIS_MODULE,
	.identity_domain = &vmock_identity_domain,
	.blocked_domain = &vmock_blocked_domain,
	.release_domain = &vmock_blocked_domain,
};

static int register_iommu(struct vmock_iommu *iommu, unsigned int number)
{
	int error = iommu_device_sysfs_add(&iommu->core, NULL, NULL, VMOCK_NAME "-iommu%u", number);

	if (error)
		return error;
	error = iommu_device_register(&iommu->core, &vmock_iommu_ops, NULL);
	if (error)
		iommu_device_sysfs_remove(&iommu->core);
	return error;
}

static struct vmock_iommu *create(unsigned int number)
{
	struct vmock_iommu *iommu __free(kfree) = kzalloc(sizeof(*iommu), GFP_KERNEL);
	struct fwnode_handle *node = fwnode_create_software_node(NULL, NULL);
	int error = iommu && !IS_ERR(node) ? 0 : -ENOMEM;

	if (!error) {
		iommu->core.fwnode = node;
		iommu->core.max_pasids = MOST_PASIDS;
		error = register_iommu(iommu, number);
	}
	if (!error)
		return no_free_ptr(iommu);
	if (!IS_ERR(node))
		fwnode_remove_software_node(node);
	return ERR_PTR(error);
}

struct vmock_iommu *vmock_iommu_get(unsigned int number)
{
	struct vmock_iommu *iommu;

	guard(mutex)(&iommus_lock);
	if (iommus[number])
		return iommus[number];
	iommu = create(number);
	if (!IS_ERR(iommu))
		iommus[number] = iommu;
	return iommu;
}

/* Before the device is added to its bus, so that the core finds its IOMMU. */
int vmock_iommu_add_device(struct vmock_iommu *iommu, struct device *dev)
{
	guard(mutex)(&iommu_probe_device_lock);
	return iommu_fwspec_init(dev, iommu->core.fwnode);
}
