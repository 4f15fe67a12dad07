/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fixture that must not compile for 32 bits: a pointer is cast directly to a 64-bit member. */
#include "kernel/abi.h"

guint64 iommud_wrong_cast (void *address);

guint64
iommud_wrong_cast (void *address)
{
  return (guint64) address;
}
