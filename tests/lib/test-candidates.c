/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the container's HWPTs an attach tries, one after the other, and which errno ends that.
 */
#include <errno.h>

#include "mapping-fixture.h"

typedef struct
{
  MappingFixture mapping;
  IommudHwpt *first; /* both fit every device that dmar0 translates for */
  IommudHwpt *second;
  guint n_attaches;
  guint n_hwpts;
} Fixture;

static guint
count (Fixture *self, const char *operation)
{
  return iommud_simulator_count_calls (self->mapping.model.simulator, operation);
}

static void
begin_to_count (Fixture *self)
{
  self->n_attaches = count (self, "attach");
  self->n_hwpts = count (self, "hwpt-alloc");
}

/* Since begin_to_count(). */
static void
assert_counts (Fixture *self, guint n_attaches, guint n_hwpts)
{
  g_assert_cmpuint (count (self, "attach") - self->n_attaches, ==, n_attaches);
  g_assert_cmpuint (count (self, "hwpt-alloc") - self->n_hwpts, ==, n_hwpts);
}

static void
fail_attach (Fixture *self, guint nth, int errnum)
{
  model_fixture_inject (&self->mapping.model, "attach", nth, errnum, 0);
}

static IommudHwpt *
attach (Fixture *self, const char *device)
{
  return model_fixture_attach (&self->mapping.model, self->mapping.container, device);
}

static void
set_up (Fixture *self, gconstpointer kernel)
{
  mapping_fixture_set_up (&self->mapping, kernel);
  model_fixture_free_container (self->mapping.container);
  self->mapping.container =
      model_fixture_container (&self->mapping.model, "b", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  self->first = attach (self, DIRTY_A);
  /* The first would fit, if the kernel did not say otherwise. */
  fail_attach (self, 1, EINVAL);
  self->second = attach (self, DIRTY_B);
  g_assert_true (self->first != self->second);
  begin_to_count (self);
}

static void
tear_down (Fixture *self, gconstpointer kernel)
{
  mapping_fixture_tear_down (&self->mapping, kernel);
}

/* The device is as it was, and no HWPT was made. */
static void
assert_ended (Fixture *self, const char *name, guint n_attaches)
{
  IommudDevice *device = model_fixture_device (&self->mapping.model, name);

  assert_counts (self, n_attaches, 0);
  g_assert_cmpint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  assert_n_items (iommud_container_get_hwpts (self->mapping.container), 2);
  begin_to_count (self);
}

/* EINVAL says that the HWPT does not fit: the next one is tried. */
static void
test_einval (Fixture *self, gconstpointer kernel)
{
  fail_attach (self, 1, EINVAL);
  g_assert_true (attach (self, BOTH) == self->second);
  assert_counts (self, 2, 0);
  model_fixture_detach (&self->mapping.model, BOTH);

  begin_to_count (self);
  fail_attach (self, 1, EINVAL);
  fail_attach (self, 2, EINVAL);
  attach (self, BOTH);
  assert_counts (self, 3, 1);
  assert_n_items (iommud_container_get_hwpts (self->mapping.container), 3);
}

static const struct
{
  int errnum;
  IommudError code;
  const char *text;
} ends[] = {
  { EADDRINUSE, IOMMUD_ERROR_ADDRESS_IN_USE, "(EADDRINUSE)" },
  { ENOMEM, IOMMUD_ERROR_NO_MEMORY, "(ENOMEM)" },
  { EBUSY, IOMMUD_ERROR_BUSY, "(EBUSY)" },
  { ENODEV, IOMMUD_ERROR_DEVICE_GONE, "(ENODEV)" },
  { EIO, IOMMUD_ERROR_FAILED, "(EIO)" },
};

/* Any other errno ends the call, be it of the first HWPT or of one behind it. */
static void
test_other_errnos (Fixture *self, gconstpointer kernel)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    for (guint nth = 1; nth <= 2; nth++)
      {
        g_test_message ("HWPT %u: %s", nth, ends[i].text);
        if (nth == 2)
          fail_attach (self, 1, EINVAL);
        fail_attach (self, nth, ends[i].errnum);
        model_fixture_attach_fails (&self->mapping.model, self->mapping.container, BOTH,
                                    IOMMUD_ATTACH_MODE_AUTO, ends[i].code, ends[i].text);
        assert_ended (self, BOTH, nth);
        g_assert_true (attach (self, BOTH) == self->first);
        assert_counts (self, 1, 0);
        model_fixture_detach (&self->mapping.model, BOTH);
        begin_to_count (self);
      }
}

/* A HWPT of another IOMMU that answered EINVAL is not tried again; with any other errno it is. */
static void
test_other_iommu (Fixture *self, gconstpointer kernel)
{
  fail_attach (self, 1, EIO);
  model_fixture_attach_fails (&self->mapping.model, self->mapping.container, PLAIN_A,
                              IOMMUD_ATTACH_MODE_AUTO, IOMMUD_ERROR_FAILED, "(EIO)");
  assert_ended (self, PLAIN_A, 1);
  attach (self, PLAIN_A);
  assert_counts (self, 3, 1);
  model_fixture_detach (&self->mapping.model, PLAIN_A);
  begin_to_count (self);
  attach (self, PLAIN_A);
  assert_counts (self, 1, 1);
}

/* As the kernel has it: a mapping lies where the device reserves addresses, whatever the HWPT. */
static void
test_reserved_address (Fixture *self, gconstpointer kernel)
{
  const guint64 reserved = 0x40000000;

  mapping_fixture_map (&self->mapping, self->mapping.container, 0, PAGE, reserved, FIXED);
  model_fixture_attach_fails (&self->mapping.model, self->mapping.container, RESERVED,
                              IOMMUD_ATTACH_MODE_AUTO, IOMMUD_ERROR_ADDRESS_IN_USE,
                              "in a range that the device reserves");
  assert_ended (self, RESERVED, 1);
  mapping_fixture_unmap (self->mapping.container, reserved, PAGE);
  g_assert_true (attach (self, RESERVED) == self->first);
  assert_counts (self, 1, 0);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/candidates/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("einval", test_einval);
  ADD ("other-errnos", test_other_errnos);
  ADD ("other-iommu", test_other_iommu);
  ADD ("reserved-address", test_reserved_address);
  return g_test_run ();
}
