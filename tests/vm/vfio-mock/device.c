/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mock devices: platform devices that come and go. A number is free again when
 * the last trace of its device is off the bus.
 */
#include <linux/cleanup.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/property.h>
#include <linux/slab.h>

#include "vfio-mock.h"

static LIST_HEAD(devices);
static DEFINE_MUTEX(devices_lock);

static void release(struct device *dev)
{
	struct vmock_device *device = container_of(dev, struct vmock_device, pdev.dev);

	vmock_log_stop(&device->log);
	if (device->properties)
		fwnode_remove_software_node(device->properties);
	kfree(device);
}

struct vmock_device *vmock_device_from(struct device *dev)
{
	return dev->release == release ? container_of(dev, struct vmock_device, pdev.dev) : NULL;
}

static struct vmock_device *find(unsigned int id)
{
	struct vmock_device *device;

	lockdep_assert_held(&devices_lock);
	list_for_each_entry(device, &devices, entry)
		if (device->spec.id == id)
			return device;
	return NULL;
}

static int enlist(struct vmock_device *device)
{
	guard(mutex)(&devices_lock);
	if (find(device->spec.id))
		return -EEXIST;
	list_add_tail(&device->entry, &devices);
	return 0;
}

/* It is off the bus, or never was on it. */
static void retire(struct vmock_device *device)
{
	iommu_fwspec_free(&device->pdev.dev);
	vmock_group_put(device->group);
	scoped_guard(mutex, &devices_lock)
		list_del(&device->entry);
	put_device(&device->pdev.dev);
}

static struct vmock_device *create(const struct vmock_specification *spec)
{
	struct vmock_device *device = kzalloc(sizeof(*device), GFP_KERNEL);

	if (!device)
		return NULL;
	device->spec = *spec;
	mutex_init(&device->lock);
	vmock_log_init(&device->log);
	vmock_injection_init(&device->injection);
	device->pdev.name = VMOCK_NAME;
	device->pdev.id = spec->id;
	device->pdev.platform_dma_mask = DMA_BIT_MASK(64);
	device->pdev.dev.dma_mask = &device->pdev.platform_dma_mask;
	device->pdev.dev.coherent_dma_mask = DMA_BIT_MASK(64);
	device->pdev.dev.release = release;
	device->pdev.dev.groups = vmock_device_groups;
	device_initialize(&device->pdev.dev);
	return device;
}

/* Where the core reads how many PASIDs a device that is not PCI has. */
static int set_pasid_bits(struct vmock_device *device)
{
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U32("pasid-num-bits", device->spec.pasid_bits),
		{ }
	};

	if (!device->spec.pasid_bits)
		return 0;
	device->properties = fwnode_create_software_node(properties, NULL);
	if (IS_ERR(device->properties)) {
		device->properties = NULL;
		return -ENOMEM;
	}
	device_set_node(&device->pdev.dev, device->properties);
	return 0;
}

static int find_neighbours(struct vmock_device *device)
{
	struct vmock_iommu *iommu = vmock_iommu_get(device->spec.iommu);
	struct vmock_group *group;

	if (IS_ERR(iommu))
		return PTR_ERR(iommu);
	device->iommu = iommu;
	if (device->spec.group < 0)
		return 0;
	group = vmock_group_get(device->spec.group, device->spec.iommu);
	if (IS_ERR(group))
		return PTR_ERR(group);
	device->group = group;
	return 0;
}

static int plug_in(struct vmock_device *device)
{
	struct device *dev = &device->pdev.dev;
	int error = find_neighbours(device) ?: set_pasid_bits(device);

	if (!error)
		error = device_set_driver_override(dev, device->spec.driver);
	if (!error && device->spec.isolated_msi)
		vmock_msi_add_device(dev);
	if (!error)
		error = vmock_iommu_add_device(device->iommu, dev);
	if (!error)
		error = platform_device_add(&device->pdev);
	if (error || device_iommu_mapped(dev))
		return error;
	/* The group is on a domain that does not fit the device. */
	platform_device_del(&device->pdev);
	return -ENODEV;
}

int vmock_device_add(const struct vmock_specification *spec)
{
	struct vmock_device *device = create(spec);
	int error;

	if (!device)
		return -ENOMEM;
	error = enlist(device);
	if (error) {
		put_device(&device->pdev.dev);
		return error;
	}
	error = plug_in(device);
	if (error) {
		retire(device);
		return error;
	}
	guard(mutex)(&devices_lock);
	device->there = true;
	return 0;
}

static struct vmock_device *choose_leaver(unsigned int id)
{
	struct vmock_device *device;

	guard(mutex)(&devices_lock);
	device = find(id);
	if (!device || !device->there)
		return NULL;
	device->there = false;
	return device;
}

/*
 * As a device that is pulled out of a slot: its driver first, which may wait
 * for its users, and while it waits the device is still there.
 */
int vmock_device_remove(unsigned int id)
{
	struct vmock_device *device = choose_leaver(id);

	if (!device)
		return -ENODEV;
	device_release_driver(&device->pdev.dev);
	platform_device_del(&device->pdev);
	retire(device);
	return 0;
}
