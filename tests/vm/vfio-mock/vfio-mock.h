/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the mock VFIO devices share: a device, the specification
 * it was made from, and what each part does with it.
 *
 * Locks, outermost first: a device's lock, a domain's lock, a log's lock. An
 * injection's lock and a state's are the innermost.
 */
#ifndef VFIO_MOCK_H
#define VFIO_MOCK_H

#include <linux/iommu.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/vfio.h>
#include <linux/xarray.h>

#define VMOCK_NAME		"vmock"
#define VMOCK_VFIO_DRIVER	"vfio_mock"
#define VMOCK_HOST_DRIVER	"vmock_host"

#define VMOCK_MOST_IDS		10000
#define VMOCK_MOST_IOMMUS	64
#define VMOCK_MOST_REGIONS	8

/* specification.c: what a device is to be like, from words of user space. */

struct vmock_region {
	u64 first;
	u64 last;
	enum iommu_resv_type type;
};

struct vmock_specification {
	unsigned int id;
	unsigned int iommu;
	int group;			/* -1: one of its own */
	unsigned int address_width;
	unsigned int pasid_bits;
	unsigned int log_ranges;	/* most ranges of the log; 0: no log */
	bool dirty;			/* the IOMMU tracks dirty pages */
	bool nest;			/* its domains can be nest parents */
	bool nest_excludes_dirty;	/* but then do not track */
	bool enforced_coherency;
	bool msi;			/* the region of message interrupts */
	bool isolated_msi;
	bool cache_coherency;
	char driver[32];
	unsigned int region_count;
	struct vmock_region regions[VMOCK_MOST_REGIONS];
};

int vmock_specification_parse(const char *text, struct vmock_specification *spec);

/* injection.c: calls into the drivers that are to fail. */

enum vmock_call {
	VMOCK_CALL_ATTACH,
	VMOCK_CALL_ALLOC,
	VMOCK_CALL_MAP,
	VMOCK_CALL_DIRTY,
	VMOCK_CALL_LOG,
	VMOCK_CALLS
};

struct vmock_injection {
	spinlock_t lock;
	struct {
		unsigned int left;	/* the call that fails; 0: none */
		int error;
	} calls[VMOCK_CALLS];
};

void vmock_injection_init(struct vmock_injection *injection);
/* 0, or the error (negative) that this call is to end with. */
int vmock_injection_take(struct vmock_injection *injection, enum vmock_call call);
int vmock_injection_arm(struct vmock_injection *injection, const char *text);
ssize_t vmock_injection_show(struct vmock_injection *injection, char *buf);

/* log.c: the log of pages that the device itself has written to. */

struct vmock_log_range {
	unsigned long first;
	unsigned long last;
};

struct vmock_log {
	struct mutex lock;
	bool on;
	unsigned int range_count;
	struct vmock_log_range *ranges;
	u64 page_size;
	struct xarray pages;
	u64 logged;
};

struct vmock_device;

extern const struct vfio_log_ops vmock_log_ops;
void vmock_log_init(struct vmock_log *log);
void vmock_log_stop(struct vmock_log *log);
/* Notes a write before it is done; -ENOMEM: it must not be done. */
int vmock_log_note(struct vmock_log *log, unsigned long iova);

/* group.c: the IOMMU groups that specifications number. */

struct vmock_group;

struct vmock_group *vmock_group_get(unsigned int number, unsigned int iommu);
void vmock_group_put(struct vmock_group *group);
struct iommu_group *vmock_group_get_iommu_group(struct vmock_group *group);
bool vmock_group_is_shared(struct vmock_group *group);

/* device.c: mock devices, by the number in their names. */

struct vmock_iommu;
struct vmock_domain;

enum vmock_domain_kind {
	VMOCK_IDENTITY,
	VMOCK_BLOCKED,
	VMOCK_PAGING,
	VMOCK_NESTED,		/* on top of a paging one */
};

struct vmock_device {
	struct platform_device pdev;
	struct vmock_specification spec;
	struct vmock_iommu *iommu;
	struct vmock_group *group;	/* NULL: one of its own */
	struct fwnode_handle *properties;
	struct list_head entry;		/* in the list of all devices, by whose lock: */
	bool there;			/* it has come, and is not leaving */

	struct mutex lock;		/* from here to the end of the paragraph */
	enum vmock_domain_kind kind;
	struct vmock_domain *domain;	/* what translates; NULL: DMA is blocked */
	struct vmock_domain *left;	/* where it was before; never followed */
	struct list_head domain_entry;
	u64 dmas;
	u64 faults;
	s64 last_result;		/* bytes moved, or the error */
	size_t last_read_length;
	u8 last_read[64];
	u64 register_iova;
	u64 register_length;

	struct vmock_log log;
	struct vmock_injection injection;
};

int vmock_device_add(const struct vmock_specification *spec);
int vmock_device_remove(unsigned int id);
/* NULL if it is a device of somebody else. */
struct vmock_device *vmock_device_from(struct device *dev);

/* attributes.c: the files of a device in sysfs. */

extern const struct attribute_group *vmock_device_groups[];

/* iommu.c: the instances, each a mock IOMMU of its own. */

extern const struct iommu_ops vmock_iommu_ops;
struct vmock_iommu *vmock_iommu_get(unsigned int number);
int vmock_iommu_add_device(struct vmock_iommu *iommu, struct device *dev);

/* domain.c: identity, blocked and paging domains, and who is on them. */

struct vmock_domain_state {
	unsigned int devices;
	u64 pages;
	u64 dirty;
	bool can_dirty;
	bool tracking;
};

extern struct iommu_domain vmock_identity_domain;
extern struct iommu_domain vmock_blocked_domain;
extern const struct iommu_domain_ops vmock_paging_ops;
struct iommu_domain *vmock_domain_alloc_paging(struct device *dev);
struct iommu_domain *vmock_domain_alloc_user(struct device *dev, u32 flags,
					     struct iommu_domain *parent,
					     const struct iommu_user_data *data);
void vmock_domain_get_state(struct vmock_domain *domain, struct vmock_domain_state *state);

struct vmock_target {
	bool is_write;
	unsigned long iova;
	size_t length;		/* within one page */
	u8 *data;		/* where a read goes */
	u8 byte;		/* what a write writes */
};

/* One access of a device that is on the domain, and whose lock is held. */
int vmock_domain_access(struct vmock_domain *domain, struct vmock_device *device,
			const struct vmock_target *target);

/* nested.c: what user space puts on top of a nest parent. */

struct iommu_domain *vmock_nested_alloc(struct vmock_device *device, struct vmock_domain *parent,
					const struct iommu_user_data *data);

/* dma.c: what a device does to memory. */

struct vmock_dma {
	bool is_write;
	u64 iova;
	u64 length;
	u8 byte;
};

int vmock_dma_run(struct vmock_device *device, const struct vmock_dma *dma);
int vmock_dma_parse(const char *text, struct vmock_dma *dma);

/* vfio.c and host-driver.c: who may own a device. */

extern struct platform_driver vmock_vfio_driver;
extern struct platform_driver vmock_host_driver;

/* msi.c: an interrupt domain that isolates messages. */

int vmock_msi_init(void);
void vmock_msi_add_device(struct device *dev);

#endif
