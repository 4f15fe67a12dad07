/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver of the host that claims mock devices, so that their group is not
 * VFIO's.
 */
#include "vfio-mock.h"

static int probe(struct platform_device *pdev)
{
	return vmock_device_from(&pdev->dev) ? 0 : -ENODEV;
}

struct platform_driver vmock_host_driver = {
	.probe = probe,
	.driver = {
		.name = VMOCK_HOST_DRIVER,
	},
};
