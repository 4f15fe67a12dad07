/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* This thread as another user with other capabilities, and back. */
#include "config.h"

#include "conformance-user.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
set_effective_capabilities (guint64 capabilities)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

  if (syscall (SYS_capget, &header, data) < 0)
    return errno;
  data[0].effective = data[0].permitted & (guint32) capabilities;
  data[1].effective = data[1].permitted & (guint32) (capabilities >> 32);
  return syscall (SYS_capset, &header, data) < 0 ? errno : 0;
}

/* Only for this thread, by the bare call; the saved user stays, so that there is a way back. */
int
conformance_user_become (guint32 uid, guint64 capabilities)
{
  if (syscall (SYS_setresuid, -1, uid, -1) < 0)
    return errno;
  return set_effective_capabilities (capabilities);
}

void
conformance_user_resume (void)
{
  if (syscall (SYS_setresuid, -1, 0, -1) < 0)
    g_error ("cannot become root again: %s", g_strerror (errno));
}
