/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA logging: the device notes which pages it wrote to, in pages of its own
 * size, as a device that supports live migration does.
 */
#include <linux/interval_tree.h>
#include <linux/log2.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "vfio-mock.h"

/* What the log can do; a wish between them is rounded up to a power of two. */
#define SMALLEST_PAGE	SZ_4K
#define LARGEST_PAGE	SZ_2M

static struct vmock_device *get_device_of(struct vfio_device *vdev)
{
	return vmock_device_from(vdev->dev);
}

void vmock_log_init(struct vmock_log *log)
{
	mutex_init(&log->lock);
	xa_init(&log->pages);
}

static void clear(struct vmock_log *log)
{
	lockdep_assert_held(&log->lock);
	log->on = false;
	log->range_count = 0;
	log->logged = 0;
	kfree(log->ranges);
	log->ranges = NULL;
	xa_destroy(&log->pages);
}

void vmock_log_stop(struct vmock_log *log)
{
	guard(mutex)(&log->lock);
	clear(log);
}

static u64 choose_page_size(u64 asked)
{
	if (asked <= SMALLEST_PAGE)
		return SMALLEST_PAGE;
	return asked >= LARGEST_PAGE ? LARGEST_PAGE : roundup_pow_of_two(asked);
}

static void copy_ranges(struct rb_root_cached *tree, struct vmock_log_range *ranges,
			unsigned int count)
{
	struct interval_tree_node *node = interval_tree_iter_first(tree, 0, ULONG_MAX);

	for (unsigned int i = 0; node && i < count; i++) {
		ranges[i].first = node->start;
		ranges[i].last = node->last;
		node = interval_tree_iter_next(node, 0, ULONG_MAX);
	}
}

static int log_start(struct vfio_device *vdev, struct rb_root_cached *tree, u32 count,
		     u64 *page_size)
{
	struct vmock_device *device = get_device_of(vdev);
	struct vmock_log *log = &device->log;
	int error = vmock_injection_take(&device->injection, VMOCK_CALL_LOG);

	if (error)
		return error;
	guard(mutex)(&log->lock);
	if (log->on || count > device->spec.log_ranges)
		return -EINVAL;
	log->ranges = kcalloc(count, sizeof(*log->ranges), GFP_KERNEL);
	if (!log->ranges)
		return -ENOMEM;
	copy_ranges(tree, log->ranges, count);
	log->range_count = count;
	log->page_size = choose_page_size(*page_size);
	log->on = true;
	*page_size = log->page_size;
	return 0;
}

static int log_stop(struct vfio_device *vdev)
{
	vmock_log_stop(&get_device_of(vdev)->log);
	return 0;
}

/* Whole pages of the log are told, as far as they were asked for. */
static void record(struct iova_bitmap *dirty, const struct vmock_log *log, unsigned long page,
		   unsigned long first, unsigned long last)
{
	unsigned long from = max(first, page * (unsigned long)log->page_size);
	unsigned long to = min(last, page * (unsigned long)log->page_size + log->page_size - 1);

	iova_bitmap_set(dirty, from, to - from + 1);
}

static int log_read_and_clear(struct vfio_device *vdev, unsigned long iova, unsigned long length,
			      struct iova_bitmap *dirty)
{
	struct vmock_device *device = get_device_of(vdev);
	struct vmock_log *log = &device->log;
	unsigned long last = iova + length - 1;
	int error = vmock_injection_take(&device->injection, VMOCK_CALL_LOG);
	unsigned long page;
	void *entry;

	if (error)
		return error;
	guard(mutex)(&log->lock);
	if (!log->on)
		return -EINVAL;
	if (!length)
		return 0;
	xa_for_each_range(&log->pages, page, entry, iova / log->page_size,
			  last / log->page_size) {
		record(dirty, log, page, iova, last);
		xa_erase(&log->pages, page);
		log->logged--;
	}
	return 0;
}

const struct vfio_log_ops vmock_log_ops = {
	.log_start = log_start,
	.log_stop = log_stop,
	.log_read_and_clear = log_read_and_clear,
};

static bool covers(const struct vmock_log *log, unsigned long iova)
{
	for (unsigned int i = 0; i < log->range_count; i++)
		if (iova / log->page_size >= log->ranges[i].first / log->page_size &&
		    iova <= log->ranges[i].last)
			return true;
	return false;
}

int vmock_log_note(struct vmock_log *log, unsigned long iova)
{
	unsigned long page;
	void *old;

	guard(mutex)(&log->lock);
	if (!log->on || !covers(log, iova))
		return 0;
	page = iova / log->page_size;
	old = xa_store(&log->pages, page, xa_mk_value(1), GFP_KERNEL);
	if (xa_is_err(old))
		return xa_err(old);
	if (!old)
		log->logged++;
	return 0;
}
