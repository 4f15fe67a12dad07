/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What polkit is told of a call: its rules can look at it, and the text that asks for a password
 * names it. */
#include "access/details.h"

#include <iommud.h>

/* A text that asks for a password should not fill the screen. */
#define MOST_NAMES 8

typedef struct
{
  GPtrArray *devices;
  GPtrArray *products;
  GPtrArray *drivers;
  GPtrArray *groups;
} Lists;

static GPtrArray *
new_list (void)
{
  return g_ptr_array_new_with_free_func (g_free);
}

/* Takes the word. */
static void
add_word (GPtrArray *list, char *word)
{
  if (*word == '\0' || g_ptr_array_find_with_equal_func (list, word, g_str_equal, NULL))
    g_free (word);
  else
    g_ptr_array_add (list, word);
}

static void
add_device (Lists *lists, GObject *device)
{
  g_autofree char *vendor = NULL;
  g_autofree char *product = NULL;
  char *name = NULL;
  char *driver = NULL;
  gint32 group = -1;

  g_object_get (device, "name", &name, "vendor", &vendor, "product", &product, "driver", &driver,
                "iommu-group", &group, NULL);
  add_word (lists->devices, name);
  add_word (lists->products, g_strstrip (g_strdup_printf ("%s %s", vendor, product)));
  add_word (lists->drivers, driver);
  add_word (lists->groups, group < 0 ? g_strdup ("") : g_strdup_printf ("%d", group));
}

/* Owned. */
static char *
join (const GPtrArray *list)
{
  GString *joined = g_string_new (NULL);

  for (guint i = 0; i < MIN (list->len, MOST_NAMES); i++)
    g_string_append_printf (joined, i == 0 ? "%s" : ", %s", (char *) g_ptr_array_index (list, i));
  if (list->len > MOST_NAMES)
    g_string_append_printf (joined, ", ... (%u)", list->len);
  return g_string_free (joined, FALSE);
}

/* The text would have a hole where there is nothing to say. Takes the list. */
static void
add_detail (GVariantBuilder *details, const char *key, GPtrArray *list)
{
  g_autofree char *joined = join (list);

  g_variant_builder_add (details, "{ss}", key, list->len == 0 ? "-" : joined);
  g_ptr_array_unref (list);
}

/* All devices that the caller has not got are asked about at once. An a{ss}, floating. */
GVariant *
iommud_details_new (const IommudRequest *request, IommudAction action)
{
  Lists lists = { new_list (), new_list (), new_list (), new_list () };
  g_autofree char *method = g_strdup_printf ("%s.%s", request->interface, request->method);
  GVariantBuilder details;

  for (guint i = 0; i < iommud_needs_count (request->needs); i++)
    {
      const IommudNeed *need = iommud_needs_get (request->needs, i);

      if (need->basis == IOMMUD_BASIS_NONE && need->action == action
          && IOMMUD_IS_DEVICE (need->object))
        add_device (&lists, need->object);
    }
  g_variant_builder_init (&details, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&details, "{ss}", "method", method);
  add_detail (&details, "device", lists.devices);
  add_detail (&details, "product", lists.products);
  add_detail (&details, "driver", lists.drivers);
  add_detail (&details, "group", lists.groups);
  return g_variant_builder_end (&details);
}
