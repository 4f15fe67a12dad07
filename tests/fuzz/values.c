/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments for calls: right ones, and all kinds of wrong ones, made from the signature and from
 * what the arguments are called. */
#include "config.h"

#include "values.h"

#include <glib/gstdio.h>

#include <string.h>

/* The bus takes no message with more, and closes the connection. */
#define MAX_FILES 16
#define PAGE G_GUINT64_CONSTANT (4096)

/* --- Text ------------------------------------------------------------------------------------- */

static const char *const words[] = {
  "auto",    "device", "iommu",     "kernel", "off", "preferred", "required", "user",
  "process", "vm1",    "vfio0",     "",       " ",   "none",      "..",       "-",
  "a\nb",    "\x7f",   "\xc3\xa4 ", "%s%n",   "12",  "/",         "/org",     "iommud",
};

static char *
make_long_string (Pool *pool)
{
  static const guint lengths[] = { 63, 64, 65, 255, 4095, 4096, 4097, 70000, 300000 };

  return g_strnfill (lengths[pool_below (pool, G_N_ELEMENTS (lengths))], 'x');
}

char *
values_make_string (Pool *pool)
{
  guint kind = pool_below (pool, 100);

  if (kind < 40)
    return g_strdup (pool_pick_name (pool));
  if (kind < 60)
    return g_strdup_printf ("f%u", pool_below (pool, 20));
  if (kind < 62)
    return make_long_string (pool);
  if (kind < 66)
    return g_strdup (pool_pick_path (pool, NULL));
  return g_strdup (words[pool_below (pool, G_N_ELEMENTS (words))]);
}

/* @name: of the argument, which says what kind of object it should be. */
static char *
make_path (Pool *pool, const char *name)
{
  const char *kind = NULL;
  const char *path = NULL;
  guint chance = pool_below (pool, 100);

  if (strstr (name, "device") != NULL)
    kind = "/devices/";
  else if (strstr (name, "container") != NULL || strstr (name, "context") != NULL)
    kind = "/containers/";
  if (chance < 85)
    path = pool_pick_path (pool, kind);
  else if (chance < 92)
    path = pool_pick_path (pool, NULL);
  else if (chance < 96)
    path = pool_pick_dead_path (pool);
  else if (chance < 97)
    return g_strdup_printf ("/%0*u", (int) pool_below (pool, 3000) + 1, 0);
  return g_strdup (path != NULL ? path : "/");
}

/* --- Numbers ---------------------------------------------------------------------------------- */

static guint64
make_number (Pool *pool)
{
  static const guint64 edges[] = {
    0,
    1,
    PAGE - 1,
    PAGE + 1,
    2 << 20,
    1 << 30,
    0xfee00000,
    0xfef00000,
    G_MAXUINT32,
    G_GUINT64_CONSTANT (1) << 39,
    G_GUINT64_CONSTANT (0xfffffffff000),
    G_GUINT64_CONSTANT (1) << 48,
    G_MAXINT64,
    G_MAXUINT64 - PAGE + 1,
    G_MAXUINT64,
  };
  guint kind = pool_below (pool, 100);

  if (kind < 70)
    return PAGE * pool_below (pool, 33);
  if (kind < 80)
    return edges[pool_below (pool, G_N_ELEMENTS (edges))];
  if (kind < 90)
    return G_GUINT64_CONSTANT (1) << pool_below (pool, 64);
  return ((guint64) g_rand_int (pool->rand) << 32) | g_rand_int (pool->rand);
}

/* Numbers that may be right, more often than not. */
static guint64
make_number_for (Pool *pool, const char *name)
{
  if (pool_chance (pool, 12))
    return make_number (pool);
  if (strstr (name, "page") != NULL)
    return PAGE;
  if (strstr (name, "memory") != NULL)
    return (guint64) pool_below (pool, 80) << 20;
  if (strstr (name, "offset") != NULL)
    return pool_chance (pool, 70) ? 0 : PAGE * pool_below (pool, 16);
  if (strstr (name, "length") != NULL)
    return pool_chance (pool, 70) ? PAGE * 16 : PAGE * (pool_below (pool, 20) + 1);
  if (strstr (name, "iova") != NULL)
    return PAGE * 16 * pool_below (pool, 6);
  return make_number (pool);
}

static GVariant *
make_integer (Pool *pool, char type, const char *name)
{
  guint64 number = make_number_for (pool, name);

  switch (type)
    {
    case 'y':
      return g_variant_new_byte ((guchar) number);
    case 'b':
      return g_variant_new_boolean (pool_chance (pool, 50));
    case 'n':
      return g_variant_new_int16 ((gint16) number);
    case 'q':
      return g_variant_new_uint16 ((guint16) number);
    case 'i':
      return g_variant_new_int32 ((gint32) number);
    case 'u':
      return g_variant_new_uint32 ((guint32) number);
    case 'x':
      return g_variant_new_int64 ((gint64) number);
    case 'd':
      return g_variant_new_double ((double) number);
    default:
      return g_variant_new_uint64 (number);
    }
}

/* --- Files ------------------------------------------------------------------------------------ */

void
values_add_file (Pool *pool, GUnixFDList *files, int file)
{
  g_autoptr (GError) error = NULL;

  if (g_unix_fd_list_get_length (files) < MAX_FILES)
    g_unix_fd_list_append (files, file, &error);
  g_assert_no_error (error);
  g_close (file, NULL);
}

static GVariant *
make_handle (Pool *pool, GUnixFDList *files)
{
  if (pool_chance (pool, 4))
    return g_variant_new_handle ((gint32) g_rand_int (pool->rand));
  values_add_file (pool, files,
                   pool_chance (pool, 80) ? pool_open_memory (pool) : pool_open_file (pool));
  return g_variant_new_handle (g_unix_fd_list_get_length (files) - 1);
}

/* --- Options ---------------------------------------------------------------------------------- */

typedef struct
{
  const char *name;
  const char *type;
  const char *methods;
  const char *values; /* of a text */
} Option;

static const Option options[] = {
  { "name", "s", "CreateContainer CreateLease LeaseDevices", NULL },
  { "dirty-tracking", "s", "CreateContainer", "off preferred required" },
  { "accounting", "s", "CreateContainer LeaseDevices OpenIommufd", "user process" },
  { "share-context", "o", "CreateContainer", NULL },
  { "huge-pages", "b", "CreateContainer", NULL },
  { "locked-memory", "t", "LeaseDevices", NULL },
  { "container", "o", "OpenIommufd", NULL },
  { "mode", "s", "AttachDevice", "auto kernel" },
  { "tracker", "s", "AttachDevice ReadBitmap UnmapAndReadBitmap", "auto device iommu" },
  { "dirty-tracking", "b", "AllocHwpt", NULL },
  { "nest-parent", "b", "AllocHwpt", NULL },
  { "force", "b", "Free", NULL },
  { "page-size", "t", "Start", NULL },
  { "no-clear", "b", "ReadBitmap", NULL },
  { "readable", "b", "MapFile CopyMapping", NULL },
  { "writable", "b", "MapFile CopyMapping", NULL },
  { "fixed", "b", "MapFile CopyMapping", NULL },
};

static GVariant *make (Pool *pool, const GVariantType *type, const char *name, GUnixFDList *files,
                       guint depth);

static const Option *
pick_option (Pool *pool, const char *method)
{
  guint first = pool_below (pool, G_N_ELEMENTS (options));

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      const Option *option = &options[(first + i) % G_N_ELEMENTS (options)];

      if (strstr (option->methods, method) != NULL || pool_chance (pool, 1))
        return option;
    }
  return NULL;
}

static GVariant *
make_option_value (Pool *pool, const Option *option, GUnixFDList *files)
{
  g_auto (GStrv) values = g_strsplit (option->values != NULL ? option->values : "", " ", -1);
  guint n = g_strv_length (values);

  if (pool_chance (pool, 5))
    return make (pool, G_VARIANT_TYPE_VARIANT, "", files, 1);
  if (n > 0 && pool_chance (pool, 90))
    return g_variant_new_string (values[pool_below (pool, n)]);
  return make (pool, G_VARIANT_TYPE (option->type), option->name, files, 1);
}

static GVariant *
make_options (Pool *pool, const char *method, GUnixFDList *files)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  while (pool_chance (pool, 45))
    {
      const Option *option = pick_option (pool, method);

      if (option != NULL)
        g_variant_builder_add (&builder, "{sv}", option->name,
                               make_option_value (pool, option, files));
    }
  if (pool_chance (pool, 4))
    {
      g_autofree char *key = values_make_string (pool);

      g_variant_builder_add (&builder, "{sv}", key,
                             make (pool, G_VARIANT_TYPE_VARIANT, "", files, 1));
    }
  return g_variant_builder_end (&builder);
}

/* --- All -------------------------------------------------------------------------------------- */

static guint
pick_length (Pool *pool)
{
  static const guint lengths[] = { 0, 14, 15, 17, 100, 3000 };

  if (pool_chance (pool, 92))
    return pool_chance (pool, 60) ? 1 : pool_below (pool, 3) + 1;
  return lengths[pool_below (pool, G_N_ELEMENTS (lengths))];
}

static GVariant *
make_array (Pool *pool, const GVariantType *type, const char *name, GUnixFDList *files, guint depth)
{
  const GVariantType *element = g_variant_type_element (type);
  guint n = depth > 1 ? pool_below (pool, 3) : pick_length (pool);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, type);
  for (guint i = 0; i < n; i++)
    g_variant_builder_add_value (&builder, make (pool, element, name, files, depth + 1));
  return g_variant_builder_end (&builder);
}

static GVariant *
make_members (Pool *pool, const GVariantType *type, const char *name, GUnixFDList *files,
              guint depth)
{
  const GVariantType *member;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, type);
  for (member = g_variant_type_first (type); member != NULL; member = g_variant_type_next (member))
    g_variant_builder_add_value (&builder, make (pool, member, name, files, depth + 1));
  return g_variant_builder_end (&builder);
}

static GVariant *
make_variant (Pool *pool, GUnixFDList *files, guint depth)
{
  static const char *const types[] = { "s", "b", "t",  "u", "o",    "i",
                                       "d", "h", "as", "v", "(tt)", "g" };
  const char *type = depth < 4 ? types[pool_below (pool, G_N_ELEMENTS (types))] : "b";

  return g_variant_new_variant (make (pool, G_VARIANT_TYPE (type), "", files, depth + 1));
}

static GVariant *
make (Pool *pool, const GVariantType *type, const char *name, GUnixFDList *files, guint depth)
{
  char first = *g_variant_type_peek_string (type);

  if (g_variant_type_is_array (type))
    return make_array (pool, type, name, files, depth);
  if (g_variant_type_is_tuple (type) || g_variant_type_is_dict_entry (type))
    return make_members (pool, type, name, files, depth);
  switch (first)
    {
    case 's':
      return g_variant_new_take_string (values_make_string (pool));
    case 'o':
      {
        g_autofree char *path = make_path (pool, name);

        return g_variant_new_object_path (path);
      }
    case 'g':
      return g_variant_new_signature (pool_chance (pool, 50) ? "a{sv}" : "");
    case 'v':
      return make_variant (pool, files, depth);
    case 'h':
      return make_handle (pool, files);
    default:
      return make_integer (pool, first, name);
    }
}

GVariant *
values_make_arguments (Pool *pool, const GDBusMethodInfo *method, GUnixFDList *files)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_TUPLE);
  for (guint i = 0; method->in_args != NULL && method->in_args[i] != NULL; i++)
    {
      const GDBusArgInfo *argument = method->in_args[i];
      const char *name = argument->name != NULL ? argument->name : "";

      if (g_str_equal (argument->signature, "a{sv}") && pool_chance (pool, 95))
        g_variant_builder_add_value (&builder, make_options (pool, method->name, files));
      else
        g_variant_builder_add_value (
            &builder, make (pool, G_VARIANT_TYPE (argument->signature), name, files, 0));
    }
  return g_variant_builder_end (&builder);
}

/* Arguments of no signature in particular. */
GVariant *
values_make_nonsense (Pool *pool, GUnixFDList *files)
{
  static const char *const types[] = { "()",          "(s)",        "(v)",          "(oa{sv})",
                                       "(httta{sv})", "(aoa{sv}s)", "(a(tt)a{sv})", "(ttttttt)",
                                       "(hh)",        "(a{sv})" };

  return make (pool, G_VARIANT_TYPE (types[pool_below (pool, G_N_ELEMENTS (types))]), "", files, 0);
}
