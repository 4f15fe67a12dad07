/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether what the bus shows is what the simulated kernel has: as many objects and contexts, and
 * devices that can write where something is mapped for them, and nowhere else. */
#include "config.h"

#include "truth.h"

#define CAN_WRITE 2
/* What is tried of each device. */
#define MAX_WRITES 8
/* No client maps anything there. */
#define NOWHERE G_GUINT64_CONSTANT (0x7ead0000)

typedef struct
{
  Bed *bed;
  GVariant *objects;
  GString *difference;
  guint n_objects;
  GHashTable *contexts; /* set of numbers */
} Truth;

static GVariant *
find_properties (GVariant *objects, const char *path, const char *interface)
{
  g_autoptr (GVariant) interfaces =
      g_variant_lookup_value (objects, path, G_VARIANT_TYPE ("a{sa{sv}}"));

  return interfaces == NULL
             ? NULL
             : g_variant_lookup_value (interfaces, interface, G_VARIANT_TYPE_VARDICT);
}

/* What was made under a lease ends with it. */
static void
note_container (Truth *self, const char *path, GVariant *container)
{
  guint64 context = 0;
  guint32 n_orphans = 0;
  const char *lease = NULL;
  g_autoptr (GVariant) found = NULL;

  g_variant_lookup (container, "Context", "t", &context);
  g_variant_lookup (container, "OrphanCount", "u", &n_orphans);
  g_variant_lookup (container, "Lease", "&o", &lease);
  found = find_properties (self->objects, lease, IOMMUD_DBUS_LEASE_INTERFACE);
  if (found == NULL && !g_str_equal (lease, "/"))
    g_string_append_printf (self->difference, "%s is of %s, which is not there; ", path, lease);
  g_hash_table_add (self->contexts, g_memdup2 (&context, sizeof context));
  self->n_objects += 1 + n_orphans;
}

static gboolean
can_write (Truth *self, const char *device, guint64 iova)
{
  return iommud_simulator_device_write (self->bed->simulator, device, iova, 1, 0xa5, NULL);
}

static void
expect_write (Truth *self, const char *device, guint64 iova, gboolean expected)
{
  if (can_write (self, device, iova) != expected)
    g_string_append_printf (self->difference, "%s can%s write to 0x%" G_GINT64_MODIFIER "x; ",
                            device, expected ? "not" : "", iova);
}

static void
try_mappings (Truth *self, const char *device, const char *container)
{
  g_autoptr (GVariant) memory =
      find_properties (self->objects, container, IOMMUD_DBUS_MEMORY_INTERFACE);
  g_autoptr (GVariant) mappings =
      memory != NULL ? g_variant_lookup_value (memory, "Mappings", NULL) : NULL;
  guint64 first = 0;
  guint64 length = 0;
  guint32 flags = 0;

  if (mappings == NULL)
    {
      g_string_append_printf (self->difference, "%s is in %s, which is not there; ", device,
                              container);
      return;
    }
  for (gsize i = 0; i < MIN (g_variant_n_children (mappings), MAX_WRITES); i++)
    {
      g_variant_get_child (mappings, i, "(tttu)", &first, &length, NULL, &flags);
      expect_write (self, device, first, (flags & CAN_WRITE) != 0);
      expect_write (self, device, first + length - 1, (flags & CAN_WRITE) != 0);
    }
}

/* What is in the way of a look at a device: a group is in one domain. */
static gboolean
is_alone (Truth *self, GVariant *device, const char *path)
{
  gint32 group = -1;
  GVariantIter iter;
  const char *other = NULL;

  g_variant_lookup (device, "IommuGroup", "i", &group);
  g_variant_iter_init (&iter, self->objects);
  while (group >= 0 && g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &other, NULL))
    {
      g_autoptr (GVariant) properties =
          find_properties (self->objects, other, IOMMUD_DBUS_DEVICE_INTERFACE);
      gint32 others_group = -1;

      if (properties != NULL && !g_str_equal (other, path)
          && g_variant_lookup (properties, "IommuGroup", "i", &others_group)
          && others_group == group)
        return FALSE;
    }
  return TRUE;
}

static void
note_device (Truth *self, const char *path, GVariant *device)
{
  const char *name = NULL;
  const char *state = NULL;
  const char *container = NULL;
  const char *lease = NULL;

  g_variant_lookup (device, "Name", "&s", &name);
  g_variant_lookup (device, "State", "&s", &state);
  g_variant_lookup (device, "Container", "&o", &container);
  g_variant_lookup (device, "Lease", "&o", &lease);
  if (!g_str_equal (container, "/"))
    self->n_objects++;
  if (g_str_equal (state, "leased") && g_str_equal (lease, "/"))
    g_string_append_printf (self->difference, "%s is leased and has no lease; ", name);
  if (g_str_equal (state, "attached"))
    try_mappings (self, name, container);
  else if (is_alone (self, device, path))
    {
      expect_write (self, name, 0, FALSE);
      expect_write (self, name, NOWHERE, FALSE);
    }
}

static void
note_object (Truth *self, const char *path, GVariant *interfaces)
{
  g_autoptr (GVariant) container =
      g_variant_lookup_value (interfaces, IOMMUD_DBUS_CONTAINER_INTERFACE, NULL);
  g_autoptr (GVariant) hwpt = g_variant_lookup_value (interfaces, IOMMUD_DBUS_HWPT_INTERFACE, NULL);
  g_autoptr (GVariant) device =
      g_variant_lookup_value (interfaces, IOMMUD_DBUS_DEVICE_INTERFACE, NULL);

  if (container != NULL)
    note_container (self, path, container);
  if (hwpt != NULL)
    self->n_objects++;
  if (device != NULL)
    note_device (self, path, device);
}

static void
compare_counts (Truth *self)
{
  guint n_objects = iommud_simulator_count_objects (self->bed->simulator);
  guint n_contexts = iommud_simulator_count_contexts (self->bed->simulator);

  if (n_objects != self->n_objects)
    g_string_append_printf (self->difference, "the kernel has %u objects and the bus shows %u; ",
                            n_objects, self->n_objects);
  if (n_contexts != g_hash_table_size (self->contexts))
    g_string_append_printf (self->difference, "the kernel has %u contexts and the bus shows %u; ",
                            n_contexts, g_hash_table_size (self->contexts));
}

/* @objects: what GetManagedObjects returns. */
char *
truth_compare (Bed *bed, GVariant *objects)
{
  Truth self = { .bed = bed, .objects = objects, .difference = g_string_new (NULL) };
  GVariantIter iter;
  const char *path = NULL;
  GVariant *interfaces = NULL;

  self.contexts = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    note_object (&self, path, interfaces);
  compare_counts (&self);
  g_hash_table_unref (self.contexts);
  return g_string_free (self.difference, self.difference->len == 0);
}
