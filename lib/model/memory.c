/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of a container: which addresses can be mapped, what is mapped, and who changes it. */
#include "model/memory.h"

/**
 * IommudMemory:
 *
 * The I/O virtual addresses of a container, and the memory that is mapped at them for DMA.
 */
struct _IommudMemory
{
  GObject parent_instance;

  IommudContainer *container; /* weak */
  IommudIovaSpace space;
  GArray *allowed; /* of IommudIovaRange */
  IommudMappingTable *mappings;
  IommudMappedRanges *mapped_ranges; /* NULL: the mappings have changed since the last one */
  gconstpointer holder;
  gboolean huge_pages;
};

G_DEFINE_FINAL_TYPE (IommudMemory, iommud_memory, G_TYPE_OBJECT)

enum
{
  PROP_IOVA_RANGES = 1,
  PROP_IOVA_ALIGNMENT,
  PROP_ALLOWED_IOVAS,
  PROP_HUGE_PAGES,
  PROP_MAPPINGS,
  PROP_MAPPING_COUNT,
  PROP_MAPPED_BYTES,
  N_PROPERTIES,
};

static GParamSpec *properties[N_PROPERTIES];

/* How many mappings the property lists. */
#define MAX_LISTED_MAPPINGS 256

/* Bounded: if each mapping was one page, there could be millions. */
static GVariant *
build_mappings (IommudMemory *self)
{
  const IommudMapping *mapping = iommud_mapping_table_find (self->mappings, 0, G_MAXUINT64);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(tttu)"));
  for (guint i = 0; mapping != NULL && i < MAX_LISTED_MAPPINGS; i++)
    {
      g_variant_builder_add (&builder, "(tttu)", mapping->iova, mapping->length,
                             mapping->file_offset, (guint32) mapping->flags);
      mapping = iommud_mapping_table_next (self->mappings, mapping);
    }
  return g_variant_builder_end (&builder);
}

static void
iommud_memory_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudMemory *self = IOMMUD_MEMORY (object);

  switch (id)
    {
    case PROP_IOVA_RANGES:
      g_value_set_variant (value, iommud_ranges_to_variant (self->space.ranges));
      break;
    case PROP_IOVA_ALIGNMENT:
      g_value_set_uint64 (value, self->space.alignment);
      break;
    case PROP_ALLOWED_IOVAS:
      g_value_set_variant (value, iommud_ranges_to_variant (self->allowed));
      break;
    case PROP_HUGE_PAGES:
      g_value_set_boolean (value, self->huge_pages);
      break;
    case PROP_MAPPINGS:
      g_value_set_variant (value, build_mappings (self));
      break;
    case PROP_MAPPING_COUNT:
      g_value_set_uint64 (value, iommud_mapping_table_get_count (self->mappings));
      break;
    case PROP_MAPPED_BYTES:
      g_value_set_uint64 (value, iommud_mapping_table_get_bytes (self->mappings));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (self, id, pspec);
    }
}

static void
iommud_memory_finalize (GObject *object)
{
  IommudMemory *self = IOMMUD_MEMORY (object);

  g_clear_weak_pointer (&self->container);
  iommud_iova_space_clear (&self->space);
  g_array_unref (self->allowed);
  iommud_mapping_table_free (self->mappings);
  g_clear_pointer (&self->mapped_ranges, iommud_mapped_ranges_unref);
  G_OBJECT_CLASS (iommud_memory_parent_class)->finalize (object);
}

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
install_address_properties (void)
{
  /**
   * IommudMemory:iova-ranges: (type GLib.Variant)
   *
   * The I/O virtual addresses that can be mapped: the first and the last address of each range, as
   * `a(tt)`. Devices and HWPTs narrow them (IOMMU_IOAS_IOVA_RANGES).
   */
  properties[PROP_IOVA_RANGES] =
      g_param_spec_variant ("iova-ranges", NULL, NULL, G_VARIANT_TYPE ("a(tt)"), NULL, FLAGS);
  /**
   * IommudMemory:iova-alignment:
   *
   * IOVAs and lengths of mappings are multiples of this, in bytes.
   */
  properties[PROP_IOVA_ALIGNMENT] =
      g_param_spec_uint64 ("iova-alignment", NULL, NULL, 0, G_MAXUINT64, 1, FLAGS);
  /**
   * IommudMemory:allowed-iovas: (type GLib.Variant)
   *
   * The IOVAs that the kernel may choose from: the first and the last address of each range, as
   * `a(tt)`. If there is no range, it may choose from all. See
   * iommud_memory_set_allowed_iovas_async().
   */
  properties[PROP_ALLOWED_IOVAS] =
      g_param_spec_variant ("allowed-iovas", NULL, NULL, G_VARIANT_TYPE ("a(tt)"), NULL, FLAGS);
  /**
   * IommudMemory:huge-pages:
   *
   * Whether the kernel may map memory in pages larger than the smallest (IOMMU_OPTION_HUGE_PAGES).
   */
  properties[PROP_HUGE_PAGES] = g_param_spec_boolean ("huge-pages", NULL, NULL, TRUE, FLAGS);
}

static void
install_mapping_properties (void)
{
  /**
   * IommudMemory:mappings: (type GLib.Variant)
   *
   * The first 256 mappings by IOVA, as `a(tttu)`: IOVA, length in bytes, offset in the file and
   * flags (1 readable, 2 writable) of each. #IommudMemory:mapping-count says how many there are. A
   * mapping that is being made or unmade is listed with the part of it that is mapped.
   */
  properties[PROP_MAPPINGS] =
      g_param_spec_variant ("mappings", NULL, NULL, G_VARIANT_TYPE ("a(tttu)"), NULL, FLAGS);
  /**
   * IommudMemory:mapping-count:
   *
   * How many mappings there are.
   */
  properties[PROP_MAPPING_COUNT] =
      g_param_spec_uint64 ("mapping-count", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS);
  /**
   * IommudMemory:mapped-bytes:
   *
   * How much is mapped, in bytes. It grows while a long mapping is being made.
   */
  properties[PROP_MAPPED_BYTES] =
      g_param_spec_uint64 ("mapped-bytes", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS);
}

static void
iommud_memory_class_init (IommudMemoryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = iommud_memory_get_property;
  object_class->finalize = iommud_memory_finalize;
  install_address_properties ();
  install_mapping_properties ();
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
iommud_memory_init (IommudMemory *self)
{
  self->mappings = iommud_mapping_table_new ();
  self->allowed = g_array_new (FALSE, FALSE, sizeof (IommudIovaRange));
}

IommudMemory *
iommud_memory_new (IommudContainer *container, const IommudContainerRecord *record,
                   const IommudIovaSpace *space)
{
  IommudMemory *self = g_object_new (IOMMUD_TYPE_MEMORY, NULL);

  g_set_weak_pointer (&self->container, container);
  self->huge_pages = record->huge_pages;
  g_array_append_vals (self->allowed, record->allowed->data, record->allowed->len);
  iommud_iova_space_copy (&self->space, space);
  return self;
}

void
iommud_memory_fill_record (IommudMemory *self, IommudContainerRecord *record)
{
  record->huge_pages = self->huge_pages;
  record->n_mappings = iommud_mapping_table_get_count (self->mappings);
  g_array_append_vals (record->allowed, self->allowed->data, self->allowed->len);
}

static void
notify_mappings (IommudMemory *self, gboolean count_changed)
{
  g_clear_pointer (&self->mapped_ranges, iommud_mapped_ranges_unref);
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAPPINGS]);
  if (count_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAPPING_COUNT]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAPPED_BYTES]);
  g_object_thaw_notify (G_OBJECT (self));
}

static gboolean
same_ranges (const GArray *a, const GArray *b)
{
  return a != NULL && b != NULL && a->len == b->len
         && (a->len == 0 || memcmp (a->data, b->data, a->len * sizeof (IommudIovaRange)) == 0);
}

const IommudIovaSpace *
iommud_memory_get_space (IommudMemory *self)
{
  return &self->space;
}

void
iommud_memory_set_space (IommudMemory *self, const IommudIovaSpace *space)
{
  gboolean ranges_changed, alignment_changed;

  if (space->ranges == NULL)
    return;
  ranges_changed = !same_ranges (self->space.ranges, space->ranges);
  alignment_changed = self->space.alignment != space->alignment;
  iommud_iova_space_clear (&self->space);
  iommud_iova_space_copy (&self->space, space);
  if (ranges_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IOVA_RANGES]);
  if (alignment_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IOVA_ALIGNMENT]);
}

void
iommud_memory_set_allowed (IommudMemory *self, GArray *ranges)
{
  gboolean same = same_ranges (self->allowed, ranges);

  g_array_ref (ranges);
  g_array_unref (self->allowed);
  self->allowed = ranges;
  if (!same)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ALLOWED_IOVAS]);
}

IommudMappingTable *
iommud_memory_get_mappings (IommudMemory *self)
{
  return self->mappings;
}

void
iommud_memory_add_mapping (IommudMemory *self, const IommudMapping *mapping)
{
  iommud_mapping_table_add (self->mappings, mapping);
  notify_mappings (self, TRUE);
}

void
iommud_memory_resize_mapping (IommudMemory *self, guint64 iova, guint64 length)
{
  guint64 bytes_before = iommud_mapping_table_get_bytes (self->mappings);

  iommud_mapping_table_resize (self->mappings, iova, length);
  if (iommud_mapping_table_get_bytes (self->mappings) != bytes_before)
    notify_mappings (self, length == 0);
}

void
iommud_memory_forget_mappings (IommudMemory *self)
{
  if (iommud_mapping_table_get_count (self->mappings) == 0)
    return;
  iommud_mapping_table_free (self->mappings);
  self->mappings = iommud_mapping_table_new ();
  notify_mappings (self, TRUE);
}

gboolean
iommud_memory_forget_some_mappings (IommudMemory *self, guint n)
{
  guint64 count = iommud_mapping_table_get_count (self->mappings);

  if (count > 1)
    iommud_mapping_table_drop_last (self->mappings, (guint) MIN (n, count - 1));
  return count > 1 + (guint64) n;
}

IommudMappedRanges *
iommud_memory_get_mapped_ranges (IommudMemory *self)
{
  if (self->mapped_ranges == NULL)
    self->mapped_ranges = iommud_mapped_ranges_new (
        iommud_mapping_table_get_runs (self->mappings, 0, G_MAXUINT64, FALSE),
        iommud_mapping_table_get_runs (self->mappings, 0, G_MAXUINT64, TRUE));
  return self->mapped_ranges;
}

void
iommud_memory_hold (IommudMemory *self, gconstpointer operation)
{
  g_assert (self->holder == NULL || self->holder == operation);
  self->holder = operation;
}

void
iommud_memory_release (IommudMemory *self, gconstpointer operation)
{
  if (self->holder == operation)
    self->holder = NULL;
}

gboolean
iommud_memory_is_held (IommudMemory *self, gconstpointer by_other_than)
{
  return self->holder != NULL && self->holder != by_other_than;
}

/**
 * iommud_memory_get_container:
 * @self: the memory of a container
 *
 * The container whose memory this is.
 *
 * Returns: (transfer none) (nullable): the container; %NULL once it is gone
 */
IommudContainer *
iommud_memory_get_container (IommudMemory *self)
{
  g_return_val_if_fail (IOMMUD_IS_MEMORY (self), NULL);
  return self->container;
}
