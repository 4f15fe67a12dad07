/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lets certain users use certain devices: one section of a file in grants.d. Of each kind of
 * condition that it has, a device must meet one; so each line more makes the devices fewer. A
 * section of which any line is wrong grants nothing. */
#include "access/grant.h"

#include <string.h>

#include "access/users.h"
#include "quote.h"

#define ANY_PRODUCT G_MAXUINT32

typedef struct
{
  guint32 vendor;
  guint32 product; /* or ANY_PRODUCT */
} Id;

/* NULL for what the section does not have. */
struct _IommudGrant
{
  GPtrArray *devices; /* their names */
  GPtrArray *drivers;
  GPtrArray *mdev_types;
  GArray *ids;          /* of Id */
  GArray *iommu_groups; /* of guint32 */
  GArray *users;        /* of guint32 */
  GArray *groups;       /* of guint32 */
  guint64 locked_memory;
};

void
iommud_grant_free (IommudGrant *self)
{
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  g_clear_pointer (&self->drivers, g_ptr_array_unref);
  g_clear_pointer (&self->mdev_types, g_ptr_array_unref);
  g_clear_pointer (&self->ids, g_array_unref);
  g_clear_pointer (&self->iommu_groups, g_array_unref);
  g_clear_pointer (&self->users, g_array_unref);
  g_clear_pointer (&self->groups, g_array_unref);
  g_free (self);
}

/* --- Reading ---------------------------------------------------------------------------------- */

/* Each reads one element of a list, or the value of a key that is no list. NULL, or what is wrong
 * with it. */
typedef const char *(*ReadFunc) (IommudGrant *self, const char *text);

static const char *
add_word (GPtrArray **words, const char *text)
{
  if (*words == NULL)
    *words = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (*words, g_strdup (text));
  return *text == '\0' ? "An element of the list is empty" : NULL;
}

static const char *
add_number (GArray **numbers, guint32 number)
{
  if (*numbers == NULL)
    *numbers = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_array_append_val (*numbers, number);
  return NULL;
}

static gboolean
is_short_pci_address (const char *text)
{
  static const char pattern[] = "xx:xx.x";

  for (gsize i = 0; i < strlen (pattern); i++)
    if (pattern[i] == 'x' ? !g_ascii_isxdigit (text[i]) : text[i] != pattern[i])
      return FALSE;
  return text[strlen (pattern)] == '\0';
}

/* People leave out the domain 0000, as lspci does. */
static const char *
read_device (IommudGrant *self, const char *text)
{
  g_autofree char *lower = NULL;
  g_autofree char *whole = NULL;

  if (!is_short_pci_address (text))
    return add_word (&self->devices, text);
  lower = g_ascii_strdown (text, -1);
  whole = g_strconcat ("0000:", lower, NULL);
  return add_word (&self->devices, whole);
}

static const char *
read_driver (IommudGrant *self, const char *text)
{
  return add_word (&self->drivers, text);
}

static const char *
read_mdev_type (IommudGrant *self, const char *text)
{
  return add_word (&self->mdev_types, text);
}

static gboolean
read_hex (const char *text, guint32 *number)
{
  guint64 value = 0;

  if (strlen (text) != 4 || !g_ascii_string_to_unsigned (text, 16, 0, 0xffff, &value, NULL))
    return FALSE;
  *number = (guint32) value;
  return TRUE;
}

static const char *
read_id (IommudGrant *self, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", 3);
  Id id = { 0, ANY_PRODUCT };

  if (g_strv_length (parts) != 2 || !read_hex (parts[0], &id.vendor)
      || (!g_str_equal (parts[1], "*") && !read_hex (parts[1], &id.product)))
    return "This is not VENDOR:PRODUCT, of four hexadecimal digits each, or VENDOR:*";
  if (self->ids == NULL)
    self->ids = g_array_new (FALSE, FALSE, sizeof (Id));
  g_array_append_val (self->ids, id);
  return NULL;
}

static const char *
read_iommu_group (IommudGrant *self, const char *text)
{
  guint64 number = 0;

  if (!iommud_setting_parse_number (text, G_MAXINT32, &number))
    return "This is no number of an IOMMU group";
  return add_number (&self->iommu_groups, (guint32) number);
}

static const char *
read_user (IommudGrant *self, const char *text)
{
  guint32 uid = 0;
  const char *cause = NULL;

  return iommud_users_find_user (text, &uid, &cause) ? add_number (&self->users, uid) : cause;
}

static const char *
read_group (IommudGrant *self, const char *text)
{
  guint32 gid = 0;
  const char *cause = NULL;

  return iommud_users_find_group (text, &gid, &cause) ? add_number (&self->groups, gid) : cause;
}

static const char *
read_locked_memory (IommudGrant *self, const char *text)
{
  return iommud_setting_parse_size (text, &self->locked_memory)
             ? NULL
             : "This is no size, such as 4096, 512M or 16G";
}

static const struct
{
  const char *key;
  gboolean is_list;
  ReadFunc read;
} keys[] = {
  { "devices", TRUE, read_device },       { "ids", TRUE, read_id },
  { "drivers", TRUE, read_driver },       { "iommu-groups", TRUE, read_iommu_group },
  { "mdev-types", TRUE, read_mdev_type }, { "users", TRUE, read_user },
  { "groups", TRUE, read_group },         { "locked-memory", FALSE, read_locked_memory },
};

static gboolean
read_one (IommudGrant *self, ReadFunc read, const char *file, const IommudSetting *setting,
          const char *text, IommudProblems *problems)
{
  const char *cause = read (self, text);

  if (cause != NULL)
    {
      g_autofree char *quoted = iommud_quote (text);

      iommud_problems_add (problems, file, setting->line, "%s: %s: %s", setting->key, cause,
                           quoted);
    }
  return cause == NULL;
}

static gboolean
read_list (IommudGrant *self, ReadFunc read, const char *file, const IommudSetting *setting,
           IommudProblems *problems)
{
  g_auto (GStrv) elements = iommud_setting_split (setting);

  if (elements[0] == NULL)
    {
      iommud_problems_add (problems, file, setting->line, "%s: The list is empty", setting->key);
      return FALSE;
    }
  for (gsize i = 0; elements[i] != NULL; i++)
    if (!read_one (self, read, file, setting, elements[i], problems))
      return FALSE;
  return TRUE;
}

static gboolean
read_setting (IommudGrant *self, const char *file, const IommudSetting *setting,
              IommudProblems *problems)
{
  g_autofree char *quoted = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].key, setting->key))
      return keys[i].is_list
                 ? read_list (self, keys[i].read, file, setting, problems)
                 : read_one (self, keys[i].read, file, setting, setting->value, problems);
  quoted = iommud_quote (setting->key);
  iommud_problems_add (problems, file, setting->line, "There is no key %s", quoted);
  return FALSE;
}

static gboolean
is_whole (const IommudGrant *self, const char *file, const IommudSection *section,
          IommudProblems *problems)
{
  if (self->devices == NULL && self->ids == NULL && self->drivers == NULL
      && self->iommu_groups == NULL && self->mdev_types == NULL)
    iommud_problems_add (problems, file, section->line,
                         "The section names no devices (devices, ids, drivers, iommu-groups or "
                         "mdev-types)");
  else if (self->users == NULL && self->groups == NULL)
    iommud_problems_add (problems, file, section->line,
                         "The section names nobody (users or groups)");
  else
    return TRUE;
  return FALSE;
}

/* Looks users and groups up. NULL if anything is wrong with the section, which is a problem. */
IommudGrant *
iommud_grant_new (const char *file, const IommudSection *section, IommudProblems *problems)
{
  g_autoptr (IommudGrant) self = g_new0 (IommudGrant, 1);
  gboolean is_right = !section->is_broken;

  for (guint i = 0; i < section->settings->len; i++)
    if (!read_setting (self, file, g_ptr_array_index (section->settings, i), problems))
      is_right = FALSE;
  return is_right && is_whole (self, file, section, problems) ? g_steal_pointer (&self) : NULL;
}

/* --- Matching --------------------------------------------------------------------------------- */

static gboolean
has_number (const GArray *numbers, guint32 number)
{
  for (guint i = 0; numbers != NULL && i < numbers->len; i++)
    if (g_array_index (numbers, guint32, i) == number)
      return TRUE;
  return FALSE;
}

gboolean
iommud_grant_is_for (const IommudGrant *self, const IommudSubject *subject)
{
  if (has_number (self->users, subject->uid))
    return TRUE;
  for (guint i = 0; subject->groups != NULL && i < subject->groups->len; i++)
    if (has_number (self->groups, g_array_index (subject->groups, guint32, i)))
      return TRUE;
  return FALSE;
}

static gboolean
meets_words (const GPtrArray *words, const char *word)
{
  for (guint i = 0; words != NULL && i < words->len; i++)
    if (g_str_equal (g_ptr_array_index (words, i), word))
      return TRUE;
  return words == NULL;
}

static gboolean
meets_ids (const GArray *ids, const IommudDeviceTraits *device)
{
  for (guint i = 0; ids != NULL && i < ids->len; i++)
    {
      const Id *id = &g_array_index (ids, Id, i);

      if (id->vendor == device->vendor_id
          && (id->product == ANY_PRODUCT || id->product == device->product_id))
        return TRUE;
    }
  return ids == NULL;
}

static gboolean
meets_iommu_groups (const GArray *groups, gint32 group)
{
  return groups == NULL || (group >= 0 && has_number (groups, (guint32) group));
}

gboolean
iommud_grant_covers (const IommudGrant *self, const IommudDeviceTraits *device)
{
  return meets_words (self->devices, device->name) && meets_words (self->drivers, device->driver)
         && meets_words (self->mdev_types, device->mdev_type) && meets_ids (self->ids, device)
         && meets_iommu_groups (self->iommu_groups, device->iommu_group);
}

/* 0 if it names none. */
guint64
iommud_grant_get_locked_memory (const IommudGrant *self)
{
  return self->locked_memory;
}

/* --- Devices ---------------------------------------------------------------------------------- */

/* As the device is now: its driver may change. */
void
iommud_device_traits_init (IommudDeviceTraits *self, gpointer device)
{
  g_object_get (device, "name", &self->name, "driver", &self->driver, "mdev-type", &self->mdev_type,
                "vendor-id", &self->vendor_id, "product-id", &self->product_id, "iommu-group",
                &self->iommu_group, NULL);
}

void
iommud_device_traits_clear (IommudDeviceTraits *self)
{
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->driver, g_free);
  g_clear_pointer (&self->mdev_type, g_free);
}
