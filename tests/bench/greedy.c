/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long another user waits, and how the service's memory grows, while one leases, opens, maps
 * and gives back without a pause. */
#include <stdio.h>

#include "bed.h"
#include "bystander.h"
#include "common.h"
#include "config-folder.h"
#include "daemon.h"
#include "greedy-user.h"
#include "large-host.h"
#include "users.h"

#define DURATION_US (5 * G_USEC_PER_SEC)

static GSubprocess *
start_service (const char *address, const char *folder)
{
  g_autofree char *xml = large_host_describe (1, GREEDY_USER_DEVICES);
  g_autofree char *grant =
      g_strdup_printf ("[all]\nusers=%u\ndrivers=vfio-pci\n", (guint) users_get_stranger ());
  g_autofree char *host = g_build_filename (folder, "host.xml", NULL);
  g_autofree char *simulate = g_strdup_printf ("--simulate=%s", host);
  g_autofree char *config = g_strdup_printf ("--config-dir=%s", folder);
  g_autofree char *bus = g_strdup_printf ("--address=%s", address);
  GSubprocess *service;

  config_folder_write (folder, "host.xml", xml);
  config_folder_write (folder, "grants.d/all.conf", grant);
  service = daemon_spawn (G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                          (const char *const[]){ bus, simulate, config, NULL });
  daemon_wait_for_name (address);
  return service;
}

void
bench_greedy (const char *address, GDBusConnection *connection)
{
  char *folder = config_folder_new ();
  GSubprocess *service = start_service (address, folder);
  guint64 memory = bench_get_memory (service);
  Bystander *alone = bystander_start_beside (address, IOMMUD_DBUS_BUS_NAME, service);
  Bystander *beside;
  GSubprocess *user;

  g_usleep (DURATION_US / 5);
  printf ("A user who leases, opens, maps and gives back without a pause\n");
  bystander_stop (alone, "another user before");
  user = bench_start_peer (address, "greedy", "org.iommud1.Greedy");
  beside = bystander_start_beside (address, IOMMUD_DBUS_BUS_NAME, service);
  g_usleep (DURATION_US);
  bystander_stop (beside, "another user meanwhile");
  printf ("  memory %.1f MiB + %.1f MiB\n\n", (double) memory / 1024,
          ((double) bench_get_memory (service) - (double) memory) / 1024);
  bench_stop_peer (user);
  daemon_stop (service);
  config_folder_free (folder);
}
