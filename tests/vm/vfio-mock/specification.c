/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words of a device's specification: `id=0,iommu=0,group=1,dirty,nest`.
 */
#include <linux/cleanup.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "vfio-mock.h"

#define MSI_FIRST	0xfee00000
#define MSI_LAST	0xfeefffff

#define LEAST_ADDRESS_WIDTH	13
#define MOST_ADDRESS_WIDTH	48
#define MOST_PASID_BITS		20
#define MOST_LOG_RANGES		256
#define MOST_GROUPS		S16_MAX

static int add_region(struct vmock_specification *spec, u64 first, u64 last,
		      enum iommu_resv_type type)
{
	if (spec->region_count == VMOCK_MOST_REGIONS)
		return -E2BIG;
	spec->regions[spec->region_count++] = (struct vmock_region){
		.first = first,
		.last = last,
		.type = type,
	};
	return 0;
}

static int parse_region(struct vmock_specification *spec, char *text, enum iommu_resv_type type)
{
	char *first = strsep(&text, "-");
	u64 from, to;

	if (!text || kstrtou64(first, 0, &from) || kstrtou64(text, 0, &to))
		return -EINVAL;
	/* The length of a region is one number: it cannot be all there is. */
	if (from > to || to - from == U64_MAX)
		return -EINVAL;
	return add_region(spec, from, to, type);
}

static int parse_number(const char *text, unsigned int least, unsigned int most,
			unsigned int *value)
{
	unsigned int number;

	if (!text || kstrtouint(text, 0, &number) || number < least || number > most)
		return -EINVAL;
	*value = number;
	return 0;
}

static bool *find_switch(struct vmock_specification *spec, const char *key, bool *on)
{
	const struct {
		const char *key;
		bool *value;
		bool on;
	} switches[] = {
		{ "dirty", &spec->dirty, true },
		{ "nest", &spec->nest, true },
		{ "nestxdirty", &spec->nest_excludes_dirty, true },
		{ "cc", &spec->enforced_coherency, true },
		{ "nomsi", &spec->msi, false },
		{ "unsafemsi", &spec->isolated_msi, false },
		{ "incoherent", &spec->cache_coherency, false },
	};

	for (int i = 0; i < ARRAY_SIZE(switches); i++) {
		if (!strcmp(key, switches[i].key)) {
			*on = switches[i].on;
			return switches[i].value;
		}
	}
	return NULL;
}

/* `dirty` and `dirty=1` are the same, `dirty=0` is as if it were not there. */
static int parse_switch(struct vmock_specification *spec, const char *key, const char *text)
{
	unsigned int value = 1;
	bool on;
	bool *where = find_switch(spec, key, &on);

	if (!where || (text && parse_number(text, 0, 1, &value)))
		return -EINVAL;
	*where = value ? on : !on;
	return 0;
}

static int parse_log(struct vmock_specification *spec, const char *text)
{
	spec->log_ranges = MOST_LOG_RANGES;
	return text ? parse_number(text, 0, MOST_LOG_RANGES, &spec->log_ranges) : 0;
}

static int parse_word(struct vmock_specification *spec, char *word)
{
	char *key = strsep(&word, "=");
	unsigned int number;

	if (!strcmp(key, "id"))
		return parse_number(word, 0, VMOCK_MOST_IDS - 1, &spec->id);
	if (!strcmp(key, "iommu"))
		return parse_number(word, 0, VMOCK_MOST_IOMMUS - 1, &spec->iommu);
	if (!strcmp(key, "aw"))
		return parse_number(word, LEAST_ADDRESS_WIDTH, MOST_ADDRESS_WIDTH,
				    &spec->address_width);
	if (!strcmp(key, "pasid"))
		return parse_number(word, 0, MOST_PASID_BITS, &spec->pasid_bits);
	if (!strcmp(key, "log"))
		return parse_log(spec, word);
	if (!strcmp(key, "resv"))
		return word ? parse_region(spec, word, IOMMU_RESV_RESERVED) : -EINVAL;
	if (!strcmp(key, "direct"))
		return word ? parse_region(spec, word, IOMMU_RESV_DIRECT) : -EINVAL;
	if (!strcmp(key, "drv"))
		return word && *word && strscpy(spec->driver, word) > 0 ? 0 : -EINVAL;
	if (strcmp(key, "group"))
		return parse_switch(spec, key, word);
	if (parse_number(word, 0, MOST_GROUPS, &number))
		return -EINVAL;
	spec->group = number;
	return 0;
}

int vmock_specification_parse(const char *text, struct vmock_specification *spec)
{
	char *copy __free(kfree) = kstrdup(text, GFP_KERNEL);
	char *rest, *word;
	int error = 0;

	if (!copy)
		return -ENOMEM;
	*spec = (struct vmock_specification){
		.group = -1,
		.address_width = MOST_ADDRESS_WIDTH,
		.msi = true,
		.isolated_msi = true,
		.cache_coherency = true,
		.driver = VMOCK_VFIO_DRIVER,
	};
	rest = strim(copy);
	while (!error && (word = strsep(&rest, ",")))
		error = parse_word(spec, word);
	if (!error && spec->msi)
		error = add_region(spec, MSI_FIRST, MSI_LAST, IOMMU_RESV_MSI);
	return error;
}
