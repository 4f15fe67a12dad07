/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that runs as a child with open files, and gets the signals that are meant for it. */
#pragma once

#include "files.h"
#include "signals.h"

G_BEGIN_DECLS

typedef struct _IommuctlProgram IommuctlProgram;

/* @arguments: the program, which is looked for as a shell does, and its arguments. @signals: made
 * for a program; they are its from now on, and live as long as it. The error says with which exit
 * status env(1) would end. */
IommuctlProgram *iommuctl_program_start (char **arguments, const IommuctlFiles *files,
                                         const IommuctlSignals *signals, GError **error);
/* Passes signals on until it ends, and runs the main context meanwhile. Returns its exit status, or
 * 128 and the number of the signal that ended it. */
int iommuctl_program_wait (IommuctlProgram *self);
/* When it has ended. */
void iommuctl_program_free (IommuctlProgram *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommuctlProgram, iommuctl_program_free)

G_END_DECLS
