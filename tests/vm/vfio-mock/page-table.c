/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page table of a domain. Tables that have become empty stay until the
 * domain goes.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "page-table.h"

#define LEVELS		4
#define LEVEL_BITS	9
#define ENTRIES		(1 << LEVEL_BITS)
#define ADDRESS_BITS	(PAGE_SHIFT + LEVELS * LEVEL_BITS)

static unsigned int get_shift(int level)
{
	return PAGE_SHIFT + level * LEVEL_BITS;
}

static u64 *get_entry(u64 *table, int level, unsigned long iova)
{
	return &table[(iova >> get_shift(level)) % ENTRIES];
}

static bool is_present(u64 entry)
{
	return entry & (VMOCK_ENTRY_READ | VMOCK_ENTRY_WRITE);
}

static u64 *get_table(u64 entry)
{
	return phys_to_virt(entry & VMOCK_ENTRY_ADDRESS);
}

/* Down to the page's entry, or NULL with the level at which nothing is. */
static u64 *descend(const struct vmock_table *self, unsigned long iova, int *level)
{
	u64 *table = self->root;
	u64 *entry;

	*level = LEVELS;
	if (!table || iova >> ADDRESS_BITS)
		return NULL;
	for (*level = LEVELS - 1;; table = get_table(*entry), --*level) {
		entry = get_entry(table, *level, iova);
		if (!is_present(*entry))
			return NULL;
		if (!*level)
			return entry;
	}
}

u64 *vmock_table_find(const struct vmock_table *table, unsigned long iova)
{
	int level;

	return descend(table, iova, &level);
}

u64 *vmock_table_next(const struct vmock_table *table, unsigned long *iova, unsigned long last)
{
	unsigned long at = *iova & PAGE_MASK;

	while (at <= last) {
		int level;
		u64 *entry = descend(table, at, &level);

		if (entry) {
			*iova = at;
			return entry;
		}
		if (level == LEVELS)
			return NULL;
		at = (at | (BIT(get_shift(level)) - 1)) + 1;
	}
	return NULL;
}

static u64 *make_table(gfp_t gfp)
{
	return (u64 *)get_zeroed_page(gfp);
}

/* The page's entry, with the tables that lead to it. */
static u64 *build(struct vmock_table *self, unsigned long iova, gfp_t gfp)
{
	u64 *table = self->root;

	if (iova >> ADDRESS_BITS)
		return NULL;
	if (!table)
		table = self->root = make_table(gfp);
	for (int level = LEVELS - 1; table && level > 0; level--) {
		u64 *entry = get_entry(table, level, iova);
		u64 *next = is_present(*entry) ? get_table(*entry) : make_table(gfp);

		if (next)
			*entry = virt_to_phys(next) | VMOCK_ENTRY_READ | VMOCK_ENTRY_WRITE;
		table = next;
	}
	return table ? get_entry(table, 0, iova) : NULL;
}

int vmock_table_map(struct vmock_table *table, unsigned long iova, phys_addr_t address,
		    u64 rights, gfp_t gfp)
{
	u64 *entry = build(table, iova, gfp);

	if (!entry)
		return -ENOMEM;
	if (is_present(*entry))
		return -EEXIST;
	*entry = address | rights;
	table->pages++;
	return 0;
}

bool vmock_table_unmap(struct vmock_table *table, unsigned long iova)
{
	u64 *entry = vmock_table_find(table, iova);

	if (!entry)
		return false;
	vmock_table_clear_dirty(table, entry);
	*entry = 0;
	table->pages--;
	return true;
}

void vmock_table_set_dirty(struct vmock_table *table, u64 *entry)
{
	if (*entry & VMOCK_ENTRY_DIRTY)
		return;
	*entry |= VMOCK_ENTRY_DIRTY;
	table->dirty++;
}

void vmock_table_clear_dirty(struct vmock_table *table, u64 *entry)
{
	if (!(*entry & VMOCK_ENTRY_DIRTY))
		return;
	*entry &= ~VMOCK_ENTRY_DIRTY;
	table->dirty--;
}

/* As deep as there are levels. */
static void free_table(u64 *table, int level)
{
	for (int i = 0; level > 0 && i < ENTRIES; i++)
		if (is_present(table[i]))
			free_table(get_table(table[i]), level - 1);
	free_page((unsigned long)table);
}

void vmock_table_free(struct vmock_table *table)
{
	if (table->root)
		free_table(table->root, LEVELS - 1);
	table->root = NULL;
}
