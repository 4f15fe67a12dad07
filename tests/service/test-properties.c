/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a model's properties are written on the bus, by name and type. */
#include <iommud.h>

#include "objects.h"
#include "properties.h"

/* A model with a property of every type that models have. */
#define TEST_TYPE_MODEL (test_model_get_type ())
G_DECLARE_FINAL_TYPE (TestModel, test_model, TEST, MODEL, GObject)

struct _TestModel
{
  GObject parent_instance;

  gboolean empty;
  guint n_words;
  GObject *partner;
  GListStore *items;
};

G_DEFINE_FINAL_TYPE (TestModel, test_model, G_TYPE_OBJECT)

enum
{
  PROP_NAME = 1,
  PROP_WORDS,
  PROP_N_WORDS,
  PROP_COUNT,
  PROP_NODE,
  PROP_SERIAL,
  PROP_READY,
  PROP_STATE,
  PROP_FLAGS,
  PROP_PARTNER,
  PROP_ITEMS,
  PROP_IOVA_RANGES,
  PROP_POINTER,
  N_PROPS
};

static void
set_full (TestModel *self, guint id, GValue *value)
{
  static const char *const words[] = { "one", "two", NULL };

  switch (id)
    {
    case PROP_NAME:
      g_value_set_string (value, "a name");
      break;
    case PROP_WORDS:
      g_value_set_boxed (value, words);
      break;
    case PROP_PARTNER:
      g_value_set_object (value, self->partner);
      break;
    case PROP_ITEMS:
      g_value_set_object (value, self->items);
      break;
    case PROP_IOVA_RANGES:
      g_value_take_variant (value, g_variant_ref_sink (g_variant_new_parsed ("[(@t 0, @t 4095)]")));
      break;
    default:
      break;
    }
}

static void
test_model_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  TestModel *self = TEST_MODEL (object);

  switch (id)
    {
    case PROP_COUNT:
      g_value_set_uint (value, 7);
      break;
    case PROP_N_WORDS:
      g_value_set_uint (value, self->n_words);
      break;
    case PROP_NODE:
      g_value_set_int (value, -1);
      break;
    case PROP_SERIAL:
      g_value_set_uint64 (value, G_MAXUINT64);
      break;
    case PROP_READY:
      g_value_set_boolean (value, TRUE);
      break;
    case PROP_STATE:
      g_value_set_enum (value, IOMMUD_DEVICE_STATE_ATTACHED);
      break;
    case PROP_FLAGS:
      g_value_set_flags (value, self->empty ? IOMMUD_HWPT_FLAGS_NONE
                                            : IOMMUD_HWPT_FLAGS_DIRTY_TRACKING
                                                  | IOMMUD_HWPT_FLAGS_NEST_PARENT);
      break;
    default:
      if (!self->empty)
        set_full (self, id, value);
    }
}

static void
test_model_finalize (GObject *object)
{
  TestModel *self = TEST_MODEL (object);

  g_clear_object (&self->partner);
  g_clear_object (&self->items);
  G_OBJECT_CLASS (test_model_parent_class)->finalize (object);
}

static void
test_model_class_init (TestModelClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GParamSpec *specs[N_PROPS] = {
    [PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, G_PARAM_READABLE),
    [PROP_WORDS] = g_param_spec_boxed ("words", NULL, NULL, G_TYPE_STRV, G_PARAM_READABLE),
    [PROP_N_WORDS] = g_param_spec_uint ("n-words", NULL, NULL, 0, 9, 0, G_PARAM_READABLE),
    [PROP_COUNT] = g_param_spec_uint ("count", NULL, NULL, 0, 9, 0, G_PARAM_READABLE),
    [PROP_NODE] = g_param_spec_int ("node", NULL, NULL, -1, 9, 0, G_PARAM_READABLE),
    [PROP_SERIAL] = g_param_spec_uint64 ("serial", NULL, NULL, 0, G_MAXUINT64, 0, G_PARAM_READABLE),
    [PROP_READY] = g_param_spec_boolean ("ready", NULL, NULL, FALSE, G_PARAM_READABLE),
    [PROP_STATE] =
        g_param_spec_enum ("state", NULL, NULL, IOMMUD_TYPE_DEVICE_STATE, 0, G_PARAM_READABLE),
    [PROP_FLAGS] =
        g_param_spec_flags ("flags", NULL, NULL, IOMMUD_TYPE_HWPT_FLAGS, 0, G_PARAM_READABLE),
    [PROP_PARTNER] = g_param_spec_object ("partner", NULL, NULL, G_TYPE_OBJECT, G_PARAM_READABLE),
    [PROP_ITEMS] = g_param_spec_object ("items", NULL, NULL, G_TYPE_LIST_MODEL, G_PARAM_READABLE),
    [PROP_IOVA_RANGES] = g_param_spec_variant ("iova-ranges", NULL, NULL, G_VARIANT_TYPE ("a(tt)"),
                                               NULL, G_PARAM_READABLE),
    [PROP_POINTER] = g_param_spec_pointer ("pointer", NULL, NULL, G_PARAM_READABLE),
  };

  object_class->get_property = test_model_get_property;
  object_class->finalize = test_model_finalize;
  g_object_class_install_properties (object_class, N_PROPS, specs);
}

static void
test_model_init (TestModel *self)
{
}

typedef struct
{
  const char *member;
  const char *type;
  const char *full;
  const char *empty;
} Case;

static const Case cases[] = {
  { "Name", "s", "'a name'", "''" },
  { "Words", "as", "['one', 'two']", "@as []" },
  { "Count", "u", "uint32 7", "uint32 7" },
  { "Node", "i", "-1", "-1" },
  { "Serial", "t", "uint64 18446744073709551615", "uint64 18446744073709551615" },
  { "Ready", "b", "true", "true" },
  { "State", "s", "'attached'", "'attached'" },
  { "Flags", "as", "['dirty-tracking', 'nest-parent']", "@as []" },
  { "Partner", "o", "objectpath '/partner'", "objectpath '/'" },
  { "Items", "ao", "[objectpath '/one', '/two']", "@ao []" },
  { "IovaRanges", "a(tt)", "[(uint64 0, uint64 4095)]", "@a(tt) []" },
};

static void
check_case (const Case *wanted, TestModel *model, const char *expected, IommudObjects *objects)
{
  g_autofree char *name = iommud_properties_name_from_member (wanted->member);
  g_autoptr (GVariant) value =
      iommud_properties_read (G_OBJECT (model), name, G_VARIANT_TYPE (wanted->type), objects);
  g_autofree char *printed = g_variant_print (value, TRUE);

  g_assert_cmpstr (g_variant_get_type_string (value), ==, wanted->type);
  g_assert_cmpstr (printed, ==, expected);
}

static void
add_item (TestModel *model, IommudObjects *objects, const char *path)
{
  g_autoptr (GObject) item = g_object_new (G_TYPE_OBJECT, NULL);

  g_assert_nonnull (iommud_objects_add (objects, path, item));
  g_list_store_append (model->items, item);
}

static void
test_values (void)
{
  g_autoptr (IommudObjects) objects = iommud_objects_new ();
  g_autoptr (TestModel) model = g_object_new (TEST_TYPE_MODEL, NULL);

  model->partner = g_object_new (G_TYPE_OBJECT, NULL);
  g_assert_nonnull (iommud_objects_add (objects, "/partner", model->partner));
  model->items = g_list_store_new (G_TYPE_OBJECT);
  add_item (model, objects, "/one");
  add_item (model, objects, "/two");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    check_case (&cases[i], model, cases[i].full, objects);
  model->empty = TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    check_case (&cases[i], model, cases[i].empty, objects);
}

/* A property never points at an object that has left the bus. */
static void
test_gone_object (void)
{
  g_autoptr (IommudObjects) objects = iommud_objects_new ();
  g_autoptr (TestModel) model = g_object_new (TEST_TYPE_MODEL, NULL);
  const Case partner = { "Partner", "o", NULL, NULL };

  model->partner = g_object_new (G_TYPE_OBJECT, NULL);
  g_assert_nonnull (iommud_objects_add (objects, "/partner", model->partner));
  check_case (&partner, model, "objectpath '/partner'", objects);
  iommud_objects_remove (objects, model->partner);
  check_case (&partner, model, "objectpath '/'", objects);
}

static void
expect_complaint (const char *name, const char *type, const char *pattern)
{
  g_autoptr (IommudObjects) objects = iommud_objects_new ();
  g_autoptr (TestModel) model = g_object_new (TEST_TYPE_MODEL, NULL);

  g_test_expect_message ("iommud", G_LOG_LEVEL_CRITICAL, pattern);
  g_assert_null (iommud_properties_read (G_OBJECT (model), name, G_VARIANT_TYPE (type), objects));
  g_test_assert_expected_messages ();
}

static void
test_mistakes (void)
{
  expect_complaint ("colour", "s", "*no property colour*");
  expect_complaint ("name", "u", "*TestModel.name cannot be written as u*");
  expect_complaint ("pointer", "t", "*TestModel.pointer cannot be written as t*");
}

static void
test_names (void)
{
  static const struct
  {
    const char *member;
    const char *name;
  } names[] = {
    { "Name", "name" },
    { "IommufdAvailable", "iommufd-available" },
    { "DirtyTrackingPolicy", "dirty-tracking-policy" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *name = iommud_properties_name_from_member (names[i].member);

      g_assert_cmpstr (name, ==, names[i].name);
    }
}

/* A list is counted, unless the model has counted it already. */
static void
test_count (void)
{
  g_autoptr (TestModel) model = g_object_new (TEST_TYPE_MODEL, NULL);
  g_autoptr (GVariant) ranges = iommud_properties_count (G_OBJECT (model), "iova-ranges");
  g_autoptr (GVariant) words = NULL;

  g_assert_cmpuint (g_variant_get_uint64 (ranges), ==, 1);
  model->n_words = 5;
  words = iommud_properties_count (G_OBJECT (model), "words");
  g_assert_cmpuint (g_variant_get_uint64 (words), ==, 5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/properties/values", test_values);
  g_test_add_func ("/properties/gone-object", test_gone_object);
  g_test_add_func ("/properties/mistakes", test_mistakes);
  g_test_add_func ("/properties/names", test_names);
  g_test_add_func ("/properties/count", test_count);
  return g_test_run ();
}
