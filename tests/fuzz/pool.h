/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client of the fuzzer knows: objects that are there or were, and open files. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  POOL_FILE_GUARD,
  POOL_FILE_IOMMUFD,
  POOL_FILE_CDEV,
  POOL_FILE_BOUND_CDEV,
  POOL_FILE_BITMAP,
} PoolFileKind;

typedef struct
{
  PoolFileKind kind;
  int fd;
} PoolFile;

typedef struct
{
  GRand *rand;
  guint uid;
  GPtrArray *live; /* paths */
  GPtrArray *own;  /* those of them that belong to the user */
  GPtrArray *dead;
  GPtrArray *names;  /* of devices and containers */
  GHashTable *infos; /* kind of object -> GDBusNodeInfo */
  GArray *files;     /* of PoolFile: those that answers brought */
} Pool;

void pool_init (Pool *self, guint uid, guint32 seed);

guint pool_below (Pool *self, guint n);
gboolean pool_chance (Pool *self, guint percent);

void pool_learn_objects (Pool *self, GVariant *objects);
void pool_learn_path (Pool *self, const char *path, gboolean own);
void pool_learn_info (Pool *self, const char *path, const char *xml);
GDBusNodeInfo *pool_find_info (Pool *self, const char *path);
const char *pool_pick_path (Pool *self, const char *kind);
const char *pool_pick_dead_path (Pool *self);
const char *pool_pick_name (Pool *self);

void pool_take_file (Pool *self, PoolFileKind kind, int fd);
int pool_open_file (Pool *self);
int pool_open_memory (Pool *self);
PoolFile *pool_pick_file (Pool *self);
void pool_close_file (Pool *self, PoolFile *file);
void pool_close_files (Pool *self, gboolean all);

G_END_DECLS
