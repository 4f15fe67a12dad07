/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An interrupt domain that isolates messages: without one, iommufd does not
 * trust a device. No message is ever sent.
 */
#include <linux/errno.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>

#include "vfio-mock.h"

static struct irq_domain *isolated;

int __init vmock_msi_init(void)
{
	static const struct irq_domain_ops ops;
	struct fwnode_handle *fwnode = irq_domain_alloc_named_fwnode(VMOCK_NAME);

	if (!fwnode)
		return -ENOMEM;
	isolated = irq_domain_create_tree(fwnode, &ops, NULL);
	if (!isolated) {
		irq_domain_free_fwnode(fwnode);
		return -ENOMEM;
	}
	isolated->flags |= IRQ_DOMAIN_FLAG_ISOLATED_MSI;
	return 0;
}

void vmock_msi_add_device(struct device *dev)
{
	dev_set_msi_domain(dev, isolated);
}
