/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much each user may have who is not trusted with everything: defaults, and what iommud.conf
 * says. */
#include "access/limits.h"

#include "access/settings.h"
#include "quote.h"

#define SECTION "quotas"

#define MIB(n) (G_GUINT64_CONSTANT (n) << 20)
#define GIB(n) (G_GUINT64_CONSTANT (n) << 30)

static const struct
{
  const char *key;
  gboolean is_size;
  guint64 usual;
  guint64 smallest;
} keys[IOMMUD_N_LIMITS] = {
  [IOMMUD_LIMIT_LEASES] = { "leases", FALSE, 64, 0 },
  [IOMMUD_LIMIT_DEVICES] = { "devices", FALSE, 256, 0 },
  [IOMMUD_LIMIT_CONTAINERS] = { "containers", FALSE, 256, 0 },
  [IOMMUD_LIMIT_HWPTS] = { "hwpts", FALSE, 1024, 0 },
  [IOMMUD_LIMIT_MAPPINGS] = { "mappings", FALSE, 65536, 0 },
  [IOMMUD_LIMIT_MAPPED_BYTES] = { "mapped-bytes", TRUE, GIB (16384), 0 },
  [IOMMUD_LIMIT_LOCKED_MEMORY] = { "locked-memory", TRUE, GIB (64), 0 },
  [IOMMUD_LIMIT_CALLS] = { "calls", FALSE, 4096, 1 },
  /* Who has less unread is one who reads. */
  [IOMMUD_LIMIT_QUEUED_BYTES] = { "queued-bytes", TRUE, MIB (8), MIB (1) },
};

/* What holds if nothing is configured. */
void
iommud_limits_init (IommudLimits *self)
{
  for (guint i = 0; i < IOMMUD_N_LIMITS; i++)
    self->values[i] = keys[i].usual;
}

const char *
iommud_limit_get_key (IommudLimit limit)
{
  return keys[limit].key;
}

static void
read_value (guint64 *value, guint limit, const char *file, const IommudSetting *setting,
            IommudProblems *problems)
{
  g_autofree char *quoted = iommud_quote (setting->value);
  guint64 number = 0;
  gboolean is_right = keys[limit].is_size
                          ? iommud_setting_parse_size (setting->value, &number)
                          : iommud_setting_parse_number (setting->value, G_MAXUINT32, &number);

  if (is_right && number >= keys[limit].smallest)
    *value = number;
  else if (is_right)
    iommud_problems_add (problems, file, setting->line,
                         "%s: %s is too small, %" G_GUINT64_FORMAT " is used", setting->key, quoted,
                         keys[limit].usual);
  else
    iommud_problems_add (problems, file, setting->line,
                         "%s: %s is no %s, %" G_GUINT64_FORMAT " is used", setting->key, quoted,
                         keys[limit].is_size ? "size, such as 4096, 512M or 16G" : "number",
                         keys[limit].usual);
}

static void
read_setting (IommudLimits *self, const char *file, const IommudSetting *setting,
              IommudProblems *problems)
{
  g_autofree char *quoted = NULL;

  for (guint i = 0; i < IOMMUD_N_LIMITS; i++)
    if (g_str_equal (keys[i].key, setting->key))
      {
        read_value (&self->values[i], i, file, setting, problems);
        return;
      }
  quoted = iommud_quote (setting->key);
  iommud_problems_add (problems, file, setting->line, "There is no key %s in section [" SECTION "]",
                       quoted);
}

/* What is wrong is a problem, and leaves the value as it is. */
void
iommud_limits_read (IommudLimits *self, const char *file, const char *text, gsize length,
                    IommudProblems *problems)
{
  g_autoptr (GPtrArray) sections = iommud_settings_parse (file, text, length, problems);

  for (guint i = 0; i < sections->len; i++)
    {
      const IommudSection *section = g_ptr_array_index (sections, i);
      g_autofree char *quoted = iommud_quote (section->name);

      if (!g_str_equal (section->name, SECTION))
        iommud_problems_add (problems, file, section->line, "There is no section %s", quoted);
      for (guint j = 0; j < section->settings->len && g_str_equal (section->name, SECTION); j++)
        read_setting (self, file, g_ptr_array_index (section->settings, j), problems);
    }
}
