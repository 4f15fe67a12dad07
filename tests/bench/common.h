/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the benchmarks share. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BENCH_ROUNDS 5

typedef struct
{
  GDBusConnection *connection;
  const char *container;
  const char *device;
} BenchCaller;

/* The median of some rounds, in microseconds for one repetition. */
double bench_measure (void (*function) (gpointer), gpointer user_data, guint n_repetitions);

/* A service on the bus, whose simulated host has one IOMMU and that many devices. */
GSubprocess *bench_start_service (const char *address, guint n_devices, char **file);
void bench_stop_service (GSubprocess *service, const char *file);

GVariant *bench_call (GDBusConnection *connection, const char *path, const char *interface,
                      const char *method, GVariant *arguments);
char *bench_call_for_path (GDBusConnection *connection, const char *method, GVariant *arguments);

/* The benchmarks: each prints its figures. */
void bench_attach (const char *address, GDBusConnection *connection);
void bench_listing (const char *address, GDBusConnection *connection);
void bench_many_iommus (void);

G_END_DECLS
