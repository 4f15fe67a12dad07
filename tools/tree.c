/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl tree: containers with their HWPTs and devices, then the devices in no container. */
#include "config.h"

#include "columns.h"
#include "names.h"
#include "numbers.h"
#include "records.h"

#include <glib/gi18n.h>

/* What is in what. Objects name their parents: the lists of the parents may be cut. */
typedef struct
{
  GVariant *containers;
  GHashTable *children; /* GPtrArrays of records, by the object path of the parent */
  gboolean for_people;
  gboolean policy_is_off; /* of the container whose children are looked at */
} Family;

static void
family_clear (Family *self)
{
  g_clear_pointer (&self->containers, g_variant_unref);
  g_clear_pointer (&self->children, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Family, family_clear)

static void
add_child (Family *self, const char *parent, GVariant *record)
{
  GPtrArray *children = g_hash_table_lookup (self->children, parent);

  if (children == NULL)
    {
      children = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
      g_hash_table_insert (self->children, g_strdup (parent), children);
    }
  g_ptr_array_add (children, g_variant_ref (record));
}

/* A device belongs to its HWPT; an mdev and one that is only bound to the container. */
static char *
parent_of (GVariant *record)
{
  g_autofree char *hwpt = iommuctl_records_dup_string (record, "Hwpt");

  if (*hwpt != '\0' && !g_str_equal (hwpt, IOMMUD_DBUS_NO_PATH))
    return g_steal_pointer (&hwpt);
  return iommuctl_records_dup_string (record, "Container");
}

static void
add_all (Family *self, GVariant *listing, const char *interface_name)
{
  g_autoptr (GVariant) records = iommuctl_records_of_listing (listing, interface_name);
  GVariantIter iter;
  GVariant *record = NULL;

  g_variant_iter_init (&iter, records);
  while (g_variant_iter_loop (&iter, "@a{sv}", &record))
    {
      g_autofree char *parent = parent_of (record);

      add_child (self, parent, record);
    }
}

static void
family_init (Family *self, GVariant *listing)
{
  self->children =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self->containers = iommuctl_records_of_listing (listing, IOMMUD_DBUS_CONTAINER_INTERFACE);
  add_all (self, listing, IOMMUD_DBUS_HWPT_INTERFACE);
  add_all (self, listing, IOMMUD_DBUS_DEVICE_INTERFACE);
}

/* Of one kind: a container has HWPTs and devices. */
static GVariant *
children_of (Family *self, const char *parent, const char *kind,
             GVariant *(*expand) (Family *, GVariant *) )
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GPtrArray *children = g_hash_table_lookup (self->children, parent);

  for (guint i = 0; children != NULL && i < children->len; i++)
    {
      GVariant *child = g_ptr_array_index (children, i);
      g_autoptr (GVariant) expanded = NULL;

      if (!iommuctl_records_has_string (child, "Kind", kind))
        continue;
      expanded = expand (self, child);
      g_variant_builder_add_value (&builder, expanded);
    }
  return g_variant_builder_end (&builder);
}

/* DirtyTracker says what could record the pages, even if the container wants no tracking. */
static GVariant *
expand_device (Family *self, GVariant *record)
{
  if (self->for_people && self->policy_is_off)
    return iommuctl_records_with (record, "DirtyTracker", g_variant_new_string ("none"));
  return g_variant_ref (record);
}

static GVariant *
expand_hwpt (Family *self, GVariant *record)
{
  g_autofree char *path = iommuctl_records_dup_string (record, "Path");

  return iommuctl_records_with (record, "Devices",
                                children_of (self, path, "device", expand_device));
}

static GVariant *
expand_container (Family *self, GVariant *record)
{
  g_autofree char *path = iommuctl_records_dup_string (record, "Path");
  g_autoptr (GVariant) with_hwpts = NULL;

  self->policy_is_off = iommuctl_records_has_string (record, "DirtyTrackingPolicy", "off");
  with_hwpts =
      iommuctl_records_with (record, "Hwpts", children_of (self, path, "hwpt", expand_hwpt));
  return iommuctl_records_with (with_hwpts, "Devices",
                                children_of (self, path, "device", expand_device));
}

static GVariant *
expand_containers (Family *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GVariantIter iter;
  GVariant *record = NULL;

  g_variant_iter_init (&iter, self->containers);
  while (g_variant_iter_loop (&iter, "@a{sv}", &record))
    {
      g_autoptr (GVariant) expanded = expand_container (self, record);

      g_variant_builder_add_value (&builder, expanded);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
build_tree (GVariant *listing, gboolean for_people)
{
  g_auto (Family) family = { .for_people = for_people };
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  family_init (&family, listing);
  g_variant_builder_add (&builder, "{sv}", "Containers", expand_containers (&family));
  family.policy_is_off = FALSE;
  g_variant_builder_add (&builder, "{sv}", "Devices",
                         children_of (&family, IOMMUD_DBUS_NO_PATH, "device", expand_device));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static char *
describe_name (GVariant *record, IommuctlService *service)
{
  g_autofree char *path = iommuctl_records_dup_string (record, "Path");

  return iommuctl_names_of_path (service, path);
}

static char *
describe_kind (GVariant *record, IommuctlService *service)
{
  g_autofree char *kind = iommuctl_records_dup_string (record, "Kind");
  g_autofree char *management = iommuctl_records_dup_string (record, "Management");

  return *management == '\0' ? g_steal_pointer (&kind)
                             : g_strdup_printf ("%s %s", management, kind);
}

static gboolean
is_empty (GVariant *record, const char *key)
{
  g_autoptr (GVariant) members = g_variant_lookup_value (record, key, G_VARIANT_TYPE_ARRAY);

  return members == NULL || g_variant_n_children (members) == 0;
}

/* ", lease vm1": what is under a lease ends with it. */
static void
append_lease (GString *text, GVariant *record, IommuctlService *service)
{
  g_autofree char *path = iommuctl_records_dup_string (record, "Lease");
  g_autofree char *name = NULL;

  if (*path == '\0' || g_str_equal (path, IOMMUD_DBUS_NO_PATH))
    return;
  name = iommuctl_names_of_path (service, path);
  g_string_append_printf (text, _ (", lease %s"), name);
}

/* "dirty tracking full, active, 4 GiB mapped": what matters most comes first, since a narrow table
 * is cut. Without devices there is nothing to track. */
static char *
describe_container_state (GVariant *record, IommuctlService *service)
{
  g_autofree char *coverage = iommuctl_records_dup_string (record, "DirtyTrackingCoverage");
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean active = FALSE;
  guint64 n_bytes = 0;

  if (is_empty (record, "Hwpts") && is_empty (record, "Devices"))
    g_string_assign (text, _ ("no devices"));
  else
    g_string_printf (text, _ ("dirty tracking %s"), coverage);
  if (g_variant_lookup (record, "DirtyTrackingActive", "b", &active) && active)
    g_string_append (text, _ (", active"));
  if (g_variant_lookup (record, "MappedBytes", "t", &n_bytes) && n_bytes > 0)
    {
      g_autofree char *size = iommuctl_numbers_describe_size (n_bytes);

      g_string_append_printf (text, _ (", %s mapped"), size);
    }
  append_lease (text, record, service);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* What records the pages that an attached device writes to, and who has one that is leased. */
static char *
describe_device_state (GVariant *record, const char *state, IommuctlService *service)
{
  g_autofree char *tracker = iommuctl_records_dup_string (record, "DirtyTracker");
  g_autoptr (GString) text = g_string_new (state);

  if (g_str_equal (state, "leased"))
    append_lease (text, record, service);
  else if (!g_str_equal (state, "attached") || *tracker == '\0' || g_str_equal (tracker, "unknown"))
    return g_strdup (state);
  else if (g_str_equal (tracker, "none"))
    g_string_printf (text, _ ("%s, not tracked"), state);
  else
    g_string_printf (text, _ ("%s, %s tracks"), state, tracker);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* A container's coverage, the flags of a HWPT, the state of a device. */
static char *
describe_state (GVariant *record, IommuctlService *service)
{
  g_autofree const char **flags = NULL;
  g_autofree char *state = iommuctl_records_dup_string (record, "State");

  if (g_variant_lookup (record, "Flags", "^a&s", &flags))
    return g_strjoinv (", ", (char **) flags);
  return *state == '\0' ? describe_container_state (record, service)
                        : describe_device_state (record, state, service);
}

static void
gather_names (GPtrArray *names, IommuctlService *service, GVariant *record)
{
  GVariantIter iter;
  GVariantIter children;
  GVariant *value = NULL;
  GVariant *child = NULL;

  g_variant_iter_init (&iter, record);
  while (g_variant_iter_loop (&iter, "{&sv}", NULL, &value))
    {
      if (!iommuctl_records_has_objects (value))
        continue;
      g_variant_iter_init (&children, value);
      while (g_variant_iter_loop (&children, "@a{sv}", &child))
        {
          g_ptr_array_add (names, describe_name (child, service));
          gather_names (names, service, child);
        }
    }
}

/* All names that other commands take, in the order of the tree. */
static void
print_names (IommuctlRequest *request, GVariant *root)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  gather_names (names, request->service, root);
  g_ptr_array_add (names, NULL);
  iommuctl_output_names (request->output, (const char *const *) names->pdata);
}

static const IommuctlColumn columns[] = {
  { N_ ("NAME"), NULL, describe_name, FALSE, FALSE },
  { N_ ("KIND"), NULL, describe_kind, FALSE, FALSE },
  { N_ ("IOMMU"), "Iommu", NULL, FALSE, FALSE },
  { N_ ("STATE"), NULL, describe_state, TRUE, FALSE },
  { NULL },
};

gboolean
iommuctl_tree_run (IommuctlRequest *request, GError **error)
{
  g_autofree IommuctlColumn *chosen = iommuctl_columns_choose (request, columns, error);
  g_autoptr (GVariant) listing = NULL;
  g_autoptr (GVariant) root = NULL;

  if (chosen == NULL)
    return FALSE;
  listing = iommuctl_records_list (request->service, error);
  if (listing == NULL)
    return FALSE;
  root = build_tree (listing, !iommuctl_output_is_json (request->output));
  if (iommuctl_request_has (request, "names"))
    print_names (request, root);
  else if (!iommuctl_output_is_json (request->output) && is_empty (root, "Containers")
           && is_empty (root, "Devices"))
    iommuctl_output_text (request->output, _ ("There are no containers and no VFIO devices. "
                                              "'iommuctl devices' says more"));
  else
    iommuctl_output_tree (request->output, root, chosen);
  return TRUE;
}
