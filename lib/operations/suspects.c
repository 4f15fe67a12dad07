/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that may have devices of a lease that ends, although nobody can see it. */
#include "operations/suspects.h"

#include "probe/holder.h"

#define LONGEST_DOUBT_S 20

typedef struct
{
  IommudProcessId id;
  gboolean was_seen; /* with a device of the lease */
} Suspect;

struct _IommudSuspects
{
  uid_t owner;
  gint pid;
  char *unit;
  GArray *list; /* of Suspect; NULL before the first search */
  gint64 end_of_doubt;
};

IommudSuspects *
iommud_suspects_new (uid_t owner, gint pid, const char *unit)
{
  IommudSuspects *self = g_new0 (IommudSuspects, 1);

  self->owner = owner;
  self->pid = pid;
  self->unit = g_strdup (unit);
  return self;
}

void
iommud_suspects_free (IommudSuspects *self)
{
  g_clear_pointer (&self->list, g_array_unref);
  g_free (self->unit);
  g_free (self);
}

static const Suspect *
find (const GArray *list, const IommudProcessId *id)
{
  for (guint i = 0; i < list->len; i++)
    {
      const Suspect *suspect = &g_array_index (list, Suspect, i);

      if (suspect->id.pid == id->pid && suspect->id.start_time == id->start_time)
        return suspect;
    }
  return NULL;
}

/* A control group that is no unit may hold anything. */
static gboolean
is_unit (const char *unit)
{
  return *unit != '\0' && *unit != '/';
}

static gboolean
is_of_client (const IommudSuspects *self, const IommudExitingProcess *process)
{
  return (self->pid != 0 && (process->id.pid == self->pid || process->parent == self->pid))
         || (is_unit (self->unit) && g_str_equal (process->unit, self->unit))
         || (self->owner != 0 && process->user == self->owner);
}

static void
begin (IommudSuspects *self, const GArray *exiting, gint64 now)
{
  self->list = g_array_new (FALSE, FALSE, sizeof (Suspect));
  self->end_of_doubt = now + LONGEST_DOUBT_S * G_USEC_PER_SEC;
  for (guint i = 0; i < exiting->len; i++)
    {
      const IommudExitingProcess *process = &g_array_index (exiting, IommudExitingProcess, i);
      const Suspect suspect = { .id = process->id };

      if (is_of_client (self, process))
        g_array_append_val (self->list, suspect);
    }
}

/* The others have ended, and their files are closed. */
static GArray *
keep_exiting (IommudSuspects *self, const GArray *exiting)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (Suspect));

  for (guint i = 0; i < exiting->len; i++)
    {
      const Suspect *suspect =
          find (self->list, &g_array_index (exiting, IommudExitingProcess, i).id);

      if (suspect != NULL)
        g_array_append_vals (list, suspect, 1);
    }
  return list;
}

GArray *
iommud_suspects_update (IommudSuspects *self, const GPtrArray *holders, const GArray *exiting,
                        gint64 now)
{
  GArray *counting = g_array_new (FALSE, FALSE, sizeof (IommudProcessId));
  GArray *list;

  if (self->list == NULL)
    begin (self, exiting, now);
  list = keep_exiting (self, exiting);
  for (guint i = 0; i < list->len; i++)
    {
      const Suspect *suspect = &g_array_index (list, Suspect, i);

      if (suspect->was_seen || now < self->end_of_doubt)
        g_array_append_val (counting, suspect->id);
    }
  for (guint i = 0; i < holders->len; i++)
    {
      const IommudFoundHolder *holder = g_ptr_array_index (holders, i);
      const Suspect seen = { .id = { holder->pid, holder->start_time }, .was_seen = TRUE };

      g_array_append_val (list, seen);
    }
  g_array_unref (self->list);
  self->list = list;
  return counting;
}
