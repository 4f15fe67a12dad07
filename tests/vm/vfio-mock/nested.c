/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nested domains: what user space gives as a first stage is taken, but its
 * tables are never walked. A device on such a domain has no DMA.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "domain.h"

struct vmock_nested {
	struct iommu_domain core;
	struct vmock_domain *parent;
	struct vmock_iommu *iommu;
};

static int attach(struct iommu_domain *core, struct device *dev)
{
	struct vmock_nested *nested = container_of(core, struct vmock_nested, core);
	struct vmock_device *device = vmock_device_from(dev);
	int error;

	if (!device || nested->iommu != device->iommu)
		return -EINVAL;
	guard(mutex)(&device->lock);
	error = vmock_domain_check(nested->parent, device);
	if (!error)
		error = vmock_injection_take(&device->injection, VMOCK_CALL_ATTACH);
	if (!error)
		vmock_domain_move(device, VMOCK_NESTED, nested->parent);
	return error;
}

static int cache_invalidate_user(struct iommu_domain *core, struct iommu_user_data_array *array)
{
	u32 count = array->entry_num;
	int error = 0;

	if (array->type != IOMMU_HWPT_INVALIDATE_DATA_VTD_S1)
		error = -EINVAL;
	for (array->entry_num = 0; !error && array->entry_num < count; array->entry_num++) {
		struct iommu_hwpt_vtd_s1_invalidate entry;

		error = iommu_copy_struct_from_user_array(&entry, array,
							  IOMMU_HWPT_INVALIDATE_DATA_VTD_S1,
							  array->entry_num, __reserved);
		if (!error && (entry.flags & ~IOMMU_VTD_INV_FLAGS_LEAF || entry.__reserved))
			error = -EOPNOTSUPP;
		if (error)
			break;
	}
	return error;
}

static void free_nested(struct iommu_domain *core)
{
	kfree(container_of(core, struct vmock_nested, core));
}

static const struct iommu_domain_ops nested_ops = {
	.attach_dev = attach,
	.cache_invalidate_user = cache_invalidate_user,
	.free = free_nested,
};

struct iommu_domain *vmock_nested_alloc(struct vmock_device *device, struct vmock_domain *parent,
					const struct iommu_user_data *data)
{
	struct vmock_nested *nested __free(kfree) = NULL;
	struct iommu_hwpt_vtd_s1 stage;
	int error = iommu_copy_struct_from_user(&stage, data, IOMMU_HWPT_DATA_VTD_S1, __reserved);

	if (error)
		return ERR_PTR(error);
	if (stage.__reserved)
		return ERR_PTR(-EOPNOTSUPP);
	nested = kzalloc(sizeof(*nested), GFP_KERNEL);
	if (!nested)
		return ERR_PTR(-ENOMEM);
	nested->core.type = IOMMU_DOMAIN_NESTED;
	nested->core.ops = &nested_ops;
	nested->parent = parent;
	nested->iommu = device->iommu;
	return &no_free_ptr(nested)->core;
}
