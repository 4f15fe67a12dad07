/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA of a device: page by page through the domain that it is on, up to the
 * first page that cannot be accessed.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>

#include "vfio-mock.h"

#define LONGEST		SZ_1G

/* What is kept of the bytes of a read. */
static int read_page(struct vmock_device *device, struct vmock_target *target)
{
	size_t room = sizeof(device->last_read) - device->last_read_length;
	int error;

	target->data = device->last_read + device->last_read_length;
	target->length = min(target->length, room);
	error = vmock_domain_access(device->domain, device, target);
	if (!error)
		device->last_read_length += target->length;
	return error;
}

static int access_page(struct vmock_device *device, const struct vmock_dma *dma, u64 iova,
		       size_t length)
{
	struct vmock_target target = {
		.is_write = dma->is_write,
		.iova = iova,
		.length = length,
		.byte = dma->byte,
	};

	if (device->kind != VMOCK_PAGING || !device->domain)
		return -EFAULT;
	if (dma->is_write)
		return vmock_domain_access(device->domain, device, &target);
	return read_page(device, &target);
}

static int run(struct vmock_device *device, const struct vmock_dma *dma, u64 *done)
{
	int error = 0;

	while (*done < dma->length && !error) {
		size_t chunk;
		u64 iova;

		if (check_add_overflow(dma->iova, *done, &iova))
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -EINTR;
		chunk = min_t(u64, PAGE_SIZE - offset_in_page(iova), dma->length - *done);
		error = access_page(device, dma, iova, chunk);
		if (!error)
			*done += chunk;
		cond_resched();
	}
	return error;
}

int vmock_dma_run(struct vmock_device *device, const struct vmock_dma *dma)
{
	u64 done = 0;
	int error;

	guard(mutex)(&device->lock);
	device->dmas++;
	device->last_read_length = 0;
	error = run(device, dma, &done);
	if (error)
		device->faults++;
	device->last_result = done ? done : error;
	return error;
}

/* `w IOVA LENGTH [BYTE]`, `r IOVA LENGTH` */
int vmock_dma_parse(const char *text, struct vmock_dma *dma)
{
	unsigned long long iova, length;
	unsigned int byte = 0;
	char direction;

	if (sscanf(text, "%c %lli %lli %i", &direction, &iova, &length, &byte) < 3)
		return -EINVAL;
	if ((direction != 'w' && direction != 'r') || length > LONGEST || byte > U8_MAX)
		return -EINVAL;
	*dma = (struct vmock_dma){
		.is_write = direction == 'w',
		.iova = iova,
		.length = length,
		.byte = byte,
	};
	return 0;
}
