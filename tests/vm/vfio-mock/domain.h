/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A paging domain, for the parts that work on one: attaching, mapping, dirty
 * tracking, nesting.
 */
#ifndef VFIO_MOCK_DOMAIN_H
#define VFIO_MOCK_DOMAIN_H

#include "page-table.h"
#include "vfio-mock.h"

struct vmock_domain {
	struct iommu_domain core;
	struct vmock_iommu *iommu;
	struct vmock_device *maker;	/* for which it was made; a reference */
	bool enforced_coherency;

	struct mutex lock;		/* from here to the end */
	struct vmock_table table;
	bool tracking;
	struct list_head devices;
	unsigned int device_count;
};

static inline struct vmock_domain *to_vmock_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct vmock_domain, core);
}

/* The error that some device on the domain is to have at this call. */
int vmock_domain_take_error(struct vmock_domain *domain, enum vmock_call call);
/* Whether a device can be on it: -EINVAL if not. The device's lock is held. */
int vmock_domain_check(struct vmock_domain *domain, struct vmock_device *device);
/* The device's lock is held; NULL: on none. */
void vmock_domain_move(struct vmock_device *device, enum vmock_domain_kind kind,
		       struct vmock_domain *domain);

extern const struct iommu_dirty_ops vmock_dirty_ops;

#endif
