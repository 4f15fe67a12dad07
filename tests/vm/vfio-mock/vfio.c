/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VFIO driver of mock devices: one region of registers, by which the owner
 * of the device file has the device access memory.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "vfio-mock.h"

#define REGION_SIZE	SZ_4K

/* Of 64 bits each. */
#define REGISTER_RESULT		0x00	/* of the last access: bytes or error */
#define REGISTER_IOVA		0x08
#define REGISTER_LENGTH		0x10
#define REGISTER_COMMAND	0x18	/* written: the access is made */

#define COMMAND_BYTE		GENMASK_ULL(7, 0)
#define COMMAND_READ		BIT_ULL(8)

struct vmock_vfio {
	struct vfio_device core;
};

static struct vmock_device *get_device_of(struct vfio_device *core)
{
	return vmock_device_from(core->dev);
}

static void run_command(struct vmock_device *device, u64 command)
{
	struct vmock_dma dma = {
		.is_write = !(command & COMMAND_READ),
		.byte = command & COMMAND_BYTE,
	};

	scoped_guard(mutex, &device->lock) {
		dma.iova = device->register_iova;
		dma.length = device->register_length;
	}
	vmock_dma_run(device, &dma);
}

static u64 read_register(struct vmock_device *device, loff_t offset)
{
	guard(mutex)(&device->lock);
	switch (offset) {
	case REGISTER_RESULT:
		return device->last_result;
	case REGISTER_IOVA:
		return device->register_iova;
	case REGISTER_LENGTH:
		return device->register_length;
	default:
		return 0;
	}
}

static void write_register(struct vmock_device *device, loff_t offset, u64 value)
{
	if (offset == REGISTER_COMMAND) {
		run_command(device, value);
		return;
	}
	guard(mutex)(&device->lock);
	if (offset == REGISTER_IOVA)
		device->register_iova = value;
	if (offset == REGISTER_LENGTH)
		device->register_length = value;
}

static bool is_register(size_t count, loff_t offset)
{
	return count == sizeof(u64) && offset >= 0 && offset < REGION_SIZE &&
	       IS_ALIGNED(offset, sizeof(u64));
}

static ssize_t mock_read(struct vfio_device *core, char __user *buf, size_t count, loff_t *offset)
{
	u64 value;

	if (!is_register(count, *offset))
		return -EINVAL;
	value = read_register(get_device_of(core), *offset);
	if (copy_to_user(buf, &value, sizeof(value)))
		return -EFAULT;
	*offset += count;
	return count;
}

static ssize_t mock_write(struct vfio_device *core, const char __user *buf, size_t count,
			  loff_t *offset)
{
	u64 value;

	if (!is_register(count, *offset))
		return -EINVAL;
	if (copy_from_user(&value, buf, sizeof(value)))
		return -EFAULT;
	write_register(get_device_of(core), *offset, value);
	*offset += count;
	return count;
}

static long get_info(void __user *user)
{
	const size_t least = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info = { 0 };
	u32 size;

	if (copy_from_user(&info, user, least))
		return -EFAULT;
	size = info.argsz;
	if (size < least)
		return -EINVAL;
	info.flags = VFIO_DEVICE_FLAGS_PLATFORM | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = 1;
	info.num_irqs = 1;
	return copy_to_user(user, &info, min_t(size_t, size, sizeof(info))) ? -EFAULT : 0;
}

static long get_region_info(void __user *user)
{
	struct vfio_region_info info;

	if (copy_from_user(&info, user, sizeof(info)))
		return -EFAULT;
	if (info.argsz < sizeof(info) || info.index != 0)
		return -EINVAL;
	info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	info.cap_offset = 0;
	info.size = REGION_SIZE;
	info.offset = 0;
	return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : 0;
}

static long get_irq_info(void __user *user)
{
	struct vfio_irq_info info;

	if (copy_from_user(&info, user, sizeof(info)))
		return -EFAULT;
	if (info.argsz < sizeof(info) || info.index != 0)
		return -EINVAL;
	info.flags = VFIO_IRQ_INFO_EVENTFD;
	info.count = 1;
	return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : 0;
}

static long mock_ioctl(struct vfio_device *core, unsigned int command, unsigned long argument)
{
	void __user *user = (void __user *)argument;

	switch (command) {
	case VFIO_DEVICE_GET_INFO:
		return get_info(user);
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region_info(user);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq_info(user);
	case VFIO_DEVICE_RESET:
		vmock_log_stop(&get_device_of(core)->log);
		return 0;
	default:
		return -ENOTTY;
	}
}

static void mock_close(struct vfio_device *core)
{
	vmock_log_stop(&get_device_of(core)->log);
}

static const struct vfio_device_ops mock_ops = {
	.name = VMOCK_VFIO_DRIVER,
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
	.close_device = mock_close,
	.read = mock_read,
	.write = mock_write,
	.ioctl = mock_ioctl,
};

static int probe(struct platform_device *pdev)
{
	struct vmock_device *device = vmock_device_from(&pdev->dev);
	struct vmock_vfio *vfio;
	int error;

	if (!device)
		return -ENODEV;
	vfio = vfio_alloc_device(vmock_vfio, core, &pdev->dev, &mock_ops);
	if (IS_ERR(vfio))
		return PTR_ERR(vfio);
	if (device->spec.log_ranges)
		vfio->core.log_ops = &vmock_log_ops;
	error = vfio_register_group_dev(&vfio->core);
	if (error)
		vfio_put_device(&vfio->core);
	else
		platform_set_drvdata(pdev, vfio);
	return error;
}

/* Waits for the last close of the device file. */
static void remove(struct platform_device *pdev)
{
	struct vmock_vfio *vfio = platform_get_drvdata(pdev);

	vfio_unregister_group_dev(&vfio->core);
	vfio_put_device(&vfio->core);
}

struct platform_driver vmock_vfio_driver = {
	.probe = probe,
	.remove = remove,
	.driver = {
		.name = VMOCK_VFIO_DRIVER,
	},
	.driver_managed_dma = true,
};
