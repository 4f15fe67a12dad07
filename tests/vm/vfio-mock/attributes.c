/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of a mock device: `dma` has it access memory, `state` says what it
 * is on, `inject` makes calls into its drivers fail.
 */
#include <linux/sysfs.h>

#include "vfio-mock.h"

static ssize_t dma_store(struct device *dev, struct device_attribute *attr, const char *buf,
			 size_t count)
{
	struct vmock_dma dma;
	int error = vmock_dma_parse(buf, &dma);

	if (!error)
		error = vmock_dma_run(vmock_device_from(dev), &dma);
	return error ?: count;
}

/* What came of the last one, and the bytes that it read first. */
static ssize_t dma_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vmock_device *device = vmock_device_from(dev);

	guard(mutex)(&device->lock);
	return sysfs_emit(buf, "result=%lld data=%*phN\n", device->last_result,
			  (int)device->last_read_length, device->last_read);
}
static DEVICE_ATTR_RW(dma);

static const char *const kinds[] = {
	[VMOCK_IDENTITY] = "identity",
	[VMOCK_BLOCKED] = "blocked",
	[VMOCK_PAGING] = "paging",
	[VMOCK_NESTED] = "nested",
};

static ssize_t show_domain(struct vmock_device *device, char *buf)
{
	struct vmock_domain_state state = { 0 };

	guard(mutex)(&device->lock);
	if (device->domain)
		vmock_domain_get_state(device->domain, &state);
	return sysfs_emit(buf,
			  "domain=%s devices=%u pages=%llu can_dirty=%d tracking=%d dirty=%llu "
			  "dmas=%llu faults=%llu",
			  kinds[device->kind], state.devices, state.pages, state.can_dirty,
			  state.tracking, state.dirty, device->dmas, device->faults);
}

static ssize_t show_log(struct vmock_log *log, char *buf, ssize_t at)
{
	guard(mutex)(&log->lock);
	return sysfs_emit_at(buf, at, " logging=%d log_ranges=%u log_page=%llu logged=%llu\n",
			     log->on, log->range_count, log->on ? log->page_size : 0,
			     log->logged);
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vmock_device *device = vmock_device_from(dev);
	ssize_t length = show_domain(device, buf);

	return length + show_log(&device->log, buf, length);
}
static DEVICE_ATTR_RO(state);

static ssize_t inject_store(struct device *dev, struct device_attribute *attr, const char *buf,
			    size_t count)
{
	int error = vmock_injection_arm(&vmock_device_from(dev)->injection, buf);

	return error ?: count;
}

static ssize_t inject_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return vmock_injection_show(&vmock_device_from(dev)->injection, buf);
}
static DEVICE_ATTR_RW(inject);

static struct attribute *attributes[] = {
	&dev_attr_dma.attr,
	&dev_attr_state.attr,
	&dev_attr_inject.attr,
	NULL,
};

static const struct attribute_group group = { .attrs = attributes };

const struct attribute_group *vmock_device_groups[] = { &group, NULL };
