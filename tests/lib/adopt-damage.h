/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A busy host that is adopted from records of which one is lost, doubled or wrong. */
#pragma once

#include "adopt-fixture.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name;
  void (*damage) (IommudHostRecord *record);
  const char *reasons[4]; /* each is in the list of what was dropped */
} Damage;

/* The objects of the fixture: contexts 0 and 1; containers a, b, c; HWPTs of a: dmar0, dmar1; of b:
 * the kernel's, two manual ones; of c: one of the kernel's and one. */
#define CONTEXT(record, i) ((IommudContextRecord *) g_ptr_array_index ((record)->contexts, i))
#define CONTAINER(record, i) ((IommudContainerRecord *) g_ptr_array_index ((record)->containers, i))
#define HWPT(record, i) ((IommudHwptRecord *) g_ptr_array_index ((record)->hwpts, i))
#define BINDING(record, i) ((IommudBindingRecord *) g_ptr_array_index ((record)->bindings, i))
#define MAPPING(record, i) ((IommudMappingRecord *) g_ptr_array_index ((record)->mappings, i))
#define TRACKING(record, i) ((IommudTrackingRecord *) g_ptr_array_index ((record)->trackings, i))
#define TRACKER(record, i)                                                                         \
  ((IommudTrackerRecord *) g_ptr_array_index (TRACKING (record, 0)->trackers, i))

#define LOST(name, ...)                                                                            \
  {                                                                                                \
    "lost/" #name, lose_##name,                                                                    \
    {                                                                                              \
      __VA_ARGS__                                                                                  \
    }                                                                                              \
  }
#define DOUBLED(name, ...)                                                                         \
  {                                                                                                \
    "doubled/" #name, double_##name,                                                               \
    {                                                                                              \
      __VA_ARGS__                                                                                  \
    }                                                                                              \
  }
#define BAD(name, ...)                                                                             \
  {                                                                                                \
    "wrong/" #name, wrong_##name,                                                                  \
    {                                                                                              \
      __VA_ARGS__                                                                                  \
    }                                                                                              \
  }

/* Writes the host down, damages that, lets the host go and adopts it; what was dropped, one line
 * each. The test fails if a reason is not there, or a descriptor is left. */
char *adopt_damaged (AdoptFixture *self, const Damage *damage);

G_END_DECLS
