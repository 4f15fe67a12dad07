/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls into the drivers that are to fail: `attach 12` makes the next attach
 * of the device fail with ENOMEM, `map 14 3` the third map from now on.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "vfio-mock.h"

static const char *const names[VMOCK_CALLS] = {
	[VMOCK_CALL_ATTACH] = "attach",
	[VMOCK_CALL_ALLOC] = "alloc",
	[VMOCK_CALL_MAP] = "map",
	[VMOCK_CALL_DIRTY] = "dirty",
	[VMOCK_CALL_LOG] = "log",
};

void vmock_injection_init(struct vmock_injection *injection)
{
	spin_lock_init(&injection->lock);
}

int vmock_injection_take(struct vmock_injection *injection, enum vmock_call call)
{
	guard(spinlock)(&injection->lock);
	if (!injection->calls[call].left || --injection->calls[call].left)
		return 0;
	return -injection->calls[call].error;
}

/* An error of 0 takes back what was armed. */
int vmock_injection_arm(struct vmock_injection *injection, const char *text)
{
	unsigned int error, left = 1;
	char name[16];
	int call;

	if (sscanf(text, "%15s %u %u", name, &error, &left) < 2)
		return -EINVAL;
	call = match_string(names, VMOCK_CALLS, name);
	if (call < 0 || error > MAX_ERRNO || !left)
		return -EINVAL;
	guard(spinlock)(&injection->lock);
	injection->calls[call].error = error;
	injection->calls[call].left = error ? left : 0;
	return 0;
}

ssize_t vmock_injection_show(struct vmock_injection *injection, char *buf)
{
	ssize_t length = 0;

	guard(spinlock)(&injection->lock);
	for (int i = 0; i < VMOCK_CALLS; i++)
		if (injection->calls[i].left)
			length += sysfs_emit_at(buf, length, "%s %d %u\n", names[i],
						injection->calls[i].error,
						injection->calls[i].left);
	return length;
}
