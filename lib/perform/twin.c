/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A second address space, to which the devices of some HWPTs are moved for a while. */
#include "perform/twin.h"

#include "base/error.h"
#include "memory/mapping-check.h"
#include "base/ranges.h"
#include "perform/unbind.h"

typedef struct
{
  guint64 serial; /* of its HWPT */
  guint32 hwpt_id;
  guint32 twin_id; /* 0: there is none */
} Table;

typedef struct
{
  IommudBinding binding;
  guint table;
  gboolean moved;    /* it is on the twin */
  int errnum;        /* the first that it met on the way back */
  gboolean detached; /* it is no longer attached */
  gboolean unbound;  /* its file had to be closed */
} Mover;

typedef struct
{
  guint64 iova;
  guint64 length;
  IommudMapFlags flags;
} Piece;

struct _IommudTwin
{
  IommudTrackers *trackers;
  guint32 ioas_id;
  guint32 twin_id; /* of the IOAS; 0: there is none */
  gboolean failed; /* a move failed: none is tried again */
  GArray *pieces;  /* of Piece: what is mapped in it */
  GArray *runs;    /* of IommudIovaRange: the same, joined; NULL until it is made */
  GArray *tables;  /* of Table */
  GArray *movers;  /* of Mover */
  GArray *orphans;
  IommudIovaSpace space; /* of the IOAS, when all are back */
};

static void
clear_mover (gpointer mover)
{
  iommud_binding_clear (&((Mover *) mover)->binding);
}

IommudTwin *
iommud_twin_new (IommudTrackers *trackers, guint32 ioas_id)
{
  IommudTwin *self = g_new0 (IommudTwin, 1);

  self->trackers = trackers;
  self->ioas_id = ioas_id;
  self->pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  self->tables = g_array_new (FALSE, FALSE, sizeof (Table));
  self->movers = g_array_new (FALSE, FALSE, sizeof (Mover));
  g_array_set_clear_func (self->movers, clear_mover);
  self->orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  return self;
}

void
iommud_twin_free (IommudTwin *self)
{
  g_array_unref (self->pieces);
  g_clear_pointer (&self->runs, g_array_unref);
  g_array_unref (self->tables);
  g_array_unref (self->movers);
  g_array_unref (self->orphans);
  iommud_iova_space_clear (&self->space);
  g_free (self);
}

/* Adjacent mappings of the same kind are copied in one call. */
void
iommud_twin_add_mapping (IommudTwin *self, guint64 iova, guint64 length, IommudMapFlags flags)
{
  Piece piece = { .iova = iova, .length = length, .flags = flags };
  Piece *last =
      self->pieces->len > 0 ? &g_array_index (self->pieces, Piece, self->pieces->len - 1) : NULL;

  if (last != NULL && last->iova + last->length == iova && last->flags == flags)
    last->length += length;
  else
    g_array_append_val (self->pieces, piece);
}

void
iommud_twin_begin_turn (IommudTwin *self)
{
  g_array_set_size (self->movers, 0);
  g_array_set_size (self->orphans, 0);
}

guint
iommud_twin_add_hwpt (IommudTwin *self, guint64 serial, guint32 hwpt_id)
{
  Table table = { .serial = serial, .hwpt_id = hwpt_id };

  for (guint i = 0; i < self->tables->len; i++)
    if (g_array_index (self->tables, Table, i).serial == serial)
      return i;
  g_array_append_val (self->tables, table);
  return self->tables->len - 1;
}

void
iommud_twin_add_device (IommudTwin *self, guint table, const IommudBinding *binding)
{
  Mover mover = { .table = table };

  iommud_binding_copy (&mover.binding, binding);
  g_array_append_val (self->movers, mover);
}

static Mover *
get_mover (const IommudTwin *self, guint index)
{
  return &g_array_index (self->movers, Mover, index);
}

static Table *
get_table (const IommudTwin *self, guint index)
{
  return &g_array_index (self->tables, Table, index);
}

static gboolean
copy_mappings (IommudTwin *self, const IommudKernelAccess *access, GError **error)
{
  for (guint i = 0; i < self->pieces->len; i++)
    {
      const Piece *piece = &g_array_index (self->pieces, Piece, i);
      guint64 iova = piece->iova;
      int errnum = iommud_iommufd_ioas_copy (
          access->syscalls, access->iommufd, self->twin_id, self->ioas_id,
          iommud_map_flags_to_kernel (piece->flags | IOMMUD_MAP_FLAGS_FIXED), piece->iova,
          piece->length, &iova);

      if (errnum == 0)
        continue;
      iommud_error_set_from_errno (error, -1, access->what, "IOMMU_IOAS_COPY to move its devices",
                                   errnum, NULL);
      return FALSE;
    }
  return TRUE;
}

/* The ranges that are mapped in it; mappings that touch each other are one range. */
static GArray *
get_runs (const IommudTwin *self)
{
  GArray *runs = iommud_ranges_new ();

  for (guint i = 0; i < self->pieces->len; i++)
    {
      const Piece *piece = &g_array_index (self->pieces, Piece, i);

      iommud_ranges_add (runs, piece->iova, piece->iova + (piece->length - 1));
    }
  return runs;
}

static gboolean
make_ioas (IommudTwin *self, const IommudKernelAccess *access, GError **error)
{
  int errnum;

  if (self->runs != NULL)
    return TRUE;
  self->runs = get_runs (self);
  errnum = iommud_iommufd_ioas_alloc (access->syscalls, access->iommufd, &self->twin_id);

  if (errnum == 0)
    return copy_mappings (self, access, error);
  self->twin_id = 0;
  iommud_error_set_from_errno (error, -1, access->what, "IOMMU_IOAS_ALLOC to move its devices",
                               errnum, NULL);
  return FALSE;
}

/* The twin records before a device is on it. */
static gboolean
make_table (IommudTwin *self, const IommudKernelAccess *access, const Mover *mover, GError **error)
{
  Table *table = get_table (self, mover->table);
  guint32 twin_id;

  if (table->twin_id == 0)
    {
      if (!iommud_page_table_alloc (access, &mover->binding, self->twin_id,
                                    IOMMUD_HWPT_FLAGS_DIRTY_TRACKING, &twin_id, error))
        return FALSE;
      table->twin_id = twin_id;
    }
  return iommud_trackers_add_guest (self->trackers, access, table->twin_id, self->runs, error);
}

static gboolean
make_tables (IommudTwin *self, const IommudKernelAccess *access, GError **error)
{
  for (guint i = 0; i < self->movers->len; i++)
    if (!make_table (self, access, get_mover (self, i), error))
      return FALSE;
  return TRUE;
}

/* This includes devices of the group whose move was not asked for yet: the kernel moves a group as
 * a whole. */
static void
mark_group_moved (IommudTwin *self, const Mover *mover)
{
  for (guint i = 0; i < self->movers->len; i++)
    if (get_mover (self, i)->binding.info->iommu_group == mover->binding.info->iommu_group)
      get_mover (self, i)->moved = TRUE;
}

static gboolean
move_devices (IommudTwin *self, const IommudKernelAccess *access, GError **error)
{
  for (guint i = 0; i < self->movers->len; i++)
    {
      Mover *mover = get_mover (self, i);
      guint32 pt_id = get_table (self, mover->table)->twin_id;
      int errnum = iommud_binding_try_attach (&mover->binding, access, &pt_id);

      if (errnum == 0)
        {
          mark_group_moved (self, mover);
          continue;
        }
      iommud_binding_set_attach_error (&mover->binding, access, errnum, error);
      return FALSE;
    }
  return TRUE;
}

gboolean
iommud_twin_move_to (IommudTwin *self, const IommudKernelAccess *access, GError **error)
{
  if (self->failed)
    return FALSE;
  iommud_page_table_free_orphans (access, self->orphans, NULL);
  self->failed = !make_ioas (self, access, error) || !make_tables (self, access, error)
                 || !move_devices (self, access, error);
  return !self->failed;
}

static int
try_to_bring_back (IommudTwin *self, const IommudKernelAccess *access, Mover *mover)
{
  guint32 pt_id = get_table (self, mover->table)->hwpt_id;
  int errnum = iommud_binding_try_attach (&mover->binding, access, &pt_id);

  if (errnum != 0 && mover->errnum == 0)
    mover->errnum = errnum;
  return errnum;
}

/* Devices of one group move together, so the first of them moves the others as well: for them this
 * changes nothing. */
static void
bring_back_moved (IommudTwin *self, const IommudKernelAccess *access)
{
  for (guint i = 0; i < self->movers->len; i++)
    {
      Mover *mover = get_mover (self, i);

      if (mover->moved)
        mover->moved = try_to_bring_back (self, access, mover) != 0;
    }
}

/* This lets the twin be freed, and lets the group go elsewhere, although the device cannot be moved
 * back. */
static void
detach_moved (IommudTwin *self, const IommudKernelAccess *access)
{
  for (guint i = 0; i < self->movers->len; i++)
    {
      Mover *mover = get_mover (self, i);

      if (!mover->moved)
        continue;
      mover->moved = FALSE;
      mover->detached = TRUE;
      mover->unbound = !iommud_detach_or_unbind (&mover->binding, access, self->trackers);
    }
}

static void
attach_detached (IommudTwin *self, const IommudKernelAccess *access)
{
  for (guint i = 0; i < self->movers->len; i++)
    {
      Mover *mover = get_mover (self, i);

      if (mover->detached && !mover->unbound)
        mover->detached = try_to_bring_back (self, access, mover) != 0;
    }
}

/* The errno is that of the first device that is lost; all of them are named. */
static gboolean
check_all_back (IommudTwin *self, const IommudKernelAccess *access, GError **error)
{
  g_autoptr (GString) lost = g_string_new (NULL);
  const Mover *first = NULL;
  g_autofree char *step = NULL;

  for (guint i = 0; i < self->movers->len; i++)
    {
      const Mover *mover = get_mover (self, i);

      if (!mover->detached)
        continue;
      if (first == NULL)
        first = mover;
      g_string_append_printf (lost, "Device %s is no longer attached%s. ",
                              mover->binding.info->name, mover->unbound ? " or bound" : "");
    }
  if (first == NULL)
    return TRUE;
  step =
      g_strdup_printf ("VFIO_DEVICE_ATTACH_IOMMUFD_PT to bring %s back", first->binding.info->name);
  iommud_error_set_from_errno (error, IOMMUD_ERROR_FAILED, access->what, step, first->errnum, NULL);
  g_prefix_error_literal (error, lost->str);
  return FALSE;
}

/* If the kernel refuses to move a device, that is tried again after the last device: a sibling may
 * have taken it along. Then all such devices are detached before any of them is attached again,
 * because a group that has one device on the twin cannot go to any other HWPT. */
static gboolean
move_devices_back (IommudTwin *self, const IommudKernelAccess *access, GError **error)
{
  bring_back_moved (self, access);
  bring_back_moved (self, access);
  detach_moved (self, access);
  attach_detached (self, access);
  return check_all_back (self, access, error);
}

static void
free_id (IommudTwin *self, const IommudKernelAccess *access, guint32 *id)
{
  if (*id != 0 && !iommud_page_table_free (access, *id, NULL))
    g_array_prepend_val (self->orphans, *id);
  *id = 0;
}

/* Orphans are freed from the last to the first: the IOAS after its HWPTs. */
static void
free_tables (IommudTwin *self, const IommudKernelAccess *access)
{
  for (guint i = 0; i < self->tables->len; i++)
    {
      Table *table = get_table (self, i);

      if (table->twin_id == 0)
        continue;
      iommud_trackers_drop_hwpt (self->trackers, access, table->twin_id);
      iommud_trackers_forget_hwpt (self->trackers, table->twin_id);
      free_id (self, access, &table->twin_id);
    }
  free_id (self, access, &self->twin_id);
}

gboolean
iommud_twin_move_back (IommudTwin *self, const IommudKernelAccess *access, GError **error)
{
  return move_devices_back (self, access, error);
}

void
iommud_twin_end (IommudTwin *self, const IommudKernelAccess *access)
{
  g_autoptr (GError) space_error = NULL;

  if (self->runs == NULL)
    return;
  free_tables (self, access);
  if (!iommud_iova_space_read (&self->space, access, self->ioas_id, &space_error))
    g_message ("%s", space_error->message);
}

gboolean
iommud_twin_has_detached (const IommudTwin *self, guint device)
{
  return get_mover (self, device)->detached;
}

gboolean
iommud_twin_has_unbound (const IommudTwin *self, guint device)
{
  return get_mover (self, device)->unbound;
}

GArray *
iommud_twin_get_orphans (IommudTwin *self)
{
  return self->orphans;
}

const IommudIovaSpace *
iommud_twin_get_space (const IommudTwin *self)
{
  return &self->space;
}
