/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IOMMU groups that specifications number. One lives as long as a device
 * that named it is there.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "vfio-mock.h"

struct vmock_group {
	struct list_head entry;
	unsigned int number;
	unsigned int iommu;
	unsigned int users;
	struct iommu_group *iommu_group;
};

static LIST_HEAD(groups);
static DEFINE_MUTEX(groups_lock);

static struct vmock_group *find(unsigned int number)
{
	struct vmock_group *group;

	list_for_each_entry(group, &groups, entry)
		if (group->number == number)
			return group;
	return NULL;
}

static struct vmock_group *create(unsigned int number, unsigned int iommu)
{
	struct vmock_group *group __free(kfree) = kzalloc(sizeof(*group), GFP_KERNEL);

	if (!group)
		return ERR_PTR(-ENOMEM);
	group->iommu_group = iommu_group_alloc();
	if (IS_ERR(group->iommu_group))
		return ERR_CAST(group->iommu_group);
	group->number = number;
	group->iommu = iommu;
	list_add_tail(&group->entry, &groups);
	return no_free_ptr(group);
}

/* The devices of a group are behind one IOMMU: -EXDEV. */
struct vmock_group *vmock_group_get(unsigned int number, unsigned int iommu)
{
	struct vmock_group *group;

	guard(mutex)(&groups_lock);
	group = find(number);
	if (!group)
		group = create(number, iommu);
	if (IS_ERR(group))
		return group;
	if (group->iommu != iommu)
		return ERR_PTR(-EXDEV);
	group->users++;
	return group;
}

void vmock_group_put(struct vmock_group *group)
{
	if (!group)
		return;
	guard(mutex)(&groups_lock);
	if (--group->users)
		return;
	list_del(&group->entry);
	iommu_group_put(group->iommu_group);
	kfree(group);
}

struct iommu_group *vmock_group_get_iommu_group(struct vmock_group *group)
{
	return iommu_group_ref_get(group->iommu_group);
}

bool vmock_group_is_shared(struct vmock_group *group)
{
	if (!group)
		return false;
	guard(mutex)(&groups_lock);
	return group->users > 1;
}
