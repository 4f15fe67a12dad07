/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the benchmarks share. */
#pragma once

#include <gio/gio.h>

#include "measure.h"

G_BEGIN_DECLS

typedef struct
{
  GDBusConnection *connection;
  const char *container;
  const char *device;
} BenchCaller;

/* A service on the bus, whose simulated host has one IOMMU and that many devices. */
GSubprocess *bench_start_service (const char *address, guint n_devices, char **file);
void bench_stop_service (GSubprocess *service, const char *file);

/* Resident memory, in KiB. */
guint64 bench_get_memory (GSubprocess *process);

/* One of the services of tests/bench/peer, by that name on the bus. */
GSubprocess *bench_start_peer (const char *address, const char *kind, const char *name);
void bench_stop_peer (GSubprocess *peer);

GVariant *bench_call (GDBusConnection *connection, const char *path, const char *interface,
                      const char *method, GVariant *arguments);
char *bench_call_for_path (GDBusConnection *connection, const char *method, GVariant *arguments);

/* A workload of tests/bench/bare, in a process of its own. */
typedef struct _BenchBare BenchBare;

BenchBare *bench_bare_start (const char *workload);
void bench_bare_stop (BenchBare *self);
/* A MeasureRunFunc. */
void bench_bare_run (gpointer bare, guint n_repetitions, gint64 *time, gint64 *cpu);

void bench_ping (gpointer caller);

/* The benchmarks: each prints its figures, of services on the bus or in this process. */
void bench_attach (const char *address, GDBusConnection *connection);
void bench_callers (const char *address, GDBusConnection *connection);
void bench_flood (const char *address, GDBusConnection *connection);
void bench_greedy (const char *address, GDBusConnection *connection);
void bench_growth (const char *address, GDBusConnection *connection);
void bench_leases (const char *address, GDBusConnection *connection);
void bench_listing (const char *address, GDBusConnection *connection);
void bench_many_iommus (const char *address, GDBusConnection *connection);
void bench_dirty (const char *address, GDBusConnection *connection);
void bench_simulated_host (const char *address, GDBusConnection *connection);
void bench_stalls (const char *address, GDBusConnection *connection);
void bench_tools (const char *address, GDBusConnection *connection);
void bench_mapping (const char *address, GDBusConnection *connection);

G_END_DECLS
