/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of the files in the folder. */
#pragma once

#define IOMMUD_STATE_NAME "state"
/* The one that will take its place. */
#define IOMMUD_STATE_NEXT_NAME "state.next"
