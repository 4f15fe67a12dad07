/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated host that follows its file, and a log of the devices that come and go. */
#pragma once

#include "simulator/simulator-testing.h"

G_BEGIN_DECLS

#define DEVICE(slot) "<device name='0000:0" slot ":00.0' group='" slot "'/>"

typedef struct
{
  char *folder;
  char *path;
  IommudSimulator *simulator;
  GString *log; /* "+name " and "-name " for each signal */
} FollowFixture;

/* With DEVICE ("1"). */
void follow_fixture_set_up (FollowFixture *self, gconstpointer unused);
void follow_fixture_tear_down (FollowFixture *self, gconstpointer unused);

/* As editors do: a new file in the place of the old one. */
void follow_fixture_write_host (FollowFixture *self, const char *body);
/* Waits until the log is as long, and begins a new one. What does not come ends with the time limit
 * of the test. */
void follow_fixture_expect (FollowFixture *self, const char *expected);

G_END_DECLS
