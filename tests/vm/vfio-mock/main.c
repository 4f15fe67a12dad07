/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where mock devices are asked for: two files of their VFIO driver.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "vfio-mock.h"

static ssize_t new_device_store(struct device_driver *driver, const char *buf, size_t count)
{
	struct vmock_specification spec;
	int error = vmock_specification_parse(buf, &spec);

	if (!error)
		error = vmock_device_add(&spec);
	return error ?: count;
}
static DRIVER_ATTR_WO(new_device);

static ssize_t delete_device_store(struct device_driver *driver, const char *buf, size_t count)
{
	size_t prefix = str_has_prefix(buf, VMOCK_NAME ".");
	unsigned int id;
	int error = kstrtouint(buf + prefix, 10, &id);

	if (!error)
		error = vmock_device_remove(id);
	return error ?: count;
}
static DRIVER_ATTR_WO(delete_device);

static struct attribute *driver_attrs[] = {
	&driver_attr_new_device.attr,
	&driver_attr_delete_device.attr,
	NULL,
};
ATTRIBUTE_GROUPS(driver);

static int __init vmock_init(void)
{
	int error = vmock_msi_init();

	if (!error)
		error = platform_driver_register(&vmock_host_driver);
	if (error)
		return error;
	vmock_vfio_driver.driver.groups = driver_groups;
	error = platform_driver_register(&vmock_vfio_driver);
	if (error)
		platform_driver_unregister(&vmock_host_driver);
	return error;
}
device_initcall(vmock_init);

MODULE_DESCRIPTION("Mock VFIO devices behind mock IOMMUs, for tests in a virtual machine");
MODULE_LICENSE("GPL");
