/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the options that end each call are read, and what the errors for wrong ones say. */
#include <iommud.h>

#include "options.h"

typedef struct
{
  char *name;
  gboolean force;
  guint64 size;
  int mode;
  GObject *partner;
} Values;

static void
values_clear (Values *values)
{
  g_free (values->name);
  g_clear_object (&values->partner);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Values, values_clear)

static gboolean
parse (const char *text, Values *values, GError **error)
{
  const IommudOption known[] = {
    { "name", G_TYPE_STRING, &values->name },
    { "force", G_TYPE_BOOLEAN, &values->force },
    { "size", G_TYPE_UINT64, &values->size },
    { "mode", IOMMUD_TYPE_ATTACH_MODE, &values->mode },
    { "partner", G_TYPE_CANCELLABLE, &values->partner },
  };
  g_autoptr (GVariant) options =
      g_variant_ref_sink (g_variant_new_parsed (text)); /* of this file only */
  g_autoptr (IommudObjects) objects = iommud_objects_new ();
  g_autoptr (GCancellable) partner = g_cancellable_new ();
  g_autoptr (GObject) other = g_object_new (G_TYPE_OBJECT, NULL);

  g_assert_nonnull (iommud_objects_add (objects, "/partner", partner));
  g_assert_nonnull (iommud_objects_add (objects, "/other", other));
  return iommud_options_parse (options, known, G_N_ELEMENTS (known), objects, error);
}

static void
test_good (void)
{
  g_auto (Values) values = { NULL, FALSE, 4096, IOMMUD_ATTACH_MODE_AUTO, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_true (parse ("@a{sv} {}", &values, &error));
  g_assert_no_error (error);
  g_assert_null (values.name);
  g_assert_false (values.force);
  g_assert_cmpuint (values.size, ==, 4096);
  g_assert_cmpint (values.mode, ==, IOMMUD_ATTACH_MODE_AUTO);

  g_assert_true (parse ("{'name': <'x'>, 'force': <true>, 'mode': <'kernel'>, "
                        "'size': <@t 18446744073709551615>, 'partner': <objectpath '/partner'>}",
                        &values, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (values.name, ==, "x");
  g_assert_true (values.force);
  g_assert_cmpuint (values.size, ==, G_MAXUINT64);
  g_assert_cmpint (values.mode, ==, IOMMUD_ATTACH_MODE_KERNEL);
  g_assert_true (G_IS_CANCELLABLE (values.partner));
}

/* The longest text, and the shortest that is too long. */
static void
test_lengths (void)
{
  g_autofree char *most = g_strnfill (255, 'x');
  g_autofree char *accepted = g_strdup_printf ("{'name': <'%s'>}", most);
  g_autofree char *refused = g_strdup_printf ("{'name': <'%sx'>}", most);
  g_auto (Values) values = { NULL, FALSE, 4096, IOMMUD_ATTACH_MODE_AUTO, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_true (parse (accepted, &values, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (values.name, ==, most);
  g_assert_false (parse (refused, &values, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
}

static void
check_bad (const char *text, int code, const char *pattern)
{
  g_auto (Values) values = { NULL, FALSE, 4096, IOMMUD_ATTACH_MODE_AUTO, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_false (parse (text, &values, &error));
  g_assert_error (error, IOMMUD_ERROR, code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("'%s' does not match '%s'", error->message, pattern);
  g_assert_cmpuint (strlen (error->message), <, 1000);
}

static void
test_bad (void)
{
  const int invalid = IOMMUD_ERROR_INVALID_ARGUMENT;
  g_autofree char *filler = g_strnfill (300, 'x');
  g_autofree char *long_name = g_strdup_printf ("{'name': <'%s'>}", filler);
  g_autofree char *long_key = g_strdup_printf ("{'%s': <'x'>}", filler);

  check_bad ("{'colour': <'x'>}", invalid, "Unknown option 'colour'; known are: name, force*");
  check_bad ("{'name': <uint32 5>}", invalid, "Option 'name' has the type 's', not 'u'");
  check_bad ("{'force': <'true'>}", invalid, "Option 'force' has the type 'b', not 's'");
  check_bad ("{'size': <4096>}", invalid, "Option 'size' has the type 't', not 'i'");
  check_bad ("{'size': <'4096'>}", invalid, "Option 'size' has the type 't', not 's'");
  check_bad ("{'mode': <'fast'>}", invalid,
             "Option 'mode' cannot be 'fast'; it is one of: auto, kernel");
  check_bad ("{'partner': <'/partner'>}", invalid, "Option 'partner' has the type 'o', not 's'");
  check_bad ("{'partner': <objectpath '/gone'>}", IOMMUD_ERROR_NOT_FOUND,
             "Option 'partner': *'/gone'*");
  check_bad ("{'partner': <objectpath '/other'>}", invalid, "Option 'partner': *'/other'*");
  check_bad ("{'force': <true>, 'force': <false>}", invalid, "Option 'force' is given twice");
  check_bad ("{'name': <'a'>, 'name': <'b'>}", invalid, "Option 'name' is given twice");
  check_bad (long_name, invalid, "Option 'name' is 300 bytes long; at most 255*");
  check_bad (long_key, invalid, "Unknown option 'xxx*...'; known*");
  check_bad ("{'bell\\u0007': <'x'>}", invalid, "Unknown option 'bell\\x07'*");
}

static void
test_none_known (void)
{
  g_autoptr (GVariant) options = g_variant_ref_sink (g_variant_new_parsed ("{'force': <true>}"));
  g_autoptr (IommudObjects) objects = iommud_objects_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (iommud_options_parse (options, NULL, 0, objects, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (error->message, ==, "Unknown option 'force'; known are: none");
}

static gboolean
set (IommudContainerOptions *target, const char *text, GError **error)
{
  static const char *const known[] = { "name", "dirty-tracking", "share-context", "huge-pages",
                                       NULL };
  g_autoptr (GVariant) options =
      g_variant_ref_sink (g_variant_new_parsed (text)); /* of this file only */
  g_autoptr (IommudObjects) objects = iommud_objects_new ();

  return iommud_options_set (options, known, G_OBJECT (target), objects, error);
}

/* Options that are given are set; the others keep the defaults of the model. */
static void
test_set (void)
{
  g_autoptr (IommudContainerOptions) target = iommud_container_options_new ();
  g_autofree char *name = NULL;
  gboolean huge_pages = FALSE;
  IommudDirtyTrackingPolicy policy = IOMMUD_DIRTY_TRACKING_POLICY_OFF;
  g_autoptr (GError) error = NULL;

  g_assert_true (set (target, "{'name': <'vm1'>, 'dirty-tracking': <'required'>}", &error));
  g_assert_no_error (error);
  g_object_get (target, "name", &name, "huge-pages", &huge_pages, "dirty-tracking", &policy, NULL);
  g_assert_cmpstr (name, ==, "vm1");
  g_assert_true (huge_pages);
  g_assert_cmpint (policy, ==, IOMMUD_DIRTY_TRACKING_POLICY_REQUIRED);
}

/* The owner is a property of the target, and not for callers: it is not among those known. */
static void
test_set_bad (void)
{
  static const struct
  {
    const char *text;
    int code;
    const char *message;
  } bad[] = {
    { "{'owner': <@u 0>}", IOMMUD_ERROR_INVALID_ARGUMENT,
      "Unknown option 'owner'; known are: name, dirty-tracking, share-context, huge-pages" },
    { "{'huge-pages': <1>}", IOMMUD_ERROR_INVALID_ARGUMENT,
      "Option 'huge-pages' has the type 'b', not 'i'" },
    { "{'dirty-tracking': <'on'>}", IOMMUD_ERROR_INVALID_ARGUMENT,
      "Option 'dirty-tracking' cannot be 'on'; it is one of: off, preferred, required" },
    { "{'name': <'a'>, 'name': <'b'>}", IOMMUD_ERROR_INVALID_ARGUMENT,
      "Option 'name' is given twice" },
    { "{'share-context': <objectpath '/gone'>}", IOMMUD_ERROR_NOT_FOUND,
      "Option 'share-context': There is no object '/gone': it never was there, or it is gone" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (IommudContainerOptions) target = iommud_container_options_new ();
      g_autoptr (GError) error = NULL;

      g_assert_false (set (target, bad[i].text, &error));
      g_assert_error (error, IOMMUD_ERROR, bad[i].code);
      g_assert_cmpstr (error->message, ==, bad[i].message);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/options/lengths", test_lengths);
  g_test_add_func ("/options/good", test_good);
  g_test_add_func ("/options/bad", test_bad);
  g_test_add_func ("/options/none-known", test_none_known);
  g_test_add_func ("/options/set", test_set);
  g_test_add_func ("/options/set-bad", test_set_bad);
  return g_test_run ();
}
